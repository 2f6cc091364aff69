import { effectiveStatuses } from "../../database/queries/effective-statuses.js";
import type { Reader } from "../../database/rows/reader.js";
import type { BlockerCode, StatusState } from "../../entities/core/enums.js";
import type { App } from "../../entities/pipelines/app.js";
import type { Blocker } from "../../entities/releases/plan.js";
import type { CheckResult } from "../../entities/releases/promotion.js";
import type { Release } from "../../entities/releases/release.js";
import { ReleaseStatus } from "../../entities/releases/release-status.js";

/* Required checks: pure rules, and the two queries that they need. */

/** From worst to best. The state of a release is the worst of its statuses. */
const WORST_FIRST: readonly StatusState[] = ["ERROR", "FAILURE", "PENDING", "SUCCESS"];

/** The worst state; null without statuses. */
export function rollup(states: readonly StatusState[]): StatusState | null {
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

/** The blockers of one app: one for each check that did not pass. Each can be overridden with force. */
export function checkBlockers(app: App, results: readonly CheckResult[]): Blocker[] {
  return results
    .filter((result) => !result.passed)
    .map(({ context, state }) => {
      const [code, said] = describeState(state);
      return { code, app, context, overridable: true, message: `${app.name} requires ${context}, which ${said}.` };
    });
}

/** What a check that did not pass means: its blocker, and the predicate of a sentence about it. */
export function describeState(state: StatusState | null): [code: BlockerCode, said: string] {
  if (state === null) return ["CHECK_MISSING", "was never reported"];
  if (state === "PENDING") return ["CHECK_PENDING", "is still pending"];
  return ["CHECK_FAILED", state === "ERROR" ? "reported an error" : "reported a failure"];
}

/** The effective statuses of a release. */
export async function findStatuses(reader: Reader, release: Release): Promise<readonly ReleaseStatus[]> {
  const [statuses] = await effectiveStatuses(reader, [release]);
  return statuses ?? [];
}

/** The statuses of a build. */
export function findBuildStatuses(reader: Reader, buildId: string): Promise<ReleaseStatus[]> {
  return reader.find(ReleaseStatus, { buildId, releaseId: null });
}
