import { type Ticker, ticker } from "../async/ticker.js";
import type { Ctx } from "../domain/core/context.js";
import { closeExpiredReviewApps, failOverdueDeployments, pruneHistory } from "../domain/history/housekeeping.js";
import type { Logger } from "./telemetry/log.js";

/** How often what is due is looked for, in milliseconds. A look costs two reads of an index. */
const INTERVAL_MS = 1000;
/** How often history is pruned, in milliseconds: hourly, and at the start. */
const PRUNE_INTERVAL_MS = 3_600_000;

/** Does what happens by the clock, for as long as the service runs, one thing at a time. */
export function startHousekeeping(ctx: Ctx, log: Logger): Ticker {
  let prunedAt = Number.NEGATIVE_INFINITY;
  const attempt = async (what: string, task: () => Promise<void>) => {
    try {
      await task();
    } catch (error) {
      // It is due still, and tried again with the next look.
      log.error({ err: error, what }, "housekeeping failed");
    }
  };
  return ticker(INTERVAL_MS, async (stopped) => {
    await attempt("deployments", () => failOverdueDeployments(ctx));
    await attempt("review apps", () => closeExpiredReviewApps(ctx));
    const now = ctx.now().getTime();
    if (now - prunedAt < PRUNE_INTERVAL_MS) return;
    prunedAt = now;
    await attempt("pruning", () => pruneHistory(ctx, stopped));
  });
}
