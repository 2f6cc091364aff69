import type { Reader } from "../../database/rows/reader.js";
import type { Tx } from "../../database/rows/tx.js";
import { Build } from "../../entities/builds/build.js";
import { CommitStatus } from "../../entities/builds/commit-status.js";
import { Pipeline } from "../../entities/pipelines/pipeline.js";
import { ReviewApp } from "../../entities/pipelines/review-app.js";
import type { EventDraft } from "../../events/draft.js";
import type { TxCtx } from "../core/context.js";
import { lockApps, lockCommit } from "../core/locks.js";
import { Refusal } from "../core/refusal.js";
import { openForPullRequest, type PullRequestInput, removeReviewApp } from "../pipelines/review-apps.js";
import { lockCleared } from "../promotions/waiting/clear-waiting.js";
import { type Report, upsertStatus } from "../releases/statuses.js";
import {
  buildsOfCommit,
  type CommitReport,
  combineState,
  combineStatuses,
  upsertCommitStatus,
} from "./commit-statuses.js";
import { lockFollowers } from "./followers.js";
import { findFormerOwner } from "./repository-names.js";

/*
 * Applies reports of a code host on pull requests and commits. The actor is the service, because no viewer requested
 * them.
 */

/** The events of what was done, and the refusals of what could not be done. */
export interface Effects {
  readonly events: readonly EventDraft[];
  readonly refusals: readonly Refusal[];
  /** Why nothing was changed: IGNORED if nothing needs to be, PENDING if it can be later. Absent if something was. */
  readonly without?: Without;
}

interface Without {
  readonly outcome: "IGNORED" | "PENDING";
  readonly reason: string;
}

/**
 * What happened to a pull request. OPENED creates or updates its review apps, TOUCHED updates them, CLOSED removes
 * them.
 */
export type PullRequestChange = "OPENED" | "TOUCHED" | "CLOSED";

/** A change of a pull request that a code host reported. */
export interface PullRequestReport {
  readonly change: PullRequestChange;
  readonly pullRequest: PullRequestInput;
  /** Whether a later change was applied before: then review apps are only created, not updated. */
  readonly late: boolean;
  /** The ids of the pipelines that this report was already applied to. There it changes nothing. */
  readonly applied: ReadonlySet<string>;
}

/** What a change of a pull request does in one pipeline. The last four do nothing. */
type PipelineDecision = "OPEN" | "UPDATE" | "CLOSE" | "APPLIED" | "OFF" | "LATER" | "MISSING";

/**
 * Applies a change of a pull request to every pipeline of its repository. A refusal by one pipeline does not affect the
 * others.
 */
export async function applyPullRequest(
  tx: Tx,
  ctx: TxCtx,
  repository: string,
  report: PullRequestReport,
): Promise<Effects & { readonly appliedTo: readonly string[] }> {
  const pipelines = await tx.find(Pipeline, { repository, deletedAt: null }, { order: "id", lock: "change" });
  const { number } = report.pullRequest;
  const known = await tx.find(ReviewApp, { pipelineId: pipelines.map((pipeline) => pipeline.id), number });
  await lockApps(
    tx,
    known.map((reviewApp) => reviewApp.appId),
  );
  const open = new Map(known.map((reviewApp) => [reviewApp.pipelineId, reviewApp]));
  const decisions = pipelines.map((pipeline) => {
    const reviewApp = open.get(pipeline.id) ?? null;
    return { pipeline, reviewApp, decision: decidePullRequest(pipeline, reviewApp !== null, report) };
  });
  const due = decisions.filter(({ decision }) => ["OPEN", "UPDATE", "CLOSE"].includes(decision));
  if (due.length === 0) {
    const without = await reasonForNoEffect(tx, repository, decisions, number);
    return { events: [], refusals: [], without, appliedTo: [] };
  }
  // If a late report opens a review app, the review app of another pipeline may already have the later state.
  const latest = known[0] ?? report.pullRequest;
  const appliedTo: string[] = [];
  const effects = await eachInSavepoint(tx, due, async (inner, { pipeline, reviewApp, decision }) => {
    const events =
      decision === "CLOSE" && reviewApp !== null
        ? await removeReviewApp(inner, ctx, reviewApp)
        : (await openForPullRequest(inner, ctx, pipeline, report.late ? latest : report.pullRequest)).events;
    appliedTo.push(pipeline.id);
    return events;
  });
  return { ...effects, appliedTo };
}

function decidePullRequest(
  { id, reviewAppsEnabled }: Pipeline,
  isOpen: boolean,
  { change, late, applied }: PullRequestReport,
): PipelineDecision {
  if (applied.has(id)) return "APPLIED";
  if (change === "CLOSED") return isOpen ? "CLOSE" : "MISSING";
  if (!reviewAppsEnabled) return "OFF";
  if (!isOpen) return change === "TOUCHED" ? "MISSING" : "OPEN";
  return late ? "LATER" : "UPDATE";
}

/** Why a change of a pull request has no effect in any pipeline. */
async function reasonForNoEffect(
  tx: Tx,
  repository: string,
  decisions: readonly { readonly pipeline: Pipeline; readonly decision: PipelineDecision }[],
  number: number,
): Promise<Without> {
  if (decisions.length === 0) {
    const former = await findFormerOwner(tx, repository);
    const note = former === null ? "" : ` It is another repository than ${former}, which had this name before.`;
    return { outcome: "PENDING", reason: `No pipeline has the repository ${repository}.${note}` };
  }
  if (decisions.every(({ decision }) => decision === "OFF")) {
    const names = decisions.map(({ pipeline }) => pipeline.name).join(", ");
    return { outcome: "PENDING", reason: `Review apps of ${names} are off; updatePipeline enables them.` };
  }
  const has = (wanted: PipelineDecision) => decisions.some(({ decision }) => decision === wanted);
  if (has("LATER")) return { outcome: "IGNORED", reason: `Pull request ${number} has changed later.` };
  if (has("MISSING")) return { outcome: "IGNORED", reason: `There is no review app of pull request ${number}.` };
  return { outcome: "IGNORED", reason: "It was applied before." };
}

/** Stores a status of a commit, and applies it to the commit's builds. Builds that are registered later inherit it. */
export async function applyCommitStatus(tx: Tx, ctx: TxCtx, report: CommitReport): Promise<Effects> {
  const { repository, commitSha, context } = report.status;
  await lockCommit(tx, repository, commitSha);
  if (!(await upsertCommitStatus(tx, report))) {
    const reason = `${context} of the commit has a later status.`;
    return { events: [], refusals: [], without: { outcome: "IGNORED", reason } };
  }
  const builds = await buildsOfCommit(tx, repository, commitSha);
  // Apps that wait for the context are deployed when it passes.
  if (report.status.state === "SUCCESS") {
    await lockFollowers(tx, ...builds);
    await lockCleared(tx, { builds: builds.map((build) => build.id) });
  }
  await tx.lock(
    Build,
    builds.map((build) => build.id),
    "change",
  );
  const combined = combineState(await tx.find(CommitStatus, { repository, commitSha, context }));
  return eachInSavepoint(tx, builds, async (inner, build) => {
    const statuses =
      build.commitSha === commitSha ? [combined] : await changedStatuses(inner, build, report.status.context);
    const events: EventDraft[] = [];
    for (const status of statuses) {
      if (status !== null) events.push(...(await upsertStatus(inner, ctx, build, null, toReport(status))).events);
    }
    return events;
  });
}

/**
 * The statuses that a report on a context may have changed, for a build with an abbreviated hash: the status of the
 * context and, if several commits begin with the hash, the statuses that some of these commits lack.
 */
async function changedStatuses(reader: Reader, build: Build, context: string): Promise<readonly CommitStatus[]> {
  const { statuses, ambiguous } = await combineStatuses(reader, build);
  return statuses.filter((status) => status.context === context || (ambiguous && status.state === "PENDING"));
}

/** If the code host sends no name or image, one that was reported through the API stays. */
function toReport({ context, state, name, description, targetUrl, imageUrl }: CommitStatus): Report {
  const shown = { ...(name !== null && { name }), ...(imageUrl !== null && { imageUrl }) };
  return { context, state, description, targetUrl, ...shown };
}

/** Runs `work` for each item in a savepoint: a refusal undoes the work of its item only. */
async function eachInSavepoint<T>(
  tx: Tx,
  items: readonly T[],
  work: (tx: Tx, item: T) => Promise<EventDraft[]>,
): Promise<Effects> {
  const events: EventDraft[] = [];
  const refusals: Refusal[] = [];
  for (const item of items) {
    try {
      events.push(...(await tx.savepoint((inner) => work(inner, item))));
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      refusals.push(error);
    }
  }
  return { events, refusals };
}
