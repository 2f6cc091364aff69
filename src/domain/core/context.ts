import { type Database, limitedTo } from "../../database/database.js";
import type { Viewer } from "../../entities/access/token.js";

/** How long things may take, in milliseconds. */
export interface Durations {
  /** A deployment that nobody reports within it FAILS. */
  readonly deployTimeout: number;
  /** A review app on whose pull request nothing happens for so long is removed. */
  readonly reviewAppTtl: number;
  /** Events older than this are pruned. */
  readonly eventRetention: number;
}

/** What every verb of the domain is handed: where the rows are, who asks, and what time it is. */
export interface Ctx {
  readonly db: Database;
  readonly viewer: Viewer;
  readonly durations: Durations;
  now(): Date;
}

/** Who acts when nobody asked: automatic deploys, timeouts, expiry. */
export const SYSTEM_VIEWER: Viewer = Object.freeze({ name: "railyard", role: "ADMIN", tokenId: null, scope: null });

/** A context for a viewer: they see and touch what their token lets them. */
export function contextFor(ctx: Omit<Ctx, "viewer">, viewer: Viewer): Ctx {
  return { db: limitedTo(ctx.db, viewer.scope), durations: ctx.durations, now: () => ctx.now(), viewer };
}

/** The same context, acting by itself. */
export function asSystem(ctx: Ctx): Ctx {
  return { db: ctx.db, durations: ctx.durations, now: () => ctx.now(), viewer: SYSTEM_VIEWER };
}
