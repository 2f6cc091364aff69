import sql, { type Sql } from "sql-template-tag";
import type { Reader } from "../../database/rows/reader.js";
import type { Tx } from "../../database/rows/tx.js";
import { Build } from "../../entities/builds/build.js";
import type { HeldDeploy } from "../../entities/builds/held-deploy.js";
import { App } from "../../entities/pipelines/app.js";
import type { Coupling } from "../../entities/pipelines/coupling.js";
import type { Pipeline } from "../../entities/pipelines/pipeline.js";
import { ReviewApp } from "../../entities/pipelines/review-app.js";
import { Release } from "../../entities/releases/release.js";
import { type EventDraft, releaseChanged } from "../../events/draft.js";
import { asSystem, SYSTEM_VIEWER, type TxCtx } from "../core/context.js";
import { lockGates } from "../core/locks.js";
import { sameCommit } from "../core/values/commits.js";
import { transactionTime } from "../core/values/time.js";
import { evaluateChecks } from "../gates/checks/checks.js";
import { findBuildStatuses } from "../gates/checks/required-checks.js";
import { NOT_FORCED } from "../gates/override.js";
import { defaultDescription, prepareReleases } from "../releases/new-releases.js";
import { findNewestBuild, toOrdered } from "./build-order.js";
import { type Candidate, decideAll } from "./decisions.js";
import { findFollowers } from "./followers.js";
import { holdDeploys } from "./held-deploys.js";

/*
 * Automatic deploys. `followers.ts` finds the apps that follow a build. `decisions.ts` decides which of them get it. An
 * app gets the build if
 * - its gates let the build through, for example its required checks;
 * - it had neither the build nor a newer one of the branch; the head of a pull request always replaces what runs;
 * - its automatic deploys are not held after a rollback: automation does not undo a person's decision.
 */

/** Deploys a build that has just SUCCEEDED. The caller holds the locks of `lockFollowers`. */
export async function autoDeploy(tx: Tx, ctx: TxCtx, build: Build): Promise<EventDraft[]> {
  return deployToFollowers(tx, ctx, build, () => true);
}

/**
 * Deploys a build after a check has passed on it, to the apps that require the check. Other apps did not wait for the
 * check. They may have begun to follow the branch after the build was registered.
 */
export async function deployAfterCheckPassed(tx: Tx, ctx: TxCtx, build: Build, context: string): Promise<EventDraft[]> {
  return deployToFollowers(tx, ctx, build, ({ requiredChecks }) => requiredChecks.includes(context));
}

/**
 * Call it after checks were removed from an app. If the app deploys automatically, deploys the newest build that passes
 * now, if that build waited for a removed check. A newer build that does not pass does not hold it back.
 *
 * @param required the checks that were required before
 */
export async function deployAfterChecksRelaxed(
  tx: Tx,
  ctx: TxCtx,
  pipeline: Pipeline,
  coupling: Coupling,
  required: readonly string[],
): Promise<EventDraft[]> {
  if (!coupling.autoDeploy) return [];
  const builds = await findSucceeded(tx, pipeline, sql`e.branch = ${pipeline.branch}`);
  const ids = builds.map((build) => build.id);
  await tx.lock(Build, ids, "share");
  const statuses = await findBuildStatuses(tx, ids);
  const passes = (checks: readonly string[], { id }: Build) =>
    evaluateChecks(checks, statuses.get(id) ?? []).every((check) => check.passed);
  const passing = builds.filter((build) => passes(coupling.requiredChecks, build));
  const newest = findNewestBuild(await toOrdered(tx, passing));
  if (newest === null || passes(required, newest)) return [];
  return deployDue(tx, ctx, newest, [{ build: newest, coupling, by: "BRANCH" }]);
}

/**
 * Deploys the newest existing build to a review app that was opened or whose head moved: the newest build of the head
 * commit or, if that is not known, of the branch.
 *
 * @param hasMoved whether the head was another commit before. Then a build that the app had earlier is deployed again.
 */
export async function deployNewest(
  tx: Tx,
  ctx: TxCtx,
  pipeline: Pipeline,
  coupling: Coupling,
  { branch, headSha }: Pick<ReviewApp, "branch" | "headSha">,
  hasMoved: boolean,
): Promise<EventDraft[]> {
  const wanted = headSha === null ? sql`e.branch = ${branch}` : sameCommit(tx.dialect, sql`e.commit_sha`, headSha);
  const build = findNewestBuild(await toOrdered(tx, await findSucceeded(tx, pipeline, wanted)));
  if (build === null) return [];
  const by = headSha === null ? "PULL_REQUEST_BRANCH" : "HEAD";
  return deployDue(tx, ctx, build, [{ build, coupling, by, isNewHead: hasMoved && headSha !== null }]);
}

/** Decides again whether to deploy a build that gates held back. The app may no longer follow the build. */
export async function retryDeploy(
  tx: Tx,
  ctx: TxCtx,
  build: Build,
  { appId, isNewHead }: HeldDeploy,
): Promise<EventDraft[]> {
  const [followers = []] = await findFollowers(tx, [build]);
  const mine = followers.filter(({ coupling }) => coupling.appId === appId);
  return deployDue(
    tx,
    ctx,
    build,
    mine.map((follower) => ({ ...follower, build, isNewHead })),
  );
}

async function deployToFollowers(
  tx: Tx,
  ctx: TxCtx,
  build: Build,
  waits: (coupling: Coupling) => boolean,
): Promise<EventDraft[]> {
  if (build.phase !== "SUCCEEDED") return [];
  const [followers = []] = await findFollowers(tx, [build]);
  const waiting = followers.filter(({ coupling }) => waits(coupling));
  return deployDue(
    tx,
    ctx,
    build,
    waiting.map((follower) => ({ ...follower, build })),
  );
}

/** Releases a build on the apps of the candidates that are due. */
async function deployDue(tx: Tx, ctx: TxCtx, build: Build, candidates: readonly Candidate[]): Promise<EventDraft[]> {
  if (candidates.length === 0) return [];
  await tx.lock(Build, [build.id], "share");
  await lockGates(tx, "share");
  const decisions = await decideAll(tx, candidates, await transactionTime(tx, ctx));
  await holdDeploys(tx, decisions);
  const due = decisions.filter(({ outcome }) => outcome === "DUE").map(({ candidate }) => candidate.coupling);
  if (due.length === 0) return [];
  const apps = await tx.find(App, { id: due.map((coupling) => coupling.appId), deletedAt: null }, { order: "id" });
  const { releases, superseded } = await prepareReleases(tx, asSystem(ctx), apps, {
    build,
    trigger: "AUTO_DEPLOY",
    description: defaultDescription(build),
    override: NOT_FORCED,
  });
  await tx.insert(Release, releases);
  // A build is activity on the pull request: it extends the life of the review app.
  const expiresAt = new Date(ctx.now().getTime() + ctx.durations.reviewAppTtl);
  await tx.update(ReviewApp, { appId: apps.map((app) => app.id) }, { expiresAt });
  const pipelines = new Map(due.map((coupling) => [coupling.appId, coupling.pipelineId]));
  const created = releases.map((release) =>
    releaseChanged("RELEASE_CREATED", release, pipelines.get(release.appId) ?? null),
  );
  return [...superseded, ...created].map((event) => ({ ...event, actor: SYSTEM_VIEWER }));
}

/** How many builds of a branch or commit are considered, latest first. */
const CONSIDERED_BUILDS = 50;

/** The latest builds of a pipeline's repository and component that SUCCEEDED. */
async function findSucceeded(reader: Reader, { repository, component }: Pipeline, condition: Sql): Promise<Build[]> {
  if (repository === null) return [];
  return reader.select(
    "succeeded_builds",
    Build,
    sql`WHERE e.repository = ${repository} AND e.component IS NOT DISTINCT FROM ${component} AND e.phase = 'SUCCEEDED'
      AND ${condition} ORDER BY e.position DESC LIMIT ${CONSIDERED_BUILDS}`,
  );
}
