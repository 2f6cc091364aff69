import { Field, ID, ObjectType } from "type-graphql";
import { Stage } from "../core/enums.js";
import { Node } from "../core/node.js";
import type { Pipeline } from "./pipeline.js";

@ObjectType({ implements: Node, description: "One stage of one pipeline.", simpleResolvers: true })
export class PipelineStage {
  @Field(() => Stage, { description: "The stage." })
  readonly stage: Stage;

  @Field(() => ID, { description: "The stage's id: the id of the pipeline and the stage." })
  get id(): string {
    return `${this.pipeline.id}:${this.stage}`;
  }

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
