import { currentReleases } from "../../../database/queries/current-releases.js";
import { isRolledBack, latestReleases } from "../../../database/queries/latest-releases.js";
import type { Reader } from "../../../database/rows/reader.js";
import type { Tx } from "../../../database/rows/tx.js";
import type { Actor } from "../../../entities/core/actor.js";
import { StagePolicy } from "../../../entities/gates/stage-policy.js";
import { App } from "../../../entities/pipelines/app.js";
import { AutomationHold } from "../../../entities/pipelines/automation-hold.js";
import { Coupling } from "../../../entities/pipelines/coupling.js";
import { Promotion } from "../../../entities/releases/promotion.js";
import { PromotionTarget } from "../../../entities/releases/promotion-target.js";
import { append } from "../../../events/append.js";
import type { EventDraft } from "../../../events/draft.js";
import { permit } from "../../access/actions.js";
import type { Ctx, TxCtx } from "../../core/context.js";
import { lockCoupling } from "../../core/locks.js";
import { conflict } from "../../core/refusal.js";
import { transactionTime } from "../../core/values/time.js";
import { couplingEvent } from "../../pipelines/coupling-events.js";
import { isAutoDeployStage } from "../../pipelines/stages.js";
import { dropTargets } from "../../promotions/waiting/ending.js";
import { promoteLater } from "./promote-later.js";

/*
 * Holds keep automation from undoing a person's decision. A rollback, an undo, a direct release, or a promotion of
 * another release than the source's current one holds automatic promotions to the app. Promoting the current release
 * ends the hold.
 */

/**
 * Holds automatic promotions to apps, as the viewer of the context, and removes the apps from automatic promotions that
 * wait for them. Skips apps without automatic promotions, and apps that are already held. The caller holds the locks of
 * `lockApps`.
 */
export async function holdAutomation(
  tx: Tx,
  ctx: TxCtx,
  appIds: readonly string[],
  reason: string,
): Promise<EventDraft[]> {
  const events: EventDraft[] = [];
  for (const coupling of await findAutomated(tx, appIds)) {
    if (coupling.automationHold !== null) continue;
    const { name, role, subject, person } = ctx.viewer;
    const since = (await transactionTime(tx, ctx)).toISOString();
    const automationHold = { since, by: { name, role, subject, person }, reason };
    await tx.update(Coupling, { id: coupling.id }, { automationHold });
    const app = (await tx.first(App, { id: coupling.appId })) as App;
    const summary = `Automatic promotions to ${app.name} are held: ${reason}`;
    events.push(
      couplingEvent("AUTOMATION_HELD", coupling, app, summary),
      ...(await cancelAutomatic(tx, ctx, app, reason)),
    );
  }
  return events;
}

/** Removes an app from the automatic promotion that waits for it. The promotion continues without it. */
async function cancelAutomatic(tx: Tx, ctx: TxCtx, app: App, reason: string): Promise<EventDraft[]> {
  const target = await tx.first(PromotionTarget, { appId: app.id, ownPhase: "WAITING" });
  const promotion = target && (await tx.first(Promotion, { id: target.promotionId, automatic: true }));
  if (promotion === null) return [];
  return dropTargets(tx, ctx, promotion, [app.id], { phase: "CANCELLED", by: ctx.viewer, reason });
}

/**
 * Applies the decision of a person who starts a promotion to automation. The current release of the source ends holds;
 * another release, or an undo, creates them. Automatic promotions change nothing.
 */
export async function noteDecision(
  tx: Tx,
  ctx: TxCtx,
  promotion: Promotion,
  appIds: readonly string[],
): Promise<EventDraft[]> {
  if (promotion.automatic) return [];
  const policy = await tx.first(StagePolicy, { pipelineId: promotion.pipelineId, stage: promotion.to });
  if (policy?.autoPromote !== true) return [];
  if (promotion.undoes !== null) return holdAutomation(tx, ctx, appIds, "A promotion to the app was undone.");
  const current = (await currentReleases(tx, [promotion.sourceAppId])).get(promotion.sourceAppId);
  if (current?.id !== promotion.releaseId) {
    return holdAutomation(
      tx,
      ctx,
      appIds,
      "Another release than the current one of the source was promoted to the app.",
    );
  }
  const events: EventDraft[] = [];
  for (const coupling of await findAutomated(tx, appIds)) events.push(...(await endHold(tx, coupling)));
  return events;
}

/** The couplings of apps whose stage has automatic promotion. */
async function findAutomated(tx: Tx, appIds: readonly string[]): Promise<Coupling[]> {
  const couplings = await tx.find(Coupling, { appId: [...appIds] }, { order: "position" });
  const later = couplings.filter(({ stage }) => !isAutoDeployStage(stage));
  if (later.length === 0) return [];
  const policies = await tx.find(StagePolicy, {
    pipelineId: [...new Set(later.map(({ pipelineId }) => pipelineId))],
    autoPromote: true,
  });
  return later.filter((one) =>
    policies.some(({ pipelineId, stage }) => pipelineId === one.pipelineId && stage === one.stage),
  );
}

async function endHold(tx: Tx, coupling: Coupling): Promise<EventDraft[]> {
  if (coupling.automationHold === null) return [];
  await tx.update(Coupling, { id: coupling.id }, { automationHold: null });
  coupling.automationHold = null;
  const app = (await tx.first(App, { id: coupling.appId })) as App;
  return [couplingEvent("AUTOMATION_RESUMED", coupling, app, `Automatic promotions to ${app.name} go on`)];
}

/**
 * Resumes automatic promotions to an app. A release that is ready is promoted soon after. Changes nothing if there is
 * no hold.
 *
 * @throws Refusal CONFLICT in DEVELOPMENT and REVIEW, where a release ends the hold
 */
export async function releaseAutomationHold(ctx: Ctx, input: { readonly coupling: string }): Promise<Coupling> {
  permit(ctx.viewer, "releaseAutomationHold");
  return ctx.db.write(async (tx) => {
    const coupling = await lockCoupling(tx, "coupling", input.coupling);
    if (isAutoDeployStage(coupling.stage)) {
      const [hold] = await explainHolds(tx, [coupling]);
      if (hold == null) return coupling;
      throw conflict(
        "Automatic deploys are held after a rollback. The next release or promotion to the app ends that.",
      );
    }
    const events = await endHold(tx, coupling);
    if (events.length === 0) return coupling;
    await promoteLater(tx, { pipelineId: coupling.pipelineId });
    await append(tx, ctx.viewer, ctx.now(), events);
    return coupling;
  });
}

/** The hold on the automation of each app; null if there is none. One statement for all. */
export async function explainHolds(reader: Reader, couplings: readonly Coupling[]): Promise<(AutomationHold | null)[]> {
  const early = couplings.filter(({ stage }) => isAutoDeployStage(stage));
  const latest = await latestReleases(
    reader,
    early.map(({ appId }) => appId),
  );
  return couplings.map(({ appId, stage, automationHold }) => {
    if (!isAutoDeployStage(stage)) {
      if (automationHold === null) return null;
      const { since, by, reason } = automationHold;
      return toHold(new Date(since), by, reason);
    }
    const last = latest.get(appId);
    return isRolledBack(last) ? toHold(last.createdAt, last.createdBy, `${last.description}.`) : null;
  });
}

function toHold(since: Date, by: Actor, reason: string): AutomationHold {
  return Object.assign(new AutomationHold(), { since, by, reason });
}
