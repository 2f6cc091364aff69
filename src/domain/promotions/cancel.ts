import type { Tx } from "../../database/rows/tx.js";
import { toActorColumns } from "../../entities/core/actor-columns.js";
import { Promotion } from "../../entities/releases/promotion.js";
import { PromotionTarget } from "../../entities/releases/promotion-target.js";
import { Release } from "../../entities/releases/release.js";
import { append } from "../../events/append.js";
import { type EventDraft, releaseChanged } from "../../events/draft.js";
import { permit } from "../access/actions.js";
import type { Ctx, TxCtx } from "../core/context.js";
import { LIMITS, parseText } from "../core/input.js";
import { requirePromotion } from "../core/references.js";
import { badInput, conflict } from "../core/refusal.js";
import { updatePhase } from "../releases/deployments.js";
import { endWaiting } from "./waiting/ending.js";
import { lockPromotions } from "./waiting/lock-promotions.js";

export interface CancelPromotionInput {
  readonly promotion: string;
  readonly reason: string;
}

/**
 * Cancels a promotion. A waiting promotion ends. If it is in progress, waiting targets are cancelled and QUEUED
 * releases are superseded. A DEPLOYING release continues, and its deployer is asked to stop. Cancelling again changes
 * nothing.
 *
 * @throws Refusal CONFLICT if the promotion has ended in another way
 */
export async function cancelPromotion(ctx: Ctx, input: CancelPromotionInput): Promise<Promotion> {
  permit(ctx.viewer, "cancelPromotion");
  const reason = parseText("reason", input.reason, LIMITS.description);
  if (reason.trim() === "") throw badInput("reason", "reason must say why the promotion is cancelled.");
  return ctx.db.write(async (tx) => {
    const found = await requirePromotion(tx, "promotion", input.promotion);
    await lockPromotions(tx, [found]);
    const promotion = await requirePromotion(tx, "promotion", found.id);
    if (promotion.phase === "CANCELLED") return promotion;
    const events =
      promotion.phase === "WAITING"
        ? await endWaiting(tx, ctx, promotion, { phase: "CANCELLED", by: ctx.viewer, reason })
        : await cancelReleases(tx, ctx, promotion, reason);
    const cancelled = await requirePromotion(tx, "promotion", promotion.id);
    await append(tx, ctx.viewer, ctx.now(), events);
    return cancelled;
  });
}

/**
 * Cancels the targets of a promotion in progress that have not begun to deploy, and asks deployers to stop the others.
 */
async function cancelReleases(tx: Tx, ctx: TxCtx, promotion: Promotion, reason: string): Promise<EventDraft[]> {
  if (promotion.phase !== "IN_PROGRESS") {
    throw conflict(`The promotion has ended: it is ${promotion.phase}, and can no longer be cancelled.`);
  }
  const targets = await tx.find(PromotionTarget, { promotionId: promotion.id }, { order: "position" });
  const releases = await tx.find(
    Release,
    { promotionId: promotion.id, phase: ["QUEUED", "DEPLOYING"] },
    { order: "position" },
  );
  const isNew = releases.filter((one) => one.phase === "QUEUED" || one.cancelRequestedAt === null);
  const waits = targets.some(({ ownPhase }) => ownPhase === "WAITING");
  if (isNew.length === 0 && !waits) return [];
  const ended = { ...toActorColumns("endedBy", ctx.viewer), endReason: reason };
  await tx.update(Promotion, { id: promotion.id }, ended);
  const end = { phase: "CANCELLED", by: ctx.viewer, reason } as const;
  const events: EventDraft[] = waits ? await endWaiting(tx, ctx, promotion, end) : [];
  for (const release of isNew) {
    if (release.phase === "DEPLOYING") {
      release.cancelRequestedAt = ctx.now();
      await tx.update(Release, { id: release.id }, { cancelRequestedAt: release.cancelRequestedAt });
      events.push(releaseChanged("RELEASE_CANCEL_REQUESTED", release, promotion.pipelineId));
      continue;
    }
    const target = targets.find((one) => one.releaseId === release.id);
    if (target === undefined) throw new Error(`Release ${release.id} has lost its target.`);
    await tx.update(PromotionTarget, { id: target.id }, { ownPhase: "CANCELLED" });
    events.push(...(await updatePhase(tx, ctx, release, "SUPERSEDED")));
  }
  return events;
}
