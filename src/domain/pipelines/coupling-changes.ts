import type { Tx } from "../../database/rows/tx.js";
import type { Stage } from "../../entities/core/enums.js";
import type { EventType } from "../../entities/history/event-type.js";
import type { App } from "../../entities/pipelines/app.js";
import { Coupling } from "../../entities/pipelines/coupling.js";
import { append } from "../../events/append.js";
import type { EventDraft } from "../../events/draft.js";
import { permit } from "../access/actions.js";
import { deployAfterChecksRelaxed } from "../builds/auto-deploy.js";
import type { Ctx, TxCtx } from "../core/context.js";
import { lockCoupling } from "../core/locks.js";
import { requireApp, requirePipeline } from "../core/references.js";
import { clearWaiting, endWaitingFor } from "../promotions/waiting/clear-waiting.js";
import { couplingEvent } from "./coupling-events.js";
import { autoDeployElsewhere, checkList, keepAutoDeploy, refuseReviewApp, refuseReviewChecks } from "./couplings.js";

/* Changes of existing couplings: required checks, stage and automatic deploys. */

export interface UpdateChecksInput {
  readonly coupling: string;
  readonly requiredChecks: readonly string[];
}

/** Replaces the required checks of a coupling. To remove a check requires the ADMIN role. */
export async function updateChecks(ctx: Ctx, input: UpdateChecksInput): Promise<Coupling> {
  permit(ctx.viewer, "addChecks");
  const requiredChecks = checkList(input.requiredChecks);
  return ctx.db.write((tx) => replaceChecks(tx, ctx, input.coupling, requiredChecks));
}

async function replaceChecks(tx: Tx, ctx: TxCtx, id: string, requiredChecks: string[]): Promise<Coupling> {
  const coupling = await lockCoupling(tx, "coupling", id);
  const removed = coupling.requiredChecks.filter((context) => !requiredChecks.includes(context));
  const added = requiredChecks.filter((context) => !coupling.requiredChecks.includes(context));
  if (removed.length > 0) permit(ctx.viewer, "removeChecks");
  if (coupling.stage === "REVIEW" && requiredChecks.length > 0) throw refuseReviewChecks("requiredChecks");
  if (removed.length === 0 && added.length === 0) return coupling;
  const changes = [...added.map((context) => `+${context}`), ...removed.map((context) => `-${context}`)].join(" ");
  const required = coupling.requiredChecks;
  const pipeline = await requirePipeline(tx, "coupling", coupling.pipelineId);
  return writeChange(
    tx,
    ctx,
    coupling,
    { requiredChecks },
    {
      type: "COUPLING_CHECKS_UPDATED",
      summary: (app) => `Required checks of ${app.name}: ${changes}`,
      follow: async () => [
        ...(removed.length > 0 ? await clearWaiting(tx, ctx, { pipelines: [pipeline.id] }) : []),
        ...(await deployAfterChecksRelaxed(tx, ctx, pipeline, coupling, required)),
      ],
    },
  );
}

export interface MoveCouplingInput {
  readonly coupling: string;
  readonly stage: Stage;
}

/**
 * Moves an app to another stage of its pipeline. If it has required checks, this requires the ADMIN role, because a
 * move could bypass them.
 */
export async function moveCoupling(ctx: Ctx, input: MoveCouplingInput): Promise<Coupling> {
  permit(ctx.viewer, "moveCoupling");
  return ctx.db.write((tx) => moveToStage(tx, ctx, input.coupling, input.stage));
}

async function moveToStage(tx: Tx, ctx: TxCtx, id: string, stage: Stage): Promise<Coupling> {
  const coupling = await lockCoupling(tx, "coupling", id);
  if (coupling.requiredChecks.length > 0) permit(ctx.viewer, "moveCheckedCoupling");
  if (stage === coupling.stage) return coupling;
  if (stage === "REVIEW" && coupling.requiredChecks.length > 0) throw refuseReviewChecks("stage");
  await refuseReviewApp(tx, coupling, "moved");
  const { autoDeploy } = await requireApp(tx, "coupling", coupling.appId);
  const patch = { stage, autoDeploy: stage === "DEVELOPMENT" && autoDeploy };
  return writeChange(tx, ctx, coupling, patch, {
    type: "COUPLING_MOVED",
    summary: (app) => `${app.name} moved to ${stage}`,
    follow: (app) => endWaitingFor(tx, ctx, app.id, `${app.name} was moved to ${stage}.`),
  });
}

/** The changes of a coupling. Null changes nothing. */
export interface UpdateCouplingInput {
  readonly coupling: string;
  readonly stage: Stage | null;
  readonly requiredChecks: readonly string[] | null;
}

/** Moves an app, then replaces its required checks, in one transaction. Requires the roles of both changes. */
export async function updateCoupling(ctx: Ctx, input: UpdateCouplingInput): Promise<void> {
  const { coupling, stage } = input;
  if (stage !== null) permit(ctx.viewer, "moveCoupling");
  if (input.requiredChecks !== null) permit(ctx.viewer, "addChecks");
  const requiredChecks = input.requiredChecks && checkList(input.requiredChecks);
  await ctx.db.write(async (tx) => {
    if (stage !== null) await moveToStage(tx, ctx, coupling, stage);
    if (requiredChecks !== null) await replaceChecks(tx, ctx, coupling, requiredChecks);
  });
}

export interface SetAutoDeployInput {
  readonly coupling: string;
  readonly autoDeploy: boolean;
}

export async function setAutoDeploy(ctx: Ctx, input: SetAutoDeployInput): Promise<Coupling> {
  permit(ctx.viewer, "setAutoDeploy");
  return ctx.db.write(async (tx) => {
    const coupling = await lockCoupling(tx, "coupling", input.coupling);
    const { autoDeploy } = input;
    if (autoDeploy && coupling.stage !== "DEVELOPMENT") throw autoDeployElsewhere();
    if (autoDeploy === coupling.autoDeploy) return coupling;
    await keepAutoDeploy(tx, await requireApp(tx, "coupling", coupling.appId), autoDeploy);
    return writeChange(
      tx,
      ctx,
      coupling,
      { autoDeploy },
      {
        type: "COUPLING_AUTO_DEPLOY_CHANGED",
        summary: (app) => `Automatic deploys of ${app.name} switched ${autoDeploy ? "on" : "off"}`,
      },
    );
  });
}

/** The event of a change of a coupling, and its effects. */
export interface CouplingChange {
  readonly type: EventType;
  readonly summary: (app: App) => string;
  /** Runs after the change is written, and returns the events of its effects. */
  readonly follow?: (app: App) => Promise<EventDraft[]>;
}

/** Writes a change of a coupling, which the caller has locked, and its event. `coupling` is updated. */
export async function writeChange(
  tx: Tx,
  ctx: TxCtx,
  coupling: Coupling,
  patch: Partial<Coupling>,
  { type, summary, follow }: CouplingChange,
): Promise<Coupling> {
  const app = await requireApp(tx, "coupling", coupling.appId);
  const now = ctx.now();
  Object.assign(coupling, patch, { updatedAt: now });
  await tx.update(Coupling, { id: coupling.id }, { ...patch, updatedAt: now });
  const followed = follow === undefined ? [] : await follow(app);
  await append(tx, ctx.viewer, now, [couplingEvent(type, coupling, app, summary(app)), ...followed]);
  return coupling;
}
