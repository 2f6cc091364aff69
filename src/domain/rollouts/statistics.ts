import sql from "sql-template-tag";
import { columns } from "../../database/rows/raw-rows.js";
import type { Ctx } from "../core/context.js";
import { transactionTime } from "../core/values/time.js";

const COUNTS = columns({
  in_progress: "integer",
  paused: "integer",
  waiting_since: "integer or null",
  quarantined: "integer",
  held: "integer",
});

/** The current numbers of rollouts, quarantines and holds. */
export interface RolloutStatistics {
  /** Promotions that have started and whose later waves still wait. */
  readonly inProgress: number;
  /** How many of them are paused. */
  readonly paused: number;
  /** How long, in seconds, one of them has had no target in progress; the longest such time. 0 if each has one. */
  readonly oldestSeconds: number;
  /** Builds that are quarantined. */
  readonly quarantinedBuilds: number;
  /** Apps on which automatic deploys or promotions are held. */
  readonly heldApps: number;
}

/** Reads the statistics with one statement. */
export async function readRolloutStatistics({ db: { reader }, ...ctx }: Ctx): Promise<RolloutStatistics> {
  const now = await transactionTime(reader, ctx);
  const [row] = await reader.query(
    "count_rollouts",
    COUNTS,
    // The subquery finds the latest release as `latestReleases` does. A rollback holds automatic deploys.
    sql`SELECT COUNT(*) AS in_progress, COUNT(CASE WHEN paused THEN 1 END) AS paused, MIN(wave_ended_at) AS waiting_since,
        (SELECT COUNT(DISTINCT q.build_id) FROM quarantines q WHERE q.ended_at IS NULL) AS quarantined,
        (SELECT COUNT(*) FROM couplings c WHERE c.automation_hold IS NOT NULL OR (
          c.stage IN ('REVIEW', 'DEVELOPMENT') AND 'ROLLBACK' = (SELECT r."trigger" FROM releases r
            WHERE r.app_id = c.app_id AND r."trigger" <> 'CONFIG' ORDER BY r.version DESC LIMIT 1))) AS held
      FROM promotions WHERE wake_at IS NOT NULL AND phase = 'IN_PROGRESS'`,
  );
  const { in_progress = 0, paused = 0, waiting_since = null, quarantined = 0, held = 0 } = row ?? {};
  const oldestSeconds = waiting_since === null ? 0 : Math.max(0, (now.getTime() - waiting_since) / 1000);
  return { inProgress: in_progress, paused, oldestSeconds, quarantinedBuilds: quarantined, heldApps: held };
}
