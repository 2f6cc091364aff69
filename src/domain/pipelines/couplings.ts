import type { Tx } from "../../database/rows/tx.js";
import type { Stage } from "../../entities/core/enums.js";
import { App } from "../../entities/pipelines/app.js";
import { Coupling } from "../../entities/pipelines/coupling.js";
import { Pipeline } from "../../entities/pipelines/pipeline.js";
import { ReviewApp } from "../../entities/pipelines/review-app.js";
import { append } from "../../events/append.js";
import type { EventDraft } from "../../events/draft.js";
import { permit } from "../access/actions.js";
import { updateFingerprints } from "../config-vars/data-keys.js";
import type { Ctx, TxCtx } from "../core/context.js";
import { withIdempotency } from "../core/idempotency.js";
import { LIMITS, parseContext } from "../core/input.js";
import { lockApp, lockCoupling } from "../core/locks.js";
import { requireApp, requirePipeline } from "../core/references.js";
import { badInput, conflict } from "../core/refusal.js";
import { newId } from "../core/values/id.js";
import { nextPosition } from "../core/values/position.js";
import { endWaitingFor } from "../promotions/waiting/clear-waiting.js";
import { couplingEvent, couplingRemoved } from "./coupling-events.js";

export interface AddCouplingInput {
  readonly pipeline: string;
  readonly app: string;
  readonly stage: Stage;
  readonly requiredChecks?: readonly string[] | null;
  readonly autoDeploy?: boolean | null;
  readonly idempotencyKey?: string | null;
}

/** Adds an app to a stage of a pipeline. An app is in at most one pipeline. */
export async function addCoupling(ctx: Ctx, input: AddCouplingInput): Promise<Coupling> {
  permit(ctx.viewer, "addCoupling");
  const requiredChecks = checkList(input.requiredChecks ?? []);
  if (input.stage === "REVIEW" && requiredChecks.length > 0) throw refuseReviewChecks("requiredChecks");
  if (input.autoDeploy === true && input.stage !== "DEVELOPMENT") throw autoDeployElsewhere();
  return withIdempotency(ctx, "addCoupling", input, Coupling, async (tx) => {
    const pipeline = await requirePipeline(tx, "pipeline", input.pipeline, { lock: "change" });
    const app = await lockApp(tx, "app", input.app);
    const { stage } = input;
    const autoDeploy = stage === "DEVELOPMENT" && (input.autoDeploy ?? app.autoDeploy);
    if (stage === "DEVELOPMENT") await keepAutoDeploy(tx, app, autoDeploy);
    const { coupling, event } = await insertCoupling(tx, ctx, pipeline, app, { stage, requiredChecks, autoDeploy });
    await append(tx, ctx.viewer, ctx.now(), [event]);
    return coupling;
  });
}

/** Inserts a new coupling. Throws CONFLICT if the app is coupled or the pipeline is full. */
export async function insertCoupling(
  tx: Tx,
  ctx: TxCtx,
  pipeline: Pipeline,
  app: App,
  fields: Pick<Coupling, "stage" | "requiredChecks" | "autoDeploy">,
): Promise<{ coupling: Coupling; event: EventDraft }> {
  const existing = await tx.first(Coupling, { appId: app.id });
  if (existing !== null) {
    const other = await tx.first(Pipeline, { id: existing.pipelineId });
    throw conflict(`${app.name} is in ${existing.stage} of ${other?.name} already; an app is in one pipeline at most.`);
  }
  if ((await tx.count(Coupling, { pipelineId: pipeline.id })) >= LIMITS.appsOfPipeline) {
    throw conflict(`${pipeline.name} already has the maximum of ${LIMITS.appsOfPipeline} apps.`);
  }
  const now = ctx.now();
  const coupling = Object.assign(new Coupling(), {
    ...fields,
    id: newId(),
    pipelineId: pipeline.id,
    appId: app.id,
    ...{ wave: 1, verification: null, automationHold: null, promoteDue: null },
    position: await nextPosition(tx, "couplings"),
    createdAt: now,
    updatedAt: now,
  });
  await tx.insert(Coupling, [coupling]);
  await updateFingerprints(tx, ctx.keyRing ?? null, app.id, pipeline.id);
  const checks = fields.requiredChecks.length === 0 ? "" : `, requiring ${fields.requiredChecks.join(", ")}`;
  const summary = `${app.name} added to ${fields.stage} of ${pipeline.name}${checks}`;
  return { coupling, event: couplingEvent("COUPLING_ADDED", coupling, app, summary) };
}

/** Removes an app from its pipeline. The app stays, with its releases. */
export async function removeCoupling(
  ctx: Ctx,
  input: { readonly coupling: string },
): Promise<{ id: string; pipeline: Pipeline }> {
  permit(ctx.viewer, "removeCoupling");
  return ctx.db.write(async (tx) => {
    const coupling = await lockCoupling(tx, "coupling", input.coupling);
    await refuseReviewApp(tx, coupling, "removed");
    const pipeline = await requirePipeline(tx, "coupling", coupling.pipelineId);
    const app = await requireApp(tx, "coupling", coupling.appId);
    const ended = await endWaitingFor(tx, ctx, app.id, `${app.name} was removed from ${pipeline.name}.`);
    await tx.delete(Coupling, { id: coupling.id });
    await updateFingerprints(tx, ctx.keyRing ?? null, app.id, null);
    await append(tx, ctx.viewer, ctx.now(), [couplingRemoved(coupling, app, pipeline.name), ...ended]);
    return { id: coupling.id, pipeline };
  });
}

/** Stores the setting with the app, for its return to DEVELOPMENT. */
export async function keepAutoDeploy(tx: Tx, app: App, autoDeploy: boolean): Promise<void> {
  if (app.autoDeploy !== autoDeploy) await tx.update(App, { id: app.id }, { autoDeploy });
}

/** Parses contexts, sorts them and removes duplicates. */
export function checkList(contexts: readonly string[]): string[] {
  if (contexts.length > LIMITS.requiredChecks) {
    throw badInput(
      "requiredChecks",
      `requiredChecks must name at most ${LIMITS.requiredChecks} checks; it has ${contexts.length}.`,
    );
  }
  return [...new Set(contexts.map((context, index) => parseContext(`requiredChecks.${index}`, context)))].sort();
}

export async function refuseReviewApp(tx: Tx, coupling: Coupling, verb: string): Promise<void> {
  const reviewApp = await tx.first(ReviewApp, { appId: coupling.appId });
  if (reviewApp === null) return;
  throw conflict(`The review app of pull request ${reviewApp.number} cannot be ${verb}; close it with closeReviewApp.`);
}

export function refuseReviewChecks(field: string) {
  return badInput(field, `${field} is invalid: apps in the stage REVIEW cannot have required checks.`);
}

export function autoDeployElsewhere() {
  return badInput("autoDeploy", "autoDeploy can be on in the stage DEVELOPMENT only.");
}
