import { Field, ID, ObjectType } from "type-graphql";
import { Approval } from "../../entities/gates/approval.js";
import { ApprovalRule } from "../../entities/gates/approval-rule.js";
import { Promotion } from "../../entities/releases/promotion.js";

/* The payload types of the mutations of approvals. See payloads.ts for the rules. */

@ObjectType({ simpleResolvers: true })
class ApprovalRulePayload {
  @Field(() => ApprovalRule, { description: "The rule after the mutation." })
  rule!: ApprovalRule;
}

@ObjectType({ description: "The rule that was created.", simpleResolvers: true })
export class CreateApprovalRulePayload extends ApprovalRulePayload {}

@ObjectType({ description: "The rule that was updated.", simpleResolvers: true })
export class UpdateApprovalRulePayload extends ApprovalRulePayload {}

@ObjectType({ description: "Identifies the rule that was deleted.", simpleResolvers: true })
export class DeleteApprovalRulePayload {
  @Field(() => ID, { description: "The id of the deleted rule." })
  deletedRuleId!: string;
}

@ObjectType({ simpleResolvers: true })
class VotePayload {
  @Field(() => Promotion, { description: "The promotion after the mutation." })
  promotion!: Promotion;

  @Field(() => [Approval], { description: "The viewer's decisions, one for each rule." })
  approvals!: readonly Approval[];
}

@ObjectType({ description: "The promotion that was approved.", simpleResolvers: true })
export class ApprovePromotionPayload extends VotePayload {}

@ObjectType({ description: "The promotion that was rejected.", simpleResolvers: true })
export class RejectPromotionPayload extends VotePayload {}

@ObjectType({ description: "The approval that was withdrawn.", simpleResolvers: true })
export class WithdrawApprovalPayload {
  @Field(() => Approval, { description: "The approval after the mutation." })
  approval!: Approval;
}
