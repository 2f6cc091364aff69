import type { Tx } from "../../database/rows/tx.js";
import { App } from "../../entities/pipelines/app.js";
import { Coupling } from "../../entities/pipelines/coupling.js";
import { Pipeline } from "../../entities/pipelines/pipeline.js";
import { ReviewApp } from "../../entities/pipelines/review-app.js";
import { append } from "../../events/append.js";
import { changed, type EventDraft } from "../../events/draft.js";
import { permit, permitUnrestricted } from "../access/actions.js";
import { claimRepository, resolveRepository } from "../builds/repository-names.js";
import type { Ctx } from "../core/context.js";
import { formatValue } from "../core/format-value.js";
import { newId } from "../core/id.js";
import { withIdempotency } from "../core/idempotency.js";
import { LIMITS, optional, parseBranch, parseLine, parseName, parseRepository, parseText } from "../core/input.js";
import { lockApps } from "../core/locks.js";
import { requirePipeline } from "../core/references.js";
import { nameTaken } from "../core/refusal.js";
import { couplingRemoved } from "./couplings.js";
import { removeReviewApp } from "./review-apps.js";

export interface CreatePipelineInput {
  readonly name: string;
  readonly description?: string | null;
  readonly repository?: string | null;
  readonly component?: string | null;
  readonly branch?: string | null;
  readonly reviewAppsEnabled?: boolean | null;
  readonly idempotencyKey?: string | null;
}

const DEFAULT_BRANCH = "main";

export async function createPipeline(ctx: Ctx, input: CreatePipelineInput): Promise<Pipeline> {
  permit(ctx.viewer, "createPipeline");
  const name = parseName("name", input.name);
  const description = optional(input.description, (value) => parseText("description", value, LIMITS.description)) ?? "";
  const repository = optional(input.repository, (value) => parseRepository("repository", value));
  const component = optional(input.component, (value) => parseLine("component", value));
  const branch = optional(input.branch, (value) => parseBranch("branch", value)) ?? DEFAULT_BRANCH;
  return withIdempotency(ctx, "createPipeline", input, Pipeline, async (tx) => {
    await refuseTakenName(tx, name);
    const current = repository && (await settleRepository(tx, ctx, repository));
    const now = ctx.now();
    const pipeline = Object.assign(new Pipeline(), {
      id: newId(),
      name,
      description,
      repository: current,
      component,
      branch,
      reviewAppsEnabled: input.reviewAppsEnabled ?? false,
      createdAt: now,
      updatedAt: now,
      deletedAt: null,
    });
    await tx.insert(Pipeline, [pipeline]);
    await append(tx, ctx.viewer, now, [
      changed("PIPELINE_CREATED", pipeline, `Pipeline ${name} created`, { pipelineId: pipeline.id }),
    ]);
    return pipeline;
  });
}

export interface UpdatePipelineInput {
  readonly pipeline: string;
  readonly name?: string | null;
  readonly description?: string | null;
  readonly repository?: string | null;
  readonly component?: string | null;
  readonly branch?: string | null;
  readonly reviewAppsEnabled?: boolean | null;
}

/** Changes the given fields. Null clears the repository or component; null for others changes nothing. */
export async function updatePipeline(ctx: Ctx, input: UpdatePipelineInput): Promise<Pipeline> {
  permit(ctx.viewer, "updatePipeline");
  const name = optional(input.name, (value) => parseName("name", value));
  const description = optional(input.description, (value) => parseText("description", value, LIMITS.description));
  const repository = optional(input.repository, (value) => parseRepository("repository", value));
  const component = optional(input.component, (value) => parseLine("component", value));
  const branch = optional(input.branch, (value) => parseBranch("branch", value));
  return ctx.db.write(async (tx) => {
    const current = repository && (await settleRepository(tx, ctx, repository));
    const pipeline = await requirePipeline(tx, "pipeline", input.pipeline, { lock: "change" });
    const before = { ...pipeline };
    if (name !== null) pipeline.name = name;
    if (description !== null) pipeline.description = description;
    if (input.repository !== undefined) pipeline.repository = current;
    if (input.component !== undefined) pipeline.component = component;
    if (branch !== null) pipeline.branch = branch;
    if (input.reviewAppsEnabled != null) pipeline.reviewAppsEnabled = input.reviewAppsEnabled;
    const fields = (["name", "description", "repository", "component", "branch", "reviewAppsEnabled"] as const).filter(
      (field) => pipeline[field] !== before[field],
    );
    if (fields.length === 0) return pipeline;
    if (fields.includes("name") || fields.includes("repository") || fields.includes("component")) {
      // Names are shared by all pipelines. The repository and component decide which builds belong to the pipeline.
      permitUnrestricted(ctx.viewer, "updatePipeline", "name, repository or component");
    }
    if (fields.includes("name")) await refuseTakenName(tx, pipeline.name);
    pipeline.updatedAt = ctx.now();
    await tx.update(Pipeline, { id: pipeline.id }, { ...pipeline });
    const summary = `Pipeline ${before.name}: ${fields.map((field) => `${field} ${formatValue(pipeline[field])}`).join(", ")}`;
    await append(tx, ctx.viewer, pipeline.updatedAt, [
      changed("PIPELINE_UPDATED", pipeline, summary, { pipelineId: pipeline.id }),
    ]);
    return pipeline;
  });
}

/** Deletes a pipeline with its couplings and review apps. Other apps and all history stay. */
export async function deletePipeline(ctx: Ctx, input: { readonly pipeline: string }): Promise<string> {
  permit(ctx.viewer, "deletePipeline");
  return ctx.db.write(async (tx) => {
    const pipeline = await requirePipeline(tx, "pipeline", input.pipeline, { lock: "change" });
    const placed = await tx.find(Coupling, { pipelineId: pipeline.id });
    await lockApps(
      tx,
      placed.map((coupling) => coupling.appId),
    );
    const events: EventDraft[] = [];
    for (const reviewApp of await tx.find(ReviewApp, { pipelineId: pipeline.id }, { order: "number" })) {
      events.push(...(await removeReviewApp(tx, ctx, reviewApp)));
    }
    const couplings = await tx.find(Coupling, { pipelineId: pipeline.id }, { order: "id" });
    const apps = await tx.find(App, { id: couplings.map((coupling) => coupling.appId) });
    for (const coupling of couplings) {
      const app = apps.find((one) => one.id === coupling.appId);
      if (app !== undefined) events.push(couplingRemoved(coupling, app, pipeline.name));
    }
    await tx.delete(Coupling, { pipelineId: pipeline.id });
    const now = ctx.now();
    await tx.update(Pipeline, { id: pipeline.id }, { deletedAt: now, updatedAt: now });
    events.push(
      changed("PIPELINE_DELETED", pipeline, `Pipeline ${pipeline.name} deleted`, { pipelineId: pipeline.id }),
    );
    await append(tx, ctx.viewer, now, events);
    return pipeline.id;
  });
}

/** The current name of a repository. Whose name it is, is decided only by viewers who may change the repository. */
function settleRepository(tx: Tx, { viewer }: Ctx, repository: string): Promise<string> {
  return viewer.scope === null ? claimRepository(tx, repository) : resolveRepository(tx, repository, "share");
}

async function refuseTakenName(tx: Tx, name: string): Promise<void> {
  const taken = await tx.first(Pipeline, { name, deletedAt: null });
  if (taken !== null) throw nameTaken("pipeline", name);
}
