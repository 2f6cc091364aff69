import sql from "sql-template-tag";
import { columns } from "../database/rows/raw-rows.js";
import type { Tx } from "../database/rows/tx.js";
import { logBounds } from "./bounds.js";

/** How many events one transaction deletes. It occupies the transaction queue for a few milliseconds. */
const PRUNE_BATCH_SIZE = 500;

const KEEP = columns({ keep: "integer or null" });

/**
 * Deletes the oldest events from before `horizon`, at most `PRUNE_BATCH_SIZE` of them.
 *
 * @returns whether there may be more to delete
 */
export async function pruneStep(tx: Tx, horizon: Date): Promise<boolean> {
  const bounds = await logBounds(tx);
  const until = Math.min(bounds.oldest + PRUNE_BATCH_SIZE, bounds.head);
  const [row] = await tx.query(
    "oldest_kept_event",
    KEEP,
    sql`SELECT MIN(position) AS keep FROM events
      WHERE position > ${bounds.oldest} AND position <= ${until} AND occurred_at >= ${horizon.getTime()}`,
  );
  const last = row?.keep == null ? until : row.keep - 1;
  if (last <= bounds.oldest) return false;
  await tx.execute("prune_events", sql`DELETE FROM events WHERE position <= ${last}`);
  await tx.execute("prune_event_apps", sql`DELETE FROM event_apps WHERE position <= ${last}`);
  // Another instance may have pruned further. `pruned` never decreases.
  await tx.execute("mark_pruned", sql`UPDATE event_log SET pruned = ${last} WHERE id = ${1} AND pruned < ${last}`);
  return last === until && until < bounds.head;
}
