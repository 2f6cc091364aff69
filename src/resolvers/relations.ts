import { notFound } from "../domain/core/refusal.js";
import type { Scope } from "../entities/access/token.js";
import type { Build } from "../entities/builds/build.js";
import type { App } from "../entities/pipelines/app.js";
import type { Pipeline } from "../entities/pipelines/pipeline.js";
import type { Release } from "../entities/releases/release.js";
import type { Context } from "../schema/context.js";

/*
 * Relations that several types have. What a row names is there, deleted or not, or the database is broken; unless the
 * viewer is limited, and what they were looking at has left their pipelines since.
 */

export async function pipelineOf(ctx: Context, id: string): Promise<Pipeline> {
  return requireRow(ctx, await ctx.loaders.pipeline.load(id), "pipeline", id);
}

/** For history: null where the pipeline is gone, or where there never was one. */
export async function livePipelineOf(ctx: Context, id: string | null): Promise<Pipeline | null> {
  const pipeline = id === null ? null : await ctx.loaders.pipeline.load(id);
  return pipeline?.deletedAt == null ? pipeline : null;
}

/** The pipelines of a scope that are not deleted, by the order of their making; null where there is no scope. */
export async function pipelinesIn(ctx: Context, scope: Scope | null): Promise<Pipeline[] | null> {
  if (scope === null) return null;
  const found = await Promise.all(scope.map((id) => livePipelineOf(ctx, id)));
  return found.filter((pipeline) => pipeline !== null);
}

export async function appOf(ctx: Context, id: string): Promise<App> {
  return requireRow(ctx, await ctx.loaders.named.app.load(id), "app", id);
}

export async function buildOf(ctx: Context, id: string): Promise<Build> {
  return requireRow(ctx, await ctx.loaders.named.build.load(id), "build", id);
}

export async function releaseOf(ctx: Context, id: string): Promise<Release> {
  return requireRow(ctx, await ctx.loaders.named.release.load(id), "release", id);
}

export function requireRow<T>({ viewer }: Context, row: T | null, what: string, id: string): T {
  if (row === null && viewer.scope !== null) throw notFound("id", `${what} "${id}"`);
  if (row === null) throw new Error(`The ${what} ${id} is named by a row, and is not there.`);
  return row;
}
