import sql from "sql-template-tag";
import type { Database } from "../../../database/database.js";
import { ANY_COLUMNS, columns } from "../../../database/rows/raw-rows.js";
import { GithubDelivery } from "../../../entities/github/github-delivery.js";

/** How many deliveries are kept, and for how long. */
export interface Retention {
  /** In milliseconds. */
  readonly maxAge: number;
  readonly maxCount: number;
}

/** Number of deliveries that are deleted per transaction, so that other transactions do not wait long. */
const BATCH_SIZE = 5_000;

const DELIVERY_IDS = columns({ id: "text" });

/** Expires deliveries that were PENDING for too long. */
export async function expirePending(db: Database, now: Date): Promise<void> {
  const expired = sql`outcome = 'PENDING' AND pending_until <= ${now.getTime()}`;
  const [found] = await db.reader.query(
    "find_expired_delivery",
    ANY_COLUMNS,
    sql`SELECT 1 AS found FROM webhook_deliveries WHERE ${expired} LIMIT 1`,
  );
  if (found === undefined) return;
  const patch = sql`outcome = 'EXPIRED', pending_until = NULL, payload = NULL`;
  await db.write((tx) => tx.execute("expire_deliveries", sql`UPDATE webhook_deliveries SET ${patch} WHERE ${expired}`));
}

/**
 * GitHub offers deliveries of the past 3 days for redelivery. Until then, the newest one on each pull request decides
 * whether one that arrives late has an effect.
 */
const REDELIVERY_MS = 3 * 24 * 60 * 60 * 1000;

/** Deletes the deliveries beyond the maximum age and number, except those that are still needed. */
export async function pruneDeliveries(
  db: Database,
  retention: Retention,
  now: Date,
  signal: AbortSignal,
): Promise<void> {
  const oldest = now.getTime() - retention.maxAge;
  const last = sql`(SELECT position FROM webhook_deliveries ORDER BY position DESC LIMIT 1 OFFSET ${retention.maxCount})`;
  const isNewestOfSubject = sql`d.subject IS NOT NULL AND d.received_at >= ${now.getTime() - REDELIVERY_MS}
    AND NOT EXISTS (SELECT 1 FROM webhook_deliveries n WHERE n.subject = d.subject AND n.subject_at > d.subject_at)`;
  const outdated = sql`d.outcome <> 'PENDING' AND (d.received_at < ${oldest} OR d.position <= ${last})
    AND NOT (${isNewestOfSubject})`;
  for (let more = true; more && !signal.aborted; ) {
    const rows = await db.reader.query(
      "find_outdated_deliveries",
      DELIVERY_IDS,
      sql`SELECT d.id FROM webhook_deliveries d WHERE ${outdated} LIMIT ${BATCH_SIZE}`,
    );
    const ids = rows.map((row) => row.id);
    if (ids.length > 0) await db.write((tx) => tx.delete(GithubDelivery, { id: ids }));
    more = ids.length === BATCH_SIZE;
  }
}
