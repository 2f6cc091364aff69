import { setTimeout as delay } from "node:timers/promises";
import pg from "pg";
import { ADVISORY_LOCKS } from "../../src/database/rows/dialect.js";

/** What was seen of the lock that whoever appends to the log holds. */
export interface LockUsage {
  /** In which share of the looks somebody held it, in per cent. */
  readonly heldPercent: number;
  /** Which share of the open transactions waited for it, in per cent. */
  readonly waitingPercent: number;
}

/** Between two looks, in milliseconds. */
const SAMPLE_INTERVAL_MS = 5;

const SAMPLE_QUERY = `WITH log AS (
    SELECT l.granted FROM pg_locks l JOIN pg_database d ON d.oid = l.database
      WHERE l.locktype = 'advisory' AND d.datname = current_database()
        AND (l.classid::bigint << 32) + l.objid::bigint = ${ADVISORY_LOCKS.log}
  )
  SELECT (SELECT count(*) FROM log WHERE granted)::int AS held, (SELECT count(*) FROM log WHERE NOT granted)::int AS waiting,
    (SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()
      AND xact_start IS NOT NULL)::int AS open`;

/** Looks every few milliseconds who holds the lock, and who waits for it, until it is stopped. */
export async function sampleLogLock(url: string): Promise<{ stop(): Promise<LockUsage> }> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  let watching = true;
  const seen = { looks: 0, held: 0, waiting: 0, open: 0 };
  const done = (async () => {
    while (watching) {
      const [row] = (await client.query<{ held: number; waiting: number; open: number }>(SAMPLE_QUERY)).rows;
      seen.looks += 1;
      seen.held += Math.min(row?.held ?? 0, 1);
      seen.waiting += row?.waiting ?? 0;
      seen.open += row?.open ?? 0;
      await delay(SAMPLE_INTERVAL_MS);
    }
  })();
  return {
    async stop() {
      watching = false;
      await done;
      await client.end();
      const { looks, held, waiting, open } = seen;
      return { heldPercent: (100 * held) / looks, waitingPercent: open === 0 ? 0 : (100 * waiting) / open };
    },
  };
}
