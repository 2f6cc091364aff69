import type { Viewer } from "../../../entities/access/token.js";
import type { Build } from "../../../entities/builds/build.js";
import { identify } from "../../../entities/core/actor-columns.js";
import { Role } from "../../../entities/core/enums.js";
import type { Approval } from "../../../entities/gates/approval.js";
import type { ApprovalRule, Approver } from "../../../entities/gates/approval-rule.js";
import type { Promotion } from "../../../entities/releases/promotion.js";
import { describeApprover } from "./rule-fields.js";

/* Who may approve, and when a rule is met. All functions are pure. */

/** A person or service that votes, as recorded at that time. */
export interface Voter {
  /** The result of `identify`: two tokens of one person are one voter. */
  readonly identity: string;
  readonly role: Role;
  readonly person: string | null;
  readonly groups: readonly string[];
}

/** The voter of an approval, as recorded with it. */
export function toVoter({ byRole, byPerson, bySubject, byGroups }: Approval): Voter {
  const identity = identify({ person: byPerson, subject: bySubject }) ?? "";
  return { identity, role: byRole, person: byPerson, groups: byGroups };
}

/** A viewer as a voter; null for automation, which does not vote. */
export function viewerAsVoter(viewer: Viewer): Voter | null {
  const identity = identify(viewer);
  return identity === null ? null : { ...viewer, identity };
}

const RANK = Object.keys(Role);

/** Whether a voter is one of the approvers that an entry of a rule names. A role includes the roles above it. */
export function matches({ role, group, person }: Approver, voter: Voter): boolean {
  if (role !== null) return RANK.indexOf(voter.role) >= RANK.indexOf(role);
  if (group !== null) return voter.groups.includes(group);
  return person !== null && voter.person === person;
}

/** Whether a voter is one of the approvers of a rule. */
export function isApprover(approvers: readonly Approver[], voter: Voter): boolean {
  return approvers.some((approver) => matches(approver, voter));
}

export interface Progress {
  /** The number of distinct people who have approved. */
  readonly given: number;
  readonly met: boolean;
  /** The approvers whose approvals are missing; empty once the rule is met. */
  readonly missing: readonly Approver[];
}

/**
 * Counts the approvals under a rule. A person counts once in total, and once for every entry that matches them.
 *
 * @param voters the people who have approved, in any order. A person may occur several times.
 */
export function countApprovals(
  { required, approvers }: { readonly required: number; readonly approvers: readonly Approver[] },
  voters: readonly Voter[],
): Progress {
  const countPeople = (isCounted: (voter: Voter) => boolean) =>
    new Set(voters.filter(isCounted).map(({ identity }) => identity)).size;
  const given = countPeople((voter) => isApprover(approvers, voter));
  const unmet = approvers.filter((approver) => countPeople((voter) => matches(approver, voter)) < approver.atLeast);
  const met = given >= required && unmet.length === 0;
  return { given, met, missing: met ? [] : unmet.length > 0 ? unmet : approvers };
}

/**
 * Why a voter may not vote under a rule, as a sentence; null if they may.
 *
 * @param build that of the promotion
 */
export function explainRefusal(
  rule: Pick<ApprovalRule, "name" | "approvers" | "allowSelfApproval">,
  voter: Voter | null,
  promotion: Promotion,
  build: Build | null,
): string | null {
  if (voter === null || !isApprover(rule.approvers, voter)) {
    return `The approvers of ${rule.name} are: ${rule.approvers.map(describeApprover).join(", ")}.`;
  }
  if (rule.allowSelfApproval) return null;
  const { createdByPerson: person, createdBySubject: subject } = promotion;
  if (identify({ person, subject }) === voter.identity) {
    return `${rule.name} does not allow the person who promoted to approve.`;
  }
  if (build === null || build.registeredBy === null) {
    return `${rule.name} does not allow the person who registered the build to approve, and it is unknown who that is. Register the build again.`;
  }
  if (build.registeredBy === voter.identity) {
    return `${rule.name} does not allow the person who registered the build to approve.`;
  }
  return null;
}
