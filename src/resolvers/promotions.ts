import sql from "sql-template-tag";
import { Arg, Args, ArgsType, Ctx, Field, FieldResolver, ID, Mutation, Query, Resolver, Root } from "type-graphql";
import { parseId } from "../domain/core/input.js";
import { requireAppOfHistory, requirePipelineOfHistory } from "../domain/core/references.js";
import { planPromotion, promote } from "../domain/releases/promotions.js";
import { Build } from "../entities/builds/build.js";
import { PromotionPhase, ReleasePhase } from "../entities/core/enums.js";
import { App } from "../entities/pipelines/app.js";
import { Pipeline } from "../entities/pipelines/pipeline.js";
import { PromotionPlan } from "../entities/releases/plan.js";
import { Promotion, PromotionTarget } from "../entities/releases/promotion.js";
import { Release } from "../entities/releases/release.js";
import { type Connection, PageArgs, PromotionConnection } from "../schema/connections.js";
import type { Context } from "../schema/context.js";
import { PromoteInput } from "../schema/inputs.js";
import { PromotePayload } from "../schema/payloads.js";
import { listRows, PROMOTIONS_NEWEST_FIRST } from "./lists.js";
import { appOf, buildOf, livePipelineOf, releaseOf, requireRow } from "./relations.js";

@ArgsType()
class PromotionsArgs extends PageArgs {
  @Field(() => ID, {
    nullable: true,
    description: "Only those in this pipeline, by id or name; of a deleted one, by id.",
  })
  pipeline?: string | null;

  @Field(() => ID, {
    nullable: true,
    description: "Only those from or to this app, by id or name; of a deleted one, by id.",
  })
  app?: string | null;

  @Field(() => PromotionPhase, { nullable: true, description: "Only those in this phase." })
  phase?: PromotionPhase | null;
}

@Resolver(() => Promotion)
export class PromotionResolver {
  @Query(() => Promotion, { nullable: true, description: "One promotion; null where there is none." })
  promotion(
    @Ctx() ctx: Context,
    @Arg("id", () => ID, { description: "Its id." }) id: string,
  ): Promise<Promotion | null> {
    return ctx.loaders.promotion.load(parseId("id", id));
  }

  @Query(() => PromotionConnection, { description: "Newest first." })
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
    return listRows(ctx, PROMOTIONS_NEWEST_FIRST, args, conditions);
  }

  @Query(() => PromotionPlan, {
    description: "What `promote` would do with the same input, worked out without writing anything.",
  })
  promotionPlan(
    @Ctx() ctx: Context,
    @Arg("input", () => PromoteInput, { description: "What `promote` would be given." }) input: PromoteInput,
  ): Promise<PromotionPlan> {
    return planPromotion(ctx, input);
  }

  @FieldResolver(() => Pipeline, { nullable: true, description: "Null where the pipeline is gone." })
  pipeline(@Root() { pipelineId }: Promotion, @Ctx() ctx: Context): Promise<Pipeline | null> {
    return livePipelineOf(ctx, pipelineId);
  }

  @FieldResolver(() => App, {
    nullable: true,
    description: "The app that the release came from; `deletedAt` is set where that was deleted.",
  })
  source(@Root() { sourceAppId }: Promotion, @Ctx() ctx: Context): Promise<App | null> {
    return ctx.loaders.named.app.load(sourceAppId);
  }

  @FieldResolver(() => Release, { description: "The release of the source that was promoted." })
  release(@Root() { releaseId }: Promotion, @Ctx() ctx: Context): Promise<Release> {
    return releaseOf(ctx, releaseId);
  }

  @FieldResolver(() => Build, { description: "The build that was copied." })
  build(@Root() { buildId }: Promotion, @Ctx() ctx: Context): Promise<Build> {
    return buildOf(ctx, buildId);
  }

  @FieldResolver(() => [PromotionTarget], { description: "The apps that it went to." })
  targets(@Root() { id }: Promotion, @Ctx() ctx: Context): Promise<readonly PromotionTarget[]> {
    return ctx.loaders.targetsOfPromotion.load(id);
  }

  @Mutation(() => PromotePayload, {
    description:
      "Copies the build of a release to apps of the next stage, to all of them or to none. Needs the role OPERATOR, and ADMIN to force.",
  })
  async promote(
    @Ctx() ctx: Context,
    @Arg("input", () => PromoteInput, { description: "What, and where to." }) input: PromoteInput,
  ): Promise<PromotePayload> {
    return { promotion: await ctx.mutate((act) => promote(act, input)) };
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
    description: "The app; `deletedAt` is set where that was deleted.",
  })
  app(@Root() { appId }: PromotionTarget, @Ctx() ctx: Context): Promise<App> {
    return appOf(ctx, appId);
  }

  @FieldResolver(() => Release, { description: "The release that the promotion made on this app." })
  release(@Root() { releaseId }: PromotionTarget, @Ctx() ctx: Context): Promise<Release> {
    return releaseOf(ctx, releaseId);
  }

  @FieldResolver(() => ReleasePhase, { description: "How far that release has come." })
  async phase(@Root() { releaseId }: PromotionTarget, @Ctx() ctx: Context): Promise<ReleasePhase> {
    return (await releaseOf(ctx, releaseId)).phase;
  }

  @FieldResolver(() => String, { nullable: true, description: "Why that release failed, where it did." })
  async failureReason(@Root() { releaseId }: PromotionTarget, @Ctx() ctx: Context): Promise<string | null> {
    return (await releaseOf(ctx, releaseId)).failureReason;
  }
}
