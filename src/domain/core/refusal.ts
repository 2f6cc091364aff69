import { DatabaseUnavailable, WriteConflict } from "../../database/database.js";
import type { Blocker } from "../../entities/releases/plan.js";

/** Every code that a client may see as `extensions.code`, and when. A test compares docs/api.md with this catalog. */
export const REFUSALS = {
  UNAUTHENTICATED: "There is no token, or it is unknown, revoked or expired.",
  FORBIDDEN: "The token's role does not allow it, or the pipelines that it is limited to do not.",
  NOT_FOUND: "What an argument names is not there; `field` says which.",
  BAD_USER_INPUT: "An argument is not what it must be; `field` says which, the message what would be right.",
  CONFLICT: "It does not fit what is there now: a name is taken, an app is coupled already, a build is final.",
  PROMOTION_BLOCKED: "A gate holds; `blockers` lists every reason.",
  IDEMPOTENCY_KEY_REUSED: "The key was used with another input.",
  CURSOR_EXPIRED: "The log no longer holds what came after the cursor; `oldestCursor` is where it begins.",
  QUERY_TOO_LARGE: "The operation is larger than the limits allow.",
  RATE_LIMITED: "The token has used up what it may spend for now.",
  UNAVAILABLE: "The database cannot be reached, or the service is stopping. Try again.",
  GRAPHQL_PARSE_FAILED: "The document is not GraphQL.",
  GRAPHQL_VALIDATION_FAILED: "The document does not fit the schema.",
  INTERNAL_SERVER_ERROR: "A fault of ours; `requestId` finds it in the log.",
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

/** Converts an error of the database to the refusal for a client; returns others unchanged. */
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

export function blocked(intent: string, blockers: readonly Blocker[]): Refusal {
  const reasons = blockers.map((blocker) => blocker.message).join(" ");
  return new Refusal("PROMOTION_BLOCKED", `${intent} is refused. ${reasons}`, {
    blockers: blockers.map(({ code, message, app, context, overridable }) => ({
      code,
      message,
      app: app === null ? null : { id: app.id, name: app.name },
      context,
      overridable,
    })),
  });
}
