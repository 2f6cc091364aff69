import { GraphQLError } from "graphql";
import { RateLimiterMemory, RateLimiterRes } from "rate-limiter-flexible";
import { AccessDenied } from "../../domain/access/actions.js";
import type { Ctx } from "../../domain/core/context.js";
import { recordDenied } from "../../domain/history/audit.js";
import type { Viewer } from "../../entities/access/token.js";
import type { Logger } from "./log.js";

/** Attempts of one token that are kept in a minute: enough to tell of them, and too few to fill the log with. */
const MAX_EVENTS_PER_MINUTE = 60;

/** Keeps in the event log who tried what only an administrator may do. */
export class Audit {
  readonly #ctx: Omit<Ctx, "viewer">;
  readonly #log: Logger;
  readonly #attempts = new RateLimiterMemory({ points: MAX_EVENTS_PER_MINUTE, duration: 60 });

  constructor(ctx: Omit<Ctx, "viewer">, log: Logger) {
    this.#ctx = ctx;
    this.#log = log;
  }

  /**
   * Looks through the errors of an operation, and resolves once what is to be kept of them is in the log. The refusal
   * stands whether or not it could be written down; what could not is told of in the service's own log.
   */
  async record(viewer: Viewer, errors: readonly unknown[]): Promise<void> {
    const all = errors.map(findDenial).flatMap((denied) => (denied?.elevated ? [denied] : []));
    const actions = new Map(all.map((denied) => [denied.action, denied]));
    if (actions.size === 0) return;
    const { db, durations, now } = this.#ctx;
    try {
      await this.#attempts.consume(viewer.tokenId ?? viewer.name, actions.size);
      await recordDenied({ db, durations, now: () => now.call(this.#ctx), viewer }, [...actions.values()]);
    } catch (error) {
      const reason = error instanceof RateLimiterRes ? { reason: "too many in a minute" } : { err: error };
      this.#log.warn(
        { viewer: viewer.name, actions: [...actions.keys()], ...reason },
        "a refused attempt was not kept",
      );
    }
  }
}

function findDenial(error: unknown): AccessDenied | null {
  let cause = error;
  while (cause instanceof GraphQLError && cause.originalError != null) cause = cause.originalError;
  return cause instanceof AccessDenied ? cause : null;
}
