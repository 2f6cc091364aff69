import type { Tx } from "../../database/rows/tx.js";
import { HeldDeploy } from "../../entities/builds/held-deploy.js";

/**
 * Has everything that waits for a window or freeze evaluated again, soon. For every transaction that may have opened one, in
 * which it holds `lockGates`. If it opened nothing, what waits finds out.
 */
export async function wakeWaiting(tx: Tx, now: Date): Promise<void> {
  await tx.update(HeldDeploy, {}, { retryAt: now });
}
