import { type Database, limitedTo } from "../../database/database.js";
import type { Viewer } from "../../entities/access/token.js";
import type { KeyRing } from "../config-vars/key-ring.js";
import type { WebhookSender } from "../webhooks/sender.js";

/** Durations in milliseconds. */
export interface Durations {
  /** A deployment without a report within this time FAILS. */
  readonly deployTimeout: number;
  /** A review app is removed after this time without activity on its pull request. */
  readonly reviewAppTtl: number;
  /** Events older than this are pruned. */
  readonly eventRetention: number;
}

/** The context of an operation of the domain: the database, the viewer and the clock. */
export interface Ctx {
  readonly db: Database;
  readonly viewer: Viewer;
  readonly durations: Durations;
  /** Sends the requests of webhooks. */
  readonly sender: WebhookSender;
  /** The address of the page, without a trailing slash; null if it is not known. */
  readonly publicUrl: string | null;
  now(): Date;
  /** Whether `now` is the clock of a test. Then it is used instead of the database's clock. @default false */
  readonly hasTestClock?: boolean;
  /** Encrypts config vars; null if CONFIG_KEYS is not set. @default null */
  readonly keyRing?: KeyRing | null;
  /** Whether the viewer may be shown secret config vars, if they may read them. @default true */
  readonly showsSecrets?: boolean;
}

/** The context of a helper that receives a `tx`. It has no database, so the helper cannot begin another transaction. */
export type TxCtx = Omit<Ctx, "db">;

/** The actor of automatic deploys, timeouts and expiry. */
export const SYSTEM_VIEWER: Viewer = Object.freeze({
  ...{ name: "railyard", role: "ADMIN" as const, scope: null },
  ...{ tokenId: null, subject: null, person: null, groups: Object.freeze([]) },
});

/** A context for a viewer, restricted to the scope of their token. */
export function contextFor(ctx: Omit<Ctx, "viewer">, viewer: Viewer): Ctx {
  return { ...shared(ctx), db: limitedTo(ctx.db, viewer.scope), viewer };
}

/** The same context, with another viewer as the actor. */
export function asViewer(ctx: TxCtx, viewer: Viewer): TxCtx {
  return { ...shared(ctx), viewer };
}

/** The same context, with the service as the actor. */
export function asSystem(ctx: TxCtx): TxCtx {
  return { ...shared(ctx), viewer: SYSTEM_VIEWER };
}

/** The part that does not depend on the viewer. */
function shared(ctx: Omit<Ctx, "db" | "viewer">): Omit<Ctx, "db" | "viewer"> {
  const { durations, sender, publicUrl, hasTestClock = false, keyRing = null, showsSecrets = true } = ctx;
  return { durations, sender, publicUrl, hasTestClock, keyRing, showsSecrets, now: () => ctx.now() };
}
