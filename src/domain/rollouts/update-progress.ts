import type { Tx } from "../../database/rows/tx.js";
import { Promotion } from "../../entities/releases/promotion.js";
import { type EventDraft, promotionChanged } from "../../events/draft.js";
import type { TxCtx } from "../core/context.js";
import { transactionTime } from "../core/values/time.js";
import { promotionPhase } from "../releases/phases.js";
import { promoteLater } from "./automation/promote-later.js";
import { findTargetStates, readProgress } from "./progress.js";

/** The `wakeAt` of a promotion that is due now: in the past by every clock. */
export const DUE = new Date(0);

/**
 * Updates a promotion after the phase of a target changed. It finishes with its last target. If targets wait, it
 * becomes due: it is evaluated again in this transaction if the caller calls `clearWaiting`, otherwise by the periodic
 * job. Updates `promotion`.
 */
export async function updateProgress(tx: Tx, ctx: TxCtx, promotion: Promotion): Promise<EventDraft[]> {
  const states = await findTargetStates(tx, [promotion.id]);
  const phase = promotionPhase(states.map((state) => state.phase));
  if (phase === "IN_PROGRESS") {
    if (promotion.wakeAt === null) return [];
    const ended = readProgress(states).underWay.length === 0;
    const waveEndedAt = ended ? (promotion.waveEndedAt ?? (await transactionTime(tx, ctx))) : null;
    Object.assign(promotion, { wakeAt: DUE, waveEndedAt });
    await tx.update(Promotion, { id: promotion.id }, { wakeAt: DUE, waveEndedAt });
    return [];
  }
  // Automatic promotions wait for promotions in progress.
  await promoteLater(tx, { pipelineId: promotion.pipelineId });
  const patch = { phase, wakeAt: null, waveEndedAt: null, updatedAt: ctx.now() };
  Object.assign(promotion, patch);
  await tx.update(Promotion, { id: promotion.id }, patch);
  return [
    promotionChanged(
      "PROMOTION_FINISHED",
      promotion,
      states.map(({ target }) => target.appId),
    ),
  ];
}
