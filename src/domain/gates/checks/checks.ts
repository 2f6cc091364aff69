import type { BlockerCode, StatusState } from "../../../entities/core/enums.js";
import type { CheckResult } from "../../../entities/releases/check-result.js";
import type { ReleaseStatus } from "../../../entities/releases/release-status.js";

/* Rules about statuses and required checks. All functions are pure. */

/** From worst to best. The state of a release is the worst of its statuses. */
const WORST_FIRST: readonly StatusState[] = ["ERROR", "FAILURE", "PENDING", "SUCCESS"];

/** The worst state; null without statuses. An unknown state counts as ERROR. */
export function rollup(states: readonly StatusState[]): StatusState | null {
  if (states.some((state) => !WORST_FIRST.includes(state))) return "ERROR";
  return WORST_FIRST.find((state) => states.includes(state)) ?? null;
}

/** Evaluates required checks against statuses. Only SUCCESS passes. */
export function evaluateChecks(
  required: readonly string[],
  statuses: readonly Pick<ReleaseStatus, "context" | "state">[],
): CheckResult[] {
  const states = new Map(statuses.map((status) => [status.context, status.state]));
  return required.map((context) => {
    const state = states.get(context) ?? null;
    return { context, state, passed: state === "SUCCESS" };
  });
}

/** Describes a check that did not pass: the code of its blocker, and the predicate of a sentence about it. */
export function describeState(state: StatusState | null): [code: BlockerCode, said: string] {
  if (state === null) return ["CHECK_MISSING", "was never reported"];
  if (state === "PENDING") return ["CHECK_PENDING", "is still pending"];
  return ["CHECK_FAILED", state === "ERROR" ? "reported an error" : "reported a failure"];
}
