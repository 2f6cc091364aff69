import { createHash } from "node:crypto";
import type { z } from "zod";
import type { CommitReport } from "../../../domain/builds/commit-statuses.js";
import { LIMITS } from "../../../domain/core/input.js";
import { normalizeContext, normalizeText, normalizeUrl } from "../../../domain/core/values/normalize.js";
import { parseRepository } from "../../../domain/core/values/repository-address.js";
import type { StatusState } from "../../../entities/core/enums.js";
import type { CHECK_RUN, CHECK_SUITE, STATUS } from "./payloads.js";

/*
 * GitHub has three kinds of reports on a commit: statuses, check runs and check suites. Each becomes a commit status.
 *
 * | report     | context      | source            | the report that counts              |
 * |------------|--------------|-------------------|-------------------------------------|
 * | status     | its context  | `status`          | the latest                          |
 * | check run  | its name     | `run <app>`       | of the run that started last        |
 * | check suite| its app      | `suite <id>`      | the latest; every suite must pass   |
 *
 * A context passes if all its sources do. Sources are part of an index, whose rows PostgreSQL limits to 2,704 bytes. So
 * they are short and contain no names.
 */

/** The states of conclusions. All others (cancelled, timed_out, stale, startup_failure …) are an ERROR. */
const STATE_BY_CONCLUSION: Readonly<Record<string, StatusState>> = {
  success: "SUCCESS",
  // GitHub also accepts these two for merging a pull request.
  neutral: "SUCCESS",
  skipped: "SUCCESS",
  failure: "FAILURE",
  action_required: "PENDING",
};

/** The time of a run that has not started. It sorts before the time of every run that has. */
const NOT_STARTED = new Date(0);

function toState(status: string | null | undefined, conclusion: string | null | undefined): StatusState {
  if (!isCompleted(status, conclusion)) return "PENDING";
  return STATE_BY_CONCLUSION[conclusion ?? ""] ?? "ERROR";
}

function isCompleted(status: string | null | undefined, conclusion: string | null | undefined): boolean {
  return status === "completed" && conclusion != null;
}

/** Converts a commit status. The context is its own. */
export function fromStatus(payload: z.output<typeof STATUS>, receivedAt: Date): CommitReport {
  const state = payload.state.toUpperCase() as StatusState;
  return {
    completed: state !== "PENDING",
    status: {
      repository: parseRepository("repository", payload.repository.html_url),
      commitSha: payload.sha.toLowerCase(),
      context: normalizeContext(payload.context),
      source: "status",
      run: null,
      state,
      name: null,
      description: normalizeText(payload.description, LIMITS.description),
      targetUrl: normalizeUrl(payload.target_url),
      imageUrl: normalizeUrl(payload.avatar_url),
      saidAt: payload.updated_at,
      receivedAt,
    },
  };
}

/**
 * Converts a check run; in GitHub Actions, a job. The context is its name. Of the runs with the same name, commit and
 * app, the one that started last counts, in whichever suite it is: a cancelled or stuck run does not block a later one.
 */
export function fromCheckRun(
  { repository, check_run: run }: z.output<typeof CHECK_RUN>,
  receivedAt: Date,
): CommitReport {
  const completed = isCompleted(run.status, run.conclusion);
  return {
    completed,
    status: {
      repository: parseRepository("repository", repository.html_url),
      commitSha: run.head_sha.toLowerCase(),
      context: normalizeContext(run.name),
      source: runSource(run.app?.slug),
      run: run.id == null ? null : String(run.id),
      state: toState(run.status, run.conclusion),
      name: normalizeText(run.app?.name, LIMITS.name),
      description: normalizeText(run.output?.title, LIMITS.description),
      targetUrl: normalizeUrl(run.details_url) ?? normalizeUrl(run.html_url),
      imageUrl: null,
      saidAt: run.started_at ?? (completed ? (run.completed_at ?? receivedAt) : NOT_STARTED),
      receivedAt,
    },
  };
}

/** `run <app>`, of at most 104 bytes: GitHub's slugs are short and in ASCII. */
function runSource(slug: string | null | undefined): string {
  if (slug == null || slug === "") return "run";
  return `run ${/^[\x21-\x7e]{1,100}$/.test(slug) ? slug : createHash("sha256").update(slug).digest("hex")}`;
}

/**
 * Converts a check suite, which groups the check runs of one app: in GitHub Actions, one run of a workflow. The context
 * is the app, for example `github-actions`. Running a suite again updates it. Different suites may belong to different
 * workflows, so a suite never replaces another one.
 */
export function fromCheckSuite(
  { repository, check_suite: suite }: z.output<typeof CHECK_SUITE>,
  receivedAt: Date,
): CommitReport {
  return {
    completed: isCompleted(suite.status, suite.conclusion),
    status: {
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
    },
  };
}
