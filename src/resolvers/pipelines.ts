import sql from "sql-template-tag";
import { Arg, Args, ArgsType, Ctx, Field, FieldResolver, ID, Mutation, Query, Resolver, Root } from "type-graphql";
import { findPipeline } from "../domain/core/references.js";
import * as pipelines from "../domain/pipelines/pipelines.js";
import { STAGES } from "../domain/pipelines/stages.js";
import { EventType, Stage } from "../entities/core/enums.js";
import type { LogEvent } from "../entities/history/event.js";
import { AvailableCheck } from "../entities/pipelines/available-check.js";
import { Coupling } from "../entities/pipelines/coupling.js";
import { Pipeline } from "../entities/pipelines/pipeline.js";
import { ReviewApp } from "../entities/pipelines/review-app.js";
import { PipelineStage } from "../entities/pipelines/stage.js";
import type { Promotion } from "../entities/releases/promotion.js";
import {
  type Connection,
  EventConnection,
  EventPageArgs,
  PageArgs,
  PipelineConnection,
  PromotionConnection,
} from "../schema/connections.js";
import type { Context } from "../schema/context.js";
import { CreatePipelineInput, DeletePipelineInput, UpdatePipelineInput } from "../schema/inputs.js";
import { DeletePipelinePayload, PipelinePayload } from "../schema/payloads.js";
import { nestedEvents } from "./events.js";
import { listRows, nameContains, nestedList, PIPELINES_BY_NAME, PROMOTIONS_NEWEST_FIRST } from "./lists.js";

@ArgsType()
class PipelinesArgs extends PageArgs {
  @Field(() => String, { nullable: true, description: "Only those whose name contains this, case-insensitively." })
  nameContains?: string | null;
}

@ArgsType()
class PipelineEventsArgs extends EventPageArgs {
  @Field(() => [EventType], { nullable: true, description: "Only events of these types." })
  types?: EventType[] | null;
}

@Resolver(() => Pipeline)
export class PipelineResolver {
  @Query(() => Pipeline, { nullable: true, description: "One pipeline; null where there is none." })
  pipeline(
    @Ctx() ctx: Context,
    @Arg("pipeline", () => ID, { description: "Its id or name." }) pipeline: string,
  ): Promise<Pipeline | null> {
    return ctx.lookup((reader) => findPipeline(reader, pipeline));
  }

  @Query(() => PipelineConnection, { description: "By name; `nameContains` filters, case-insensitively." })
  pipelines(@Ctx() ctx: Context, @Args(() => PipelinesArgs) args: PipelinesArgs): Promise<Connection<Pipeline>> {
    return listRows(ctx, PIPELINES_BY_NAME, args, [sql`e.deleted_at IS NULL`, ...nameContains(args.nameContains)]);
  }

  @FieldResolver(() => [ReviewApp], { description: "The review apps of its open pull requests, by their number." })
  reviewApps(@Root() { id }: Pipeline, @Ctx() ctx: Context): Promise<readonly ReviewApp[]> {
    return ctx.loaders.reviewAppsOfPipeline.load(id);
  }

  @FieldResolver(() => [PipelineStage], { description: "All four stages, in order, also the empty ones." })
  stages(@Root() pipeline: Pipeline): PipelineStage[] {
    return STAGES.map((stage) => new PipelineStage(pipeline, stage));
  }

  @FieldResolver(() => [Coupling], {
    description: "Its apps and where they stand, in the order in which they were added.",
  })
  async couplings(
    @Root() { id }: Pipeline,
    @Ctx() ctx: Context,
    @Arg("stage", () => Stage, { nullable: true, description: "Only those of this stage." }) stage: Stage | null,
  ): Promise<readonly Coupling[]> {
    const couplings = await ctx.loaders.couplingsOfPipeline.load(id);
    return stage == null ? couplings : couplings.filter((coupling) => coupling.stage === stage);
  }

  @FieldResolver(() => [AvailableCheck], {
    description:
      "Every context ever reported on a release of an app of this pipeline, by name: what can be required as a check.",
  })
  availableChecks(@Root() { id }: Pipeline, @Ctx() ctx: Context): Promise<readonly AvailableCheck[]> {
    return ctx.loaders.availableChecks.load(id);
  }

  @FieldResolver(() => PromotionConnection, { description: "Its promotions, newest first." })
  promotions(
    @Root() { id }: Pipeline,
    @Ctx() ctx: Context,
    @Args(() => PageArgs) args: PageArgs,
  ): Promise<Connection<Promotion>> {
    return nestedList(ctx, PROMOTIONS_NEWEST_FIRST, "pipelineId", id, args);
  }

  @FieldResolver(() => EventConnection, { description: "What happened in it, oldest first; `last` gives the newest." })
  events(
    @Root() { id }: Pipeline,
    @Ctx() ctx: Context,
    @Args(() => PipelineEventsArgs) args: PipelineEventsArgs,
  ): Promise<Connection<LogEvent>> {
    return nestedEvents(ctx, id, args);
  }

  @Mutation(() => PipelinePayload, { description: "Makes a pipeline. Needs the role OPERATOR." })
  async createPipeline(
    @Ctx() ctx: Context,
    @Arg("input", () => CreatePipelineInput, { description: "What it is to be." }) input: CreatePipelineInput,
  ): Promise<PipelinePayload> {
    return { pipeline: await ctx.mutate((act) => pipelines.createPipeline(act, input)) };
  }

  @Mutation(() => PipelinePayload, { description: "Changes a pipeline. Needs the role OPERATOR." })
  async updatePipeline(
    @Ctx() ctx: Context,
    @Arg("input", () => UpdatePipelineInput, { description: "What is to change." }) input: UpdatePipelineInput,
  ): Promise<PipelinePayload> {
    return { pipeline: await ctx.mutate((act) => pipelines.updatePipeline(act, input)) };
  }

  @Mutation(() => DeletePipelinePayload, {
    description: "Deletes a pipeline, its couplings and its review apps. History stays. Needs the role ADMIN.",
  })
  async deletePipeline(
    @Ctx() ctx: Context,
    @Arg("input", () => DeletePipelineInput, { description: "Which one." }) input: DeletePipelineInput,
  ): Promise<DeletePipelinePayload> {
    return { deletedPipelineId: await ctx.mutate((act) => pipelines.deletePipeline(act, input)) };
  }
}
