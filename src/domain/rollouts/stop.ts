import type { Tx } from "../../database/rows/tx.js";
import type { Promotion } from "../../entities/releases/promotion.js";
import { PromotionTarget } from "../../entities/releases/promotion-target.js";
import { type EventDraft, promotionChanged } from "../../events/draft.js";
import { SYSTEM_VIEWER, type TxCtx } from "../core/context.js";
import { endWaiting } from "../promotions/waiting/ending.js";

/**
 * Stops a rollout after too many failures: cancels the waiting targets. Targets in progress continue, and the promotion
 * finishes with them. The caller holds the lock of the promotion.
 */
export async function stopRollout(
  tx: Tx,
  ctx: TxCtx,
  promotion: Promotion,
  failed: number,
  maxFailures: number,
): Promise<EventDraft[]> {
  const targets = await tx.find(PromotionTarget, { promotionId: promotion.id }, { order: "position" });
  const reason = `${failed} ${failed === 1 ? "target" : "targets"} failed; maxFailures allows ${maxFailures}.`;
  const stopped = promotionChanged(
    "ROLLOUT_STOPPED",
    promotion,
    targets.map(({ appId }) => appId),
  );
  const ended = await endWaiting(tx, ctx, promotion, { phase: "CANCELLED", by: SYSTEM_VIEWER, reason });
  return [{ ...stopped, actor: SYSTEM_VIEWER }, ...ended];
}
