import { Field, ObjectType } from "type-graphql";
import { Column, Entity } from "typeorm";
import { Actor } from "../core/actor.js";
import { PromotionPhase, type Role, Stage, StatusState } from "../core/enums.js";
import { generatedInteger, instant, integer } from "../core/instant.js";
import { Node } from "../core/node.js";

@ObjectType({ description: "The result of one required check for one release.", simpleResolvers: true })
export class CheckResult {
  @Field(() => String, { description: "The required context." })
  context!: string;

  @Field(() => StatusState, { nullable: true, description: "The reported state; null if no status was reported." })
  state!: StatusState | null;

  @Field(() => Boolean, { description: "Whether the check passed. Only SUCCESS passes." })
  passed!: boolean;
}

@Entity("promotions")
@ObjectType({
  implements: Node,
  description: "Copies the build of one app's release to apps in the next stage, as new releases.",
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

  @Field(() => Stage, { description: "The source stage." })
  @Column("text", { name: "from_stage" })
  from!: Stage;

  @Field(() => Stage, { description: "The target stage." })
  @Column("text", { name: "to_stage" })
  to!: Stage;

  @Field(() => PromotionPhase, {
    description: "IN_PROGRESS until every target has reached a final phase, then the overall result.",
  })
  @Column("text")
  phase!: PromotionPhase;

  @Field(() => Boolean, { description: "Whether `force` was used to go past gates." })
  @Column("boolean")
  forced!: boolean;

  @Field(() => String, { nullable: true, description: "The reason given for the promotion; null if none was given." })
  @Column("text", { nullable: true })
  reason!: string | null;

  @Column("text")
  createdByName!: string;

  @Column("text")
  createdByRole!: Role;

  /** Counts up in the order in which promotions are created, by every instance. Unlike ids, it does not depend on a clock. */
  @Column("bigint", integer)
  position!: number;

  /** Counts up with every update of a promotion, by every instance. Assigned by the database. */
  @Column("bigint", generatedInteger)
  updatedPosition!: number;

  @Field(() => Date, { description: "When the promotion was created." })
  @Column("bigint", instant)
  createdAt!: Date;

  @Field(() => Date, { description: "When its phase last changed." })
  @Column("bigint", instant)
  updatedAt!: Date;

  @Field(() => Actor, { description: "Who started the promotion." })
  get createdBy(): Actor {
    return { name: this.createdByName, role: this.createdByRole };
  }
}

@Entity("promotion_targets")
@ObjectType({
  implements: Node,
  description: "One target app of a promotion. Its phase is that of the release that the promotion created on the app.",
  simpleResolvers: true,
})
export class PromotionTarget extends Node {
  @Column("text")
  promotionId!: string;

  @Column("text")
  appId!: string;

  @Column("text")
  releaseId!: string;

  /** The position of the release: targets are listed in the order in which their releases were created. */
  @Column("bigint", integer)
  position!: number;

  @Field(() => [CheckResult], {
    description:
      "The target's required checks and their results when the promotion was created. They record why it was allowed.",
  })
  @Column("simple-json")
  checks!: CheckResult[];
}
