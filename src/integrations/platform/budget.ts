import type { FastifyReply, RouteOptions } from "fastify";
import { Refusal } from "../../domain/core/refusal.js";
import type { Viewer } from "../../entities/access/token.js";

declare module "fastify" {
  interface FastifyContextConfig {
    /** Cost of a Platform API request; set for each of its routes. */
    cost?: number;
  }
}

/** The budget of tokens, shared with the GraphQL API. */
export interface Budget {
  /**
   * @returns the state of the token's budget after the charge; `resetsIn` in seconds
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
 * Costs, comparable with GraphQL operations of the same size: an object has about ten fields, a mutation reads and
 * writes several rows, and a list usually has a page of a hundred.
 */
export const COSTS = { one: 10, change: 50, list: 1000 } as const;

/** Derives the cost of a route from its declaration, so that new routes have one without further work. */
export function requestCost({ method, schema }: RouteOptions): number {
  const { response } = (schema ?? {}) as { response?: object };
  return getCost(String(method), response);
}

/** @param responses the responses that the route declares, by status; only paginated lists declare 206 */
export function getCost(method: string, responses: object = {}): number {
  if ("206" in responses) return COSTS.list;
  return /^(get|head)$/i.test(method) ? COSTS.one : COSTS.change;
}

/** Charges a request and sets the rate-limit headers, also if it is refused. */
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

/** As in draft 03 of "RateLimit header fields for HTTP". Heroku clients read `RateLimit-Remaining`. */
function setHeaders(reply: FastifyReply, limit: unknown, remaining: unknown, reset: unknown): void {
  reply.headers({
    "ratelimit-limit": String(limit),
    "ratelimit-remaining": String(remaining),
    "ratelimit-reset": String(reset),
  });
}
