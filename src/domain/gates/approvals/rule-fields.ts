import { Role, type Stage } from "../../../entities/core/enums.js";
import type { ApprovalRule, Approver } from "../../../entities/gates/approval-rule.js";
import { parseLine } from "../../core/input.js";
import { badInput } from "../../core/refusal.js";
import { formatDuration, parseDuration, readDuration } from "../../core/values/duration.js";
import { offIsStricter, onIsStricter, type Strictness, smallerIsStricter } from "../strictness.js";

/* The fields of an approval rule: parsing, whether a change loosens them, and their format in summaries. */

export interface ApproverInput {
  readonly role?: Role | null;
  readonly group?: string | null;
  readonly person?: string | null;
  readonly atLeast?: number | null;
}

/** The fields of an input. Undefined keeps a field, or means its default in a new rule. */
export interface ApprovalRuleFields {
  readonly name?: string | null;
  /** The ids or names of apps of the stage; null for every app. */
  readonly apps?: readonly string[] | null;
  readonly required?: number | null;
  readonly approvers?: readonly ApproverInput[] | null;
  readonly allowSelfApproval?: boolean | null;
  readonly commentRequired?: boolean | null;
  readonly validFor?: string | null;
}

/** The fields of a rule that can be changed. */
export type RuleFields = Pick<
  ApprovalRule,
  "name" | "appIds" | "required" | "approvers" | "allowSelfApproval" | "commentRequired" | "validFor"
>;

export const MAX_REQUIRED = 10;
const MAX_APPROVERS = 20;
const MIN_VALIDITY = "1m";
const MAX_VALIDITY = "30d";

/** The defaults of a new rule: one approval, by another operator, which counts for 72 hours. */
export const DEFAULT_FIELDS: Omit<RuleFields, "name"> = {
  appIds: null,
  required: 1,
  approvers: [{ role: "OPERATOR", group: null, person: null, atLeast: 0 }],
  allowSelfApproval: false,
  commentRequired: false,
  validFor: readDuration("72h"),
};

/** Parses the given fields, except the apps, which need the database. */
export function parseRuleFields(input: ApprovalRuleFields): Partial<Omit<RuleFields, "appIds">> {
  const { name, required, approvers, allowSelfApproval, commentRequired, validFor } = input;
  if (required != null && !(Number.isInteger(required) && required >= 1 && required <= MAX_REQUIRED)) {
    throw badInput("required", `required must be between 1 and ${MAX_REQUIRED}; got ${required}.`);
  }
  return {
    ...(name != null && { name: parseLine("name", name) }),
    ...(required != null && { required }),
    ...(approvers != null && { approvers: parseApprovers(approvers) }),
    ...(allowSelfApproval != null && { allowSelfApproval }),
    ...(commentRequired != null && { commentRequired }),
    ...(validFor != null && { validFor: parseDuration("validFor", validFor, MIN_VALIDITY, MAX_VALIDITY) }),
  };
}

function parseApprovers(approvers: readonly ApproverInput[]): Approver[] {
  if (approvers.length < 1 || approvers.length > MAX_APPROVERS) {
    throw badInput("approvers", `approvers must hold 1 to ${MAX_APPROVERS} approvers; it has ${approvers.length}.`);
  }
  return approvers.map((approver, index) => {
    const field = `approvers.${index}`;
    const { role = null, group = null, person = null } = approver;
    const atLeast = approver.atLeast ?? 0;
    if ([role, group, person].filter((value) => value !== null).length !== 1) {
      throw badInput(field, `${field} must name exactly one of role, group and person.`);
    }
    if (!(atLeast >= 0 && atLeast <= MAX_REQUIRED)) {
      throw badInput(`${field}.atLeast`, `${field}.atLeast must be between 0 and ${MAX_REQUIRED}; got ${atLeast}.`);
    }
    return {
      role,
      group: group === null ? null : parseLine(`${field}.group`, group),
      person: person === null ? null : parseLine(`${field}.person`, person),
      atLeast,
    };
  });
}

/** Refuses a rule that could never be met. */
export function checkRule({ required, approvers }: RuleFields): void {
  const most = Math.max(...approvers.map(({ atLeast }) => atLeast));
  if (most > required) {
    throw badInput(
      "approvers",
      `atLeast of an approver must not be above required, which is ${required}; got ${most}.`,
    );
  }
  const tooMany = approvers.findIndex(({ person, atLeast }) => person !== null && atLeast > 1);
  if (tooMany >= 0) {
    throw badInput(`approvers.${tooMany}.atLeast`, `approvers.${tooMany}.atLeast must be 0 or 1 for a person.`);
  }
  const people = new Set(approvers.map(({ person }) => person));
  if (!people.has(null) && people.size < required) {
    throw badInput("required", `required must not be above ${people.size}, the number of people in approvers.`);
  }
}

/**
 * What loosens a rule. A new approver loosens it; another order of the same entries does not. Every field of a rule
 * must be listed here, except the name, which never loosens.
 */
export const RULE_STRICTNESS: Required<Strictness<Omit<RuleFields, "name">>> = {
  appIds: (before, after) => after !== null && (before === null || before.some((id) => !after.includes(id))),
  required: (before, after) => after < before,
  approvers: (before, after) =>
    after.some((one) => !before.some((other) => isSameApprover(one, other))) ||
    before.some((one) => one.atLeast > (after.find((other) => isSameApprover(one, other))?.atLeast ?? 0)),
  allowSelfApproval: offIsStricter,
  commentRequired: onIsStricter,
  validFor: smallerIsStricter,
};

function isSameApprover(a: Approver, b: Approver): boolean {
  return a.role === b.role && a.group === b.group && a.person === b.person;
}

/** A field's value in a summary. */
export const FORMATS: { readonly [K in keyof RuleFields]: (value: RuleFields[K]) => string } = {
  name: (value) => value,
  appIds: (value) => (value === null ? "every app" : `${value.length} apps`),
  required: String,
  approvers: (value) => value.map(describeApprover).join(", "),
  allowSelfApproval: (value) => (value ? "yes" : "no"),
  commentRequired: (value) => (value ? "yes" : "no"),
  validFor: formatDuration,
};

/** `2 of group security`, `role OPERATOR`, `ada@example.com`. */
export function describeApprover({ role, group, person, atLeast }: Approver): string {
  const who = role !== null ? `role ${role}` : group !== null ? `group ${group}` : (person ?? "");
  return atLeast > 0 ? `${atLeast} of ${who}` : who;
}

/** The stages that can require approvals. Builds are deployed to the others automatically. */
export const APPROVAL_STAGES: readonly Stage[] = ["STAGING", "PRODUCTION"];

export function parseStage(stage: Stage): Stage {
  if (APPROVAL_STAGES.includes(stage)) return stage;
  throw badInput("stage", `stage must be STAGING or PRODUCTION; got ${stage}.`);
}

/** Whether stored fields can be evaluated. If not, the rule blocks. */
export function isEvaluable({ required, approvers, appIds, validFor }: ApprovalRule): boolean {
  const isApprover = ({ role, group, person, atLeast }: Approver) =>
    (role === null || Object.hasOwn(Role, role)) &&
    [role, group, person].filter((value) => typeof value === "string").length === 1 &&
    Number.isInteger(atLeast);
  return (
    required >= 1 &&
    validFor > 0 &&
    (appIds === null || Array.isArray(appIds)) &&
    Array.isArray(approvers) &&
    approvers.length > 0 &&
    approvers.every(isApprover)
  );
}
