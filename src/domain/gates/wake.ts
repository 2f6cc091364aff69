import type { Tx } from "../../database/rows/tx.js";
import { HeldDeploy } from "../../entities/builds/held-deploy.js";
import type { ScopeIds } from "../../entities/gates/gate-scope.js";
import type { EventDraft } from "../../events/draft.js";
import type { TxCtx } from "../core/context.js";
import { lockGates } from "../core/locks.js";
import { transactionTime } from "../core/time.js";
import { type Cleared, clearWaiting, lockCleared } from "../promotions/waiting/clear-waiting.js";

/*
 * What a change of windows and freezes means for what waits for them. Time needs none of this: what waits knows when its
 * gates open.
 */

/** Locks the windows and freezes for a change that may let something through where they apply. */
export async function lockGateChange(tx: Tx, ...scopes: readonly ScopeIds[]): Promise<void> {
  await lockCleared(tx, clearedBy(scopes));
  await lockGates(tx, "change");
}

/**
 * Evaluates again what waits where a window or freeze applied or applies: promotions in this transaction, automatic deploys
 * soon after. To be called after the change was written, under `lockGateChange`. If it opened nothing, nothing happens.
 *
 * @returns events, for the caller to append behind those of the change
 */
export async function wakeWaiting(tx: Tx, ctx: TxCtx, ...scopes: readonly ScopeIds[]): Promise<EventDraft[]> {
  await tx.update(HeldDeploy, {}, { retryAt: await transactionTime(tx, ctx) });
  return clearWaiting(tx, ctx, clearedBy(scopes));
}

function clearedBy(scopes: readonly ScopeIds[]): Cleared {
  const everywhere = scopes.some(({ pipelines }) => pipelines.length === 0);
  return { gatesOf: everywhere ? null : [...new Set(scopes.flatMap(({ pipelines }) => pipelines))] };
}
