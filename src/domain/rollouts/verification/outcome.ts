import type { Tx } from "../../../database/rows/tx.js";
import { Promotion } from "../../../entities/releases/promotion.js";
import { PromotionTarget } from "../../../entities/releases/promotion-target.js";
import { Release } from "../../../entities/releases/release.js";
import { ReleaseStatus } from "../../../entities/releases/release-status.js";
import {
  type EventDraft,
  promotionTargetChanged,
  releaseChanged,
  type VerificationProblem,
} from "../../../events/draft.js";
import type { TxCtx } from "../../core/context.js";
import { transactionTime } from "../../core/values/time.js";
import { findPipelineId } from "../../releases/release-app.js";
import { quarantineFailed } from "../quarantine/after-failure.js";
import { updateProgress } from "../update-progress.js";
import { rollBack } from "./roll-back.js";

/*
 * The outcome of a verification. The caller holds the locks of `lockApps` for the app of the release, and the lock of
 * its build, which changes of statuses need.
 */

/** Whether the verification of a release depends on a context. */
export function isVerifiedBy({ verification }: Release, context: string): boolean {
  return verification?.checks.includes(context) === true;
}

/**
 * Evaluates the verification of a release. It fails with the first FAILURE or ERROR, even after it passed. It passes
 * when every check is SUCCESS, even after it failed. Updates `release`.
 */
export async function evaluateVerification(tx: Tx, ctx: TxCtx, release: Release): Promise<EventDraft[]> {
  const { verification, verificationState: state } = release;
  if (verification === null) return [];
  const statuses = await tx.find(ReleaseStatus, { releaseId: release.id, context: [...verification.checks] });
  const failed = statuses.find((one) => one.state === "FAILURE" || one.state === "ERROR");
  if (failed !== undefined) {
    if (state === "FAILED") return [];
    const problem = `${failed.context} is ${failed.state} on v${release.version}.`;
    return failVerification(tx, ctx, release, { problem, statusId: failed.id });
  }
  const passed = verification.checks.every((context) =>
    statuses.some((one) => one.context === context && one.state === "SUCCESS"),
  );
  return passed && state !== "VERIFIED" ? pass(tx, ctx, release) : [];
}

async function pass(tx: Tx, ctx: TxCtx, release: Release): Promise<EventDraft[]> {
  const verifiedAt = await transactionTime(tx, ctx);
  const patch = { verificationState: "VERIFIED" as const, verificationProblem: null, verifyBy: null, verifiedAt };
  Object.assign(release, patch);
  await tx.update(Release, { id: release.id }, patch);
  const verified = releaseChanged("RELEASE_VERIFIED", release, await findPipelineId(tx, release.appId));
  return [verified, ...(await endVerifying(tx, ctx, release, null))];
}

/**
 * Fails the verification of a release: clears `verifiedAt`, and ends its target if that was being verified. With
 * ROLL_BACK, the app is rolled back if possible, and the build is quarantined. A failure after the verification has
 * ended does neither, because the cause may be unrelated to the release. Updates `release`.
 */
export async function failVerification(
  tx: Tx,
  ctx: TxCtx,
  release: Release,
  cause: VerificationProblem,
): Promise<EventDraft[]> {
  const wasVerifying = release.verificationState === "VERIFYING";
  const patch = {
    verificationState: "FAILED" as const,
    verificationProblem: cause.problem,
    verificationFailedAt: await transactionTime(tx, ctx),
    ...{ verifyBy: null, verifiedAt: null },
  };
  Object.assign(release, patch);
  await tx.update(Release, { id: release.id }, patch);
  const failed = releaseChanged("VERIFICATION_FAILED", release, await findPipelineId(tx, release.appId), cause);
  if (!wasVerifying) return [failed];
  const onFailure = release.verification?.onFailure ?? "STOP";
  const back = onFailure === "ROLL_BACK" ? await rollBack(tx, ctx, release, cause) : null;
  const phase = onFailure === "RECORD" ? null : back === null ? "FAILED" : "ROLLED_BACK";
  const quarantined = onFailure === "ROLL_BACK" ? await quarantineFailed(tx, ctx, release, cause) : [];
  return [failed, ...(await endVerifying(tx, ctx, release, phase)), ...(back ?? []), ...quarantined];
}

/**
 * Ends the verification of a target.
 *
 * @param ownPhase null if its phase is that of the release again
 */
async function endVerifying(
  tx: Tx,
  ctx: TxCtx,
  release: Release,
  ownPhase: "FAILED" | "ROLLED_BACK" | null,
): Promise<EventDraft[]> {
  const { promotionId } = release;
  const target = promotionId === null ? null : await tx.first(PromotionTarget, { releaseId: release.id });
  const promotion = promotionId === null ? null : await tx.first(Promotion, { id: promotionId });
  if (target === null || promotion === null || target.ownPhase !== "VERIFYING") return [];
  await tx.update(PromotionTarget, { id: target.id }, { ownPhase });
  // The event shows a promotion that finishes now as still in progress.
  const inProgress = Object.assign(new Promotion(), promotion, { phase: "IN_PROGRESS" });
  return [
    promotionTargetChanged(inProgress, target, ownPhase ?? release.phase),
    ...(await updateProgress(tx, ctx, promotion)),
  ];
}
