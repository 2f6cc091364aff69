import type { Tx } from "../../database/rows/tx.js";
import { Promotion } from "../../entities/releases/promotion.js";
import { type EventDraft, promotionChanged } from "../../events/draft.js";
import type { TxCtx } from "../core/context.js";
import { transactionTime } from "../core/time.js";
import { promotionPhase } from "../releases/phases.js";
import { promoteLater } from "./automation/promote-later.js";
import { findTargetStates, readProgress } from "./progress.js";

/** The time at which a promotion is evaluated again that is due now, by any clock. */
export const DUE = new Date(0);

/**
 * Updates a promotion after the phase of a target changed: it finishes with its last target. If others wait for their wave,
 * it is due to be evaluated again: in this transaction if the caller calls `clearWaiting`, otherwise by the clock.
 * `promotion` is updated.
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
  // Automation waits for promotions that are under way.
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
