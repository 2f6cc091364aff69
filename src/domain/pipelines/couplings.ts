import type { Tx } from "../../database/rows/reader.js";
import type { EventType, Stage } from "../../entities/core/enums.js";
import { App } from "../../entities/pipelines/app.js";
import { Coupling } from "../../entities/pipelines/coupling.js";
import { Pipeline } from "../../entities/pipelines/pipeline.js";
import { ReviewApp } from "../../entities/pipelines/review-app.js";
import { append } from "../../events/append.js";
import { changed, type EventDraft } from "../../events/draft.js";
import { permit } from "../access/actions.js";
import { deployAfterChecksRelaxed } from "../builds/auto-deploy.js";
import type { Ctx } from "../core/context.js";
import { newId } from "../core/id.js";
import { withIdempotency } from "../core/idempotency.js";
import { LIMITS, parseContext } from "../core/input.js";
import { lockApp, lockCoupling } from "../core/locks.js";
import { nextPosition } from "../core/position.js";
import { requireApp, requirePipeline } from "../core/references.js";
import { badInput, conflict } from "../core/refusal.js";

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
  ctx: Ctx,
  pipeline: Pipeline,
  app: App,
  fields: Pick<Coupling, "stage" | "requiredChecks" | "autoDeploy">,
): Promise<{ coupling: Coupling; event: EventDraft }> {
  const there = await tx.first(Coupling, { appId: app.id });
  if (there !== null) {
    const other = await tx.first(Pipeline, { id: there.pipelineId });
    throw conflict(`${app.name} is in ${there.stage} of ${other?.name} already; an app is in one pipeline at most.`);
  }
  if ((await tx.count(Coupling, { pipelineId: pipeline.id })) >= LIMITS.appsOfPipeline) {
    throw conflict(`${pipeline.name} has ${LIMITS.appsOfPipeline} apps, which is the most that a pipeline takes.`);
  }
  const now = ctx.now();
  const coupling = Object.assign(new Coupling(), {
    ...fields,
    id: newId(),
    pipelineId: pipeline.id,
    appId: app.id,
    position: await nextPosition(tx, "couplings"),
    createdAt: now,
    updatedAt: now,
  });
  await tx.insert(Coupling, [coupling]);
  const checks = fields.requiredChecks.length === 0 ? "" : `, requiring ${fields.requiredChecks.join(", ")}`;
  const summary = `${app.name} added to ${fields.stage} of ${pipeline.name}${checks}`;
  return { coupling, event: couplingEvent("COUPLING_ADDED", coupling, app, summary) };
}

export interface UpdateChecksInput {
  readonly coupling: string;
  readonly requiredChecks: readonly string[];
}

/** Replaces the required checks of a coupling. Leaving one out removes it, which requires ADMIN. */
export async function updateChecks(ctx: Ctx, input: UpdateChecksInput): Promise<Coupling> {
  permit(ctx.viewer, "addChecks");
  const requiredChecks = checkList(input.requiredChecks);
  return ctx.db.write(async (tx) => {
    const coupling = await lockCoupling(tx, "coupling", input.coupling);
    const removed = coupling.requiredChecks.filter((context) => !requiredChecks.includes(context));
    const added = requiredChecks.filter((context) => !coupling.requiredChecks.includes(context));
    if (removed.length > 0) permit(ctx.viewer, "removeChecks");
    if (coupling.stage === "REVIEW" && requiredChecks.length > 0) throw refuseReviewChecks("requiredChecks");
    if (removed.length === 0 && added.length === 0) return coupling;
    const changes = [...added.map((context) => `+${context}`), ...removed.map((context) => `-${context}`)].join(" ");
    const required = coupling.requiredChecks;
    const pipeline = await requirePipeline(tx, "coupling", coupling.pipelineId);
    return updateCoupling(
      tx,
      ctx,
      coupling,
      { requiredChecks },
      {
        type: "COUPLING_CHECKS_UPDATED",
        summary: (app) => `Required checks of ${app.name}: ${changes}`,
        follow: () => deployAfterChecksRelaxed(tx, ctx, pipeline, coupling, required),
      },
    );
  });
}

export interface MoveCouplingInput {
  readonly coupling: string;
  readonly stage: Stage;
}

/** Moves an app to another stage of its pipeline. With required checks this requires ADMIN: it could bypass them. */
export async function moveCoupling(ctx: Ctx, input: MoveCouplingInput): Promise<Coupling> {
  permit(ctx.viewer, "moveCoupling");
  return ctx.db.write(async (tx) => {
    const coupling = await lockCoupling(tx, "coupling", input.coupling);
    if (coupling.requiredChecks.length > 0) permit(ctx.viewer, "moveCheckedCoupling");
    const { stage } = input;
    if (stage === coupling.stage) return coupling;
    if (stage === "REVIEW" && coupling.requiredChecks.length > 0) throw refuseReviewChecks("stage");
    await refuseReviewApp(tx, coupling, "moved");
    const { autoDeploy } = await requireApp(tx, "coupling", coupling.appId);
    const patch = { stage, autoDeploy: stage === "DEVELOPMENT" && autoDeploy };
    return updateCoupling(tx, ctx, coupling, patch, {
      type: "COUPLING_MOVED",
      summary: (app) => `${app.name} moved to ${stage}`,
    });
  });
}

/** Stores the setting with the app, for when the app comes back to DEVELOPMENT. */
async function keepAutoDeploy(tx: Tx, app: App, autoDeploy: boolean): Promise<void> {
  if (app.autoDeploy !== autoDeploy) await tx.update(App, { id: app.id }, { autoDeploy });
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
    return updateCoupling(
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
    await tx.delete(Coupling, { id: coupling.id });
    await append(tx, ctx.viewer, ctx.now(), [couplingRemoved(coupling, app, pipeline.name)]);
    return { id: coupling.id, pipeline };
  });
}

export function couplingRemoved(coupling: Coupling, app: App, pipelineName: string): EventDraft {
  return couplingEvent(
    "COUPLING_REMOVED",
    coupling,
    app,
    `${app.name} removed from ${coupling.stage} of ${pipelineName}`,
  );
}

/** Parses contexts, sorts them and removes duplicates. */
function checkList(contexts: readonly string[]): string[] {
  if (contexts.length > LIMITS.requiredChecks) {
    throw badInput(
      "requiredChecks",
      `requiredChecks must name at most ${LIMITS.requiredChecks} checks; it has ${contexts.length}.`,
    );
  }
  return [...new Set(contexts.map((context, index) => parseContext(`requiredChecks.${index}`, context)))].sort();
}

/** The event of a change of a coupling, and its effects. */
interface Change {
  readonly type: EventType;
  readonly summary: (app: App) => string;
  /** Runs after the change is written, and returns the events of its effects. */
  readonly follow?: () => Promise<EventDraft[]>;
}

async function updateCoupling(
  tx: Tx,
  ctx: Ctx,
  coupling: Coupling,
  patch: Partial<Coupling>,
  { type, summary, follow }: Change,
): Promise<Coupling> {
  const app = await requireApp(tx, "coupling", coupling.appId);
  const now = ctx.now();
  Object.assign(coupling, patch, { updatedAt: now });
  await tx.update(Coupling, { id: coupling.id }, { ...patch, updatedAt: now });
  const followed = follow === undefined ? [] : await follow();
  await append(tx, ctx.viewer, now, [couplingEvent(type, coupling, app, summary(app)), ...followed]);
  return coupling;
}

/** A coupling's event: its subject is the coupling, under its app's name. */
function couplingEvent(type: EventType, coupling: Coupling, app: App, summary: string): EventDraft {
  return changed(type, { id: coupling.id, name: app.name }, summary, { pipelineId: coupling.pipelineId, app });
}

async function refuseReviewApp(tx: Tx, coupling: Coupling, verb: string): Promise<void> {
  const reviewApp = await tx.first(ReviewApp, { appId: coupling.appId });
  if (reviewApp === null) return;
  throw conflict(`The review app of pull request ${reviewApp.number} cannot be ${verb}; close it with closeReviewApp.`);
}

function refuseReviewChecks(field: string) {
  return badInput(field, `${field} does not fit: the stage REVIEW takes no required checks.`);
}

function autoDeployElsewhere() {
  return badInput("autoDeploy", "autoDeploy can be on in the stage DEVELOPMENT only.");
}
