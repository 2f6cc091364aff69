import { Field, ObjectType } from "type-graphql";
import { Stage } from "../core/enums.js";
import type { Pipeline } from "./pipeline.js";

@ObjectType({ description: "One stage of one pipeline.", simpleResolvers: true })
export class PipelineStage {
  @Field(() => Stage, { description: "Which of the four stages it is." })
  readonly stage: Stage;

  /** Resolved by `resolvers/stages.ts`. */
  readonly pipeline: Pipeline;

  constructor(pipeline: Pipeline, stage: Stage) {
    this.pipeline = pipeline;
    this.stage = stage;
  }
}

@ObjectType({ description: "The stages as a directed graph, apart from any pipeline.", simpleResolvers: true })
export class StageNode {
  @Field(() => Stage, { description: "The stage." })
  stage!: Stage;

  @Field(() => Stage, { nullable: true, description: "Where a promotion out of it goes; null for production." })
  next!: Stage | null;
}
