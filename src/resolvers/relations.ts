import { findNodes, isVisibleNode } from "../domain/core/nodes.js";
import { notFound } from "../domain/core/refusal.js";
import { isVisibleWebhook } from "../domain/webhooks/access.js";
import { webhooksById } from "../domain/webhooks/statistics.js";
import type { Scope } from "../entities/access/token.js";
import type { Build } from "../entities/builds/build.js";
import type { Node } from "../entities/core/node.js";
import type { App } from "../entities/pipelines/app.js";
import type { Pipeline } from "../entities/pipelines/pipeline.js";
import type { Release } from "../entities/releases/release.js";
import { WebhookDelivery } from "../entities/webhooks/webhook-delivery.js";
import type { Context } from "../schema/context.js";

/*
 * Relations that several types share. A referenced row always exists, because deletion only marks it. For a restricted
 * viewer it can be missing, if it has since left the viewer's pipelines.
 */

/** Loads an object of any type; null if the id names none that the viewer may see. */
export async function loadNode(ctx: Context, id: string): Promise<Node | null> {
  const node = await ctx.loaders.computed.load(findNodes, id);
  if (node === null || !isVisibleNode(ctx.viewer, node)) return null;
  if (!(node instanceof WebhookDelivery)) return node;
  // A delivery is as visible as its webhook.
  const webhook = await ctx.loaders.computed.load(webhooksById, node.webhookId);
  return webhook !== null && isVisibleWebhook(ctx.viewer, webhook) ? node : null;
}

export async function loadPipeline(ctx: Context, id: string): Promise<Pipeline> {
  return requireRow(ctx, await ctx.loaders.pipeline.load(id), "pipeline", id);
}

/** Loads a pipeline that history refers to; null if there is none or it was deleted. */
export async function loadLivePipeline(ctx: Context, id: string | null): Promise<Pipeline | null> {
  const pipeline = id === null ? null : await ctx.loaders.pipeline.load(id);
  return pipeline?.deletedAt == null ? pipeline : null;
}

/** Loads the pipelines of a scope that are not deleted, oldest first; null if there is no scope. */
export async function loadLivePipelines(ctx: Context, scope: Scope | null): Promise<Pipeline[] | null> {
  if (scope === null) return null;
  const found = await Promise.all(scope.map((id) => loadLivePipeline(ctx, id)));
  return found.filter((pipeline) => pipeline !== null);
}

export async function loadApp(ctx: Context, id: string): Promise<App> {
  return requireRow(ctx, await ctx.loaders.referenced.app.load(id), "app", id);
}

export async function loadBuild(ctx: Context, id: string): Promise<Build> {
  return requireRow(ctx, await ctx.loaders.referenced.build.load(id), "build", id);
}

export async function loadRelease(ctx: Context, id: string): Promise<Release> {
  return requireRow(ctx, await ctx.loaders.referenced.release.load(id), "release", id);
}

export function requireRow<T>({ viewer }: Context, row: T | null, what: string, id: string): T {
  if (row === null && viewer.scope !== null) throw notFound("id", `${what} "${id}"`);
  if (row === null) throw new Error(`A row refers to the ${what} ${id}, which does not exist.`);
  return row;
}
