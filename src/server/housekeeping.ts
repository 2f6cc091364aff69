import { atMostEvery } from "../async/at-most-every.js";
import { type Ticker, ticker } from "../async/ticker.js";
import { retryHeldDeploys } from "../domain/builds/retry-held-deploys.js";
import type { Ctx } from "../domain/core/context.js";
import { voidExpired } from "../domain/gates/approvals/voiding.js";
import { announceGateChanges } from "../domain/gates/calendar/changes.js";
import {
  closeExpiredReviewApps,
  failOverdueDeployments,
  pruneHistory,
  settleDuePromotions,
} from "../domain/history/housekeeping.js";
import { promoteDue } from "../domain/rollouts/automation/promote-due.js";
import { failOverdueVerifications } from "../domain/rollouts/verification/overdue.js";
import type { ClockGuard } from "./clock-guard.js";
import type { Logger } from "./telemetry/log.js";

/** Interval of the checks for due work, in milliseconds. A check without due work only reads indexes. */
const INTERVAL_MS = 1000;
/** Interval of pruning, in milliseconds. Also runs at startup. */
const PRUNE_INTERVAL_MS = 3_600_000;

/** Runs the scheduled tasks one at a time until stopped. None runs while the clock cannot be trusted. */
export function startHousekeeping(ctx: Ctx, clock: ClockGuard, log: Logger): Ticker {
  const prune = atMostEvery(PRUNE_INTERVAL_MS, ctx.now, (stopped: AbortSignal) => pruneHistory(ctx, stopped));
  const attempt = async (name: string, task: () => Promise<void>) => {
    try {
      await task();
    } catch (error) {
      // It stays due and is retried on the next run.
      log.error({ err: error, task: name }, "housekeeping failed");
    }
  };
  return ticker(INTERVAL_MS, async (stopped) => {
    if (!clock.isSteady()) return;
    await attempt("deployments", () => failOverdueDeployments(ctx));
    await attempt("verifications", () => failOverdueVerifications(ctx));
    await attempt("approvals", () => voidExpired(ctx));
    await attempt("waiting promotions", () => settleDuePromotions(ctx, stopped));
    await attempt("automatic promotions", () => promoteDue(ctx));
    await attempt("review apps", () => closeExpiredReviewApps(ctx));
    await attempt("windows and freezes", () => announceGateChanges(ctx));
    await attempt("held deploys", () => retryHeldDeploys(ctx));
    await attempt("pruning", () => prune(stopped));
  });
}
