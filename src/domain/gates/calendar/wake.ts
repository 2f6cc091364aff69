import type { Tx } from "../../../database/rows/tx.js";
import { HeldDeploy } from "../../../entities/builds/held-deploy.js";
import type { ScopeIds } from "../../../entities/gates/gate-scope.js";
import type { EventDraft } from "../../../events/draft.js";
import type { TxCtx } from "../../core/context.js";
import { lockGates } from "../../core/locks.js";
import { transactionTime } from "../../core/values/time.js";
import { clearWaiting, lockCleared } from "../../promotions/waiting/clear-waiting.js";
import type { Cleared } from "../../promotions/waiting/wake-later.js";

/*
 * Wakes promotions and deploys that wait for windows and freezes, after a change of these. The passing of time does not
 * need this: waiting rows store when their gates open.
 */

/** Locks the windows and freezes for a change, and before them the waiting promotions that it may unblock. */
export async function lockGateChange(tx: Tx, ...scopes: readonly ScopeIds[]): Promise<void> {
  await lockCleared(tx, clearedBy(scopes));
  await lockGates(tx, "change");
}

/**
 * Evaluates again what waits in the scopes of a window or freeze, before and after its change: promotions in this
 * transaction, automatic deploys soon after. Call it after the change was written, under `lockGateChange`.
 *
 * @returns events, which the caller appends after those of the change
 */
export async function wakeWaiting(tx: Tx, ctx: TxCtx, ...scopes: readonly ScopeIds[]): Promise<EventDraft[]> {
  await tx.update(HeldDeploy, {}, { retryAt: await transactionTime(tx, ctx) });
  return clearWaiting(tx, ctx, clearedBy(scopes));
}

function clearedBy(scopes: readonly ScopeIds[]): Cleared {
  const everywhere = scopes.some(({ pipelines }) => pipelines.length === 0);
  return { gates: everywhere ? null : [...new Set(scopes.flatMap(({ pipelines }) => pipelines))] };
}
