import sql, { raw } from "sql-template-tag";
import type { Tx } from "../../database/rows/tx.js";
import { HeldDeploy } from "../../entities/builds/held-deploy.js";

/**
 * Has everything that waits for a window or freeze evaluated again, soon. For every transaction that may have opened one, in
 * which it holds `lockGates`. If it opened nothing, what waits finds out.
 */
export async function wakeWaiting(tx: Tx, now: Date): Promise<void> {
  await tx.update(HeldDeploy, {}, { retryAt: now });
  // A promotion whose row is locked is being evaluated, by a transaction that waits for this one to end.
  const free = tx.dialect.concurrent ? raw("FOR NO KEY UPDATE SKIP LOCKED") : raw("");
  await tx.execute(
    "wake_waiting_promotions",
    sql`UPDATE promotions SET wake_at = 0
      WHERE id IN (SELECT e.id FROM promotions e WHERE e.wake_at IS NOT NULL ORDER BY e.id ${free})`,
  );
}
