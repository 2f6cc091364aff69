import type { FastifyInstance, FastifyRequest } from "fastify";
import type { ZodTypeProvider } from "fastify-type-provider-zod";
import { createLoaders, type Loaders } from "../../database/queries/loaders.js";
import type { Reader } from "../../database/rows/reader.js";
import { type Ctx, contextFor } from "../../domain/core/context.js";
import { transactionTime } from "../../domain/core/values/time.js";
import type { Viewer } from "../../entities/access/token.js";
import type { Budget } from "./budget.js";

/** Dependencies of the routes. */
export interface PlatformParts {
  readonly ctx: Omit<Ctx, "viewer">;
  /** Authenticates an `Authorization` header. Throws UNAUTHENTICATED. */
  authenticate(authorization: unknown): Promise<Viewer>;
  /** The budget that requests are charged to; null if there is none. */
  readonly budget: Budget | null;
  /** Called with every error of an authenticated request, before the response. Must not throw. */
  onError(viewer: Viewer, error: unknown): Promise<void>;
}

/** The viewer of a request, with loaders for this request only. */
export interface RequestScope {
  readonly ctx: Ctx;
  readonly reader: Reader;
  readonly loaders: Loaders;
  /** The `Idempotency-Key` header; null without one. */
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
    /** Set by the Platform API before its routes run. */
    platformViewer: Viewer | null;
  }
}

/**
 * Creates the scope of a request. Each call creates new loaders, so that a response after a change reads the new state.
 */
export function requestScope(parts: PlatformParts, request: FastifyRequest): RequestScope {
  const viewer = request.platformViewer;
  if (viewer === null) throw new Error("A route of the Platform API ran without a viewer.");
  const ctx = contextFor(parts.ctx, viewer);
  const key = request.headers["idempotency-key"];
  return {
    ctx,
    reader: ctx.db.reader,
    loaders: createLoaders(ctx.db.reader, () => transactionTime(ctx.db.reader, ctx), null),
    idempotencyKey: typeof key === "string" ? key : null,
  };
}
