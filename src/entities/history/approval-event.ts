import { Field, ObjectType } from "type-graphql";
import { VoidReason } from "../core/enums.js";
import { LogEvent } from "./event.js";

@ObjectType({
  implements: LogEvent,
  description: "A promotion was approved or rejected, or an approval stopped counting.",
  simpleResolvers: true,
})
export class ApprovalEvent extends LogEvent {
  declare promotionId: string;
  declare detail: { approvalId: string; ruleId: string; voidedBecause: VoidReason | null };

  @Field(() => VoidReason, {
    nullable: true,
    description: "Why the approval stopped counting; null unless the type is APPROVAL_VOIDED.",
  })
  get voidedBecause(): VoidReason | null {
    return this.detail.voidedBecause;
  }
}
