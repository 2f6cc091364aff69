import sql from "sql-template-tag";
import { Arg, Args, ArgsType, Ctx, Field, FieldResolver, ID, Mutation, Query, Resolver, Root } from "type-graphql";
import { findPipeline } from "../../domain/core/references.js";
import * as pipelines from "../../domain/pipelines/pipelines.js";
import { STAGES } from "../../domain/pipelines/stages.js";
import { Stage } from "../../entities/core/enums.js";
import type { LogEvent } from "../../entities/history/event.js";
import { EventType } from "../../entities/history/event-type.js";
import { AvailableCheck } from "../../entities/pipelines/available-check.js";
import { Coupling } from "../../entities/pipelines/coupling.js";
import { Pipeline } from "../../entities/pipelines/pipeline.js";
import { ReviewApp } from "../../entities/pipelines/review-app.js";
import { PipelineStage } from "../../entities/pipelines/stage.js";
import type { Promotion } from "../../entities/releases/promotion.js";
import {
  type Connection,
  EventConnection,
  EventPageArgs,
  PageArgs,
  PipelineConnection,
  PromotionConnection,
} from "../../schema/connections.js";
import type { Context } from "../../schema/context.js";
import { TYPES_FILTER } from "../../schema/event-filters.js";
import { orderBy, PipelineOrder, PromotionOrder } from "../../schema/inputs/orders.js";
import {
  CreatePipelineInput,
  DeletePipelineInput,
  UpdatePipelineInput,
} from "../../schema/inputs/pipelines/pipelines.js";
import { CreatePipelinePayload, DeletePipelinePayload, UpdatePipelinePayload } from "../../schema/payloads/payloads.js";
import { requiresRole } from "../../schema/roles.js";
import { nestedEvents } from "../history/events.js";
import { listRows, nameContains, nestedList } from "../lists.js";
import { pipelineOrder, promotionOrder } from "../orders.js";

@ArgsType()
class PipelinesArgs extends PageArgs {
  @Field(() => String, {
    nullable: true,
    description: "Only pipelines whose name contains this text, case-insensitive.",
  })
  nameContains?: string | null;

  @Field(() => PipelineOrder, orderBy("NAME", "ASC"))
  orderBy?: PipelineOrder | null;
}

@ArgsType()
class PipelinePromotionsArgs extends PageArgs {
  @Field(() => PromotionOrder, orderBy("CREATED", "DESC"))
  orderBy?: PromotionOrder | null;
}

@ArgsType()
class PipelineEventsArgs extends EventPageArgs {
  @Field(() => [EventType], TYPES_FILTER)
  types?: EventType[] | null;
}

@Resolver(() => Pipeline)
export class PipelineResolver {
  @Query(() => Pipeline, { nullable: true, description: "Finds a pipeline; null if it does not exist." })
  pipeline(
    @Ctx() ctx: Context,
    @Arg("pipeline", () => ID, { description: "The pipeline's id or name." }) pipeline: string,
  ): Promise<Pipeline | null> {
    return ctx.lookup((reader) => findPipeline(reader, pipeline));
  }

  @Query(() => PipelineConnection, { description: "Lists pipelines." })
  pipelines(@Ctx() ctx: Context, @Args(() => PipelinesArgs) args: PipelinesArgs): Promise<Connection<Pipeline>> {
    const conditions = [sql`e.deleted_at IS NULL`, ...nameContains(args.nameContains)];
    return listRows(ctx, pipelineOrder(args.orderBy), args, conditions);
  }

  @FieldResolver(() => [ReviewApp], { description: "The review apps of open pull requests, sorted by number." })
  reviewApps(@Root() { id }: Pipeline, @Ctx() ctx: Context): Promise<readonly ReviewApp[]> {
    return ctx.loaders.reviewAppsOfPipeline.load(id);
  }

  @FieldResolver(() => [PipelineStage], { description: "All four stages in order, including empty ones." })
  stages(@Root() pipeline: Pipeline): PipelineStage[] {
    return STAGES.map((stage) => new PipelineStage(pipeline, stage));
  }

  @FieldResolver(() => [Coupling], {
    description: "The pipeline's apps and their stages, in the order in which they were added.",
  })
  async couplings(
    @Root() { id }: Pipeline,
    @Ctx() ctx: Context,
    @Arg("stage", () => Stage, { nullable: true, description: "Only couplings in this stage." }) stage: Stage | null,
  ): Promise<readonly Coupling[]> {
    const couplings = await ctx.loaders.couplingsOfPipeline.load(id);
    return stage == null ? couplings : couplings.filter((coupling) => coupling.stage === stage);
  }

  @FieldResolver(() => [AvailableCheck], {
    description:
      "The contexts reported on the latest 20 releases of each of the pipeline's apps, sorted. They can be required as checks.",
  })
  availableChecks(@Root() { id }: Pipeline, @Ctx() ctx: Context): Promise<readonly AvailableCheck[]> {
    return ctx.loaders.availableChecks.load(id);
  }

  @FieldResolver(() => PromotionConnection, { description: "The pipeline's promotions." })
  promotions(
    @Root() { id }: Pipeline,
    @Ctx() ctx: Context,
    @Args(() => PipelinePromotionsArgs) args: PipelinePromotionsArgs,
  ): Promise<Connection<Promotion>> {
    return nestedList(ctx, promotionOrder(args.orderBy), "pipelineId", id, args);
  }

  @FieldResolver(() => EventConnection, {
    description: "The pipeline's events, oldest first. `last` returns the newest events.",
  })
  events(
    @Root() { id }: Pipeline,
    @Ctx() ctx: Context,
    @Args(() => PipelineEventsArgs) args: PipelineEventsArgs,
  ): Promise<Connection<LogEvent>> {
    return nestedEvents(ctx, id, args);
  }

  @Mutation(() => CreatePipelinePayload, {
    nullable: true,
    description: `Creates a pipeline. ${requiresRole("createPipeline")}`,
  })
  async createPipeline(
    @Ctx() ctx: Context,
    @Arg("input", () => CreatePipelineInput, { description: "Input for createPipeline." }) input: CreatePipelineInput,
  ): Promise<CreatePipelinePayload> {
    return { pipeline: await ctx.mutate((ctx) => pipelines.createPipeline(ctx, input)) };
  }

  @Mutation(() => UpdatePipelinePayload, {
    nullable: true,
    description: `Updates a pipeline. ${requiresRole("updatePipeline")} ${requiresRole("changeRepository", "Changing or clearing the repository or component of a pipeline that has a repository")}`,
  })
  async updatePipeline(
    @Ctx() ctx: Context,
    @Arg("input", () => UpdatePipelineInput, { description: "Input for updatePipeline." }) input: UpdatePipelineInput,
  ): Promise<UpdatePipelinePayload> {
    return { pipeline: await ctx.mutate((ctx) => pipelines.updatePipeline(ctx, input)) };
  }

  @Mutation(() => DeletePipelinePayload, {
    nullable: true,
    description: `Deletes a pipeline, its couplings and its review apps. Its history is kept. ${requiresRole("deletePipeline")}`,
  })
  async deletePipeline(
    @Ctx() ctx: Context,
    @Arg("input", () => DeletePipelineInput, { description: "Input for deletePipeline." }) input: DeletePipelineInput,
  ): Promise<DeletePipelinePayload> {
    return { deletedPipelineId: await ctx.mutate((ctx) => pipelines.deletePipeline(ctx, input)) };
  }
}
