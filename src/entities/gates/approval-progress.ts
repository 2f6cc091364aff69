import { Field, Int, ObjectType } from "type-graphql";
import type { Build } from "../builds/build.js";
import type { Promotion } from "../releases/promotion.js";
import type { Approval } from "./approval.js";
import { ApprovalRule, Approver } from "./approval-rule.js";

@ObjectType({ description: "The progress of a promotion's approval under one rule.", simpleResolvers: true })
export class ApprovalProgress {
  promotion!: Promotion;

  /** The promotion's build; null if it is not visible. */
  build!: Build | null;

  /** The approvals that count. */
  approvals!: readonly Approval[];

  @Field(() => ApprovalRule, { description: "The rule." })
  rule!: ApprovalRule;

  @Field(() => Int, { description: "How many distinct people have approved." })
  given!: number;

  @Field(() => Boolean, { description: "Whether the rule is met." })
  met!: boolean;

  @Field(() => [Approver], { description: "The approvers whose approvals are missing; empty once the rule is met." })
  missing!: readonly Approver[];

  @Field(() => Int, { description: "How many distinct people must approve." })
  get required(): number {
    return this.rule.required;
  }
}
