import sql from "sql-template-tag";
import type { Reader, Tx } from "../../database/rows/reader.js";
import { Build } from "../../entities/builds/build.js";
import { CommitStatus } from "../../entities/builds/commit-status.js";
import { Pipeline } from "../../entities/pipelines/pipeline.js";
import { ReviewApp } from "../../entities/pipelines/review-app.js";
import type { EventDraft } from "../../events/draft.js";
import type { Ctx } from "../core/context.js";
import { lockApps, lockCommit } from "../core/locks.js";
import { Refusal } from "../core/refusal.js";
import { openForPullRequest, type PullRequestInput, removeReviewApp } from "../pipelines/review-apps.js";
import { upsertStatus } from "../releases/statuses.js";
import { holdFollowers } from "./auto-deploy.js";
import { buildsOfCommit, combineState, upsertCommitStatus } from "./commit-statuses.js";

/* What a code host tells of its pull requests and commits, and what follows from it here. Automation does it: nobody asked. */

/** What came of it: what to tell, and what could not be done, in words for whoever looks after the code host. */
export interface Effects {
  readonly events: readonly EventDraft[];
  readonly refusals: readonly Refusal[];
}

/**
 * What happened to a pull request: OPENED makes its review apps where there are none, TOUCHED only brings those up to
 * date that there are, CLOSED removes them.
 */
export type PullRequestChange = "OPENED" | "TOUCHED" | "CLOSED";

/** Follows a pull request in every pipeline of its repository. One that refuses does not hold up the others. */
export async function applyPullRequest(
  tx: Tx,
  ctx: Ctx,
  repository: string,
  change: PullRequestChange,
  pullRequest: PullRequestInput,
): Promise<Effects> {
  const pipelines = await tx.find(Pipeline, { repository, deletedAt: null }, { order: "id", lock: "change" });
  const { number } = pullRequest;
  const known = await tx.find(ReviewApp, { pipelineId: pipelines.map((pipeline) => pipeline.id), number });
  await lockApps(
    tx,
    known.map((reviewApp) => reviewApp.appId),
  );
  return eachInSavepoint(ctx, pipelines, async (inner, pipeline) => {
    const there = await inner.first(ReviewApp, { pipelineId: pipeline.id, number });
    if (change === "CLOSED") return there === null ? [] : removeReviewApp(inner, ctx, there);
    if (!pipeline.reviewAppsEnabled || (there === null && change === "TOUCHED")) return [];
    return (await openForPullRequest(inner, ctx, pipeline, pullRequest)).events;
  });
}

/** Keeps a status of a commit, for the builds of it that there are and for those that are still to be registered. */
export async function applyCommitStatus(tx: Tx, ctx: Ctx, report: CommitStatus): Promise<Effects> {
  const { repository, commitSha, context } = report;
  await lockCommit(tx, repository, commitSha);
  if (!(await upsertCommitStatus(tx, report))) return { events: [], refusals: [] };
  const status = combineState(await tx.find(CommitStatus, { repository, commitSha, context }));
  if (status === null) return { events: [], refusals: [] };
  const { state, name, description, targetUrl, imageUrl } = status;
  // A name or picture that was given here is not taken away by a code host that has none.
  const shown = { ...(name !== null && { name }), ...(imageUrl !== null && { imageUrl }) };
  const said = { context, state, description, targetUrl, ...shown };
  const builds = await buildsOfCommit(tx, repository, commitSha);
  // What waits for the context is released as it passes.
  if (state === "SUCCESS") await holdFollowers(tx, ...builds);
  await tx.lock(
    Build,
    builds.map((build) => build.id),
    "change",
  );
  return eachInSavepoint(ctx, builds, async (inner, build) => {
    return (await upsertStatus(inner, ctx, build, null, said)).events;
  });
}

/** Does something for each, and undoes it alone where it is refused. */
async function eachInSavepoint<T>(
  ctx: Ctx,
  items: readonly T[],
  work: (tx: Tx, item: T) => Promise<EventDraft[]>,
): Promise<Effects> {
  const events: EventDraft[] = [];
  const refusals: Refusal[] = [];
  for (const item of items) {
    try {
      events.push(...(await ctx.db.write((tx) => work(tx, item))));
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      refusals.push(error);
    }
  }
  return { events, refusals };
}

/** Whether more was heard of a subject, as of a later time: what is late must not undo it. */
export async function isOvertaken(reader: Reader, subject: string, at: Date): Promise<boolean> {
  const [row] = await reader.query<{ newest: number | string | null }>(
    sql`SELECT MAX(subject_at) AS newest FROM webhook_deliveries WHERE subject = ${subject}`,
  );
  return row?.newest != null && Number(row.newest) > at.getTime();
}
