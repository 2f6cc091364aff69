import { StaleRead } from "../../database/database.js";
import { appsRunning, currentReleases } from "../../database/queries/current-releases.js";
import type { Tx } from "../../database/rows/tx.js";
import { Token, type Viewer } from "../../entities/access/token.js";
import { Build } from "../../entities/builds/build.js";
import { App } from "../../entities/pipelines/app.js";
import { Pipeline } from "../../entities/pipelines/pipeline.js";
import type { PromotionPlan } from "../../entities/releases/plan.js";
import { Promotion } from "../../entities/releases/promotion.js";
import { append } from "../../events/append.js";
import { permit } from "../access/actions.js";
import type { Ctx } from "../core/context.js";
import { withIdempotency } from "../core/idempotency.js";
import { lockApps, lockGates } from "../core/locks.js";
import { transactionTime } from "../core/values/time.js";
import { parseOverride } from "../gates/override.js";
import { carryOut } from "./carry-out.js";
import { evaluatePromotion } from "./evaluation.js";
import type { PromoteInput } from "./promote-input.js";
import { parseExpiresIn, parseWhenReady } from "./waiting/when-ready.js";

/**
 * Promotes a release of an app to apps of the next stage: releases the same build there. If one target is blocked, none
 * starts. With `whenReady`, the promotion waits if every blocker can be cleared without `force`; otherwise it is
 * refused.
 *
 * @throws Refusal PROMOTION_BLOCKED with every blocker; FORBIDDEN if the viewer may not use `force`
 */
export async function promote(ctx: Ctx, input: PromoteInput): Promise<Promotion> {
  permit(ctx.viewer, "promote");
  const override = parseOverride(ctx.viewer, "forcePromotion", input);
  const expiresIn = parseExpiresIn(input);
  return withIdempotency(ctx, "promote", input, Promotion, async (tx) => {
    const now = await transactionTime(tx, ctx);
    const waits = parseWhenReady(input, now);
    const plan = await evaluateUnderLocks(tx, now, input, waits ? ctx.viewer : null);
    const { promotion, events } = await carryOut(tx, ctx, plan, {
      ...override,
      waits,
      expiresIn,
      notBefore: input.notBefore ?? null,
      parity: input.parity ?? null,
    });
    await append(tx, ctx.viewer, ctx.now(), events);
    return promotion;
  });
}

/** Evaluates what `promote` would do with the same input. Writes nothing. */
export async function planPromotion(ctx: Ctx, input: PromoteInput): Promise<PromotionPlan> {
  permit(ctx.viewer, "read");
  parseExpiresIn(input);
  const now = await transactionTime(ctx.db.reader, ctx);
  parseWhenReady(input, now);
  const plan = await evaluatePromotion(ctx.db.reader, now, input);
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
 * @param asker the viewer whose credential a waiting promotion depends on; null if the promotion does not wait
 * @throws StaleRead if it then depends on other rows, which can no longer be locked in order
 */
export async function evaluateUnderLocks(
  tx: Tx,
  now: Date,
  input: PromoteInput,
  asker: Viewer | null,
): Promise<PromotionPlan> {
  const plan = await evaluatePromotion(tx, now, input);
  if (!tx.dialect.concurrent) return plan;
  // So that concurrent requests cannot exceed the maximum number of waiting promotions.
  if (asker !== null) await lockWaitingIn(tx, plan.pipeline.id);
  const { source, targets, builds } = lockSet(plan);
  await tx.lock(Pipeline, [plan.pipeline.id], "share");
  await tx.lock(App, source, "share");
  await lockApps(tx, targets);
  // A forced promotion may end quarantines of its build.
  await tx.lock(Build, builds, input.force === true ? "change" : "share");
  if (asker?.tokenId != null) await tx.lock(Token, [asker.tokenId], "share");
  await lockGates(tx, "share");
  const held = new Set([plan.pipeline.id, ...source, ...targets, ...builds]);
  const final = await evaluatePromotion(tx, now, input);
  const rows = lockSet(final);
  const all = [final.pipeline.id, ...rows.source, ...rows.targets, ...rows.builds];
  if (!all.every((id) => held.has(id))) throw new StaleRead("The rows that the promotion depends on have changed.");
  return final;
}

/** Locks the number of promotions that wait in a pipeline. */
export function lockWaitingIn(tx: Tx, pipelineId: string): Promise<void> {
  return tx.lockName(`promotions waiting in ${pipelineId}`);
}

/** The rows that an evaluation depends on, besides the pipeline. */
function lockSet(plan: PromotionPlan) {
  return {
    source: plan.source === null ? [] : [plan.source.id],
    targets: plan.targets.map((target) => target.app.id),
    builds: plan.release === null ? [] : [plan.release.buildId],
  };
}
