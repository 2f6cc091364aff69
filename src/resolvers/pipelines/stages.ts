import { Arg, Ctx, FieldResolver, ID, Mutation, Query, Resolver, Root } from "type-graphql";
import { findPipeline } from "../../domain/core/references.js";
import { updateStagePolicy } from "../../domain/gates/policies/stage-policies.js";
import { defaultPolicy } from "../../domain/gates/policies/stage-policy-fact.js";
import { nextStage, STAGES } from "../../domain/pipelines/stages.js";
import { Stage } from "../../entities/core/enums.js";
import { GateState } from "../../entities/gates/gate-state.js";
import { StagePolicy } from "../../entities/gates/stage-policy.js";
import { Coupling } from "../../entities/pipelines/coupling.js";
import { Pipeline } from "../../entities/pipelines/pipeline.js";
import { PipelineStage, StageNode } from "../../entities/pipelines/stage.js";
import type { Context } from "../../schema/context.js";
import { UpdateStagePolicyInput } from "../../schema/inputs/gates/stage-policies.js";
import { UpdateStagePolicyPayload } from "../../schema/payloads/payloads.js";
import { requiresRole } from "../../schema/roles.js";
import { loadGateState } from "../gates/gate-states.js";
import { loadPipeline } from "../relations.js";

@Resolver(() => PipelineStage)
export class StageResolver {
  @Query(() => [StageNode], { description: "The stage graph, in order." })
  stages(): StageNode[] {
    return STAGES.map((stage) => ({ stage, next: nextStage(stage) }));
  }

  @Query(() => PipelineStage, {
    nullable: true,
    description: "Finds a stage of a pipeline; null if the pipeline does not exist.",
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

  @FieldResolver(() => GateState, {
    description:
      "Whether deployment windows and freezes allow deployments to the apps of the stage. It is open if it is open for every app.",
  })
  gate(@Root() { pipeline, stage }: PipelineStage, @Ctx() ctx: Context): Promise<GateState> {
    return loadGateState(ctx, async () =>
      (await ctx.loaders.couplingsOfPipeline.load(pipeline.id)).filter((coupling) => coupling.stage === stage),
    );
  }

  @FieldResolver(() => StagePolicy, { description: "The requirements for everything that is promoted into the stage." })
  async policy(@Root() { pipeline, stage }: PipelineStage, @Ctx() ctx: Context): Promise<StagePolicy> {
    const policies = await ctx.loaders.policiesOfPipeline.load(pipeline.id);
    return policies.find((policy) => policy.stage === stage) ?? defaultPolicy(pipeline, stage);
  }
}

@Resolver(() => StagePolicy)
export class StagePolicyResolver {
  @FieldResolver(() => Pipeline, { description: "The pipeline." })
  pipeline(@Root() { pipelineId }: StagePolicy, @Ctx() ctx: Context): Promise<Pipeline> {
    return loadPipeline(ctx, pipelineId);
  }

  @Mutation(() => UpdateStagePolicyPayload, {
    nullable: true,
    description: `Changes the policy of a stage. ${requiresRole("updateStagePolicy")} ${requiresRole("loosenStagePolicy", "Loosening a field")}`,
  })
  async updateStagePolicy(
    @Ctx() ctx: Context,
    @Arg("input", () => UpdateStagePolicyInput, { description: "Input for updateStagePolicy." })
    input: UpdateStagePolicyInput,
  ): Promise<UpdateStagePolicyPayload> {
    return { policy: await ctx.mutate((ctx) => updateStagePolicy(ctx, input)) };
  }
}
