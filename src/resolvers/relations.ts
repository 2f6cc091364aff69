import type { App } from "../entities/app.js";
import type { Build } from "../entities/build.js";
import type { Pipeline } from "../entities/pipeline.js";
import type { Release } from "../entities/release.js";
import type { Context } from "../schema/context.js";

/* Relations that several types have. What a row names is there, deleted or not, or the database is broken. */

export async function pipelineOf(ctx: Context, id: string): Promise<Pipeline> {
  return there(await ctx.loaders.pipeline.load(id), "pipeline", id);
}

/** For history: null where the pipeline is gone, or where there never was one. */
export async function livePipelineOf(ctx: Context, id: string | null): Promise<Pipeline | null> {
  const pipeline = id === null ? null : await ctx.loaders.pipeline.load(id);
  return pipeline?.deletedAt == null ? pipeline : null;
}

export async function appOf(ctx: Context, id: string): Promise<App> {
  return there(await ctx.loaders.app.load(id), "app", id);
}

export async function buildOf(ctx: Context, id: string): Promise<Build> {
  return there(await ctx.loaders.build.load(id), "build", id);
}

export async function releaseOf(ctx: Context, id: string): Promise<Release> {
  return there(await ctx.loaders.release.load(id), "release", id);
}

export function there<T>(row: T | null, what: string, id: string): T {
  if (row === null) throw new Error(`The ${what} ${id} is named by a row, and is not there.`);
  return row;
}
