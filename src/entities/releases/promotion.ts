import { Field, ObjectType } from "type-graphql";
import { Column, Entity } from "typeorm";
import { Actor } from "../core/actor.js";
import { PromotionPhase, type Role, Stage, StatusState } from "../core/enums.js";
import { instant } from "../core/instant.js";
import { Node } from "../core/node.js";

@ObjectType({ description: "One required check held against one release.", simpleResolvers: true })
export class CheckResult {
  @Field(() => String, { description: "The context that is required." })
  context!: string;

  @Field(() => StatusState, { nullable: true, description: "What was reported; null where nothing ever was." })
  state!: StatusState | null;

  @Field(() => Boolean, { description: "Whether it lets a promotion through: only SUCCESS does." })
  passed!: boolean;
}

@Entity("promotions")
@ObjectType({
  implements: Node,
  description: "One build, copied from the release of one app to apps of the next stage as new releases.",
  simpleResolvers: true,
})
export class Promotion extends Node {
  @Column("text")
  pipelineId!: string;

  @Column("text")
  sourceAppId!: string;

  @Column("text")
  releaseId!: string;

  @Column("text")
  buildId!: string;

  @Field(() => Stage, { description: "The stage that it was promoted out of." })
  @Column("text", { name: "from_stage" })
  from!: Stage;

  @Field(() => Stage, { description: "The stage that it was promoted into." })
  @Column("text", { name: "to_stage" })
  to!: Stage;

  @Field(() => PromotionPhase, { description: "IN_PROGRESS until every target is final, then how it ended." })
  @Column("text")
  phase!: PromotionPhase;

  @Field(() => Boolean, { description: "Whether it was forced past unmet checks." })
  @Column("boolean")
  forced!: boolean;

  @Field(() => String, { nullable: true, description: "Why, in the words of whoever promoted." })
  @Column("text", { nullable: true })
  reason!: string | null;

  @Column("text")
  createdByName!: string;

  @Column("text")
  createdByRole!: Role;

  @Field(() => Date, { description: "When it was admitted." })
  @Column("bigint", instant)
  createdAt!: Date;

  @Field(() => Date, { description: "When its phase last changed." })
  @Column("bigint", instant)
  updatedAt!: Date;

  @Field(() => Actor, { description: "Who promoted." })
  get createdBy(): Actor {
    return { name: this.createdByName, role: this.createdByRole };
  }
}

@Entity("promotion_targets")
@ObjectType({
  implements: Node,
  description: "One app that a promotion goes to. Its phase is that of the release that the promotion made there.",
  simpleResolvers: true,
})
export class PromotionTarget extends Node {
  @Column("text")
  promotionId!: string;

  @Column("text")
  appId!: string;

  @Column("text")
  releaseId!: string;

  @Field(() => [CheckResult], {
    description:
      "The required checks of the target as they stood when the promotion was admitted: the record of the decision.",
  })
  @Column("simple-json")
  checks!: CheckResult[];
}
