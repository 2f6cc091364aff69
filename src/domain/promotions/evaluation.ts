import type { Reader } from "../../database/rows/reader.js";
import { Build } from "../../entities/builds/build.js";
import type { BlockerCode, ConfigParity, Remedy, Stage } from "../../entities/core/enums.js";
import { App } from "../../entities/pipelines/app.js";
import type { Coupling } from "../../entities/pipelines/coupling.js";
import type { Pipeline } from "../../entities/pipelines/pipeline.js";
import type { CheckResult } from "../../entities/releases/check-result.js";
import { type Blocker, PlannedTarget, PromotionPlan } from "../../entities/releases/plan.js";
import type { Promotion } from "../../entities/releases/promotion.js";
import type { PromotionTarget } from "../../entities/releases/promotion-target.js";
import type { Release } from "../../entities/releases/release.js";
import { byId } from "../core/by-id.js";
import { groupBy } from "../core/group-by.js";
import { createBlocker } from "../gates/blocker.js";
import { evaluateChecks } from "../gates/checks/checks.js";
import { evaluateGates, type Verdict } from "../gates/evaluate.js";
import type { Subject, Target } from "../gates/gate.js";
import { applyOverride } from "../gates/override.js";
import { nextStage } from "../pipelines/stages.js";
import { findRelease, findSource, findTargets, type PromoteInput, withoutRunning } from "./promote-input.js";

/** A promotion whose release and targets are known. */
export interface Resolved {
  readonly pipeline: Pipeline;
  readonly source: App | null;
  readonly release: Release;
  readonly build: Build;
  readonly to: Stage | null;
  readonly targets: readonly Target[];
  readonly force: boolean;
  readonly notBefore: Date | null;
  /** How config vars are compared, as in PromoteInput. */
  readonly parity: ConfigParity | null;
  /** The promotion, while it waits; null before it exists. */
  readonly promotion: Promotion | null;
  /** All targets of that promotion, including admitted ones. */
  readonly promotionTargets?: readonly PromotionTarget[];
}

/**
 * Evaluates a promotion: its release, source and targets, and what blocks it. With `force`, overridable blockers are
 * listed in `forcedPast` instead.
 *
 * @param now the time of the transaction
 */
export async function evaluatePromotion(reader: Reader, now: Date, input: PromoteInput): Promise<PromotionPlan> {
  const notBefore = input.notBefore ?? null;
  const { pipeline, from, source } = await findSource(reader, input);
  const release = await findRelease(reader, input, source);
  const to = nextStage(from);
  const inStage = await findTargets(reader, input, pipeline, to);
  const build = release === null ? null : await reader.first(Build, { id: release.buildId });
  const couplings =
    input.skipUpToDate === true && build !== null ? await withoutRunning(reader, build, inStage) : inStage;
  const blockers: Blocker[] = [];
  if (release === null) {
    const what = source === null ? `No app in ${from} of ${pipeline.name}` : source.name;
    blockers.push(
      promotionBlocker("NO_RELEASE", `${what} has ${source === null ? "a" : "no"} release that could be promoted.`),
    );
  }
  if (to === null)
    blockers.push(promotionBlocker("NO_NEXT_STAGE", `${from} is the last stage: nothing comes after it.`));
  else if (inStage.length === 0) blockers.push(promotionBlocker("NO_TARGETS", `${pipeline.name} has no app in ${to}.`));
  else if (couplings.length === 0) {
    const message = `Every target in ${to} of ${pipeline.name} already runs this build; skipUpToDate leaves none.`;
    blockers.push(promotionBlocker("UP_TO_DATE", message));
  }
  const apps = await findTargetApps(reader, couplings);
  if (release === null || build === null) {
    // Without a release there is nothing to evaluate. The missing release is one blocker, instead of one for each
    // check.
    const targets = apps.map((target) =>
      toTarget(target, source, evaluateChecks(target.coupling.requiredChecks, []), []),
    );
    return Object.assign(new PromotionPlan(), { pipeline, source, release, build, from, to, targets, blockers });
  }
  const force = input.force === true;
  const parity = input.parity ?? null;
  const resolved = { pipeline, source, release, build, to, targets: apps, force, notBefore, parity, promotion: null };
  const [verdict] = await evaluateResolved(reader, now, [resolved]);
  if (verdict === undefined) throw new Error("The promotion was not evaluated.");
  const ofTargets = groupBy(verdict.blockers, ({ app }) => app?.id);
  const targets = apps.map((target, index) =>
    toTarget(target, source, verdict.checks[index] ?? [], ofTargets.get(target.app.id) ?? []),
  );
  const { forcedPast } = verdict;
  return Object.assign(new PromotionPlan(), {
    pipeline,
    source,
    release,
    build,
    from,
    to,
    targets,
    blockers: [...blockers, ...verdict.blockers],
    forcedPast,
  });
}

/** The result of the gates for a promotion. */
export interface PromotionVerdict {
  /** What blocks it, without the blockers that `force` bypasses. */
  readonly blockers: readonly Blocker[];
  /** The blockers that `force` bypasses. */
  readonly forcedPast: readonly Blocker[];
  /** The required checks of each target, aligned with `targets`. */
  readonly checks: readonly (readonly CheckResult[])[];
}

/**
 * Evaluates promotions whose release and targets are known: before they exist, and while they wait. The number of
 * statements does not depend on how many there are.
 *
 * @param now the time of the transaction
 * @returns verdicts aligned with `promotions`
 */
export async function evaluateResolved(
  reader: Reader,
  now: Date,
  promotions: readonly Resolved[],
): Promise<PromotionVerdict[]> {
  const subjects = promotions.map(({ source: _source, force: _force, ...promotion }): Subject => {
    return { way: "PROMOTION", ...promotion };
  });
  const verdicts = await evaluateGates(reader, now, subjects);
  return promotions.map((promotion, index) => {
    const { blockers: all, checks } = verdicts[index] as Verdict;
    const held = applyOverride(promotion, all);
    return {
      blockers: [...findReleaseBlockers(promotion), ...held],
      forcedPast: promotion.force ? all.filter(({ overridable }) => overridable) : [],
      checks,
    };
  });
}

/** What blocks a promotion because of its release. It cannot be forced. */
function findReleaseBlockers({ release, source }: Resolved): Blocker[] {
  if (release.phase === "SUCCEEDED") return [];
  const message = `v${release.version} of ${source?.name} is ${release.phase}; only a release that SUCCEEDED can be promoted.`;
  return [promotionBlocker("RELEASE_NOT_SUCCEEDED", message, maySucceed(release) ? ["DEPLOY"] : [])];
}

/** Whether a release can still become SUCCEEDED. */
function maySucceed({ phase, timedOut }: Release): boolean {
  return phase === "QUEUED" || phase === "DEPLOYING" || (phase === "FAILED" && timedOut);
}

export async function findTargetApps(reader: Reader, couplings: readonly Coupling[]): Promise<Target[]> {
  if (couplings.length === 0) return [];
  const apps = await byId(reader.find(App, { id: couplings.map((one) => one.appId) }));
  return couplings.map((coupling) => {
    const app = apps.get(coupling.appId);
    if (app === undefined) throw new Error(`Coupling ${coupling.id} has lost its app.`);
    return { coupling, app };
  });
}

function toTarget(
  { coupling, app }: Target,
  source: App | null,
  checks: readonly CheckResult[],
  blockers: readonly Blocker[],
): PlannedTarget {
  const sourceId = source?.id ?? null;
  return Object.assign(new PlannedTarget(), { coupling, app, sourceId, checks: [...checks], blockers: [...blockers] });
}

/** A blocker of the promotion itself. It cannot be forced. */
function promotionBlocker(code: BlockerCode, message: string, remedies: Remedy[] = []): Blocker {
  return createBlocker({ code, message, remedies });
}
