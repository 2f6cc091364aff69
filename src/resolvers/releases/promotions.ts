import sql from "sql-template-tag";
import { Arg, Args, ArgsType, Ctx, Field, FieldResolver, ID, Mutation, Query, Resolver, Root } from "type-graphql";
import { parseId } from "../../domain/core/input.js";
import { requireAppOfHistory, requirePipelineOfHistory } from "../../domain/core/references.js";
import { cancelPromotion } from "../../domain/promotions/cancel.js";
import { toBlocker } from "../../domain/promotions/forced.js";
import { planPromotion, promote } from "../../domain/promotions/promote.js";
import { retryPromotion } from "../../domain/promotions/retry.js";
import { reviewForcedPromotion } from "../../domain/promotions/review.js";
import { undoPromotion } from "../../domain/promotions/undo.js";
import { explainWaiting } from "../../domain/promotions/waiting/explain-waiting.js";
import { Build } from "../../entities/builds/build.js";
import { PromotionPhase } from "../../entities/core/enums.js";
import { App } from "../../entities/pipelines/app.js";
import { Pipeline } from "../../entities/pipelines/pipeline.js";
import { Blocker, latestEnd, PromotionPlan } from "../../entities/releases/plan.js";
import { Promotion } from "../../entities/releases/promotion.js";
import { PromotionTarget } from "../../entities/releases/promotion-target.js";
import { Release } from "../../entities/releases/release.js";
import { type Connection, PageArgs, PromotionConnection } from "../../schema/connections.js";
import type { Context } from "../../schema/context.js";
import { orderBy, PromotionOrder } from "../../schema/inputs/orders.js";
import {
  CancelPromotionInput,
  PromoteInput,
  RetryPromotionInput,
  ReviewForcedPromotionInput,
  UndoPromotionInput,
} from "../../schema/inputs/releases/promotions.js";
import {
  CancelPromotionPayload,
  PromotePayload,
  RetryPromotionPayload,
  ReviewForcedPromotionPayload,
  UndoPromotionPayload,
} from "../../schema/payloads/payloads.js";
import { requiresRole } from "../../schema/roles.js";
import { listRows } from "../lists.js";
import { promotionOrder } from "../orders.js";
import { loadBuild, loadLivePipeline, loadNode, loadRelease } from "../relations.js";

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

  @Field(() => Boolean, {
    nullable: true,
    description: "Only promotions that went past gates by `force` and were not reviewed yet.",
  })
  unreviewedForced?: boolean | null;

  @Field(() => PromotionOrder, orderBy("CREATED", "DESC"))
  orderBy?: PromotionOrder | null;
}

@Resolver(() => Promotion)
export class PromotionResolver {
  @Query(() => Promotion, { nullable: true, description: "Finds a promotion; null if it does not exist." })
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
    if (args.unreviewedForced === true) conditions.push(sql`e.needs_review`);
    return listRows(ctx, promotionOrder(args.orderBy), args, conditions);
  }

  @Query(() => PromotionPlan, {
    description: "A dry run of `promote` with the same input. Nothing is written.",
  })
  promotionPlan(
    @Ctx() ctx: Context,
    @Arg("input", () => PromoteInput, { description: "The input that `promote` would receive." }) input: PromoteInput,
  ): Promise<PromotionPlan> {
    return ctx.inTurn(() => planPromotion(ctx, input));
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

  @FieldResolver(() => [Blocker], {
    description:
      "Everything that the promotion, or its next wave, is waiting for now; empty if no target is waiting. Evaluated when read, so it changes without an event.",
  })
  blockers(@Root() promotion: Promotion, @Ctx() ctx: Context): Promise<readonly Blocker[]> {
    return ctx.loaders.computed.load(explainWaiting, promotion);
  }

  @FieldResolver(() => Date, {
    nullable: true,
    description: "When all of its blockers clear by themselves; null if they do not, or the time is not known.",
  })
  async clearsAt(@Root() promotion: Promotion, @Ctx() ctx: Context): Promise<Date | null> {
    return latestEnd(await ctx.loaders.computed.load(explainWaiting, promotion));
  }

  @FieldResolver(() => [Blocker], {
    description: "The blockers that `force` bypassed, as they were when the promotion started.",
  })
  forcedPast(@Root() { forcedPast }: Promotion, @Ctx() ctx: Context): Promise<Blocker[]> {
    return Promise.all(
      forcedPast.map(async (one) => {
        const app = one.appId === null ? null : await ctx.loaders.referenced.app.load(one.appId);
        return toBlocker(one, app, one.causeId === null ? null : await loadNode(ctx, one.causeId));
      }),
    );
  }

  @FieldResolver(() => Promotion, { nullable: true, description: "The promotion whose targets this one tries again." })
  retryOf(@Root() { retryOf }: Promotion, @Ctx() ctx: Context): Promise<Promotion | null> {
    return loadPromotion(ctx, retryOf);
  }

  @FieldResolver(() => Promotion, { nullable: true, description: "The promotion that this one undoes." })
  undoes(@Root() { undoes }: Promotion, @Ctx() ctx: Context): Promise<Promotion | null> {
    return loadPromotion(ctx, undoes);
  }

  @FieldResolver(() => Promotion, {
    nullable: true,
    description: "The newer promotion that took the targets while it waited.",
  })
  supersededBy(@Root() { supersededBy }: Promotion, @Ctx() ctx: Context): Promise<Promotion | null> {
    return loadPromotion(ctx, supersededBy);
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

  @Mutation(() => CancelPromotionPayload, {
    nullable: true,
    description: `Cancels a promotion. If it is waiting, it ends. If it is in progress, its waiting targets and QUEUED releases end, and the deployers of its DEPLOYING releases are asked to stop. ${requiresRole("cancelPromotion")}`,
  })
  async cancelPromotion(
    @Ctx() ctx: Context,
    @Arg("input", () => CancelPromotionInput, { description: "Input for cancelPromotion." })
    input: CancelPromotionInput,
  ): Promise<CancelPromotionPayload> {
    return { promotion: await ctx.mutate((ctx) => cancelPromotion(ctx, input)) };
  }

  @Mutation(() => RetryPromotionPayload, {
    nullable: true,
    description: `Promotes the same release again to targets that failed or were cancelled, as a new promotion. ${requiresRole("retryPromotion")}`,
  })
  async retryPromotion(
    @Ctx() ctx: Context,
    @Arg("input", () => RetryPromotionInput, { description: "Input for retryPromotion." }) input: RetryPromotionInput,
  ): Promise<RetryPromotionPayload> {
    return { promotion: await ctx.mutate((ctx) => retryPromotion(ctx, input)) };
  }

  @Mutation(() => UndoPromotionPayload, {
    nullable: true,
    description: `Returns every target that runs the promotion's release to the release it ran before: all targets, or none if one has moved on. Gates do not apply. ${requiresRole("undoPromotion")}`,
  })
  async undoPromotion(
    @Ctx() ctx: Context,
    @Arg("input", () => UndoPromotionInput, { description: "Input for undoPromotion." }) input: UndoPromotionInput,
  ): Promise<UndoPromotionPayload> {
    return { promotion: await ctx.mutate((ctx) => undoPromotion(ctx, input)) };
  }

  @Mutation(() => ReviewForcedPromotionPayload, {
    nullable: true,
    description: `Records that another person looked at a promotion that went past gates by \`force\`. ${requiresRole("reviewForcedPromotion")}`,
  })
  async reviewForcedPromotion(
    @Ctx() ctx: Context,
    @Arg("input", () => ReviewForcedPromotionInput, { description: "Input for reviewForcedPromotion." })
    input: ReviewForcedPromotionInput,
  ): Promise<ReviewForcedPromotionPayload> {
    return { promotion: await ctx.mutate((ctx) => reviewForcedPromotion(ctx, input)) };
  }
}

async function loadPromotion(ctx: Context, id: string | null): Promise<Promotion | null> {
  return id === null ? null : ctx.loaders.promotion.load(id);
}
