import { appsRunning, currentReleases } from "../../database/queries/current-releases.js";
import type { Reader } from "../../database/rows/reader.js";
import { Build } from "../../entities/builds/build.js";
import type { BlockerCode, ConfigParity, Remedy, Stage } from "../../entities/core/enums.js";
import { App } from "../../entities/pipelines/app.js";
import { Coupling } from "../../entities/pipelines/coupling.js";
import type { Pipeline } from "../../entities/pipelines/pipeline.js";
import { type Blocker, PlannedTarget, PromotionPlan } from "../../entities/releases/plan.js";
import type { CheckResult, Promotion, PromotionTarget } from "../../entities/releases/promotion.js";
import type { Release } from "../../entities/releases/release.js";
import { LIMITS } from "../core/input.js";
import { requireApp, requirePipeline, requireRelease } from "../core/references.js";
import { badInput } from "../core/refusal.js";
import { createBlocker } from "../gates/blocker.js";
import { evaluateChecks } from "../gates/checks/checks.js";
import { evaluateGates, type Verdict } from "../gates/evaluate.js";
import type { Subject, Target } from "../gates/gate.js";
import { applyOverride, type OverrideInput } from "../gates/override.js";
import { nextStage } from "../pipelines/stages.js";

export interface PromoteInput extends OverrideInput {
  readonly app?: string | null;
  readonly pipeline?: string | null;
  readonly stage?: Stage | null;
  readonly release?: string | null;
  readonly targets?: readonly string[] | null;
  readonly skipUpToDate?: boolean | null;
  /** Whether to wait for what can be cleared, instead of being refused. */
  readonly whenReady?: boolean | null;
  /** The time before which it must not go. Implies `whenReady`. */
  readonly notBefore?: Date | null;
  /** How long it may wait, from `notBefore` on if that is given. @default 72h */
  readonly expiresIn?: string | null;
  /** How config vars are compared: at least by this rule, or not at all if OFF; by the rule of the stage if omitted. */
  readonly parity?: ConfigParity | null;
  readonly idempotencyKey?: string | null;
}

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
  /** All targets of that promotion, also those that were admitted. */
  readonly promotionTargets?: readonly PromotionTarget[];
}

/**
 * Evaluates a promotion: which release of which app would go where, and what blocks it. With `force`, gates do not
 * block, but the results of checks are included.
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
    // Without a release there is nothing to evaluate: that it is missing is one blocker, not one per check.
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
  const ofTarget = ({ app }: Target) => verdict.blockers.filter((blocker) => blocker.app?.id === app.id);
  const targets = apps.map((target, index) => toTarget(target, source, verdict.checks[index] ?? [], ofTarget(target)));
  blockers.push(...verdict.blockers);
  const { forcedPast } = verdict;
  return Object.assign(new PromotionPlan(), {
    pipeline,
    source,
    release,
    build,
    from,
    to,
    targets,
    blockers,
    forcedPast,
  });
}

/** What the gates say of a promotion. */
export interface PromotionVerdict {
  /** What blocks it, besides what `force` goes past. */
  readonly blockers: readonly Blocker[];
  /** What `force` goes past. */
  readonly forcedPast: readonly Blocker[];
  /** The required checks of each target, aligned with `targets`. */
  readonly checks: readonly (readonly CheckResult[])[];
}

/**
 * Evaluates promotions whose release and targets are known: before they exist, and while they wait. The number of statements
 * does not depend on how many there are.
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
      blockers: [...ofRelease(promotion), ...held],
      forcedPast: all.filter((one) => !held.includes(one)),
      checks,
    };
  });
}

/** What blocks a promotion because of its release. It cannot be forced. */
function ofRelease({ release, source }: Resolved): Blocker[] {
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
  const apps = new Map((await reader.find(App, { id: couplings.map((one) => one.appId) })).map((app) => [app.id, app]));
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

async function findSource(
  reader: Reader,
  input: PromoteInput,
): Promise<{ pipeline: Pipeline; from: Stage; source: App | null }> {
  if (input.app != null) {
    const source = await requireApp(reader, "app", input.app);
    const coupling = await reader.first(Coupling, { appId: source.id });
    if (coupling === null) throw badInput("app", `app must be in a pipeline; ${source.name} is in none.`);
    const pipeline = await requirePipeline(reader, "pipeline", input.pipeline ?? coupling.pipelineId);
    if (pipeline.id !== coupling.pipelineId) {
      throw badInput("pipeline", `pipeline must be that of the app: ${source.name} is not in ${pipeline.name}.`);
    }
    if (input.stage != null && input.stage !== coupling.stage) {
      throw badInput("stage", `stage must be that of the app: ${source.name} is in ${coupling.stage}.`);
    }
    return { pipeline, from: coupling.stage, source };
  }
  if (input.pipeline == null || input.stage == null) {
    throw badInput("app", "app must name the source app; without it, pipeline and stage must both be given.");
  }
  const pipeline = await requirePipeline(reader, "pipeline", input.pipeline);
  const couplings = await reader.find(Coupling, { pipelineId: pipeline.id, stage: input.stage }, { order: "position" });
  const current = await currentReleases(
    reader,
    couplings.map((coupling) => coupling.appId),
  );
  const first = couplings.find((coupling) => current.has(coupling.appId));
  const source = first === undefined ? null : await reader.first(App, { id: first.appId });
  return { pipeline, from: input.stage, source };
}

async function findRelease(reader: Reader, input: PromoteInput, source: App | null): Promise<Release | null> {
  if (input.release == null) {
    return source === null ? null : ((await currentReleases(reader, [source.id])).get(source.id) ?? null);
  }
  const release = await requireRelease(reader, "release", input.release);
  if (release.appId === source?.id) return release;
  throw badInput("release", `release must be a release of the source app${source ? `, ${source.name}` : ""}.`);
}

/** The couplings of the targets: the given apps, each of which must be in the next stage, or all of that stage. */
async function findTargets(
  reader: Reader,
  { targets }: PromoteInput,
  pipeline: Pipeline,
  to: Stage | null,
): Promise<Coupling[]> {
  if (targets?.length === 0) {
    throw badInput("targets", "targets must name an app, or be left out for all of the next stage.");
  }
  if (targets != null && targets.length > LIMITS.targets) {
    throw badInput("targets", `targets must name at most ${LIMITS.targets} apps; it has ${targets.length}.`);
  }
  if (to === null) return [];
  const inStage = await reader.find(Coupling, { pipelineId: pipeline.id, stage: to }, { order: "position" });
  if (targets == null) return inStage;
  const named = new Map<string, Coupling>();
  for (const [index, reference] of targets.entries()) {
    const app = await requireApp(reader, `targets.${index}`, reference);
    const coupling = inStage.find((one) => one.appId === app.id);
    if (coupling === undefined) {
      throw badInput(`targets.${index}`, `targets.${index} must be in ${to} of ${pipeline.name}; ${app.name} is not.`);
    }
    named.set(app.id, coupling);
  }
  return [...named.values()];
}

async function withoutRunning(reader: Reader, build: Build, couplings: readonly Coupling[]): Promise<Coupling[]> {
  const ids = couplings.map((coupling) => coupling.appId);
  const running = await appsRunning(reader, build.id, ids);
  return couplings.filter((coupling) => !running.has(coupling.appId));
}

/** A blocker of the promotion itself. It cannot be forced. */
function promotionBlocker(code: BlockerCode, message: string, remedies: Remedy[] = []): Blocker {
  return createBlocker({ code, message, remedies });
}
