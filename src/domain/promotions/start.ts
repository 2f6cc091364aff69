import { currentReleases } from "../../database/queries/current-releases.js";
import type { Tx } from "../../database/rows/tx.js";
import { Build } from "../../entities/builds/build.js";
import type { PromotionTargetPhase } from "../../entities/core/enums.js";
import type { App } from "../../entities/pipelines/app.js";
import type { CheckResult } from "../../entities/releases/check-result.js";
import { Promotion } from "../../entities/releases/promotion.js";
import { PromotionTarget } from "../../entities/releases/promotion-target.js";
import { Release } from "../../entities/releases/release.js";
import { type EventDraft, promotionChanged, promotionTargetChanged, releaseChanged } from "../../events/draft.js";
import type { TxCtx } from "../core/context.js";
import { transactionTime } from "../core/values/time.js";
import { type MadeReleases, prepareReleases, type ReleaseRequest } from "../releases/new-releases.js";
import { isFinal, promotionPhase } from "../releases/phases.js";
import { noteDecision } from "../rollouts/automation/holds.js";
import type { TargetState } from "../rollouts/progress.js";
import { endByForce } from "../rollouts/quarantine/end.js";
import { DUE } from "../rollouts/update-progress.js";
import { supersedeWaiting } from "./waiting/supersede-waiting.js";

/** Targets of a promotion that all gates let through, with everything that is needed to start them. */
export interface Admitted {
  /** Inserted if it is new; updated if it waited. */
  readonly promotion: Promotion;
  readonly isNew: boolean;
  readonly targets: readonly AdmittedTarget[];
  /** The targets that wait for their wave. */
  readonly rest: readonly PromotionTarget[];
  /** The other targets: those that were admitted before, and those that ended while they waited. */
  readonly others: readonly TargetState[];
}

/** Prepares the releases of a promotion on its targets, in their order. */
export type MakeReleases = (tx: Tx, ctx: TxCtx) => Promise<MadeReleases>;

export interface AdmittedTarget {
  readonly app: App;
  readonly target: PromotionTarget;
  readonly checks: readonly CheckResult[];
}

/** The releases of the promoted build on the targets. */
export function makeCopies(build: Build, source: App, { promotion, targets }: Admitted): MakeReleases {
  const { id: promotionId, forced, reason } = promotion;
  const request: ReleaseRequest = {
    ...{ build, trigger: "PROMOTION", description: `Promotion from ${source.name}` },
    ...{ promotionId, override: { forced, reason } },
  };
  const apps = targets.map(({ app }) => app);
  return (tx, ctx) => prepareReleases(tx, ctx, apps, request);
}

/**
 * Starts a promotion, or its next wave: creates the releases on the targets. Used for promotions that start
 * immediately, for waiting ones, and to undo one. If targets of later waves wait, the promotion becomes due, to be
 * evaluated again. Updates `promotion`. The context's viewer is the person who requested it.
 */
export async function start(tx: Tx, ctx: TxCtx, admitted: Admitted, makeReleases: MakeReleases): Promise<EventDraft[]> {
  const { promotion, isNew, targets, rest, others } = admitted;
  const apps = targets.map(({ app }) => app);
  const appIds = apps.map((app) => app.id);
  const allAppIds = [...appIds, ...rest.map(({ appId }) => appId)];
  const isFirst = isNew || promotion.phase === "WAITING";
  const events = await supersedeWaiting(tx, ctx, promotion, allAppIds);
  const previous = await currentReleases(tx, appIds);
  const { releases, superseded } = await makeReleases(tx, ctx);
  const now = ctx.now();
  const phases = [...others.map((one) => one.phase), ...releases.map(targetPhase)];
  const waits = rest.length > 0;
  const phase = waits ? "IN_PROGRESS" : promotionPhase(phases);
  const waveEndedAt = waits && phases.every(isFinal) ? await transactionTime(tx, ctx) : null;
  const before = isFirst ? null : await tx.first(Promotion, { id: promotion.id });
  const isForced = promotion.forcedPast.length > (before?.forcedPast.length ?? 0);
  const needsReview = isForced || promotion.needsReview;
  const startedAt = promotion.startedAt ?? (await transactionTime(tx, ctx));
  const patch = { phase, startedAt, wakeAt: waits ? DUE : null, waveEndedAt, needsReview } as const;
  Object.assign(promotion, patch, isFirst || phase !== "IN_PROGRESS" ? { updatedAt: now } : {});
  const isStaged = waits || others.some(({ target }) => target.releaseId !== null);
  const rows = targets.map(({ app, target, checks }, index) => {
    const release = releases[index] as Release;
    const previousReleaseId = previous.get(app.id)?.id ?? null;
    const admittedNow = {
      releaseId: release.id,
      // With several waves, targets keep the order of the waves.
      position: isStaged ? target.position : release.position,
      ownPhase: targetPhase(release) === "VERIFYING" ? ("VERIFYING" as const) : null,
      previousReleaseId,
      checks: [...checks],
    };
    return { release, target: Object.assign(target, admittedNow) };
  });
  if (isNew) await tx.insert(Promotion, [promotion]);
  else {
    const { forcedPast, updatedAt } = promotion;
    await tx.update(Promotion, { id: promotion.id }, { ...patch, forcedPast, updatedAt });
    await tx.delete(PromotionTarget, { id: rows.map(({ target }) => target.id) });
  }
  await tx.insert(Release, releases);
  await tx.insert(PromotionTarget, [...rows.map(({ target }) => target), ...(isNew ? rest : [])]);
  const started = Object.assign(new Promotion(), promotion, { phase: "IN_PROGRESS" });
  const wave = findNewWave(admitted);
  events.push(
    ...(isFirst ? [promotionChanged("PROMOTION_STARTED", started, allAppIds)] : []),
    ...(isForced ? [promotionChanged("PROMOTION_FORCED", started, allAppIds)] : []),
    ...(wave === null ? [] : [promotionChanged("PROMOTION_WAVE_STARTED", started, appIds, wave)]),
    ...superseded,
    ...rows.flatMap(({ release, target }) => [
      releaseChanged("RELEASE_CREATED", release, promotion.pipelineId),
      promotionTargetChanged(started, target, targetPhase(release)),
    ]),
  );
  if (isForced) events.push(...(await endQuarantinesPassed(tx, ctx, promotion)));
  if (isFirst) events.push(...(await noteDecision(tx, ctx, promotion, allAppIds)));
  if (isNew) events.push(...rest.map((target) => promotionTargetChanged(started, target, "WAITING")));
  if (phase === "IN_PROGRESS") return events;
  const ofOthers = others.filter(({ target }) => target.releaseId !== null).map(({ target }) => target.appId);
  return [...events, promotionChanged("PROMOTION_FINISHED", promotion, [...ofOthers, ...appIds])];
}

/** A forced promotion that bypasses a quarantine ends it. */
async function endQuarantinesPassed(tx: Tx, ctx: TxCtx, promotion: Promotion): Promise<EventDraft[]> {
  if (!promotion.forcedPast.some(({ code }) => code === "BUILD_QUARANTINED")) return [];
  const build = (await tx.first(Build, { id: promotion.buildId })) as Build;
  return endByForce(tx, ctx, build, promotion.to, promotion.reason);
}

/** The phase of a target with this release. */
function targetPhase({ phase, verificationState }: Release): PromotionTargetPhase {
  return phase === "SUCCEEDED" && verificationState === "VERIFYING" ? "VERIFYING" : phase;
}

/** The wave that begins with these targets; null if it began before, or if the promotion has only one wave. */
function findNewWave({ targets, rest, others }: Admitted): number | null {
  const wave = targets[0]?.target.wave ?? 1;
  const all = [...rest, ...others.map(({ target }) => target)];
  const hasBegun = others.some(({ target }) => target.wave === wave && target.releaseId !== null);
  return hasBegun || all.every((target) => target.wave === wave) ? null : wave;
}
