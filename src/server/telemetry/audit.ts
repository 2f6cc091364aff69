import { GraphQLError } from "graphql";
import { RateLimiterMemory, RateLimiterRes } from "rate-limiter-flexible";
import { AccessDenied } from "../../domain/access/actions.js";
import type { Ctx } from "../../domain/core/context.js";
import { recordDenied } from "../../domain/history/audit.js";
import type { Viewer } from "../../entities/access/token.js";
import type { Logger } from "./log.js";

/** Maximum number of audit events per token and minute, so that a client cannot flood the log. */
const MAX_EVENTS_PER_MINUTE = 60;

/** Records denied attempts at administrative actions in the event log. */
export class Audit {
  readonly #ctx: Omit<Ctx, "viewer">;
  readonly #log: Logger;
  readonly #attempts = new RateLimiterMemory({ points: MAX_EVENTS_PER_MINUTE, duration: 60 });

  constructor(ctx: Omit<Ctx, "viewer">, log: Logger) {
    this.#ctx = ctx;
    this.#log = log;
  }

  /**
   * Records the denied actions among an operation's errors, and resolves once they are in the event log. The refusal
   * does not depend on it: a failure to record goes to the service's log.
   */
  async record(viewer: Viewer, errors: readonly unknown[]): Promise<void> {
    const denials = errors.map(findDenial).flatMap((denied) => (denied?.elevated ? [denied] : []));
    const actions = new Map(denials.map((denied) => [denied.action, denied]));
    if (actions.size === 0) return;
    const { db, now } = this.#ctx;
    try {
      await this.#attempts.consume(viewer.tokenId ?? viewer.name, actions.size);
      await recordDenied({ db, now: () => now.call(this.#ctx), viewer }, [...actions.values()]);
    } catch (error) {
      const reason = error instanceof RateLimiterRes ? { reason: "rate limit exceeded" } : { err: error };
      this.#log.warn({ viewer: viewer.name, actions: [...actions.keys()], ...reason }, "audit event not recorded");
    }
  }
}

function findDenial(error: unknown): AccessDenied | null {
  let cause = error;
  while (cause instanceof GraphQLError && cause.originalError != null) cause = cause.originalError;
  return cause instanceof AccessDenied ? cause : null;
}
