import { StaleRead } from "../../database/database.js";
import { appsRunning, currentReleases } from "../../database/queries/current-releases.js";
import type { Tx } from "../../database/rows/tx.js";
import { Build } from "../../entities/builds/build.js";
import { App } from "../../entities/pipelines/app.js";
import { Pipeline } from "../../entities/pipelines/pipeline.js";
import type { PromotionPlan } from "../../entities/releases/plan.js";
import { Promotion, PromotionTarget } from "../../entities/releases/promotion.js";
import { Release } from "../../entities/releases/release.js";
import { append } from "../../events/append.js";
import { promotionChanged, promotionTargetChanged, releaseChanged } from "../../events/draft.js";
import { permit } from "../access/actions.js";
import type { Ctx } from "../core/context.js";
import { newId } from "../core/id.js";
import { withIdempotency } from "../core/idempotency.js";
import { lockApps, lockGates } from "../core/locks.js";
import { nextPosition } from "../core/position.js";
import { blocked } from "../core/refusal.js";
import { transactionTime } from "../core/time.js";
import { parseOverride } from "../gates/override.js";
import { prepareReleases, promotionPhase } from "./deployments.js";
import { evaluatePromotion, type PromoteInput } from "./promotion-evaluation.js";

/**
 * Copies the build of an app's release to the apps of the next stage, as new releases: to all of them or to none.
 *
 * @throws Refusal PROMOTION_BLOCKED with every blocker; FORBIDDEN if the viewer may not use `force`
 */
export async function promote(ctx: Ctx, input: PromoteInput): Promise<Promotion> {
  permit(ctx.viewer, "promote");
  const override = parseOverride(ctx.viewer, "forcePromotion", input);
  return withIdempotency(ctx, "promote", input, Promotion, async (tx) => {
    const plan = await evaluateUnderLocks(tx, await transactionTime(tx, ctx), input);
    const { source, release, build, to } = plan;
    if (plan.blockers.length > 0) throw blocked(`The promotion${source ? ` of ${source.name}` : ""}`, plan.blockers);
    if (source === null || release === null || build === null || to === null) {
      throw new Error("A plan without blockers is incomplete.");
    }
    const promotionId = newId();
    const apps = plan.targets.map((target) => target.app);
    const { releases, superseded } = await prepareReleases(tx, ctx, apps, {
      build,
      trigger: "PROMOTION",
      description: `Promotion from ${source.name}`,
      promotionId,
      override,
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
      ...override,
      position: await nextPosition(tx, "promotions"),
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
        position: (releases[index] as Release).position,
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
  const plan = await evaluatePromotion(ctx.db.reader, await transactionTime(ctx.db.reader, ctx), input);
  const ids = plan.targets.map((target) => target.app.id);
  const current = await currentReleases(ctx.db.reader, ids);
  const running = plan.build === null ? new Set() : await appsRunning(ctx.db.reader, plan.build.id, ids);
  for (const target of plan.targets) {
    target.currentRelease = current.get(target.app.id) ?? null;
    target.upToDate = running.has(target.app.id);
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
async function evaluateUnderLocks(tx: Tx, now: Date, input: PromoteInput): Promise<PromotionPlan> {
  const plan = await evaluatePromotion(tx, now, input);
  if (!tx.dialect.concurrent) return plan;
  const { source, targets, builds } = lockSet(plan);
  await tx.lock(Pipeline, [plan.pipeline.id], "share");
  await tx.lock(App, source, "share");
  await lockApps(tx, targets);
  await tx.lock(Build, builds, "share");
  await lockGates(tx, "share");
  const held = new Set([plan.pipeline.id, ...source, ...targets, ...builds]);
  const final = await evaluatePromotion(tx, now, input);
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
