import type { Actor } from "../entities/core/actor.js";
import type { PromotionTargetPhase, StatusState } from "../entities/core/enums.js";
import type { Approval } from "../entities/gates/approval.js";
import type { ScopeIds } from "../entities/gates/gate-scope.js";
import type { EventType } from "../entities/history/event-type.js";
import type { App } from "../entities/pipelines/app.js";
import type { Promotion } from "../entities/releases/promotion.js";
import type { PromotionTarget } from "../entities/releases/promotion-target.js";
import type { Release } from "../entities/releases/release.js";
import type { ReleaseStatus } from "../entities/releases/release-status.js";

/** An event before it is appended: without its position, time and actor. */
export interface EventDraft {
  readonly type: EventType;
  readonly pipelineId: string | null;
  readonly promotionId: string | null;
  readonly releaseId: string | null;
  readonly context: string | null;
  readonly detail: unknown;
  /** The ids of the apps that it concerns; the filter `app` matches them. */
  readonly apps: readonly string[];
  /** The actor, if it is not the viewer of the transaction, for example automation. */
  readonly actor?: Actor;
}

const NOTHING = { pipelineId: null, promotionId: null, releaseId: null, context: null };

type PromotionEventType =
  | "PROMOTION_WAITING"
  | "PROMOTION_STARTED"
  | "PROMOTION_FORCED"
  | "PROMOTION_REVIEWED"
  | "PROMOTION_FINISHED"
  | "PROMOTION_WAVE_STARTED"
  | "PROMOTION_ADVANCED"
  | "PROMOTION_PAUSED"
  | "PROMOTION_RESUMED"
  | "ROLLOUT_STOPPED";

/**
 * A change of a promotion as a whole, or of one of its waves. Concerns the source and every target, or every target of
 * the wave.
 */
export function promotionChanged(
  type: PromotionEventType,
  promotion: Promotion,
  targetApps: readonly string[],
  wave: number | null = null,
): EventDraft {
  const ofWave = wave === null ? {} : { wave };
  return {
    ...NOTHING,
    type,
    pipelineId: promotion.pipelineId,
    promotionId: promotion.id,
    detail: { phase: promotion.phase, targetId: null, targetPhase: null, ...ofWave, ...override(promotion) },
    apps: [promotion.sourceAppId, ...targetApps],
  };
}

/** A target changed its phase. Concerns the source and that target. */
export function promotionTargetChanged(
  promotion: Promotion,
  target: PromotionTarget,
  targetPhase: PromotionTargetPhase,
): EventDraft {
  return {
    ...NOTHING,
    type: "PROMOTION_TARGET_CHANGED",
    pipelineId: promotion.pipelineId,
    promotionId: promotion.id,
    detail: { phase: promotion.phase, targetId: target.id, targetPhase, ...override(promotion) },
    apps: [promotion.sourceAppId, target.appId],
  };
}

/** An approval was given, rejected or voided. Concerns the source and every target of the promotion. */
export function approvalChanged(
  type: "APPROVAL_GIVEN" | "APPROVAL_REJECTED" | "APPROVAL_VOIDED",
  promotion: Promotion,
  { id, ruleId, voidedBecause }: Approval,
  targetApps: readonly string[],
): EventDraft {
  return {
    ...NOTHING,
    type,
    pipelineId: promotion.pipelineId,
    promotionId: promotion.id,
    detail: { approvalId: id, ruleId, voidedBecause },
    apps: [promotion.sourceAppId, ...targetApps],
  };
}

type ReleaseEventType =
  | "RELEASE_CREATED"
  | "RELEASE_PHASE_CHANGED"
  | "RELEASE_CANCEL_REQUESTED"
  | "RELEASE_VERIFIED"
  | "VERIFICATION_FAILED"
  | "AUTOMATIC_ROLLBACK";

/** Why the verification of a release failed. */
export interface VerificationProblem {
  /** A sentence for people. */
  readonly problem: string;
  /** The status that failed; undefined if the time ran out. */
  readonly statusId?: string;
}

/**
 * A release was created, changed its phase or was verified, or its deployer was asked to stop.
 *
 * @param pipelineId the pipeline of its app; null if it is in none
 */
export function releaseChanged(
  type: ReleaseEventType,
  release: Release,
  pipelineId: string | null,
  cause: VerificationProblem | null = null,
): EventDraft {
  return {
    ...NOTHING,
    type,
    pipelineId,
    releaseId: release.id,
    detail: { phase: release.phase, ...(cause ?? {}), ...override(release) },
    apps: [release.appId],
  };
}

/** The override of a promotion or release, if it was forced. */
function override({ forced, reason }: Pick<Release, "forced" | "reason">) {
  return forced ? { forced, reason } : {};
}

/** A status was reported that applies to a release: on the release itself or on its build. */
export function statusReported(
  status: ReleaseStatus,
  previousState: StatusState | null,
  release: { readonly id: string; readonly appId: string; readonly pipelineId: string | null },
): EventDraft {
  return {
    ...NOTHING,
    type: "RELEASE_STATUS_REPORTED",
    pipelineId: release.pipelineId,
    releaseId: release.id,
    context: status.context,
    detail: { buildId: status.buildId, statusId: status.id, state: status.state, previousState },
    apps: [release.appId],
  };
}

/** Config vars of an app were changed or read. It names keys, and holds no value. */
export function configChanged(
  type: "CONFIG_CHANGED" | "CONFIG_READ",
  app: Pick<App, "id" | "name" | "configVersion">,
  keys: readonly string[],
  pipelineId: string | null,
): EventDraft {
  const { id, name, configVersion } = app;
  return { ...NOTHING, type, pipelineId, detail: { appId: id, appName: name, keys, configVersion }, apps: [id] };
}

/** Any other change. `summary` is a sentence for people. */
export function changed(
  type: EventType,
  subject: { readonly id: string; readonly name: string },
  summary: string,
  concerns: { readonly pipelineId?: string | null; readonly app?: Pick<App, "id"> | null } = {},
): EventDraft {
  return {
    ...NOTHING,
    type,
    pipelineId: concerns.pipelineId ?? null,
    detail: { subjectId: subject.id, subjectName: subject.name, summary },
    apps: concerns.app ? [concerns.app.id] : [],
  };
}

/**
 * A window or freeze changed. One event for each pipeline of its scope; a single one if the scope names no pipeline.
 */
export function gateChanged(
  type: EventType,
  gate: { readonly id: string; readonly name?: string },
  summary: string,
  scope: ScopeIds,
): EventDraft[] {
  const pipelines = scope.pipelines.length === 0 ? [null] : scope.pipelines;
  return pipelines.map((pipelineId) => ({
    ...NOTHING,
    type,
    pipelineId,
    detail: { subjectId: gate.id, subjectName: gate.name ?? "freeze", summary },
    apps: scope.apps,
  }));
}
