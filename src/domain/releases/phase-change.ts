import sql from "sql-template-tag";
import type { Tx } from "../../database/rows/tx.js";
import type { ReleasePhase } from "../../entities/core/enums.js";
import { Coupling } from "../../entities/pipelines/coupling.js";
import { Promotion } from "../../entities/releases/promotion.js";
import { PromotionTarget } from "../../entities/releases/promotion-target.js";
import { Release } from "../../entities/releases/release.js";
import { type EventDraft, promotionTargetChanged, releaseChanged } from "../../events/draft.js";
import type { TxCtx } from "../core/context.js";
import { transactionTime } from "../core/values/time.js";
import { promoteLater } from "../rollouts/automation/promote-later.js";
import { updateProgress } from "../rollouts/update-progress.js";
import { startVerification } from "../rollouts/verification/start.js";
import { nextDeadline, requireReleasedApp } from "./release-app.js";

export interface PhaseDetails {
  /** Null by default. */
  readonly failureReason?: string | null;
  /** Whether the release failed because no report came in time. False by default. */
  readonly timedOut?: boolean;
}

/**
 * Changes the phase of a release and of its target, without the effects on other releases: `updatePhase` applies those.
 * Updates `release`.
 */
export async function setPhase(
  tx: Tx,
  ctx: TxCtx,
  release: Release,
  phase: ReleasePhase,
  { failureReason = null, timedOut = false }: PhaseDetails = {},
): Promise<EventDraft[]> {
  release.phase = phase;
  release.failureReason = failureReason;
  release.timedOut = timedOut;
  release.deployDeadline = phase === "DEPLOYING" ? nextDeadline(ctx, await requireReleasedApp(tx, release)) : null;
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
