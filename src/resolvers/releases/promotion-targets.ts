import { Ctx, FieldResolver, Resolver, Root } from "type-graphql";
import { PromotionTargetPhase } from "../../entities/core/enums.js";
import { App } from "../../entities/pipelines/app.js";
import { Promotion } from "../../entities/releases/promotion.js";
import { PromotionTarget } from "../../entities/releases/promotion-target.js";
import { Release } from "../../entities/releases/release.js";
import type { Context } from "../../schema/context.js";
import { loadApp, loadRelease, requireRow } from "../relations.js";

@Resolver(() => PromotionTarget)
export class PromotionTargetResolver {
  @FieldResolver(() => Promotion, { description: "The promotion." })
  async promotion(@Root() { promotionId }: PromotionTarget, @Ctx() ctx: Context): Promise<Promotion> {
    return requireRow(ctx, await ctx.loaders.promotion.load(promotionId), "promotion", promotionId);
  }

  @FieldResolver(() => App, {
    nullable: true,
    description: "The target app. `deletedAt` is set if it was deleted.",
  })
  app(@Root() { appId }: PromotionTarget, @Ctx() ctx: Context): Promise<App> {
    return loadApp(ctx, appId);
  }

  @FieldResolver(() => Release, {
    nullable: true,
    description: "The release that the promotion created on the app; null until the target starts.",
  })
  async release(@Root() { releaseId }: PromotionTarget, @Ctx() ctx: Context): Promise<Release | null> {
    return releaseId === null ? null : loadRelease(ctx, releaseId);
  }

  @FieldResolver(() => PromotionTargetPhase, {
    description: "The phase of the target: that of its release, once it has one.",
  })
  async phase(@Root() target: PromotionTarget, @Ctx() ctx: Context): Promise<PromotionTargetPhase> {
    const { ownPhase, releaseId } = target;
    if (ownPhase !== null) return ownPhase;
    if (releaseId === null) throw new Error(`Target ${target.id} has neither a phase nor a release.`);
    return (await loadRelease(ctx, releaseId)).phase;
  }

  @FieldResolver(() => String, {
    nullable: true,
    description: "Why the release, or its verification, failed; null if neither did, or no reason was given.",
  })
  async failureReason(@Root() { releaseId }: PromotionTarget, @Ctx() ctx: Context): Promise<string | null> {
    if (releaseId === null) return null;
    const { failureReason, verificationProblem } = await loadRelease(ctx, releaseId);
    return failureReason ?? verificationProblem;
  }
}
