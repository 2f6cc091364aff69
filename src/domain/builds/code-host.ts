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
import { upsertStatus } from "../releases/statuses.js";
import { buildsOfCommit, type CommitReport, combineState, upsertCommitStatus } from "./commit-statuses.js";
import { lockFollowers } from "./followers.js";
import { findFormerOwner } from "./repository-names.js";

/* Applies what a code host reports on its pull requests and commits. The service acts as itself: no viewer asked for it. */

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

/** What happened to a pull request. OPENED creates or updates its review apps, TOUCHED updates them, CLOSED removes them. */
export type PullRequestChange = "OPENED" | "TOUCHED" | "CLOSED";

/**
 * Applies a change of a pull request to every pipeline of its repository. A refusal by one pipeline does not affect the
 * others.
 *
 * @param late whether a later change was applied before: then review apps are only created, not updated
 */
export async function applyPullRequest(
  tx: Tx,
  ctx: TxCtx,
  repository: string,
  change: PullRequestChange,
  pullRequest: PullRequestInput,
  late: boolean,
): Promise<Effects> {
  const pipelines = await tx.find(Pipeline, { repository, deletedAt: null }, { order: "id", lock: "change" });
  const { number } = pullRequest;
  const known = await tx.find(ReviewApp, { pipelineId: pipelines.map((pipeline) => pipeline.id), number });
  await lockApps(
    tx,
    known.map((reviewApp) => reviewApp.appId),
  );
  const without = await reasonForNoEffect(tx, repository, pipelines, known, change, pullRequest.number, late);
  if (without !== null) return { events: [], refusals: [], without };
  return eachInSavepoint(tx, pipelines, async (inner, pipeline) => {
    const there = await inner.first(ReviewApp, { pipelineId: pipeline.id, number });
    if (change === "CLOSED") return there === null ? [] : removeReviewApp(inner, ctx, there);
    if (!pipeline.reviewAppsEnabled || (there === null && change === "TOUCHED")) return [];
    if (there !== null && late) return [];
    return (await openForPullRequest(inner, ctx, pipeline, pullRequest)).events;
  });
}

/** Why a change of a pull request has no effect in any pipeline; null if it has one. */
async function reasonForNoEffect(
  tx: Tx,
  repository: string,
  pipelines: readonly Pipeline[],
  known: readonly ReviewApp[],
  change: PullRequestChange,
  number: number,
  late: boolean,
): Promise<Without | null> {
  if (pipelines.length === 0) {
    const former = await findFormerOwner(tx, repository);
    const note = former === null ? "" : ` It is another repository than ${former}, which had this name before.`;
    return { outcome: "PENDING", reason: `No pipeline has the repository ${repository}.${note}` };
  }
  const missing = { outcome: "IGNORED", reason: `There is no review app of pull request ${number}.` } as const;
  if (change === "CLOSED") return known.length === 0 ? missing : null;
  const enabled = pipelines.filter((pipeline) => pipeline.reviewAppsEnabled);
  if (enabled.length === 0) {
    const names = pipelines.map((pipeline) => pipeline.name).join(", ");
    return { outcome: "PENDING", reason: `Review apps of ${names} are off; updatePipeline enables them.` };
  }
  const open = new Set(known.map((reviewApp) => reviewApp.pipelineId));
  const isOpenInAll = enabled.every((pipeline) => open.has(pipeline.id));
  if (late && isOpenInAll) return { outcome: "IGNORED", reason: `Pull request ${number} has changed later.` };
  return change === "TOUCHED" && enabled.every((pipeline) => !open.has(pipeline.id)) ? missing : null;
}

/** Stores a status of a commit, and applies it to the commit's builds. Builds that are registered later inherit it. */
export async function applyCommitStatus(tx: Tx, ctx: TxCtx, report: CommitReport): Promise<Effects> {
  const { repository, commitSha, context } = report.status;
  await lockCommit(tx, repository, commitSha);
  if (!(await upsertCommitStatus(tx, report))) {
    const reason = `${context} of the commit has a later status.`;
    return { events: [], refusals: [], without: { outcome: "IGNORED", reason } };
  }
  const status = combineState(await tx.find(CommitStatus, { repository, commitSha, context }));
  if (status === null) return { events: [], refusals: [] };
  const { state, name, description, targetUrl, imageUrl } = status;
  // A code host that sends no name or image does not clear one that was reported here.
  const shown = { ...(name !== null && { name }), ...(imageUrl !== null && { imageUrl }) };
  const said = { context, state, description, targetUrl, ...shown };
  const builds = await buildsOfCommit(tx, repository, commitSha);
  // Apps that wait for the context are deployed when it passes.
  if (state === "SUCCESS") await lockFollowers(tx, ...builds);
  await tx.lock(
    Build,
    builds.map((build) => build.id),
    "change",
  );
  return eachInSavepoint(tx, builds, async (inner, build) => {
    return (await upsertStatus(inner, ctx, build, null, said)).events;
  });
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
