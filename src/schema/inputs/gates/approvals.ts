import { Field, ID, InputType, Int } from "type-graphql";
import type * as fields from "../../../domain/gates/approvals/rule-fields.js";
import type * as domain from "../../../domain/gates/approvals/rules.js";
import type * as votes from "../../../domain/gates/approvals/votes.js";
import { Duration } from "../../../entities/core/custom-scalars.js";
import { Role, Stage } from "../../../entities/core/enums.js";
import { IDEMPOTENCY_KEY } from "../idempotency-key.js";

@InputType({ description: "Who may approve. Set exactly one of `role`, `group` and `person`." })
export class ApproverInput implements fields.ApproverInput {
  @Field(() => Role, { nullable: true, description: "Everyone with this role or a higher one." })
  role?: Role | null;

  @Field(() => String, { nullable: true, description: "Everyone in this group." })
  group?: string | null;

  @Field(() => String, { nullable: true, description: "This person." })
  person?: string | null;

  @Field(() => Int, {
    nullable: true,
    description: "The minimum number of approvals that must come from this approver: 0 to 10; 0 if omitted.",
  })
  atLeast?: number | null;
}

@InputType({ description: "Input for createApprovalRule." })
export class CreateApprovalRuleInput implements domain.CreateApprovalRuleInput {
  @Field(() => ID, { description: "The pipeline, by id or name." })
  pipeline!: string;

  @Field(() => Stage, { description: "The stage: STAGING or PRODUCTION." })
  stage!: Stage;

  @Field(() => String, { description: "The name, unique in the stage." })
  name!: string;

  @Field(() => [ID], {
    nullable: true,
    description: "The apps of the stage that it covers, by id or name; every app if omitted.",
  })
  apps?: string[] | null;

  @Field(() => Int, {
    nullable: true,
    description: "How many distinct people must approve: 1 to 10, 1 if omitted.",
  })
  required?: number | null;

  @Field(() => [ApproverInput], {
    nullable: true,
    description: "Who may approve, 1 to 20 entries. If omitted, everyone with the OPERATOR role.",
  })
  approvers?: ApproverInput[] | null;

  @Field(() => Boolean, {
    nullable: true,
    description: "Whether the person who promoted, or who registered the build, may approve; false if omitted.",
  })
  allowSelfApproval?: boolean | null;

  @Field(() => Boolean, { nullable: true, description: "Whether an approval needs a comment; false if omitted." })
  commentRequired?: boolean | null;

  @Field(() => Duration, {
    nullable: true,
    description: "How long an approval counts: 1m to 30d, 72h if omitted.",
  })
  validFor?: string | null;

  @Field(() => String, { nullable: true, description: IDEMPOTENCY_KEY })
  idempotencyKey?: string | null;
}

@InputType({ description: "Input for updateApprovalRule. Omitted fields stay unchanged." })
export class UpdateApprovalRuleInput implements domain.UpdateApprovalRuleInput {
  @Field(() => ID, { description: "The rule, by id." })
  rule!: string;

  @Field(() => String, { nullable: true, description: "The new name, unique in the stage." })
  name?: string | null;

  @Field(() => [ID], {
    nullable: true,
    description: "The apps of the stage that it covers, by id or name; null for every app.",
  })
  apps?: string[] | null;

  @Field(() => Int, { nullable: true, description: "How many distinct people must approve: 1 to 10." })
  required?: number | null;

  @Field(() => [ApproverInput], { nullable: true, description: "Who may approve, 1 to 20 entries." })
  approvers?: ApproverInput[] | null;

  @Field(() => Boolean, {
    nullable: true,
    description: "Whether the person who promoted, or who registered the build, may approve.",
  })
  allowSelfApproval?: boolean | null;

  @Field(() => Boolean, { nullable: true, description: "Whether an approval needs a comment." })
  commentRequired?: boolean | null;

  @Field(() => Duration, { nullable: true, description: "How long an approval counts: 1m to 30d." })
  validFor?: string | null;
}

@InputType({ description: "Input for deleteApprovalRule." })
export class DeleteApprovalRuleInput {
  @Field(() => ID, { description: "The rule, by id." })
  rule!: string;
}

@InputType({ description: "Input for approvePromotion." })
export class ApprovePromotionInput implements votes.VoteInput {
  @Field(() => ID, { description: "The promotion, by id." })
  promotion!: string;

  @Field(() => ID, {
    nullable: true,
    description: "The rule under which to approve, by id. If omitted, every rule under which the viewer may vote.",
  })
  rule?: string | null;

  @Field(() => String, { nullable: true, description: "A comment, at most 1,024 characters. Some rules require one." })
  comment?: string | null;
}

@InputType({ description: "Input for rejectPromotion." })
export class RejectPromotionInput implements votes.VoteInput {
  @Field(() => ID, { description: "The promotion, by id." })
  promotion!: string;

  @Field(() => ID, {
    nullable: true,
    description: "The rule under which to reject, by id. If omitted, the first one under which the viewer may vote.",
  })
  rule?: string | null;

  @Field(() => String, { description: "The reason, at most 1,024 characters." })
  comment!: string;
}

@InputType({ description: "Input for withdrawApproval." })
export class WithdrawApprovalInput {
  @Field(() => ID, { description: "The approval, by id." })
  approval!: string;
}
