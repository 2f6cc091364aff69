import { Arg, Ctx, FieldResolver, ID, Query, Resolver, Root } from "type-graphql";
import { findPipeline } from "../../domain/core/references.js";
import { nextStage, STAGES } from "../../domain/pipelines/stages.js";
import { Stage } from "../../entities/core/enums.js";
import { Coupling } from "../../entities/pipelines/coupling.js";
import { Pipeline } from "../../entities/pipelines/pipeline.js";
import { PipelineStage, StageNode } from "../../entities/pipelines/stage.js";
import type { Context } from "../../schema/context.js";

@Resolver(() => PipelineStage)
export class StageResolver {
  @Query(() => [StageNode], { description: "The stage graph, in order." })
  stages(): StageNode[] {
    return STAGES.map((stage) => ({ stage, next: nextStage(stage) }));
  }

  @Query(() => PipelineStage, {
    nullable: true,
    description: "Finds a stage of a pipeline; null if there is no such pipeline.",
  })
  async stage(
    @Ctx() ctx: Context,
    @Arg("pipeline", () => ID, { description: "The pipeline, by id or name." }) reference: string,
    @Arg("stage", () => Stage, { description: "The stage." }) stage: Stage,
  ): Promise<PipelineStage | null> {
    const pipeline = await ctx.lookup((reader) => findPipeline(reader, reference));
    return pipeline === null ? null : new PipelineStage(pipeline, stage);
  }

  @FieldResolver(() => Pipeline, { description: "The pipeline that the stage belongs to." })
  pipeline(@Root() { pipeline }: PipelineStage): Pipeline {
    return pipeline;
  }

  @FieldResolver(() => PipelineStage, {
    nullable: true,
    description: "The stage that promotions out of this one go to; null for PRODUCTION.",
  })
  next(@Root() { pipeline, stage }: PipelineStage): PipelineStage | null {
    const next = nextStage(stage);
    return next === null ? null : new PipelineStage(pipeline, next);
  }

  @FieldResolver(() => [Coupling], { description: "The apps in the stage, in the order in which they were added." })
  async couplings(@Root() { pipeline, stage }: PipelineStage, @Ctx() ctx: Context): Promise<readonly Coupling[]> {
    const couplings = await ctx.loaders.couplingsOfPipeline.load(pipeline.id);
    return couplings.filter((coupling) => coupling.stage === stage);
  }
}
