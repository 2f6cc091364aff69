import { setTimeout as delay } from "node:timers/promises";
import pg from "pg";
import { ADVISORY_LOCKS } from "../../src/database/rows/dialect.js";

/** Usage of the lock that serializes appends to the event log. */
export interface LockUsage {
  /** Percentage of samples in which a transaction held the lock. */
  readonly heldPercent: number;
  /** Percentage of open transactions that waited for the lock. */
  readonly waitingPercent: number;
}

const SAMPLE_INTERVAL_MS = 5;

const SAMPLE_QUERY = `WITH log AS (
    SELECT l.granted FROM pg_locks l JOIN pg_database d ON d.oid = l.database
      WHERE l.locktype = 'advisory' AND d.datname = current_database()
        AND (l.classid::bigint << 32) + l.objid::bigint = ${ADVISORY_LOCKS.log}
  )
  SELECT (SELECT count(*) FROM log WHERE granted)::int AS held, (SELECT count(*) FROM log WHERE NOT granted)::int AS waiting,
    (SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()
      AND xact_start IS NOT NULL)::int AS open`;

/** Samples the holder of the lock and its queue every few milliseconds until it is stopped. */
export async function sampleLogLock(url: string): Promise<{ stop(): Promise<LockUsage> }> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  let sampling = true;
  const totals = { samples: 0, held: 0, waiting: 0, open: 0 };
  const done = (async () => {
    while (sampling) {
      const [row] = (await client.query<{ held: number; waiting: number; open: number }>(SAMPLE_QUERY)).rows;
      totals.samples += 1;
      totals.held += Math.min(row?.held ?? 0, 1);
      totals.waiting += row?.waiting ?? 0;
      totals.open += row?.open ?? 0;
      await delay(SAMPLE_INTERVAL_MS);
    }
  })();
  return {
    async stop() {
      sampling = false;
      await done;
      await client.end();
      const { samples, held, waiting, open } = totals;
      return { heldPercent: (100 * held) / samples, waitingPercent: open === 0 ? 0 : (100 * waiting) / open };
    },
  };
}
