import type { Tx } from "../../database/rows/tx.js";
import type { DeploymentMode } from "../../entities/core/enums.js";
import { App } from "../../entities/pipelines/app.js";
import { Coupling } from "../../entities/pipelines/coupling.js";
import { ReviewApp } from "../../entities/pipelines/review-app.js";
import { Release } from "../../entities/releases/release.js";
import { append } from "../../events/append.js";
import { changed, type EventDraft } from "../../events/draft.js";
import { permit, permitUnrestricted } from "../access/actions.js";
import { destroyConfig } from "../config-vars/data-keys.js";
import type { Ctx, TxCtx } from "../core/context.js";
import { withIdempotency } from "../core/idempotency.js";
import { LIMITS, optional, parseLine, parseName, parseText } from "../core/input.js";
import { lockApp } from "../core/locks.js";
import { conflict, nameTaken } from "../core/refusal.js";
import { formatDuration, parseDuration } from "../core/values/duration.js";
import { formatValue } from "../core/values/format-value.js";
import { newId } from "../core/values/id.js";
import { endGatesFor } from "../gates/calendar/changes.js";
import { updatePhase } from "../releases/deployments.js";
import { findPipelineId } from "../releases/release-app.js";

export interface CreateAppInput {
  readonly name: string;
  readonly description?: string | null;
  readonly region?: string | null;
  readonly deploymentMode?: DeploymentMode | null;
  readonly idempotencyKey?: string | null;
}

export async function createApp(ctx: Ctx, input: CreateAppInput): Promise<App> {
  permit(ctx.viewer, "createApp");
  const name = parseName("name", input.name);
  const description = optional(input.description, (value) => parseText("description", value, LIMITS.description)) ?? "";
  const region = optional(input.region, (value) => parseLine("region", value));
  return withIdempotency(ctx, "createApp", input, App, async (tx) => {
    if (await isNameTaken(tx, name)) throw nameTaken("app", name);
    const { app, event } = await insertApp(tx, ctx, {
      name,
      description,
      region,
      deploymentMode: input.deploymentMode ?? "IMMEDIATE",
    });
    await append(tx, ctx.viewer, ctx.now(), [event]);
    return app;
  });
}

/** Inserts a new app. The caller has checked that the name is free. */
export async function insertApp(
  tx: Tx,
  ctx: TxCtx,
  fields: Pick<App, "name" | "description" | "region" | "deploymentMode">,
): Promise<{ app: App; event: EventDraft }> {
  const now = ctx.now();
  const app = Object.assign(new App(), {
    ...fields,
    id: newId(),
    deployTimeout: null,
    autoDeploy: true,
    configVersion: 0,
    createdAt: now,
    updatedAt: now,
    deletedAt: null,
  });
  await tx.insert(App, [app]);
  return { app, event: changed("APP_CREATED", app, `App ${app.name} created`, { app }) };
}

export interface UpdateAppInput {
  readonly app: string;
  readonly name?: string | null;
  readonly description?: string | null;
  readonly region?: string | null;
  readonly deploymentMode?: DeploymentMode | null;
  readonly deployTimeout?: string | null;
}

/** Changes the given fields. Null clears the region and the timeout; null for others changes nothing. */
export async function updateApp(ctx: Ctx, input: UpdateAppInput): Promise<App> {
  permit(ctx.viewer, "updateApp");
  const name = optional(input.name, (value) => parseName("name", value));
  const description = optional(input.description, (value) => parseText("description", value, LIMITS.description));
  const region = optional(input.region, (value) => parseLine("region", value));
  const deployTimeout = optional(input.deployTimeout, (value) => parseDuration("deployTimeout", value, "1s", "30d"));
  return ctx.db.write(async (tx) => {
    const app = await lockApp(tx, "app", input.app);
    const before = { ...app };
    if (name !== null) app.name = name;
    if (description !== null) app.description = description;
    if (input.region !== undefined) app.region = region;
    if (input.deploymentMode != null) app.deploymentMode = input.deploymentMode;
    if (input.deployTimeout !== undefined) app.deployTimeout = deployTimeout;
    const fields = (["name", "description", "region", "deploymentMode", "deployTimeout"] as const).filter(
      (field) => app[field] !== before[field],
    );
    if (fields.length === 0) return app;
    if (fields.includes("name")) await checkRename(tx, ctx, app);
    if (fields.includes("deploymentMode")) await refuseWhileDeploying(tx, app);
    app.updatedAt = ctx.now();
    await tx.update(App, { id: app.id }, { ...app });
    const shown = { ...app, deployTimeout: app.deployTimeout === null ? null : formatDuration(app.deployTimeout) };
    const summary = `App ${before.name}: ${fields.map((field) => `${field} ${formatValue(shown[field])}`).join(", ")}`;
    const pipelineId = await findPipelineId(tx, app.id);
    await append(tx, ctx.viewer, app.updatedAt, [changed("APP_UPDATED", app, summary, { app, pipelineId })]);
    return app;
  });
}

/** Deletes an app that is in no pipeline. Its releases stay readable, and its name becomes free. */
export async function deleteApp(ctx: Ctx, input: { readonly app: string }): Promise<string> {
  permit(ctx.viewer, "deleteApp");
  return ctx.db.write(async (tx) => {
    const app = await lockApp(tx, "app", input.app);
    const coupling = await tx.first(Coupling, { appId: app.id });
    if (coupling !== null) throw conflict(`${app.name} is in a pipeline; remove it from there first.`);
    await append(tx, ctx.viewer, ctx.now(), await removeApp(tx, ctx, app));
    return app.id;
  });
}

/** Marks an app as deleted, and destroys its config. Its QUEUED and DEPLOYING releases become FAILED. */
export async function removeApp(tx: Tx, ctx: TxCtx, app: App): Promise<EventDraft[]> {
  const events: EventDraft[] = [];
  // The queued one first, or it would start when the other ends.
  for (const phase of ["QUEUED", "DEPLOYING"] as const) {
    for (const release of await tx.find(Release, { appId: app.id, phase })) {
      events.push(...(await updatePhase(tx, ctx, release, "FAILED", { failureReason: "The app was deleted." })));
    }
  }
  events.push(...(await endGatesFor(tx, ctx, "APP", app.id)));
  await destroyConfig(tx, app.id);
  const now = ctx.now();
  await tx.update(App, { id: app.id }, { deletedAt: now, updatedAt: now });
  return [...events, changed("APP_DELETED", app, `App ${app.name} deleted`, { app })];
}

/**
 * Checks the new name of an app. Names are unique among all apps. The name of a review app is derived from its pull
 * request, and cannot be changed.
 */
async function checkRename(tx: Tx, ctx: TxCtx, app: App): Promise<void> {
  permitUnrestricted(ctx.viewer, "updateApp", "name");
  if (await isNameTaken(tx, app.name)) throw conflict(`There is an app ${app.name} already; choose another name.`);
  const reviewApp = await tx.first(ReviewApp, { appId: app.id });
  if (reviewApp !== null) throw conflict("A review app cannot be renamed.");
}

/** Whether an app that is not deleted has this name. */
export async function isNameTaken(tx: Tx, name: string): Promise<boolean> {
  return (await tx.first(App, { name, deletedAt: null })) !== null;
}

/** A running deployment must end in the mode that it began in. */
async function refuseWhileDeploying(tx: Tx, app: App): Promise<void> {
  const release = await tx.first(Release, { appId: app.id, phase: ["DEPLOYING", "QUEUED"] });
  if (release === null) return;
  throw conflict(
    `v${release.version} of ${app.name} is ${release.phase}; deploymentMode can change once it has ended.`,
  );
}
