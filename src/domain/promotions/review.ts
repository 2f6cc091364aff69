import { identify, toActorColumns } from "../../entities/core/actor-columns.js";
import { Promotion } from "../../entities/releases/promotion.js";
import { PromotionTarget } from "../../entities/releases/promotion-target.js";
import { append } from "../../events/append.js";
import { promotionChanged } from "../../events/draft.js";
import { permit } from "../access/actions.js";
import type { Ctx } from "../core/context.js";
import { LIMITS, parseText } from "../core/input.js";
import { requirePromotion } from "../core/references.js";
import { badInput, conflict } from "../core/refusal.js";

export interface ReviewForcedPromotionInput {
  readonly promotion: string;
  readonly comment: string;
}

/**
 * Records that another person reviewed a forced promotion. A second review changes nothing.
 *
 * @throws Refusal CONFLICT if the promotion bypassed no gate, or the viewer forced it
 */
export async function reviewForcedPromotion(ctx: Ctx, input: ReviewForcedPromotionInput): Promise<Promotion> {
  permit(ctx.viewer, "reviewForcedPromotion");
  const comment = parseText("comment", input.comment, LIMITS.description);
  if (comment.trim() === "") throw badInput("comment", "comment must say what you found.");
  return ctx.db.write(async (tx) => {
    const found = await requirePromotion(tx, "promotion", input.promotion);
    const locked = await tx.lock(Promotion, [found.id], "change");
    const promotion = locked ? await requirePromotion(tx, "promotion", found.id) : found;
    if (promotion.reviewedAt !== null) return promotion;
    if (!promotion.needsReview) throw conflict("The promotion bypassed no gate, so there is nothing to review.");
    const { createdByPerson: person, createdBySubject: subject } = promotion;
    if (identify(ctx.viewer) === identify({ person, subject })) {
      throw conflict("The person who forced a promotion cannot review it. Ask another person to.");
    }
    const now = ctx.now();
    const reviewed = { reviewedAt: now, ...toActorColumns("reviewedBy", ctx.viewer), reviewComment: comment };
    Object.assign(promotion, { needsReview: false, ...reviewed });
    await tx.update(Promotion, { id: promotion.id }, { needsReview: false, ...reviewed });
    const targets = await tx.find(PromotionTarget, { promotionId: promotion.id }, { order: "position" });
    const apps = targets.map(({ appId }) => appId);
    await append(tx, ctx.viewer, now, [promotionChanged("PROMOTION_REVIEWED", promotion, apps)]);
    return promotion;
  });
}
