import type { Tx } from "../../database/rows/tx.js";
import { App } from "../../entities/pipelines/app.js";
import { Coupling } from "../../entities/pipelines/coupling.js";
import { Pipeline } from "../../entities/pipelines/pipeline.js";
import { ReviewApp } from "../../entities/pipelines/review-app.js";
import { append } from "../../events/append.js";
import { changed, type EventDraft } from "../../events/draft.js";
import { isPermitted, permit, permitUnrestricted } from "../access/actions.js";
import { claimRepository, resolveUntilEnd } from "../builds/repository-names.js";
import { destroyPipelineKey, updateFingerprints } from "../config-vars/data-keys.js";
import type { Ctx } from "../core/context.js";
import { withIdempotency } from "../core/idempotency.js";
import { LIMITS, optional, parseBranch, parseComponent, parseName, parseText } from "../core/input.js";
import { lockApps } from "../core/locks.js";
import { requirePipeline } from "../core/references.js";
import { nameTaken } from "../core/refusal.js";
import { formatValue } from "../core/values/format-value.js";
import { newId } from "../core/values/id.js";
import { parseRepository } from "../core/values/repository-address.js";
import { endGatesFor } from "../gates/calendar/changes.js";
import { endWaitingFor } from "../promotions/waiting/clear-waiting.js";
import { couplingRemoved } from "./coupling-events.js";
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
  const component = optional(input.component, (value) => parseComponent("component", value));
  const branch = optional(input.branch, (value) => parseBranch("branch", value)) ?? DEFAULT_BRANCH;
  return withIdempotency(ctx, "createPipeline", input, Pipeline, async (tx) => {
    await refuseTakenName(tx, name);
    const current = repository && (await resolveUntilEnd(tx, repository));
    // If another repository has taken over the name, use that one, unless pipelines still use the name for the previous
    // one.
    if (current !== null && !(await isUsed(tx, current))) await claimRepository(tx, current);
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
  const component = optional(input.component, (value) => parseComponent("component", value));
  const branch = optional(input.branch, (value) => parseBranch("branch", value));
  return ctx.db.write(async (tx) => {
    const current = repository && (await resolveUntilEnd(tx, repository));
    const claims = current === null ? [] : await claimForPipelines(tx, ctx, current);
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
    if (fields.length === 0) {
      if (claims.length > 0) await append(tx, ctx.viewer, ctx.now(), claims);
      return pipeline;
    }
    if (fields.includes("name") || fields.includes("repository") || fields.includes("component")) {
      // Names are shared by all pipelines. The repository and component decide which builds belong to the pipeline.
      permitUnrestricted(ctx.viewer, "updatePipeline", "name, repository or component");
    }
    const rebinds = fields.includes("repository") || fields.includes("component");
    // The repository gate depends on the repository and component.
    if (rebinds && before.repository !== null) permit(ctx.viewer, "changeRepository");
    if (fields.includes("name")) await refuseTakenName(tx, pipeline.name);
    pipeline.updatedAt = ctx.now();
    await tx.update(Pipeline, { id: pipeline.id }, { ...pipeline });
    const summary = `Pipeline ${before.name}: ${fields.map((field) => `${field} ${formatValue(pipeline[field])}`).join(", ")}`;
    await append(tx, ctx.viewer, pipeline.updatedAt, [
      ...claims,
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
    const couplings = await tx.find(Coupling, { pipelineId: pipeline.id }, { order: "position" });
    const apps = await tx.find(App, { id: couplings.map((coupling) => coupling.appId) });
    for (const coupling of couplings) {
      const app = apps.find((one) => one.id === coupling.appId);
      if (app === undefined) continue;
      events.push(couplingRemoved(coupling, app, pipeline.name));
      events.push(...(await endWaitingFor(tx, ctx, app.id, `The pipeline ${pipeline.name} was deleted.`)));
    }
    await tx.delete(Coupling, { pipelineId: pipeline.id });
    events.push(...(await endGatesFor(tx, ctx, "PIPELINE", pipeline.id)));
    for (const { id } of apps) await updateFingerprints(tx, ctx.keyRing ?? null, id, null);
    await destroyPipelineKey(tx, pipeline.id);
    const now = ctx.now();
    await tx.update(Pipeline, { id: pipeline.id }, { deletedAt: now, updatedAt: now });
    events.push(
      changed("PIPELINE_DELETED", pipeline, `Pipeline ${pipeline.name} deleted`, { pipelineId: pipeline.id }),
    );
    await append(tx, ctx.viewer, now, events);
    return pipeline.id;
  });
}

/**
 * If another repository has taken over the name, all pipelines with that name use the new one from now on. If such
 * pipelines exist, only an administrator may decide this.
 *
 * @returns an event for each of these pipelines
 */
async function claimForPipelines(tx: Tx, { viewer }: Ctx, repository: string): Promise<EventDraft[]> {
  if (viewer.scope !== null || (!isPermitted(viewer, "changeRepository") && (await isUsed(tx, repository)))) return [];
  if (!(await claimRepository(tx, repository))) return [];
  const pipelines = await tx.find(Pipeline, { repository, deletedAt: null }, { order: "id", lock: "change" });
  return pipelines.map((pipeline) =>
    changed(
      "PIPELINE_UPDATED",
      pipeline,
      `Pipeline ${pipeline.name}: follows the repository that has the name ${formatValue(repository)} now`,
      { pipelineId: pipeline.id },
    ),
  );
}

async function isUsed(tx: Tx, repository: string): Promise<boolean> {
  return (await tx.first(Pipeline, { repository, deletedAt: null })) !== null;
}

async function refuseTakenName(tx: Tx, name: string): Promise<void> {
  const taken = await tx.first(Pipeline, { name, deletedAt: null });
  if (taken !== null) throw nameTaken("pipeline", name);
}
