import sql from "sql-template-tag";
import { columns } from "../../../database/rows/raw-rows.js";
import type { Reader } from "../../../database/rows/reader.js";
import type { BlockerCode } from "../../../entities/core/enums.js";
import { Promotion } from "../../../entities/releases/promotion.js";
import type { Ctx } from "../../core/context.js";
import { transactionTime } from "../../core/values/time.js";
import { explainWaiting } from "./explain-waiting.js";

/** How many promotions are evaluated to count blockers, oldest first. */
const EVALUATED = 500;

const WAITING = columns({ total: "integer", since: "integer or null" });

/** Counts promotions that wait, or whose later waves wait, and promotions that need a review. */
export interface WaitingStatistics {
  readonly waiting: number;
  /**
   * How long the oldest promotion that has not started has waited, in seconds, not counting the time until its
   * `notBefore`; 0 if there is none. Later waves do not count, because those of a healthy promotion may wait for days.
   */
  readonly oldestSeconds: number;
  /** How many of the oldest promotions each kind of blocker holds back. */
  readonly blocked: ReadonlyMap<BlockerCode, number>;
  /** How many bypassed gates with `force` and were not reviewed. */
  readonly unreviewed: number;
}

export async function readWaitingStatistics({ db, ...ctx }: Ctx): Promise<WaitingStatistics> {
  const { reader } = db;
  const now = await transactionTime(reader, ctx);
  const [row] = await reader.query(
    "count_waiting_promotions",
    WAITING,
    sql`SELECT COUNT(*) AS total, MIN(CASE WHEN phase <> 'WAITING' THEN NULL
        WHEN not_before > created_at THEN not_before ELSE created_at END) AS since
      FROM promotions WHERE wake_at IS NOT NULL`,
  );
  const oldestSeconds = row?.since == null ? 0 : Math.max(0, (now.getTime() - row.since) / 1000);
  const unreviewed = await reader.countWhere(Promotion, sql`e.needs_review`);
  return { waiting: row?.total ?? 0, oldestSeconds, blocked: await countBlocked(reader, now), unreviewed };
}

async function countBlocked(reader: Reader, now: Date): Promise<Map<BlockerCode, number>> {
  const oldest = await reader.select(
    "oldest_waiting_promotions",
    Promotion,
    sql`WHERE e.wake_at IS NOT NULL ORDER BY +e.position LIMIT ${EVALUATED}`,
  );
  const counts = new Map<BlockerCode, number>();
  for (const blockers of await explainWaiting(reader, oldest, now)) {
    for (const code of new Set(blockers.map((blocker) => blocker.code))) counts.set(code, (counts.get(code) ?? 0) + 1);
  }
  return counts;
}
