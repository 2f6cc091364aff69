import type { Reader } from "../../database/rows/reader.js";
import type { Tx } from "../../database/rows/tx.js";
import { Build } from "../../entities/builds/build.js";
import type { Stage } from "../../entities/core/enums.js";
import { App } from "../../entities/pipelines/app.js";
import { Coupling } from "../../entities/pipelines/coupling.js";
import { Pipeline } from "../../entities/pipelines/pipeline.js";
import type { Blocker } from "../../entities/releases/plan.js";
import { Promotion, PromotionTarget } from "../../entities/releases/promotion.js";
import { Release } from "../../entities/releases/release.js";
import type { EventDraft } from "../../events/draft.js";
import { type CredentialState, checkCredential } from "../access/credentials.js";
import { asViewer, SYSTEM_VIEWER, type TxCtx } from "../core/context.js";
import { lockApps, lockGates } from "../core/locks.js";
import { transactionTime } from "../core/time.js";
import { isClearable } from "../gates/blocker.js";
import { endWaiting } from "./ending.js";
import { evaluateResolved, type PromotionVerdict, type Resolved } from "./evaluation.js";
import { toForced } from "./forced.js";
import { type Admitted, copiesOf, start } from "./start.js";

/** Locks everything that the evaluation of promotions that wait depends on, in order, except builds. */
export async function lockPromotions(tx: Tx, promotions: readonly Promotion[]): Promise<void> {
  if (!tx.dialect.concurrent || promotions.length === 0) return;
  const unique = (ids: readonly string[]) => [...new Set(ids)];
  await tx.lock(Pipeline, unique(promotions.map((one) => one.pipelineId)), "share");
  await tx.lock(App, unique(promotions.map((one) => one.sourceAppId)), "change");
  const targets = await tx.find(PromotionTarget, { promotionId: promotions.map((one) => one.id) });
  await lockApps(tx, unique(targets.map((target) => target.appId)));
  await tx.lock(
    Promotion,
    promotions.map((one) => one.id),
    "change",
  );
}

/**
 * Evaluates a promotion that waits, and does what is due: admits it, if every gate lets it through; ends it, if it has waited
 * for too long, if its credential is not good any more, or if nothing can let its release through any more; or notes when to
 * evaluate it again. The caller holds the locks of `lockPromotions`. The number of statements does not depend on what else
 * waits.
 *
 * @returns the events; none if it still waits, or has been settled already
 */
export async function settle(tx: Tx, ctx: TxCtx, id: string): Promise<EventDraft[]> {
  const promotion = await tx.first(Promotion, { id });
  if (promotion === null || promotion.phase !== "WAITING") return [];
  const now = await transactionTime(tx, ctx);
  if (promotion.expiresAt !== null && promotion.expiresAt <= now) {
    return endWaiting(tx, ctx, promotion, { phase: "EXPIRED", by: SYSTEM_VIEWER });
  }
  const credential = await checkCredential(tx, promotion, now);
  const end = (reason: string) => endWaiting(tx, ctx, promotion, { phase: "CANCELLED", by: SYSTEM_VIEWER, reason });
  if (credential.problem !== null) return end(credential.problem);
  await tx.lock(Build, [promotion.buildId], "share");
  await lockGates(tx, "share");
  const targets = await tx.find(PromotionTarget, { promotionId: id }, { order: "position" });
  const [resolved] = await resolveWaiting(tx, [promotion], targets);
  if (resolved == null || resolved.targets.length === 0) return end("Its pipeline or its apps do not exist any more.");
  const [verdict] = (await evaluateResolved(tx, now, [resolved])) as [PromotionVerdict];
  const hopeless = verdict.blockers.find(isHopeless);
  if (hopeless !== undefined) return end(hopeless.message);
  if (verdict.blockers.length > 0) {
    const wakeAt = findWakeAt(promotion, verdict.blockers, credential, now);
    if (wakeAt.getTime() !== promotion.wakeAt?.getTime()) await tx.update(Promotion, { id }, { wakeAt });
    return [];
  }
  promotion.forcedPast = toForced(verdict.forcedPast);
  const byApp = new Map(targets.map((target) => [target.appId, target]));
  const actor = promotion.createdBy;
  const asker = { ...actor, tokenId: promotion.askedBy, groups: [], scope: null };
  const asAsker = asViewer(ctx, asker);
  const admitted: Admitted = {
    promotion,
    isNew: false,
    targets: resolved.targets.map(({ app }, index) => ({
      app,
      target: byApp.get(app.id) as PromotionTarget,
      checks: verdict.checks[index] ?? [],
    })),
    ended: targets.filter((target) => target.ownPhase !== "WAITING"),
  };
  const events = await start(tx, asAsker, admitted, copiesOf(resolved.build, resolved.source as App, admitted));
  return events.map((event) => ({ ...event, actor: event.actor ?? actor }));
}

/** Whether nothing can let the release through any more: it failed, or a later one replaced it before it had soaked. */
function isHopeless(blocker: Blocker): boolean {
  return (blocker.code === "RELEASE_NOT_SUCCEEDED" || blocker.code === "SOAKING") && !isClearable(blocker);
}

/** When the clock must evaluate a promotion again: the earliest time at which something changes by itself. It expires at the latest. */
export function findWakeAt(
  { expiresAt }: Pick<Promotion, "expiresAt">,
  blockers: readonly Blocker[],
  { endsAt }: CredentialState,
  now: Date,
): Date {
  const times = [expiresAt, endsAt, ...blockers.map(({ clearsAt }) => clearsAt)].filter((time) => time !== null);
  // Not at a time that has passed: it would be evaluated again and again.
  return new Date(Math.max(Math.min(...times.map((time) => time.getTime())), now.getTime() + 1));
}

/**
 * Reads what promotions that wait depend on. Null where the pipeline is deleted, or the rows are not visible to the reader.
 *
 * @param targets those of all the promotions
 * @returns aligned with `promotions`, with the targets that wait and are still in the stage
 */
export async function resolveWaiting(
  reader: Reader,
  promotions: readonly Promotion[],
  targets: readonly PromotionTarget[],
): Promise<(Resolved | null)[]> {
  const byId = async <T extends { id: string }>(rows: Promise<T[]>) =>
    new Map((await rows).map((row) => [row.id, row]));
  const waiting = targets.filter((target) => target.ownPhase === "WAITING");
  const appIds = [...waiting.map((target) => target.appId), ...promotions.map((one) => one.sourceAppId)];
  const pipelines = await byId(reader.find(Pipeline, { id: promotions.map((one) => one.pipelineId), deletedAt: null }));
  const apps = await byId(reader.find(App, { id: [...new Set(appIds)] }));
  const builds = await byId(reader.find(Build, { id: promotions.map((one) => one.buildId) }));
  const releases = await byId(reader.find(Release, { id: promotions.map((one) => one.releaseId) }));
  const couplings = await reader.find(Coupling, { appId: [...new Set(appIds)] });
  const placeOf = (appId: string, pipelineId: string, stage: Stage) =>
    couplings.find((one) => one.appId === appId && one.pipelineId === pipelineId && one.stage === stage);
  return promotions.map((promotion) => {
    const pipeline = pipelines.get(promotion.pipelineId);
    const source = apps.get(promotion.sourceAppId);
    const build = builds.get(promotion.buildId);
    const release = releases.get(promotion.releaseId);
    if (pipeline === undefined || source === undefined || build === undefined || release === undefined) return null;
    const mine = waiting.flatMap((target) => {
      const app = apps.get(target.appId);
      const coupling = placeOf(target.appId, promotion.pipelineId, promotion.to);
      return target.promotionId !== promotion.id || app === undefined || coupling === undefined
        ? []
        : [{ app, coupling }];
    });
    mine.sort((a, b) => a.coupling.position - b.coupling.position);
    const { to, forced: force, notBefore } = promotion;
    return { pipeline, source, build, release, to, targets: mine, force, notBefore, parity: null, promotion };
  });
}
