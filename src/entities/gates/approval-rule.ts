import { Field, Int, ObjectType } from "type-graphql";
import { Column, Entity } from "typeorm";
import { Duration } from "../core/custom-scalars.js";
import { Role, Stage } from "../core/enums.js";
import { instant, integer } from "../core/instant.js";
import { Node } from "../core/node.js";

/** Who may approve: exactly one of the three is set. */
@ObjectType({
  description: "Who may approve under a rule: a role, a group or a person. Exactly one of them is set.",
  simpleResolvers: true,
})
export class Approver {
  @Field(() => Role, { nullable: true, description: "The lowest role; null if the approver is a group or a person." })
  role!: Role | null;

  @Field(() => String, { nullable: true, description: "The group; null if the approver is a role or a person." })
  group!: string | null;

  @Field(() => String, { nullable: true, description: "The person; null if the approver is a role or a group." })
  person!: string | null;

  @Field(() => Int, { description: "The minimum number of approvals that must come from this approver." })
  atLeast!: number;
}

@Entity("approval_rules")
@ObjectType({
  implements: Node,
  description:
    "A rule that requires people to approve promotions into a stage. It also blocks direct releases onto the apps of the stage.",
  simpleResolvers: true,
})
export class ApprovalRule extends Node {
  @Field(() => String, { description: "The name, unique in its stage." })
  @Column("text")
  name!: string;

  @Column("text")
  pipelineId!: string;

  @Field(() => Stage, { description: "The stage: STAGING or PRODUCTION." })
  @Column("text")
  stage!: Stage;

  /** The ids of the apps that it covers; null for every app of the stage. */
  @Column("simple-json", { nullable: true })
  appIds!: readonly string[] | null;

  @Field(() => Int, { description: "How many distinct people must approve: 1 to 10." })
  @Column("integer")
  required!: number;

  @Field(() => [Approver], { description: "Who may approve: everyone who matches one of these." })
  @Column("simple-json")
  approvers!: readonly Approver[];

  @Field(() => Boolean, {
    description: "Whether the person who promoted, or who registered the build, may approve.",
  })
  @Column("boolean")
  allowSelfApproval!: boolean;

  @Field(() => Boolean, { description: "Whether an approval needs a comment." })
  @Column("boolean")
  commentRequired!: boolean;

  /** Milliseconds. */
  @Field(() => Duration, { description: "How long an approval counts." })
  @Column("bigint", integer)
  validFor!: number;

  /** Counts up in the order in which rules are created. */
  @Column("bigint", integer)
  position!: number;

  @Field(() => Date, { description: "When it was created." })
  @Column("bigint", instant)
  createdAt!: Date;

  @Field(() => Date, { description: "When it was last changed." })
  @Column("bigint", instant)
  updatedAt!: Date;

  /** A deleted rule requires nothing. Approvals under it still refer to it. */
  @Field(() => Date, { nullable: true, description: "When it was deleted; null while it applies." })
  @Column("bigint", { ...instant, nullable: true })
  deletedAt!: Date | null;
}
