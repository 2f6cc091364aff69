import { GraphQLError, type GraphQLFormattedError } from "graphql";
import { asRefusal, Refusal, type RefusalCode } from "../domain/core/refusal.js";

/** Maps error codes of the libraries to ours. Any other code is treated as an internal error. */
const LIBRARY_CODES: Readonly<Record<string, RefusalCode>> = {
  GRAPHQL_PARSE_FAILED: "GRAPHQL_PARSE_FAILED",
  GRAPHQL_VALIDATION_FAILED: "GRAPHQL_VALIDATION_FAILED",
  BAD_USER_INPUT: "BAD_USER_INPUT",
  BAD_REQUEST: "BAD_USER_INPUT",
  OPERATION_RESOLUTION_FAILURE: "BAD_USER_INPUT",
};

/** The HTTP status of a request that is refused before execution starts. */
export const REQUEST_STATUS: Readonly<Partial<Record<RefusalCode, number>>> = {
  UNAUTHENTICATED: 401,
  FORBIDDEN: 403,
  NOT_FOUND: 404,
  QUERY_TOO_LARGE: 413,
  RATE_LIMITED: 429,
  UNAVAILABLE: 503,
  INTERNAL_SERVER_ERROR: 500,
};

/** Whether an error means that the database or another service cannot be reached, so that a retry may succeed later. */
export function isUnavailable(thrown: unknown): boolean {
  const cause = asRefusal(rootCause(thrown));
  return cause instanceof Refusal && cause.code === "UNAVAILABLE";
}

export interface PresentedError {
  readonly error: GraphQLFormattedError;
  /** The internal error, for the log; null if the client caused the error. */
  readonly fault: unknown;
}

/**
 * Converts a thrown value to the error that a client sees, over HTTP and WebSocket.
 * - Refusals keep their message, code and details.
 * - Errors in the document or its variables keep their message.
 * - Any other error is reported as INTERNAL_SERVER_ERROR, with the request id only.
 */
export function present(thrown: unknown, requestId: string): PresentedError {
  const graphql = thrown instanceof GraphQLError ? thrown : null;
  const location = graphql === null ? {} : withLocation(graphql);
  const cause = asRefusal(rootCause(thrown));
  if (cause instanceof Refusal) {
    return {
      error: { message: cause.message, ...location, extensions: { ...cause.details, code: cause.code } },
      fault: null,
    };
  }
  if (isTooDeep(graphql, cause)) {
    const message = "The document or a value in its variables is nested too deeply.";
    return { error: { message, extensions: { code: "QUERY_TOO_LARGE" } }, fault: null };
  }
  const code = graphql === null ? undefined : errorCode(graphql);
  if (graphql !== null && code !== undefined) {
    const field = code === "BAD_USER_INPUT" ? errorField(graphql.message) : undefined;
    const extensions = { code, ...(field !== undefined && { field }) };
    return { error: { message: truncate(withoutValue(graphql.message)), ...location, extensions }, fault: null };
  }
  const message = "Internal server error; see the log for this requestId.";
  return { error: { message, ...location, extensions: { code: "INTERNAL_SERVER_ERROR", requestId } }, fault: cause };
}

function errorCode(error: GraphQLError): RefusalCode | undefined {
  // Thrown inside a resolver: only the message of a refusal may reach the client.
  if (error.originalError != null && !(error.originalError instanceof GraphQLError)) return undefined;
  const code = LIBRARY_CODES[String(error.extensions.code)];
  if (code !== undefined) return code;
  // Execution errors: a missing variable of an argument is the client's error, everything else is internal.
  const causedByClient = error.path === undefined || error.message.startsWith("Argument ");
  return causedByClient && error.extensions.code === undefined ? "BAD_USER_INPUT" : undefined;
}

/**
 * Removes quoted values that may be those of config vars from a message of graphql-js: whole objects and lists, and
 * values that are not strings where a string is required. Other messages keep the value, which helps to find the error.
 */
function withoutValue(message: string): string {
  return message
    .replace(/^(Variable "\$\w+" got invalid value) [{[].*( at "[^"]*"; )/s, "$1$2")
    .replace(/^(Variable "\$\w+" got invalid value) .* (at "[^"]*\.value"; )/s, "$1 $2")
    .replace(/(String cannot represent a non string value): .*$/s, "$1.");
}

/** Truncates the middle. A message may quote a long value before it states the problem at the end. */
function truncate(message: string): string {
  return message.length <= MAX_MESSAGE_LENGTH
    ? message
    : `${message.slice(0, MAX_MESSAGE_LENGTH / 2)} … ${message.slice(-MAX_MESSAGE_LENGTH / 2)}`;
}

/** The maximum number of characters of a message from graphql-js. */
const MAX_MESSAGE_LENGTH = 2000;

/** Extracts the path of the invalid value from a message of graphql-js; undefined if it is not about a variable. */
function errorField(message: string): string | undefined {
  const variable = /^Variable "\$(\w+)" (?:of (?:required|non-null) type|got invalid value)/.exec(message)?.[1];
  if (variable === undefined) return undefined;
  // Use the last occurrence. The quoted value before it may contain the same text, and is up to 64 kB long.
  const marker = ` at "${variable}`;
  const index = message.lastIndexOf(marker);
  const path = index < 0 ? "" : (/^([^" ]*)"; /.exec(message.slice(index + marker.length))?.[1] ?? "");
  const missing = /; Field "(\w+)" of required type "[^"]*" was not provided\.$/.exec(message)?.[1];
  const steps = path.replaceAll("[", ".").replaceAll("]", "").split(".").filter(Boolean);
  if (missing !== undefined) steps.push(missing);
  // A mutation has one variable, its input. `field` is the path inside that input.
  return steps.length > 0 ? steps.join(".") : variable;
}

/** Parsing and validation recurse as deep as the document, and may overflow the stack before execution. */
function isTooDeep(error: GraphQLError | null, cause: unknown): boolean {
  return error?.path === undefined && cause instanceof RangeError && cause.message.startsWith("Maximum call stack");
}

function rootCause(thrown: unknown): unknown {
  let cause = thrown;
  while (cause instanceof GraphQLError && cause.originalError != null) cause = cause.originalError;
  return cause;
}

function withLocation(error: GraphQLError): Pick<GraphQLFormattedError, "locations" | "path"> {
  return {
    ...(error.locations !== undefined && { locations: error.locations }),
    ...(error.path !== undefined && { path: error.path }),
  };
}
