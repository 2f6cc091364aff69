import sql from "sql-template-tag";
import type { Database } from "../../../database/database.js";
import { GithubDelivery } from "../../../entities/github/github-delivery.js";

/** How many deliveries are kept, and for how long. */
export interface Retention {
  /** In milliseconds. */
  readonly maxAge: number;
  readonly maxCount: number;
}

/** Number of deliveries that are deleted at once, so that other transactions do not wait. */
const BATCH_SIZE = 5_000;

/** Expires deliveries that were PENDING for too long. */
export async function expirePending(db: Database, now: Date): Promise<void> {
  const expired = sql`outcome = 'PENDING' AND pending_until <= ${now.getTime()}`;
  const [found] = await db.reader.query(sql`SELECT 1 AS found FROM webhook_deliveries WHERE ${expired} LIMIT 1`);
  if (found === undefined) return;
  const patch = sql`outcome = 'EXPIRED', pending_until = NULL, payload = NULL`;
  await db.write((tx) => tx.query(sql`UPDATE webhook_deliveries SET ${patch} WHERE ${expired}`));
}

/** Deletes the deliveries beyond the maximum age and number. */
export async function pruneDeliveries(
  db: Database,
  retention: Retention,
  now: Date,
  signal: AbortSignal,
): Promise<void> {
  const oldest = now.getTime() - retention.maxAge;
  const last = sql`(SELECT position FROM webhook_deliveries ORDER BY position DESC LIMIT 1 OFFSET ${retention.maxCount})`;
  const outdated = sql`received_at < ${oldest} OR position <= ${last}`;
  for (let more = true; more && !signal.aborted; ) {
    const rows = await db.reader.query<{ id: string }>(
      sql`SELECT id FROM webhook_deliveries WHERE ${outdated} LIMIT ${BATCH_SIZE}`,
    );
    const ids = rows.map((row) => row.id);
    if (ids.length > 0) await db.write((tx) => tx.delete(GithubDelivery, { id: ids }));
    more = ids.length === BATCH_SIZE;
  }
}
