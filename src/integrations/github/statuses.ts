import type { z } from "zod";
import { LIMITS, parseRepository } from "../../domain/core/input.js";
import { normalizeContext, normalizeText, normalizeUrl } from "../../domain/core/normalize.js";
import type { CommitStatus } from "../../entities/builds/commit-status.js";
import type { StatusState } from "../../entities/core/enums.js";
import type { CHECK_RUN, CHECK_SUITE, STATUS } from "./payloads.js";

/* GitHub has three kinds of reports on a commit: statuses, check runs and check suites. Each becomes a commit status. */

/** The states of conclusions. All others (cancelled, timed_out, stale, startup_failure …) are an ERROR. */
const STATE_BY_CONCLUSION: Readonly<Record<string, StatusState>> = {
  success: "SUCCESS",
  // GitHub also accepts these two for merging a pull request.
  neutral: "SUCCESS",
  skipped: "SUCCESS",
  failure: "FAILURE",
  action_required: "PENDING",
};

function toState(status: string | null | undefined, conclusion: string | null | undefined): StatusState {
  if (status !== "completed" || conclusion == null) return "PENDING";
  return STATE_BY_CONCLUSION[conclusion] ?? "ERROR";
}

/** Converts a commit status. The context is its own. */
export function fromStatus(payload: z.output<typeof STATUS>, receivedAt: Date): CommitStatus {
  return {
    repository: parseRepository("repository", payload.repository.html_url),
    commitSha: payload.sha.toLowerCase(),
    context: normalizeContext(payload.context),
    source: `status ${payload.context}`,
    run: null,
    state: payload.state.toUpperCase() as StatusState,
    name: null,
    description: normalizeText(payload.description, LIMITS.description),
    targetUrl: normalizeUrl(payload.target_url),
    imageUrl: normalizeUrl(payload.avatar_url),
    saidAt: payload.updated_at,
    receivedAt,
  };
}

/**
 * A check run; in GitHub Actions, a job. The context is its name. Of the runs with the same name, commit and app, the one
 * that started last counts, in whichever suite it is: a cancelled or stuck run does not block a later one.
 */
export function fromCheckRun(
  { repository, check_run: run }: z.output<typeof CHECK_RUN>,
  receivedAt: Date,
): CommitStatus {
  return {
    repository: parseRepository("repository", repository.html_url),
    commitSha: run.head_sha.toLowerCase(),
    context: normalizeContext(run.name),
    source: `run ${run.app?.slug ?? ""} ${run.name}`,
    run: run.id == null ? null : String(run.id),
    state: toState(run.status, run.conclusion),
    name: normalizeText(run.app?.name, LIMITS.name),
    description: normalizeText(run.output?.title, LIMITS.description),
    targetUrl: normalizeUrl(run.details_url) ?? normalizeUrl(run.html_url),
    imageUrl: null,
    // Not completed_at: the clock of the reporter that completes a run may be behind that of the one that started it.
    saidAt: run.started_at ?? receivedAt,
    receivedAt,
  };
}

/**
 * Converts a check suite, which groups the check runs of one app. The context is the app, for example `github-actions`.
 */
export function fromCheckSuite(
  { repository, check_suite: suite }: z.output<typeof CHECK_SUITE>,
  receivedAt: Date,
): CommitStatus {
  return {
    repository: parseRepository("repository", repository.html_url),
    commitSha: suite.head_sha.toLowerCase(),
    context: normalizeContext(suite.app?.slug ?? suite.app?.name ?? "check-suite"),
    source: `suite ${suite.id}`,
    run: null,
    state: toState(suite.status, suite.conclusion),
    name: normalizeText(suite.app?.name, LIMITS.name),
    description: null,
    targetUrl: null,
    imageUrl: null,
    saidAt: suite.updated_at,
    receivedAt,
  };
}
