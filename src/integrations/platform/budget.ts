import type { FastifyReply, RouteOptions } from "fastify";
import { Refusal } from "../../domain/core/refusal.js";
import type { Viewer } from "../../entities/access/token.js";

declare module "fastify" {
  interface FastifyContextConfig {
    /** What a request of the Platform API costs; set for each of its routes. */
    cost?: number;
  }
}

/** What tokens pay from, by this API and by others together. */
export interface Budget {
  /**
   * @returns how the token stands then; times are seconds
   * @throws Refusal RATE_LIMITED, with `limit` and `retryAfter`
   */
  spend(viewer: Viewer, cost: number): Promise<Balance>;
}

interface Balance {
  readonly limit: number;
  readonly remaining: number;
  readonly resetsIn: number;
}

/**
 * What a request costs, in what a GraphQL operation of the same size would: an object has some ten fields, a change reads
 * and writes several rows, and a list has mostly a page of a hundred.
 */
export const COSTS = { one: 10, change: 50, list: 1000 } as const;

/** The cost of a route, told by what it is declared to answer: whoever adds one need not think of it. */
export function requestCost({ method, schema }: RouteOptions): number {
  const { response } = (schema ?? {}) as { response?: object };
  // A part of a list: no other route gives parts.
  if (response !== undefined && "206" in response) return COSTS.list;
  return method === "GET" || method === "HEAD" ? COSTS.one : COSTS.change;
}

/** Pays for a request and tells the client how it stands, as it is told too where the request is refused. */
export async function chargeBudget(budget: Budget, viewer: Viewer, cost: number, reply: FastifyReply): Promise<void> {
  try {
    const { limit, remaining, resetsIn } = await budget.spend(viewer, cost);
    setHeaders(reply, limit, remaining, resetsIn);
  } catch (error) {
    if (error instanceof Refusal && error.code === "RATE_LIMITED") {
      const { limit, retryAfter } = error.details;
      setHeaders(reply, limit, 0, retryAfter);
      reply.header("retry-after", String(retryAfter));
    }
    throw error;
  }
}

/** As draft 03 of "RateLimit header fields for HTTP" has them, and Heroku its `RateLimit-Remaining`. */
function setHeaders(reply: FastifyReply, limit: unknown, remaining: unknown, reset: unknown): void {
  reply.headers({
    "ratelimit-limit": String(limit),
    "ratelimit-remaining": String(remaining),
    "ratelimit-reset": String(reset),
  });
}
