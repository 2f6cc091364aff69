import type { RuleProgressFragment } from "../../gql/graphql";

type Approver = RuleProgressFragment["missing"][number];

/** Who may approve, in a few words: `2 of group release-managers`. */
export function describeApprover({ role, group, person, atLeast }: Approver): string {
  const who =
    person ??
    (group === null ? `role ${(role ?? "").toLowerCase()}${role === "ADMIN" ? "" : " or higher"}` : `group ${group}`);
  return atLeast > 0 && person === null ? `at least ${atLeast} of ${who}` : who;
}

export function describeApprovers(approvers: readonly Approver[]): string {
  return approvers.map(describeApprover).join(", ");
}
