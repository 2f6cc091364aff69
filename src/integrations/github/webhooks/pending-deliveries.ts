import type { Logger } from "pino";
import sql from "sql-template-tag";
import { atMostEvery } from "../../../async/at-most-every.js";
import { type Ticker, ticker } from "../../../async/ticker.js";
import type { Ctx } from "../../../domain/core/context.js";
import { GithubDelivery } from "../../../entities/github/github-delivery.js";
import { expirePending, pruneDeliveries, type Retention } from "./delivery-retention.js";
import type { Delivery } from "./effects.js";
import { readDelivery } from "./process-delivery.js";
import type { WebhookInbox } from "./webhook-inbox.js";

/** Polling interval, in milliseconds. Without a due delivery, polling costs one read of an index. */
const INTERVAL_MS = 1000;
/** Interval of pruning, in milliseconds. Also runs at startup. */
const PRUNE_INTERVAL_MS = 3_600_000;
/** Number of deliveries read at once. */
const BATCH_SIZE = 100;

export interface PendingParts {
  readonly ctx: Ctx;
  readonly inbox: WebhookInbox;
  readonly retention: Retention;
  /** Whether the clock can be trusted: nothing expires or is pruned otherwise. */
  isClockSteady(): boolean;
  readonly log: Logger;
}

/**
 * Applies PENDING deliveries once it is possible, and prunes old ones, until stopped. Polls, because a delivery can
 * become possible in many ways and on any instance: a pipeline is created or gets its repository, review apps are
 * enabled, or a repository is renamed.
 */
export function startPendingDeliveries({ ctx, inbox, retention, isClockSteady, log }: PendingParts): Ticker {
  const prune = atMostEvery(PRUNE_INTERVAL_MS, ctx.now, (stopped: AbortSignal) =>
    pruneDeliveries(ctx.db, retention, ctx.now(), stopped),
  );
  return ticker(INTERVAL_MS, async (stopped) => {
    try {
      await applyDue(ctx, inbox, log, stopped);
      if (!isClockSteady()) return;
      await expirePending(ctx.db, ctx.now());
      await prune(stopped);
    } catch (error) {
      // Everything stays due and is retried on the next run.
      if (!stopped.aborted) log.error({ err: error }, "applying pending deliveries failed");
    }
  });
}

async function applyDue(ctx: Ctx, inbox: WebhookInbox, log: Logger, stopped: AbortSignal): Promise<void> {
  let after = 0;
  for (let more = true; more && !stopped.aborted; ) {
    const due = await findDue(ctx, after);
    after = due.at(-1)?.position ?? after;
    more = due.length === BATCH_SIZE;
    for (const delivery of inOrder(due)) {
      if (stopped.aborted) return;
      const { outcome, message } = await inbox.retake(delivery);
      log.info({ delivery: delivery.id, event: delivery.event, outcome, message }, "pending delivery");
    }
  }
}

/** The PENDING deliveries whose repository has a pipeline that they can be applied to, in the order of arrival. */
function findDue({ db, now }: Ctx, after: number): Promise<GithubDelivery[]> {
  return db.reader.select(
    "due_deliveries",
    GithubDelivery,
    sql`WHERE e.outcome = 'PENDING' AND e.pending_until > ${now().getTime()} AND e.position > ${after}
      AND EXISTS (SELECT 1 FROM pipelines p WHERE p.repository = e.repository AND p.deleted_at IS NULL
        AND (p.review_apps_enabled = ${true} OR e.event <> 'pull_request'))
      AND NOT EXISTS (SELECT 1 FROM repository_names n
        WHERE n.name = e.repository AND n.repository_id <> e.repository_id)
      ORDER BY e.position LIMIT ${BATCH_SIZE}`,
  );
}

/** Closings first, so that no review app is opened only to be closed; then by GitHub's time. */
function inOrder(rows: readonly GithubDelivery[]): Delivery[] {
  const deliveries = rows.map(({ id, event, payload }) => ({ id, event, payload: JSON.parse(payload ?? "null") }));
  const sorted = deliveries.map((delivery) => ({ delivery, ...timing(delivery) }));
  sorted.sort((a, b) => Number(b.closes) - Number(a.closes) || a.at - b.at);
  return sorted.map(({ delivery }) => delivery);
}

function timing(delivery: Delivery): { closes: boolean; at: number } {
  const { effect } = readDelivery(delivery, { forks: true, now: new Date(0) });
  const pull = "pullRequest" in effect ? effect.pullRequest : undefined;
  return { closes: pull?.closes ?? false, at: pull?.at.getTime() ?? 0 };
}
