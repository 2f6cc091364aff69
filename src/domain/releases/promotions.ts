import { StaleRead } from "../../database/database.js";
import { currentReleases } from "../../database/queries/current-releases.js";
import type { Reader, Tx } from "../../database/rows/reader.js";
import { Build } from "../../entities/builds/build.js";
import type { BlockerCode, Stage } from "../../entities/core/enums.js";
import { App } from "../../entities/pipelines/app.js";
import { Coupling } from "../../entities/pipelines/coupling.js";
import { Pipeline } from "../../entities/pipelines/pipeline.js";
import { type Blocker, PlannedTarget, PromotionPlan } from "../../entities/releases/plan.js";
import { Promotion, PromotionTarget } from "../../entities/releases/promotion.js";
import { Release } from "../../entities/releases/release.js";
import { append } from "../../events/append.js";
import { promotionChanged, promotionTargetChanged, releaseChanged } from "../../events/draft.js";
import { permit } from "../access/actions.js";
import type { Ctx } from "../core/context.js";
import { newId } from "../core/id.js";
import { withIdempotency } from "../core/idempotency.js";
import { LIMITS, optional, parseText } from "../core/input.js";
import { lockApps } from "../core/locks.js";
import { requireApp, requirePipeline, requireRelease } from "../core/references.js";
import { badInput, blocked } from "../core/refusal.js";
import { checkBlockers, evaluateChecks, findStatuses } from "../gates/checks.js";
import { nextStage } from "../pipelines/stages.js";
import { prepareReleases, promotionPhase } from "./deployments.js";

export interface PromoteInput {
  readonly app?: string | null;
  readonly pipeline?: string | null;
  readonly stage?: Stage | null;
  readonly release?: string | null;
  readonly targets?: readonly string[] | null;
  readonly force?: boolean | null;
  readonly reason?: string | null;
  readonly idempotencyKey?: string | null;
}

/**
 * Copies the build of an app's release to the apps of the next stage, as new releases: to all of them or to none.
 *
 * @throws Refusal PROMOTION_BLOCKED with every blocker; FORBIDDEN if the viewer may not use `force`
 */
export async function promote(ctx: Ctx, input: PromoteInput): Promise<Promotion> {
  permit(ctx.viewer, "promote");
  const forced = input.force === true;
  if (forced) permit(ctx.viewer, "forcePromotion");
  const reason = optional(input.reason, (value) => parseText("reason", value, LIMITS.description));
  if (forced && !reason?.trim()) throw badInput("reason", "reason must say why the promotion is forced.");
  return withIdempotency(ctx, "promote", input, Promotion, async (tx) => {
    const plan = await evaluateUnderLocks(tx, input);
    const { source, release, to } = plan;
    if (plan.blockers.length > 0) throw blocked(`The promotion${source ? ` of ${source.name}` : ""}`, plan.blockers);
    if (source === null || release === null || to === null) throw new Error("A plan without blockers is incomplete.");
    const [build] = await tx.find(Build, { id: release.buildId });
    if (build === undefined) throw new Error(`Release ${release.id} has lost its build.`);
    const promotionId = newId();
    const apps = plan.targets.map((target) => target.app);
    const { releases, superseded } = await prepareReleases(tx, ctx, apps, {
      build,
      trigger: "PROMOTION",
      description: `Promotion from ${source.name}`,
      promotionId,
    });
    const now = ctx.now();
    const promotion = Object.assign(new Promotion(), {
      id: promotionId,
      pipelineId: plan.pipeline.id,
      sourceAppId: source.id,
      releaseId: release.id,
      buildId: build.id,
      from: plan.from,
      to,
      phase: promotionPhase(releases.map((made) => made.phase)),
      forced,
      reason: reason || null,
      createdByName: ctx.viewer.name,
      createdByRole: ctx.viewer.role,
      createdAt: now,
      updatedAt: now,
    });
    const rows = plan.targets.map((target, index) => ({
      release: releases[index] as Release,
      target: Object.assign(new PromotionTarget(), {
        id: newId(),
        promotionId,
        appId: target.app.id,
        releaseId: (releases[index] as Release).id,
        checks: target.checks,
      }),
    }));
    await tx.insert(Promotion, [promotion]);
    await tx.insert(Release, releases);
    await tx.insert(
      PromotionTarget,
      rows.map((row) => row.target),
    );
    const started = Object.assign(new Promotion(), promotion, { phase: "IN_PROGRESS" });
    const targetApps = apps.map((app) => app.id);
    await append(tx, ctx.viewer, now, [
      promotionChanged("PROMOTION_STARTED", started, targetApps),
      ...superseded,
      ...rows.flatMap((row) => [
        releaseChanged("RELEASE_CREATED", row.release, plan.pipeline.id),
        promotionTargetChanged(started, row.target, row.release.phase),
      ]),
      ...(promotion.phase === "IN_PROGRESS" ? [] : [promotionChanged("PROMOTION_FINISHED", promotion, targetApps)]),
    ]);
    return promotion;
  });
}

/** Evaluates what `promote` would do with the same input, by the same rules, and writes nothing. */
export async function planPromotion(ctx: Ctx, input: PromoteInput): Promise<PromotionPlan> {
  permit(ctx.viewer, "read");
  const plan = await evaluatePromotion(ctx.db.reader, input);
  const current = await currentReleases(
    ctx.db.reader,
    plan.targets.map((target) => target.app.id),
  );
  for (const target of plan.targets) {
    target.currentRelease = current.get(target.app.id) ?? null;
    target.upToDate = plan.release !== null && target.currentRelease?.buildId === plan.release.buildId;
  }
  return plan;
}

/**
 * Evaluates a promotion again after everything that it depends on is locked. The pipeline, the source and the build are
 * shared, so promotions wait for each other only if they have a target in common. The source is locked before the
 * targets: it is in an earlier stage, as in every other promotion of the pipeline.
 *
 * @throws StaleRead if it then depends on other rows, which cannot be locked in order any more
 */
async function evaluateUnderLocks(tx: Tx, input: PromoteInput): Promise<PromotionPlan> {
  const plan = await evaluatePromotion(tx, input);
  if (!tx.dialect.concurrent) return plan;
  const { source, targets, builds } = lockSet(plan);
  await tx.lock(Pipeline, [plan.pipeline.id], "share");
  await tx.lock(App, source, "share");
  await lockApps(tx, targets);
  await tx.lock(Build, builds, "share");
  const held = new Set([plan.pipeline.id, ...source, ...targets, ...builds]);
  const final = await evaluatePromotion(tx, input);
  const grounds = lockSet(final);
  const all = [final.pipeline.id, ...grounds.source, ...grounds.targets, ...grounds.builds];
  if (!all.every((id) => held.has(id))) throw new StaleRead("The rows that the promotion depends on have changed.");
  return final;
}

/** The rows that an evaluation depends on, besides the pipeline. */
function lockSet(plan: PromotionPlan) {
  return {
    source: plan.source === null ? [] : [plan.source.id],
    targets: plan.targets.map((target) => target.app.id),
    builds: plan.release === null ? [] : [plan.release.buildId],
  };
}

/**
 * Evaluates a promotion: which release of which app would go where, and what blocks it. With `force`, checks do not
 * block, but their results are included.
 */
async function evaluatePromotion(reader: Reader, input: PromoteInput): Promise<PromotionPlan> {
  const { pipeline, from, source } = await findSource(reader, input);
  const release = await findRelease(reader, input, source);
  const to = nextStage(from);
  const couplings = await findTargets(reader, input, pipeline, to);
  const forced = input.force === true;
  const blockers: Blocker[] = [];
  if (release === null) {
    const what = source === null ? `No app in ${from} of ${pipeline.name}` : source.name;
    blockers.push(
      promotionBlocker("NO_RELEASE", `${what} has ${source === null ? "a" : "no"} release that could be promoted.`),
    );
  } else if (release.phase !== "SUCCEEDED") {
    const message = `v${release.version} of ${source?.name} is ${release.phase}; only a release that SUCCEEDED can be promoted.`;
    blockers.push(promotionBlocker("RELEASE_NOT_SUCCEEDED", message));
  }
  if (to === null)
    blockers.push(promotionBlocker("NO_NEXT_STAGE", `${from} is the last stage: nothing comes after it.`));
  else if (couplings.length === 0)
    blockers.push(promotionBlocker("NO_TARGETS", `${pipeline.name} has no app in ${to}.`));
  const targets = await evaluateTargets(reader, couplings, release, forced);
  blockers.push(...targets.flatMap((target) => target.blockers));
  return Object.assign(new PromotionPlan(), { pipeline, source, release, from, to, targets, blockers });
}

async function evaluateTargets(
  reader: Reader,
  couplings: readonly Coupling[],
  release: Release | null,
  forced: boolean,
): Promise<PlannedTarget[]> {
  if (couplings.length === 0) return [];
  const apps = new Map((await reader.find(App, { id: couplings.map((one) => one.appId) })).map((app) => [app.id, app]));
  const statuses = release === null ? [] : await findStatuses(reader, release);
  return couplings.map((coupling) => {
    const app = apps.get(coupling.appId);
    if (app === undefined) throw new Error(`Coupling ${coupling.id} has lost its app.`);
    const checks = evaluateChecks(coupling.requiredChecks, statuses);
    // Without a release there are no checks to evaluate: that it is missing is one blocker, not one per check.
    const blockers = release === null || forced ? [] : checkBlockers(app, checks);
    return Object.assign(new PlannedTarget(), { coupling, app, checks, blockers });
  });
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
  const couplings = await reader.find(Coupling, { pipelineId: pipeline.id, stage: input.stage }, { order: "id" });
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
  const inStage = await reader.find(Coupling, { pipelineId: pipeline.id, stage: to }, { order: "id" });
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

function promotionBlocker(code: BlockerCode, message: string): Blocker {
  return { code, message, app: null, context: null, overridable: false };
}
