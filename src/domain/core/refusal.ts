import { DatabaseUnavailable, WriteConflict } from "../../database/database.js";
import { nodeTypeName } from "../../entities/core/node.js";
import type { Blocker } from "../../entities/releases/plan.js";

/** Every code that a client may see as `extensions.code`, and when. A test compares docs/api.md with this catalog. */
export const REFUSALS = {
  UNAUTHENTICATED: "The token is missing, unknown, revoked or expired.",
  FORBIDDEN: "The token's role, or the pipelines that it is restricted to, do not allow the action.",
  NOT_FOUND: "An argument names something that does not exist; `field` says which argument.",
  BAD_USER_INPUT: "An argument is invalid; `field` says which, and the message what would be right.",
  CONFLICT:
    "The operation does not fit the current state: a name is taken, an app is in a pipeline already, a build is final.",
  PROMOTION_BLOCKED: "Required checks or other gates are not met; `blockers` lists every reason.",
  IDEMPOTENCY_KEY_REUSED: "The idempotency key was used with another input.",
  CURSOR_EXPIRED:
    "The events after the cursor were pruned, or the cursor is beyond the end of the log; `oldestCursor` is the first cursor to read from.",
  QUERY_TOO_LARGE: "The operation exceeds a limit; `limit` holds the limit.",
  RATE_LIMITED: "The token has used up its budget; `retryAfter` is the number of seconds to wait.",
  UNAVAILABLE: "The database cannot be reached, or the service is stopping. Try again.",
  GRAPHQL_PARSE_FAILED: "The document has a syntax error.",
  GRAPHQL_VALIDATION_FAILED: "The document does not match the schema.",
  INTERNAL_SERVER_ERROR: "An internal error; `requestId` finds it in the log.",
} as const;

export type RefusalCode = keyof typeof REFUSALS;

/** A refused operation, with a message for the viewer. It has changed nothing. */
export class Refusal extends Error {
  override readonly name = "Refusal";

  constructor(
    readonly code: RefusalCode,
    message: string,
    /** Added to the error's extensions beside the code. */
    readonly details: Readonly<Record<string, unknown>> = {},
  ) {
    super(message);
  }
}

/** Converts errors of the database that a client may see to refusals, and returns others unchanged. */
export function asRefusal(error: unknown): unknown {
  if (error instanceof WriteConflict) return new Refusal("CONFLICT", error.message);
  if (!(error instanceof DatabaseUnavailable)) return error;
  const message =
    "The database cannot be reached now. Try again; a mutation with its idempotencyKey, since it may have been carried out.";
  return new Refusal("UNAVAILABLE", message);
}

/** @param field the path inside the input, for example `requiredChecks.2` */
export function badInput(field: string, message: string): Refusal {
  return new Refusal("BAD_USER_INPUT", message, { field });
}

export function notFound(field: string, what: string): Refusal {
  return new Refusal("NOT_FOUND", `There is no ${what}.`, { field });
}

/** A name is unique among the pipelines, or among the apps. */
export function nameTaken(kind: "pipeline" | "app", name: string): Refusal {
  return conflict(`There is already ${kind === "app" ? "an app" : "a pipeline"} ${name}; choose another name.`);
}

export function conflict(message: string): Refusal {
  return new Refusal("CONFLICT", message);
}

/** How many blockers a message lists. `extensions.blockers` has all of them. */
const MAX_REASONS = 5;

export function blocked(intent: string, blockers: readonly Blocker[]): Refusal {
  const reasons = blockers.slice(0, MAX_REASONS).map((blocker) => blocker.message);
  const more = blockers.length - reasons.length;
  if (more > 0) reasons.push(`And ${more} more; see blockers.`);
  return new Refusal("PROMOTION_BLOCKED", `${intent} is refused. ${reasons.join(" ")}`, {
    blockers: blockers.map(({ code, message, app, context, overridable, remedies, clearsAt, cause }) => ({
      code,
      message,
      app: app === null ? null : { id: app.id, name: app.name },
      context,
      overridable,
      remedies,
      clearsAt: clearsAt?.toISOString() ?? null,
      cause: cause === null ? null : { __typename: nodeTypeName(cause), id: cause.id },
    })),
  });
}
