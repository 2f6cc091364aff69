import type { ApproverFragment } from "../api/generated.js";
import { lower, singleLine } from "./format.js";

/** `2 of group security or role operator`. */
export function describeApprovers(approvers: readonly ApproverFragment[]): string {
  return approvers.map(describeApprover).join(" or ");
}

function describeApprover({ role, group, person, atLeast }: ApproverFragment): string {
  const who = role !== null ? `role ${lower(role)}` : singleLine(group === null ? (person ?? "") : `group ${group}`);
  return atLeast > 0 ? `${atLeast} of ${who}` : who;
}
