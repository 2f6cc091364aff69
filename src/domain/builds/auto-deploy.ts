import sql, { raw, type Sql } from "sql-template-tag";
import { rolledBackApps } from "../../database/queries/rolled-back.js";
import type { Reader, Tx } from "../../database/rows/reader.js";
import { Build } from "../../entities/builds/build.js";
import type { Stage } from "../../entities/core/enums.js";
import { App } from "../../entities/pipelines/app.js";
import { Coupling } from "../../entities/pipelines/coupling.js";
import { Pipeline } from "../../entities/pipelines/pipeline.js";
import { ReviewApp } from "../../entities/pipelines/review-app.js";
import { Release } from "../../entities/releases/release.js";
import { type EventDraft, releaseChanged } from "../../events/draft.js";
import { asSystem, type Ctx, SYSTEM_VIEWER } from "../core/context.js";
import { lockApps } from "../core/locks.js";
import { evaluateChecks, findBuildStatuses } from "../gates/checks.js";
import { prepareReleases } from "../releases/deployments.js";
import { defaultDescription } from "../releases/releases.js";
import { findReleasedBuilds, isNewer, isSameCommit, type OrderedBuild, toOrdered } from "./build-order.js";

/*
 * Automatic deploys. An app follows a branch if its coupling deploys automatically and its pipeline has the branch as its
 * central one, or if it is the review app of a pull request of the branch. A build goes to the apps that follow its branch
 * - in pipelines of its repository and component;
 * - whose required checks have passed on it;
 * - that have no newer build of the branch, nor this one;
 * - that are not on hold after a rollback: automation does not undo what a person decided.
 */

/** Deploys a build that has just SUCCEEDED. The caller holds the locks of `lockFollowers`. */
export async function autoDeploy(tx: Tx, ctx: Ctx, build: Build): Promise<EventDraft[]> {
  if (build.phase !== "SUCCEEDED") return [];
  return deployTo(tx, ctx, build, await findFollowers(tx, build));
}

/**
 * Deploys a build after a check has passed on it, to the apps that require the check. Others have not waited for it: they
 * may follow the branch only since the build was registered.
 */
export async function deployAfterCheckPassed(tx: Tx, ctx: Ctx, build: Build, context: string): Promise<EventDraft[]> {
  if (build.phase !== "SUCCEEDED") return [];
  const waiting = await findFollowers(tx, build);
  return deployTo(
    tx,
    ctx,
    build,
    waiting.filter((coupling) => coupling.requiredChecks.includes(context)),
  );
}

/**
 * Deploys the newest build that waited for checks which are no longer required, to an automatically deploying app.
 *
 * @param required the checks that were required until now
 */
export async function deployAfterChecksRelaxed(
  tx: Tx,
  ctx: Ctx,
  pipeline: Pipeline,
  coupling: Coupling,
  required: readonly string[],
): Promise<EventDraft[]> {
  if (!coupling.autoDeploy || pipeline.repository === null) return [];
  const newest = await findNewest(tx, pipeline, pipeline.branch);
  if (newest === null) return [];
  await tx.lock(Build, [newest.id], "share");
  const waited = evaluateChecks(required, await findBuildStatuses(tx, newest.id)).some((one) => !one.passed);
  return waited ? deployTo(tx, ctx, newest, [coupling]) : [];
}

/**
 * Locks the pipelines and apps that follow the branches of builds of one repository, so that of two builds of a branch
 * that succeed at once, the second sees the first. To be called before the builds themselves are locked.
 */
export async function lockFollowers(tx: Tx, ...builds: readonly Pick<Build, "repository" | "branch">[]): Promise<void> {
  const [first] = builds;
  const branches = new Set(builds.flatMap(({ branch }) => branch ?? []));
  if (first === undefined || branches.size === 0 || !tx.dialect.concurrent) return;
  const { repository } = first;
  await tx.find(Pipeline, { repository, deletedAt: null }, { order: "id", lock: "change" });
  const apps = new Set<string>();
  for (const branch of branches) {
    for (const { appId } of await followersOfBranch(tx, repository, branch)) apps.add(appId);
  }
  await lockApps(tx, [...apps]);
}

/**
 * Deploys to a review app what was built of its pull request before the app was opened: the newest build of the head
 * commit. If the head is not known, the newest build of the branch counts, unless it was released before on a review app
 * that is closed: an earlier pull request may have had a branch of the same name.
 */
export async function deployNewest(
  tx: Tx,
  ctx: Ctx,
  pipeline: Pipeline,
  coupling: Coupling,
  { branch, headSha }: Pick<ReviewApp, "branch" | "headSha">,
): Promise<EventDraft[]> {
  const newest = await findNewest(tx, pipeline, branch, headSha);
  if (newest === null || (headSha === null && (await wasOnClosedApp(tx, newest)))) return [];
  return deployTo(tx, ctx, newest, [coupling]);
}

async function deployTo(tx: Tx, ctx: Ctx, build: Build, couplings: readonly Coupling[]): Promise<EventDraft[]> {
  if (couplings.length === 0) return [];
  await tx.lock(Build, [build.id], "share");
  const statuses = await findBuildStatuses(tx, build.id);
  const open = couplings.filter((coupling) =>
    evaluateChecks(coupling.requiredChecks, statuses).every((one) => one.passed),
  );
  const due = await withoutNewer(tx, build, open);
  if (due.length === 0) return [];
  const apps = await tx.find(App, { id: due.map((coupling) => coupling.appId), deletedAt: null }, { order: "id" });
  const { releases, superseded } = await prepareReleases(tx, asSystem(ctx), apps, {
    build,
    trigger: "AUTO_DEPLOY",
    description: defaultDescription(build),
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

/** The couplings whose app is not on hold and has neither this build nor a newer one of the branch. */
async function withoutNewer(reader: Reader, build: Build, couplings: readonly Coupling[]): Promise<Coupling[]> {
  const appIds = couplings.map((coupling) => coupling.appId);
  const held = await rolledBackApps(reader, appIds);
  const had = await reader.find(Release, { buildId: build.id, appId: appIds });
  const candidates = couplings.filter(
    ({ appId }) => !held.has(appId) && !had.some((release) => release.appId === appId),
  );
  if (candidates.length === 0) return [];
  const released = await findReleasedBuilds(
    reader,
    build,
    candidates.map((coupling) => coupling.appId),
  );
  const candidate = await toOrdered(reader, build);
  return candidates.filter(({ appId }) => (released.get(appId) ?? []).every((one) => isNewer(candidate, one)));
}

/** Whether builds are deployed automatically to apps of a stage: there, a rollback puts automatic deploys on hold. */
export function isAutoDeployStage(stage: Stage): boolean {
  return stage === "DEVELOPMENT" || stage === "REVIEW";
}

/** How many builds of a branch are considered, latest first. */
const CONSIDERED_BUILDS = 50;

/** The newest build of a branch that SUCCEEDED, of a pipeline's repository and component; of one commit if that is given. */
async function findNewest(
  reader: Reader,
  { repository, component }: Pipeline,
  branch: string,
  commit: string | null = null,
): Promise<Build | null> {
  if (repository === null) return null;
  const latest = await reader.find(
    Build,
    { repository, component, branch, phase: "SUCCEEDED" },
    { order: "position", direction: "DESC", limit: CONSIDERED_BUILDS },
  );
  const builds = commit === null ? latest : latest.filter((build) => isSameCommit(build.commitSha, commit));
  let newest: OrderedBuild | null = null;
  for (const build of builds) {
    const one = await toOrdered(reader, build);
    if (newest === null || isNewer(one, newest)) newest = one;
  }
  return newest?.build ?? null;
}

async function wasOnClosedApp(reader: Reader, build: Build): Promise<boolean> {
  const [row] = await reader.query(
    sql`SELECT 1 AS found FROM releases r JOIN apps a ON a.id = r.app_id
      WHERE r.build_id = ${build.id} AND a.deleted_at IS NOT NULL LIMIT 1`,
  );
  return row !== undefined;
}

/** The couplings of the apps that follow a build's branch, in the order in which they were added. */
async function findFollowers(reader: Reader, build: Build): Promise<Coupling[]> {
  const { repository, component, branch, commitSha } = build;
  if (branch === null) return [];
  return followersOfBranch(
    reader,
    repository,
    branch,
    sql`AND p.component IS NOT DISTINCT FROM ${component}
      AND (r.head_sha IS NULL OR substr(r.head_sha, 1, ${commitSha.length}) = ${commitSha})`,
  );
}

/** @param condition on the pipeline `p` and the review app `r`, beginning with AND */
async function followersOfBranch(reader: Reader, repository: string, branch: string, condition: Sql = raw("")) {
  return reader.select(
    Coupling,
    sql`JOIN pipelines p ON p.id = e.pipeline_id AND p.deleted_at IS NULL AND p.repository = ${repository}
      LEFT JOIN review_apps r ON r.app_id = e.app_id
      WHERE ((e.auto_deploy = ${true} AND p.branch = ${branch}) OR r.branch = ${branch}) ${condition}
      ORDER BY e.id`,
  );
}
