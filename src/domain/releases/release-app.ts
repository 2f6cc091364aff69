import type { Reader } from "../../database/rows/reader.js";
import { App } from "../../entities/pipelines/app.js";
import { Coupling } from "../../entities/pipelines/coupling.js";
import type { Release } from "../../entities/releases/release.js";
import type { TxCtx } from "../core/context.js";

/** The app of a release. */
export async function requireReleasedApp(reader: Reader, release: Release): Promise<App> {
  const app = await reader.first(App, { id: release.appId });
  if (app === null) throw new Error(`Release ${release.id} has lost its app.`);
  return app;
}

/** The pipeline of an app; null if it is in none. */
export async function findPipelineId(reader: Reader, appId: string): Promise<string | null> {
  return (await reader.first(Coupling, { appId }))?.pipelineId ?? null;
}

/** The deadline of a deployment that starts, or was reported, now. Without a further report it fails then. */
export function nextDeadline(ctx: TxCtx, app: App): Date {
  return new Date(ctx.now().getTime() + deployTimeout(ctx, app));
}

/** How long a deployment of an app may take without a report, in milliseconds. */
export function deployTimeout(ctx: TxCtx, app: App): number {
  return app.deployTimeout ?? ctx.durations.deployTimeout;
}
