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
 * How a promotion ends that still waits, or the targets of one in progress that wait for their wave. The caller holds the
 * lock of the promotion's row, which its targets share while they wait, so of a cancellation, an expiry and an admission at
 * once exactly one happens.
 */

/** How a promotion, or what of it waits, ends. The phase is that of a promotion that has not started. */
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
 * Ends a promotion that waits, and all its targets. Of one in progress, only the targets that wait end; it finishes with the
 * others. `promotion` is updated.
 */
export async function endWaiting(tx: Tx, ctx: TxCtx, promotion: Promotion, end: End): Promise<EventDraft[]> {
  const targets = await findWaitingTargets(tx, promotion);
  return endTargets(tx, ctx, promotion, targets, targets, end);
}

/**
 * Ends targets of a promotion that waits. If others remain, it goes on without these: it is due to be evaluated again, since
 * they may have been what blocked it. Otherwise it ends.
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
