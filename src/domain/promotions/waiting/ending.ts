import type { Tx } from "../../../database/rows/tx.js";
import type { Actor } from "../../../entities/core/actor.js";
import { noActorColumns, toActorColumns } from "../../../entities/core/actor-columns.js";
import type { PromotionPhase, PromotionTargetPhase } from "../../../entities/core/enums.js";
import { Promotion } from "../../../entities/releases/promotion.js";
import { PromotionTarget } from "../../../entities/releases/promotion-target.js";
import { type EventDraft, promotionChanged, promotionTargetChanged } from "../../../events/draft.js";
import type { TxCtx } from "../../core/context.js";
import { promotionPhase } from "../../releases/phases.js";
import { findTargetStates } from "../../rollouts/progress.js";
import { DUE } from "../../rollouts/update-progress.js";

/*
 * Ends waiting promotions, and targets of a promotion in progress that wait for their wave. The caller holds the lock
 * of the promotion's row, which also protects its waiting targets. So only one of a concurrent cancellation, expiry and
 * admission takes effect.
 */

/** How a promotion, or its waiting targets, end. `phase` is for a promotion that has not started. */
export interface End {
  readonly phase: Extract<PromotionPhase, "CANCELLED" | "EXPIRED" | "REJECTED" | "SUPERSEDED">;
  /** Who ended it, for CANCELLED and REJECTED. */
  readonly by?: Actor;
  /** Why, for CANCELLED and REJECTED. */
  readonly reason?: string;
  /** The newer promotion, for SUPERSEDED. */
  readonly supersededBy?: string;
}

/**
 * Ends a waiting promotion with all its targets. If it is in progress, only the waiting targets end, and the promotion
 * finishes with the others. Updates `promotion`.
 */
export async function endWaiting(tx: Tx, ctx: TxCtx, promotion: Promotion, end: End): Promise<EventDraft[]> {
  const targets = await findWaitingTargets(tx, promotion);
  return endTargets(tx, ctx, promotion, targets, targets, end);
}

/**
 * Ends waiting targets of a promotion. If others remain, the promotion continues without these. It becomes due, because
 * the dropped targets may have blocked it. Otherwise it ends.
 */
export async function dropTargets(
  tx: Tx,
  ctx: TxCtx,
  promotion: Promotion,
  appIds: readonly string[],
  end: End,
): Promise<EventDraft[]> {
  const waiting = await findWaitingTargets(tx, promotion);
  const dropped = waiting.filter((target) => appIds.includes(target.appId));
  return endTargets(tx, ctx, promotion, waiting, dropped, end);
}

export function findWaitingTargets(tx: Tx, { id }: Promotion): Promise<PromotionTarget[]> {
  return tx.find(PromotionTarget, { promotionId: id, ownPhase: "WAITING" }, { order: "position" });
}

async function endTargets(
  tx: Tx,
  ctx: TxCtx,
  promotion: Promotion,
  waiting: readonly PromotionTarget[],
  ended: readonly PromotionTarget[],
  end: End,
): Promise<EventDraft[]> {
  if (ended.length === 0 && waiting.length > 0) return [];
  const targetPhase: PromotionTargetPhase = end.phase === "SUPERSEDED" ? "SUPERSEDED" : "CANCELLED";
  const ids = ended.map((target) => target.id);
  await tx.update(PromotionTarget, { id: ids }, { ownPhase: targetPhase });
  const actor = end.by === undefined ? {} : { actor: end.by };
  const events = ended.map((target) => ({ ...promotionTargetChanged(promotion, target, targetPhase), ...actor }));
  if (ended.length < waiting.length) {
    await tx.update(Promotion, { id: promotion.id }, { wakeAt: DUE });
    return events;
  }
  const states = promotion.phase === "WAITING" ? null : await findTargetStates(tx, [promotion.id]);
  const phase = states === null ? end.phase : promotionPhase(states.map((state) => state.phase));
  const patch = {
    phase,
    ...{ wakeAt: null, waveEndedAt: null },
    supersededBy: end.supersededBy ?? null,
    ...(end.by === undefined ? noActorColumns("endedBy") : toActorColumns("endedBy", end.by)),
    endReason: end.reason ?? null,
    updatedAt: phase === promotion.phase ? promotion.updatedAt : ctx.now(),
  };
  Object.assign(promotion, patch);
  await tx.update(Promotion, { id: promotion.id }, patch);
  if (phase === "IN_PROGRESS") return events;
  const apps = states === null ? ended.map(({ appId }) => appId) : states.map(({ target }) => target.appId);
  return [...events, { ...promotionChanged("PROMOTION_FINISHED", promotion, apps), ...actor }];
}
