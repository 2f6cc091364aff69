import { currentReleases } from "../../database/queries/current-releases.js";
import { latestReleases } from "../../database/queries/latest-releases.js";
import type { Tx } from "../../database/rows/tx.js";
import { Build } from "../../entities/builds/build.js";
import { toActorColumns } from "../../entities/core/actor-columns.js";
import { App } from "../../entities/pipelines/app.js";
import { Promotion } from "../../entities/releases/promotion.js";
import { PromotionTarget } from "../../entities/releases/promotion-target.js";
import { Release } from "../../entities/releases/release.js";
import { append } from "../../events/append.js";
import type { EventDraft } from "../../events/draft.js";
import { permit } from "../access/actions.js";
import { byId } from "../core/by-id.js";
import type { Ctx, TxCtx } from "../core/context.js";
import { withIdempotency } from "../core/idempotency.js";
import { LIMITS, parseText } from "../core/input.js";
import { requirePromotion } from "../core/references.js";
import { badInput, conflict } from "../core/refusal.js";
import { newId } from "../core/values/id.js";
import { nextPosition } from "../core/values/position.js";
import { NOT_FORCED } from "../gates/override.js";
import { prepareReleases, type ReleaseRequest } from "../releases/new-releases.js";
import { NOT_WAITING } from "./carry-out.js";
import { start } from "./start.js";
import { endWaiting } from "./waiting/ending.js";
import { lockPromotions } from "./waiting/lock-promotions.js";

export interface UndoPromotionInput {
  readonly promotion: string;
  readonly reason: string;
  readonly skipMovedOn?: boolean | null;
  readonly idempotencyKey?: string | null;
}

/** A target, and the release that it is rolled back to. */
interface Return {
  readonly app: App;
  readonly back: Release;
}

/**
 * Undoes a promotion in one transaction. Every target that runs its release is rolled back to what it ran when it was
 * admitted. Targets that wait for their wave are cancelled. The result is a new promotion, whose releases are
 * rollbacks. Like every rollback, it is not gated.
 *
 * @throws Refusal CONFLICT that names the targets that have moved on, or that cannot go back. With `skipMovedOn` these
 *   are left out, and it is thrown only if none remains
 */
export async function undoPromotion(ctx: Ctx, input: UndoPromotionInput): Promise<Promotion> {
  permit(ctx.viewer, "undoPromotion");
  const reason = parseText("reason", input.reason, LIMITS.description);
  if (reason.trim() === "") throw badInput("reason", "reason must say why the promotion is undone.");
  return withIdempotency(ctx, "undoPromotion", input, Promotion, async (tx) => {
    const found = await requirePromotion(tx, "promotion", input.promotion);
    await lockPromotions(tx, [found]);
    const returns = await findReturns(tx, found, input.skipMovedOn === true);
    const undone = await requirePromotion(tx, "promotion", found.id);
    const rest = undone.wakeAt === null ? [] : await endRest(tx, ctx, undone, reason);
    const { promotion, events } = await rollBackTargets(tx, ctx, undone, returns, reason);
    await append(tx, ctx.viewer, ctx.now(), [...rest, ...events]);
    return promotion;
  });
}

/** Cancels the targets that still wait for their wave. */
function endRest(tx: Tx, ctx: TxCtx, undone: Promotion, reason: string): Promise<EventDraft[]> {
  return endWaiting(tx, ctx, undone, { phase: "CANCELLED", by: ctx.viewer, reason: `Undone: ${reason}` });
}

/** The targets to roll back. Targets whose release failed or was superseded still run what they ran before. */
async function findReturns(tx: Tx, { id }: Promotion, skipMovedOn: boolean): Promise<Return[]> {
  const targets = await tx.find(PromotionTarget, { promotionId: id }, { order: "position" });
  const releases = await tx.find(Release, { promotionId: id });
  const appIds = targets.map(({ appId }) => appId);
  const apps = await byId(tx.find(App, { id: appIds }));
  const current = await currentReleases(tx, appIds);
  const latest = await latestReleases(tx, appIds);
  const underWay = await tx.find(Release, { appId: appIds, phase: ["QUEUED", "DEPLOYING"] });
  const previous = await tx.find(Release, { id: targets.flatMap(({ previousReleaseId }) => previousReleaseId ?? []) });
  const returns: Return[] = [];
  const others: string[] = [];
  for (const { appId, releaseId, previousReleaseId } of targets) {
    const phase = releases.find((release) => release.id === releaseId)?.phase;
    if (phase === undefined || phase === "FAILED" || phase === "SUPERSEDED") continue;
    const app = apps.get(appId) as App;
    const back = previous.find((release) => release.id === previousReleaseId);
    const now = current.get(appId);
    const next = underWay.find((release) => release.appId === appId);
    if (app.deletedAt !== null) others.push(`${app.name} was deleted`);
    else if (next !== undefined) others.push(`v${next.version} of ${app.name} is ${next.phase}`);
    else if (now?.id !== releaseId && !(now?.trigger === "CONFIG" && latest.get(appId)?.id === releaseId))
      others.push(`${app.name} runs v${now?.version} by now`);
    else if (back === undefined) others.push(`${app.name} ran nothing before`);
    else returns.push({ app, back });
  }
  if (returns.length > 0 && (others.length === 0 || skipMovedOn)) return returns;
  const why = others.length === 0 ? "no app runs a release of it" : others.join("; ");
  const rest = returns.length === 0 ? "" : " skipMovedOn undoes the rest.";
  throw conflict(`The promotion cannot be undone: ${why}.${rest}`);
}

async function rollBackTargets(
  tx: Tx,
  ctx: TxCtx,
  undone: Promotion,
  returns: readonly Return[],
  reason: string,
): Promise<{ promotion: Promotion; events: EventDraft[] }> {
  const now = ctx.now();
  const promotion = Object.assign(new Promotion(), {
    ...{ id: newId(), pipelineId: undone.pipelineId, sourceAppId: undone.sourceAppId },
    ...{ releaseId: undone.releaseId, buildId: undone.buildId, from: undone.from, to: undone.to },
    ...{ phase: "IN_PROGRESS" as const, forced: false, reason, forcedPast: [], notBefore: null, configParity: null },
    ...NOT_WAITING,
    ...{ askedBy: ctx.viewer.tokenId, retryOf: null, undoes: undone.id },
    position: await nextPosition(tx, "promotions"),
    ...toActorColumns("createdBy", ctx.viewer),
    ...{ createdAt: now, updatedAt: now },
  } satisfies Omit<Promotion, "createdBy" | "endedBy" | "reviewedBy" | "updatedPosition">);
  const targets = returns.map(({ app }) => {
    const fields = { id: newId(), promotionId: promotion.id, appId: app.id, wave: 1, checks: [], position: 0 };
    const target = { ...fields, releaseId: null, ownPhase: null, previousReleaseId: null };
    return { app, target: Object.assign(new PromotionTarget(), target), checks: [] };
  });
  const builds = await tx.find(Build, { id: [...new Set(returns.map(({ back }) => back.buildId))] });
  const requests = returns.map(({ back }): ReleaseRequest => {
    const build = builds.find(({ id }) => id === back.buildId);
    if (build === undefined) throw new Error(`Release ${back.id} has lost its build.`);
    const description = `Rollback to v${back.version}: ${reason}`;
    return { build, trigger: "ROLLBACK", description, promotionId: promotion.id, override: NOT_FORCED };
  });
  const apps = returns.map(({ app }) => app);
  const admitted = { promotion, isNew: true, targets, rest: [], others: [] };
  const events = await start(tx, ctx, admitted, (tx, ctx) => prepareReleases(tx, ctx, apps, requests));
  return { promotion, events };
}
