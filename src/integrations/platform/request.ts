import type { FastifyInstance, FastifyRequest } from "fastify";
import type { ZodTypeProvider } from "fastify-type-provider-zod";
import { createLoaders, type Loaders } from "../../database/queries/loaders.js";
import type { Reader } from "../../database/rows/reader.js";
import { type Ctx, contextFor } from "../../domain/core/context.js";
import type { Viewer } from "../../entities/access/token.js";
import type { Budget } from "./budget.js";

/** What the routes are given from outside: where the rows are, and how a request's token is told. */
export interface PlatformParts {
  readonly ctx: Omit<Ctx, "viewer">;
  /** Tells whose token a header `Authorization` carries, or throws UNAUTHENTICATED. */
  authenticate(authorization: unknown): Promise<Viewer>;
  /** What requests are paid from; null where they are not paid for. */
  readonly budget: Budget | null;
  /** Hears of what somebody who is signed in was refused, before they are told; it throws nothing. */
  onError(viewer: Viewer, error: unknown): Promise<void>;
}

/** Whoever asks, with loaders that are theirs alone. */
export interface RequestScope {
  readonly ctx: Ctx;
  readonly reader: Reader;
  readonly loaders: Loaders;
  /** What the request gave as `Idempotency-Key`. */
  readonly idempotencyKey: string | null;
}

export type Routes = FastifyInstance<
  import("http").Server,
  import("http").IncomingMessage,
  import("http").ServerResponse,
  import("fastify").FastifyBaseLogger,
  ZodTypeProvider
>;

declare module "fastify" {
  interface FastifyRequest {
    /** Set by the Platform API before a route of its own runs. */
    platformViewer: Viewer | null;
  }
}

/** Tells who asks. Loaders are made anew at each call: what a route answers after a change is read after it. */
export function requestScope(parts: PlatformParts, request: FastifyRequest): RequestScope {
  const viewer = request.platformViewer;
  if (viewer === null) throw new Error("A route of the Platform API ran before its viewer was known.");
  const ctx = contextFor(parts.ctx, viewer);
  const key = request.headers["idempotency-key"];
  return {
    ctx,
    reader: ctx.db.reader,
    loaders: createLoaders(ctx.db.reader),
    idempotencyKey: typeof key === "string" ? key : null,
  };
}
