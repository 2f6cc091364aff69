import { Field, ObjectType } from "type-graphql";
import { Stage } from "../core/enums.js";
import type { Pipeline } from "./pipeline.js";

@ObjectType({ description: "One stage of one pipeline.", simpleResolvers: true })
export class PipelineStage {
  @Field(() => Stage, { description: "The stage." })
  readonly stage: Stage;

  /** Resolved by `resolvers/stages.ts`. */
  readonly pipeline: Pipeline;

  constructor(pipeline: Pipeline, stage: Stage) {
    this.pipeline = pipeline;
    this.stage = stage;
  }
}

@ObjectType({ description: "A node of the stage graph, which is the same for all pipelines.", simpleResolvers: true })
export class StageNode {
  @Field(() => Stage, { description: "The stage." })
  stage!: Stage;

  @Field(() => Stage, {
    nullable: true,
    description: "The stage that promotions out of this one go to; null for PRODUCTION.",
  })
  next!: Stage | null;
}
