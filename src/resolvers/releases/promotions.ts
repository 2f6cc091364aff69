import sql from "sql-template-tag";
import { Arg, Args, ArgsType, Ctx, Field, FieldResolver, ID, Mutation, Query, Resolver, Root } from "type-graphql";
import { parseId } from "../../domain/core/input.js";
import { requireAppOfHistory, requirePipelineOfHistory } from "../../domain/core/references.js";
import { planPromotion, promote } from "../../domain/releases/promotions.js";
import { Build } from "../../entities/builds/build.js";
import { PromotionPhase, ReleasePhase } from "../../entities/core/enums.js";
import { App } from "../../entities/pipelines/app.js";
import { Pipeline } from "../../entities/pipelines/pipeline.js";
import { PromotionPlan } from "../../entities/releases/plan.js";
import { Promotion, PromotionTarget } from "../../entities/releases/promotion.js";
import { Release } from "../../entities/releases/release.js";
import { type Connection, PageArgs, PromotionConnection } from "../../schema/connections.js";
import type { Context } from "../../schema/context.js";
import { orderBy, PromotionOrder } from "../../schema/inputs/orders.js";
import { PromoteInput } from "../../schema/inputs/promotions.js";
import { PromotePayload } from "../../schema/payloads.js";
import { requiresRole } from "../../schema/roles.js";
import { listRows } from "../lists.js";
import { promotionOrder } from "../orders.js";
import { loadApp, loadBuild, loadLivePipeline, loadRelease, requireRow } from "../relations.js";

@ArgsType()
class PromotionsArgs extends PageArgs {
  @Field(() => ID, {
    nullable: true,
    description: "Only promotions in this pipeline, by id or name; by id if it is deleted.",
  })
  pipeline?: string | null;

  @Field(() => ID, {
    nullable: true,
    description: "Only promotions from or to this app, by id or name; by id if it is deleted.",
  })
  app?: string | null;

  @Field(() => PromotionPhase, { nullable: true, description: "Only promotions in this phase." })
  phase?: PromotionPhase | null;

  @Field(() => PromotionOrder, orderBy("CREATED", "DESC"))
  orderBy?: PromotionOrder | null;
}

@Resolver(() => Promotion)
export class PromotionResolver {
  @Query(() => Promotion, { nullable: true, description: "Finds a promotion; null if there is none." })
  promotion(
    @Ctx() ctx: Context,
    @Arg("id", () => ID, { description: "The promotion's id." }) id: string,
  ): Promise<Promotion | null> {
    return ctx.loaders.promotion.load(parseId("id", id));
  }

  @Query(() => PromotionConnection, { description: "Lists promotions." })
  async promotions(
    @Ctx() ctx: Context,
    @Args(() => PromotionsArgs) args: PromotionsArgs,
  ): Promise<Connection<Promotion>> {
    const conditions = [];
    if (args.pipeline != null) {
      const { id } = await requirePipelineOfHistory(ctx.db.reader, "pipeline", args.pipeline);
      conditions.push(sql`e.pipeline_id = ${id}`);
    }
    if (args.app != null) {
      const { id } = await requireAppOfHistory(ctx.db.reader, "app", args.app);
      const targeted = sql`SELECT t.promotion_id FROM promotion_targets t WHERE t.app_id = ${id}`;
      conditions.push(sql`(e.source_app_id = ${id} OR e.id IN (${targeted}))`);
    }
    if (args.phase != null) conditions.push(sql`e.phase = ${args.phase}`);
    return listRows(ctx, promotionOrder(args.orderBy), args, conditions);
  }

  @Query(() => PromotionPlan, {
    description: "A dry run of `promote` with the same input. Nothing is written.",
  })
  promotionPlan(
    @Ctx() ctx: Context,
    @Arg("input", () => PromoteInput, { description: "The input that `promote` would receive." }) input: PromoteInput,
  ): Promise<PromotionPlan> {
    return planPromotion(ctx, input);
  }

  @FieldResolver(() => Pipeline, { nullable: true, description: "The pipeline; null if it was deleted." })
  pipeline(@Root() { pipelineId }: Promotion, @Ctx() ctx: Context): Promise<Pipeline | null> {
    return loadLivePipeline(ctx, pipelineId);
  }

  @FieldResolver(() => App, {
    nullable: true,
    description: "The source app. `deletedAt` is set if it was deleted.",
  })
  source(@Root() { sourceAppId }: Promotion, @Ctx() ctx: Context): Promise<App | null> {
    return ctx.loaders.referenced.app.load(sourceAppId);
  }

  @FieldResolver(() => Release, { description: "The promoted release of the source app." })
  release(@Root() { releaseId }: Promotion, @Ctx() ctx: Context): Promise<Release> {
    return loadRelease(ctx, releaseId);
  }

  @FieldResolver(() => Build, { description: "The promoted build." })
  build(@Root() { buildId }: Promotion, @Ctx() ctx: Context): Promise<Build> {
    return loadBuild(ctx, buildId);
  }

  @FieldResolver(() => [PromotionTarget], { description: "The targets of the promotion, one per app." })
  targets(@Root() { id }: Promotion, @Ctx() ctx: Context): Promise<readonly PromotionTarget[]> {
    return ctx.loaders.targetsOfPromotion.load(id);
  }

  @Mutation(() => PromotePayload, {
    nullable: true,
    description: `Promotes the build of a release to apps in the next stage: to all targets, or to none if one is refused. ${requiresRole("promote")} ${requiresRole("forcePromotion", "Forcing")}`,
  })
  async promote(
    @Ctx() ctx: Context,
    @Arg("input", () => PromoteInput, { description: "Input for promote." }) input: PromoteInput,
  ): Promise<PromotePayload> {
    return { promotion: await ctx.mutate((ctx) => promote(ctx, input)) };
  }
}

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

  @FieldResolver(() => Release, { description: "The release that the promotion created on the app." })
  release(@Root() { releaseId }: PromotionTarget, @Ctx() ctx: Context): Promise<Release> {
    return loadRelease(ctx, releaseId);
  }

  @FieldResolver(() => ReleasePhase, { description: "The phase of the release." })
  async phase(@Root() { releaseId }: PromotionTarget, @Ctx() ctx: Context): Promise<ReleasePhase> {
    return (await loadRelease(ctx, releaseId)).phase;
  }

  @FieldResolver(() => String, {
    nullable: true,
    description: "Why the release failed; null if it did not fail or no reason was given.",
  })
  async failureReason(@Root() { releaseId }: PromotionTarget, @Ctx() ctx: Context): Promise<string | null> {
    return (await loadRelease(ctx, releaseId)).failureReason;
  }
}
