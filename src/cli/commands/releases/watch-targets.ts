import { follow } from "../../api/follow.js";
import { PromotionDocument, PromotionEventsDocument, type PromotionFragment } from "../../api/generated.js";
import type { CommandCall } from "../../command.js";
import { appLabel } from "../../output/format.js";
import type { Progress } from "../../output/progress.js";
import { outcome } from "../../output/promotions.js";
import { waitingLines } from "../../output/waiting.js";

/** Interval at which `--wait` reads what a promotion waits for, in milliseconds. */
const POLL_INTERVAL_MS = 5000;
/** Maximum time for which `--wait` tries to reconnect, in milliseconds. */
const RECONNECT_TIMEOUT_MS = 5 * 60_000;

interface Watching {
  /** Printed above the targets. */
  readonly heading: string;
  /** The cursor of the log before the promotion was created. */
  readonly after: string | undefined;
  readonly progress: Progress;
  /** Ends the watch. */
  readonly signal: AbortSignal;
}

/** Shows the phase of each target until all are final. */
export async function watchTargets(
  { api, screen, connection }: Pick<CommandCall<unknown>, "api" | "screen" | "connection">,
  promotion: PromotionFragment,
  { heading, after, progress, signal }: Watching,
): Promise<void> {
  const targets = new Map(promotion.targets.map((target) => [target.id, target]));
  let current = promotion;
  const show = () => {
    const waiting = current.phase === "WAITING" ? waitingLines(current, Date.now()) : [];
    const lines = [...targets.values()].map((one) => `  ${appLabel(one.app, screen.paint)}  ${outcome(screen, one)}`);
    progress.update([heading, ...waiting, ...lines].join("\n"));
  };
  show();
  if (screen.reader === "pipe") for (const line of waitingLines(promotion, Date.now())) screen.line(line.trim());
  // Its blockers can change without an event of the promotion.
  const stopPolling = poll(async () => {
    if (current.phase !== "WAITING") return;
    current = (await api.run(PromotionDocument, { id: promotion.id })).promotion ?? current;
    show();
  }, show);
  try {
    await followTargets();
  } finally {
    stopPolling();
  }

  async function followTargets(): Promise<void> {
    const notice = (text: string) => screen.note(text);
    const options = { after, signal, notice, reconnectTimeoutMs: RECONNECT_TIMEOUT_MS };
    for await (const event of follow(connection, PromotionEventsDocument, { promotion: promotion.id }, options)) {
      if (event.type === "PROMOTION_FINISHED") return;
      current = { ...current, phase: event.promotionPhase };
      const { target, targetPhase } = event;
      if (target === null || targetPhase === null) continue;
      const known = targets.get(target.id);
      if (known === undefined) continue;
      // The event carries the current failure reason, which applies only to a failed phase.
      const failureReason = targetPhase === "FAILED" ? target.failureReason : null;
      const updated = { ...known, phase: targetPhase, failureReason, release: target.release };
      targets.set(target.id, updated);
      show();
      if (screen.reader === "pipe") screen.line(`${appLabel(updated.app, screen.paint)}  ${outcome(screen, updated)}`);
    }
  }
}

/** Calls `read` every few seconds, and `show` every second. Returns a function that ends it. */
function poll(read: () => Promise<void>, show: () => void): () => void {
  // A failed read is repeated. The subscription reports if the service is unreachable.
  const reading = setInterval(() => void read().catch(() => undefined), POLL_INTERVAL_MS);
  const showing = setInterval(show, 1000);
  return () => {
    clearInterval(reading);
    clearInterval(showing);
  };
}
