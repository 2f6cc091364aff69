import sql from "sql-template-tag";
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

/**
 * Releases a build on every app that follows its branch and does not have it yet: the auto-deploying apps of pipelines
 * with that repository and central branch, and the review apps of pull requests of that branch. Only the newest build of
 * a branch is ever released, so that an older one never comes after a newer; an app with required checks waits for them,
 * and one that somebody rolled back waits until somebody releases or promotes onto it: automation does not undo what a
 * person decided. To be called whenever a build succeeds, by who holds its followers.
 */
export async function autoDeploy(tx: Tx, ctx: Ctx, build: Build): Promise<EventDraft[]> {
  return deployTo(tx, ctx, build, await findFollowers(tx, build));
}

/**
 * Releases a build where it has waited for a check that has just passed. Apps that do not require the check have not
 * waited for it: a report must not bring them a build that came before they followed the branch.
 */
export async function deployAfterCheckPassed(tx: Tx, ctx: Ctx, build: Build, context: string): Promise<EventDraft[]> {
  const waiting = await findFollowers(tx, build);
  return deployTo(
    tx,
    ctx,
    build,
    waiting.filter((coupling) => coupling.requiredChecks.includes(context)),
  );
}

/**
 * Releases the newest build of a pipeline's central branch on an auto-deploying app, where it has waited for checks that
 * are no longer required.
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
  const newest = await newestBuild(tx, pipeline.repository, pipeline.branch);
  if (newest === null) return [];
  await tx.lock(Build, [newest.id], "share");
  const waited = evaluateChecks(required, await findBuildStatuses(tx, newest.id)).some((one) => !one.passed);
  return waited ? deployTo(tx, ctx, newest, [coupling]) : [];
}

/**
 * Locks the pipelines and apps that follow the branches of builds of one repository: of two builds of a branch that
 * succeed at once, the second sees the first. To be done before the builds themselves are locked.
 */
export async function holdFollowers(tx: Tx, ...builds: readonly Pick<Build, "repository" | "branch">[]): Promise<void> {
  const [first] = builds;
  const branches = new Set(builds.flatMap(({ branch }) => branch ?? []));
  if (first === undefined || branches.size === 0 || !tx.dialect.concurrent) return;
  const { repository } = first;
  await tx.find(Pipeline, { repository, deletedAt: null }, { order: "id", lock: "change" });
  const apps = new Set<string>();
  for (const branch of branches) for (const { appId } of await followers(tx, repository, branch)) apps.add(appId);
  await lockApps(tx, [...apps]);
}

/** Releases the newest build of a review app's branch on it, if there is one: what was built before it was opened. */
export async function deployNewest(tx: Tx, ctx: Ctx, repository: string | null, coupling: Coupling, branch: string) {
  const newest = repository === null ? null : await newestBuild(tx, repository, branch);
  return newest === null ? [] : deployTo(tx, ctx, newest, [coupling]);
}

async function deployTo(tx: Tx, ctx: Ctx, build: Build, couplings: readonly Coupling[]): Promise<EventDraft[]> {
  if (couplings.length === 0) return [];
  await tx.lock(Build, [build.id], "share");
  const statuses = await findBuildStatuses(tx, build.id);
  const open = couplings.filter((coupling) =>
    evaluateChecks(coupling.requiredChecks, statuses).every((one) => one.passed),
  );
  const had = await tx.find(Release, { buildId: build.id, appId: open.map((coupling) => coupling.appId) });
  const held = await rolledBackApps(
    tx,
    open.map((coupling) => coupling.appId),
  );
  const due = open.filter(({ appId }) => !held.has(appId) && !had.some((release) => release.appId === appId));
  if (due.length === 0) return [];
  const apps = await tx.find(App, { id: due.map((coupling) => coupling.appId), deletedAt: null }, { order: "id" });
  const { releases, superseded } = await prepareReleases(tx, asSystem(ctx), apps, {
    build,
    trigger: "AUTO_DEPLOY",
    description: defaultDescription(build),
  });
  await tx.insert(Release, releases);
  // A build is activity on the pull request: its review app lives on.
  const expiresAt = new Date(ctx.now().getTime() + ctx.durations.reviewAppTtl);
  await tx.update(ReviewApp, { appId: apps.map((app) => app.id) }, { expiresAt });
  const pipelines = new Map(due.map((coupling) => [coupling.appId, coupling.pipelineId]));
  const created = releases.map((release) =>
    releaseChanged("RELEASE_CREATED", release, pipelines.get(release.appId) ?? null),
  );
  return [...superseded, ...created].map((event) => ({ ...event, actor: SYSTEM_VIEWER }));
}

/** Whether a stage is one whose apps builds are released on by themselves: there a rollback puts that on hold. */
export function isAutoDeployStage(stage: Stage): boolean {
  return stage === "DEVELOPMENT" || stage === "REVIEW";
}

/** The newest build of a branch that has SUCCEEDED. */
function newestBuild(reader: Reader, repository: string, branch: string): Promise<Build | null> {
  const where = { repository, branch, phase: "SUCCEEDED" } as const;
  return reader.first(Build, where, { order: "id", direction: "DESC" });
}

/** The couplings of the apps that follow a build's branch, in the order in which they were added, if it is the newest. */
async function findFollowers(reader: Reader, build: Build): Promise<Coupling[]> {
  const { repository, branch } = build;
  if (branch === null || (await newestBuild(reader, repository, branch))?.id !== build.id) return [];
  return followers(reader, repository, branch);
}

async function followers(reader: Reader, repository: string, branch: string): Promise<Coupling[]> {
  return reader.select(
    Coupling,
    sql`JOIN pipelines p ON p.id = e.pipeline_id AND p.deleted_at IS NULL AND p.repository = ${repository}
      LEFT JOIN review_apps r ON r.app_id = e.app_id
      WHERE (e.auto_deploy = ${true} AND p.branch = ${branch}) OR r.branch = ${branch}
      ORDER BY e.id`,
  );
}
