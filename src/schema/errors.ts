import { GraphQLError, type GraphQLFormattedError } from "graphql";
import { asRefusal, Refusal, type RefusalCode } from "../domain/core/refusal.js";

/** What the libraries call their refusals, in our words. A code that is not here and not ours is a fault. */
const LIBRARY_CODES: Readonly<Record<string, RefusalCode>> = {
  GRAPHQL_PARSE_FAILED: "GRAPHQL_PARSE_FAILED",
  GRAPHQL_VALIDATION_FAILED: "GRAPHQL_VALIDATION_FAILED",
  BAD_USER_INPUT: "BAD_USER_INPUT",
  BAD_REQUEST: "BAD_USER_INPUT",
  OPERATION_RESOLUTION_FAILURE: "BAD_USER_INPUT",
  PERSISTED_QUERY_NOT_FOUND: "BAD_USER_INPUT",
  PERSISTED_QUERY_NOT_SUPPORTED: "BAD_USER_INPUT",
};

/** The HTTP status that goes with a refusal of a whole request, before any of it was carried out. */
export const REQUEST_STATUS: Readonly<Partial<Record<RefusalCode, number>>> = {
  UNAUTHENTICATED: 401,
  FORBIDDEN: 403,
  NOT_FOUND: 404,
  QUERY_TOO_LARGE: 413,
  RATE_LIMITED: 429,
  UNAVAILABLE: 503,
  INTERNAL_SERVER_ERROR: 500,
};

/** The HTTP status of a request that ended with this error before any of it was carried out. */
export function toHttpStatus(thrown: unknown): number {
  const error = asRefusal(thrown);
  return error instanceof Refusal ? (REQUEST_STATUS[error.code] ?? 400) : 500;
}

export interface PresentedError {
  readonly error: GraphQLFormattedError;
  /** What went wrong inside, for the log; null where the error is the client's to mend. */
  readonly fault: unknown;
}

/**
 * Turns whatever was thrown into what a client sees, over HTTP and over the socket alike. A refusal keeps its words and
 * what a document or its variables got wrong is told; of anything else only the request's id is.
 */
export function present(thrown: unknown, requestId: string): PresentedError {
  const graphql = thrown instanceof GraphQLError ? thrown : null;
  const where = graphql === null ? {} : withLocation(graphql);
  const cause = asRefusal(innermost(thrown));
  if (cause instanceof Refusal) {
    return {
      error: { message: cause.message, ...where, extensions: { ...cause.details, code: cause.code } },
      fault: null,
    };
  }
  if (isTooDeep(graphql, cause)) {
    const message = "The document, or a value in its variables, is nested too deeply.";
    return { error: { message, extensions: { code: "QUERY_TOO_LARGE" } }, fault: null };
  }
  const code = graphql === null ? undefined : errorCode(graphql);
  if (graphql !== null && code !== undefined) {
    const field = code === "BAD_USER_INPUT" ? errorField(graphql.message) : undefined;
    const extensions = { code, ...(field !== undefined && { field }) };
    return { error: { message: shorten(graphql.message), ...where, extensions }, fault: null };
  }
  const message = "Something went wrong on our side. The log tells more under the request's id.";
  return { error: { message, ...where, extensions: { code: "INTERNAL_SERVER_ERROR", requestId } }, fault: cause };
}

function errorCode(error: GraphQLError): RefusalCode | undefined {
  // What was thrown inside a resolver, by whatever: only a refusal may show itself.
  if (error.originalError != null && !(error.originalError instanceof GraphQLError)) return undefined;
  const code = LIBRARY_CODES[String(error.extensions.code)];
  if (code !== undefined) return code;
  // Found while executing: an argument whose variable was left out is the client's to mend, anything else is not.
  const request = error.path === undefined || error.message.startsWith("Argument ");
  return request && error.extensions.code === undefined ? "BAD_USER_INPUT" : undefined;
}

/** A message may hold all of the value that it is about: what is wrong with it stands at the end. */
function shorten(message: string): string {
  return message.length <= MAX_MESSAGE_LENGTH
    ? message
    : `${message.slice(0, MAX_MESSAGE_LENGTH / 2)} … ${message.slice(-MAX_MESSAGE_LENGTH / 2)}`;
}

/** Characters of a message of GraphQL's that are told. */
const MAX_MESSAGE_LENGTH = 2000;

/** The path inside the input that a variable was wrong at, as GraphQL words it; undefined where it is about none. */
function errorField(message: string): string | undefined {
  const wrong = /^Variable "\$(\w+)" (?:of (?:required|non-null) type|got invalid value)/.exec(message);
  if (wrong === null) return undefined;
  const [variable] = wrong.slice(1) as [string];
  // The last of them: before it stands the value, which may hold anything, and up to 64 kB of it.
  const marker = ` at "${variable}`;
  const place = message.lastIndexOf(marker);
  const path = place < 0 ? "" : (/^([^" ]*)"; /.exec(message.slice(place + marker.length))?.[1] ?? "");
  const missing = /; Field "(\w+)" of required type "[^"]*" was not provided\.$/.exec(message)?.[1];
  const steps = path.replaceAll("[", ".").replaceAll("]", "").split(".").filter(Boolean);
  if (missing !== undefined) steps.push(missing);
  // A mutation has one variable, its input: `field` is then the path inside it.
  return steps.length > 0 ? steps.join(".") : variable;
}

/** Parsing and checking a document goes as deep as the document does, and may run out of stack before it begins. */
function isTooDeep(error: GraphQLError | null, cause: unknown): boolean {
  return error?.path === undefined && cause instanceof RangeError && cause.message.startsWith("Maximum call stack");
}

function innermost(thrown: unknown): unknown {
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
