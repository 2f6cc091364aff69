import sql from "sql-template-tag";
import { columns } from "../../database/rows/raw-rows.js";
import type { Reader } from "../../database/rows/reader.js";
import type { Tx } from "../../database/rows/tx.js";
import type { Build } from "../../entities/builds/build.js";
import { toActorColumns } from "../../entities/core/actor-columns.js";
import type { ReleasePhase, ReleaseTrigger } from "../../entities/core/enums.js";
import { App } from "../../entities/pipelines/app.js";
import { Coupling } from "../../entities/pipelines/coupling.js";
import { Promotion } from "../../entities/releases/promotion.js";
import { PromotionTarget } from "../../entities/releases/promotion-target.js";
import { Release } from "../../entities/releases/release.js";
import { type EventDraft, promotionTargetChanged, releaseChanged } from "../../events/draft.js";
import type { TxCtx } from "../core/context.js";
import { newId } from "../core/values/id.js";
import { nextPositions } from "../core/values/position.js";
import { transactionTime } from "../core/values/time.js";
import { findFreezesInForce } from "../gates/freezes/freeze-record.js";
import type { Override } from "../gates/override.js";
import { promoteLater } from "../rollouts/automation/promote-later.js";
import { updateProgress } from "../rollouts/update-progress.js";
import { evaluateVerification } from "../rollouts/verification/outcome.js";
import { findVerifications, NOT_VERIFIED, startVerification } from "../rollouts/verification/start.js";
import { isFinal } from "./phases.js";

/*
 * The phases of a release: QUEUED → DEPLOYING → SUCCEEDED or FAILED, or QUEUED → SUPERSEDED. If its app is deleted, a
 * QUEUED release also becomes FAILED. A release that FAILED because of a timeout may still become SUCCEEDED.
 * `prepareReleases` creates every release and `updatePhase` changes every phase; both return the events for the caller
 * to append.
 */

/** What to release, and why. */
export interface ReleaseRequest {
  readonly build: Build;
  readonly trigger: ReleaseTrigger;
  readonly description: string;
  readonly promotionId?: string;
  readonly override: Override;
}

export interface MadeReleases {
  /** One for each app, in the order of the apps. */
  readonly releases: Release[];
  /** The events of releases that were superseded. Append them before those of the new releases. */
  readonly superseded: EventDraft[];
}

/**
 * Prepares new releases on several apps. Versions continue from each app's last. On an IMMEDIATE app the
 * release is SUCCEEDED; on a REPORTED app it is DEPLOYING if no other is, and otherwise QUEUED in place of the release
 * that was queued before. The caller inserts the rows.
 *
 * @param request the same for all apps, or one for each, in their order
 */
export async function prepareReleases(
  tx: Tx,
  ctx: TxCtx,
  apps: readonly App[],
  request: ReleaseRequest | readonly ReleaseRequest[],
): Promise<MadeReleases> {
  const ids = apps.map((app) => app.id);
  const versions = await findLastVersions(tx, ids);
  const reported = apps.filter((app) => app.deploymentMode === "REPORTED").map((app) => app.id);
  const underWay =
    reported.length === 0 ? [] : await tx.find(Release, { appId: reported, phase: ["DEPLOYING", "QUEUED"] });
  const superseded: EventDraft[] = [];
  for (const waiting of underWay.filter((release) => release.phase === "QUEUED")) {
    superseded.push(...(await updatePhase(tx, ctx, waiting, "SUPERSEDED")));
  }
  const busy = new Set(underWay.filter((release) => release.phase === "DEPLOYING").map((release) => release.appId));
  const now = ctx.now();
  const succeededAt = await transactionTime(tx, ctx);
  const freezes = await findFreezesInForce(tx, succeededAt, ids);
  const verifications = await findVerifications(tx, apps);
  const positions = await nextPositions(tx, "releases", apps.length);
  await promoteLater(tx, { appIds: apps.filter((app) => app.deploymentMode === "IMMEDIATE").map(({ id }) => id) });
  const requests = "build" in request ? apps.map(() => request) : request;
  const releases = apps.map((app, index): Release => {
    const { build, trigger, description, promotionId, override } = requests[index] as ReleaseRequest;
    const immediate = app.deploymentMode === "IMMEDIATE";
    const phase = immediate ? "SUCCEEDED" : busy.has(app.id) ? "QUEUED" : "DEPLOYING";
    return Object.assign(new Release(), {
      id: newId(),
      appId: app.id,
      buildId: build.id,
      version: (versions.get(app.id) ?? 0) + 1,
      position: positions[index] as number,
      phase,
      failureReason: null,
      timedOut: false,
      trigger,
      description,
      promotionId: promotionId ?? null,
      ...override,
      duringFreezeId: freezes.get(app.id)?.id ?? null,
      configVersion: app.configVersion,
      ...toActorColumns("createdBy", ctx.viewer),
      deployDeadline: phase === "DEPLOYING" ? nextDeadline(ctx, app) : null,
      succeededAt: phase === "SUCCEEDED" ? succeededAt : null,
      cancelRequestedAt: null,
      ...(phase === "SUCCEEDED" ? startVerification(verifications.get(app.id), succeededAt) : NOT_VERIFIED),
      createdAt: now,
      updatedAt: now,
    });
  });
  return { releases, superseded };
}

/** Creates one release on one app, outside a promotion. */
export async function insertRelease(
  tx: Tx,
  ctx: TxCtx,
  app: App,
  request: ReleaseRequest,
): Promise<{ release: Release; events: EventDraft[] }> {
  const { releases, superseded } = await prepareReleases(tx, ctx, [app], request);
  const [release] = releases as [Release];
  await tx.insert(Release, [release]);
  const events = [...superseded, releaseChanged("RELEASE_CREATED", release, await findPipelineId(tx, app.id))];
  return { release, events };
}

/**
 * Changes the phase of a release, and applies the effects: its promotion may finish, the queued release starts to
 * deploy, and its verification begins.
 */
export async function updatePhase(
  tx: Tx,
  ctx: TxCtx,
  release: Release,
  phase: ReleasePhase,
  { failureReason = null, timedOut = false }: { failureReason?: string | null; timedOut?: boolean } = {},
): Promise<EventDraft[]> {
  const wasDeploying = release.phase === "DEPLOYING";
  release.phase = phase;
  release.failureReason = failureReason;
  release.timedOut = timedOut;
  release.deployDeadline = phase === "DEPLOYING" ? nextDeadline(ctx, await requireAppOf(tx, release)) : null;
  release.updatedAt = ctx.now();
  release.succeededAt = phase === "SUCCEEDED" ? await transactionTime(tx, ctx) : null;
  const { deployDeadline, updatedAt, succeededAt } = release;
  const coupling = await tx.first(Coupling, { appId: release.appId });
  const verification = succeededAt === null ? {} : startVerification(coupling?.verification, succeededAt);
  Object.assign(release, verification);
  const patch = { phase, failureReason, timedOut, deployDeadline, updatedAt, succeededAt, ...verification };
  await tx.update(Release, { id: release.id }, patch);
  const events = [releaseChanged("RELEASE_PHASE_CHANGED", release, coupling?.pipelineId ?? null)];
  if (phase === "SUCCEEDED") await promoteLater(tx, { appIds: [release.appId] });
  // A waiting promotion of it can never start. The periodic job ends it.
  if (phase === "SUPERSEDED") await wakePromotions(tx, release);
  if (release.promotionId !== null) events.push(...(await updateTarget(tx, ctx, release, release.promotionId)));
  if (wasDeploying && isFinal(phase)) {
    const next = await tx.first(Release, { appId: release.appId, phase: "QUEUED" });
    if (next !== null) events.push(...(await updatePhase(tx, ctx, next, "DEPLOYING")));
  }
  // Statuses may have been reported during the deployment.
  if (release.verificationState === "VERIFYING") events.push(...(await evaluateVerification(tx, ctx, release)));
  return events;
}

async function wakePromotions(tx: Tx, { id, buildId }: Release): Promise<void> {
  await tx.execute(
    "wake_promotions_of_release",
    sql`UPDATE promotions SET wake_at = 0 WHERE wake_at IS NOT NULL AND build_id = ${buildId} AND release_id = ${id}`,
  );
}

async function updateTarget(tx: Tx, ctx: TxCtx, release: Release, promotionId: string): Promise<EventDraft[]> {
  const promotion = await tx.first(Promotion, { id: promotionId });
  const target = await tx.first(PromotionTarget, { releaseId: release.id });
  if (promotion === null || target === null) return [];
  if (release.verificationState === "VERIFYING" && target.ownPhase === null) {
    target.ownPhase = "VERIFYING";
    await tx.update(PromotionTarget, { id: target.id }, { ownPhase: "VERIFYING" });
  }
  // A late success changes a finished promotion. The event shows it as in progress, as if it had not finished yet.
  const inProgress = Object.assign(new Promotion(), promotion, { phase: "IN_PROGRESS" });
  const events = [promotionTargetChanged(inProgress, target, target.ownPhase ?? release.phase)];
  return [...events, ...(await updateProgress(tx, ctx, promotion))];
}

/** The deadline of a deployment that starts, or was reported, now. Without a further report it fails then. */
export function nextDeadline(ctx: TxCtx, app: App): Date {
  return new Date(ctx.now().getTime() + deployTimeout(ctx, app));
}

/** How long a deployment of an app may take without a report, in milliseconds. */
export function deployTimeout(ctx: TxCtx, app: App): number {
  return app.deployTimeout ?? ctx.durations.deployTimeout;
}

/** The app of a release. */
export async function requireAppOf(reader: Reader, release: Release): Promise<App> {
  const app = await reader.first(App, { id: release.appId });
  if (app === null) throw new Error(`Release ${release.id} has lost its app.`);
  return app;
}

const LAST_VERSIONS = columns({ app_id: "text", version: "integer or null" });

async function findLastVersions(reader: Reader, appIds: readonly string[]): Promise<Map<string, number>> {
  const rows = await reader.query(
    "last_versions",
    LAST_VERSIONS,
    // Reads the end of the index for each app. GROUP BY would read every release that the app ever had.
    sql`SELECT a.id AS app_id, (SELECT MAX(r.version) FROM releases r WHERE r.app_id = a.id) AS version FROM apps a
      WHERE ${reader.dialect.oneOf(sql`a.id`, appIds)}`,
  );
  return new Map(rows.map((row) => [row.app_id, row.version ?? 0]));
}

/** The pipeline of an app; null if it is in none. */
export async function findPipelineId(reader: Reader, appId: string): Promise<string | null> {
  return (await reader.first(Coupling, { appId }))?.pipelineId ?? null;
}
