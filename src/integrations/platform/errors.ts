import { asRefusal, badInput, Refusal, type RefusalCode } from "../../domain/core/refusal.js";

/** HTTP status and `id` of each refusal. */
const STATUS_BY_CODE: Readonly<Record<RefusalCode, readonly [status: number, id: string]>> = {
  UNAUTHENTICATED: [401, "unauthorized"],
  FORBIDDEN: [403, "forbidden"],
  NOT_FOUND: [404, "not_found"],
  BAD_USER_INPUT: [422, "invalid_params"],
  CONFLICT: [409, "conflict"],
  PROMOTION_BLOCKED: [409, "promotion_blocked"],
  IDEMPOTENCY_KEY_REUSED: [422, "idempotency_key_reused"],
  CURSOR_EXPIRED: [410, "gone"],
  QUERY_TOO_LARGE: [413, "request_too_large"],
  RATE_LIMITED: [429, "rate_limit"],
  UNAVAILABLE: [503, "unavailable"],
  GRAPHQL_PARSE_FAILED: [400, "bad_request"],
  GRAPHQL_VALIDATION_FAILED: [400, "bad_request"],
  INTERNAL_SERVER_ERROR: [500, "internal_server_error"],
};

/**
 * The refusal of a feature that the old platforms have and Railyard does not.
 *
 * @param what the sentence without its end, for example `maintenance of an app cannot be changed`
 */
export function unsupported(field: string, what: string): Refusal {
  return badInput(field, `Railyard does not support this: ${what}. See docs/migrate.md.`);
}

/** The body of a response to a route that does not exist. */
export function noSuchRoute(method: string, url: string): PlatformError["body"] {
  const path = (url.split("?", 1)[0] ?? "").slice(0, 200);
  return { id: "not_found", message: `Railyard has no route ${method} ${path}. GET /openapi.json lists all routes.` };
}

export interface PlatformError {
  readonly status: number;
  readonly body: { readonly id: string; readonly message: string };
  /** Whether it is an internal error, which must be logged. */
  readonly fault: boolean;
}

/** Converts a thrown value to an error response. Only refusals expose their message. */
export function toErrorResponse(thrown: unknown, requestId: string): PlatformError {
  const error = asRefusal(thrown);
  if (error instanceof Refusal) {
    const [status, id] = STATUS_BY_CODE[error.code];
    return { status, body: { id, message: error.message }, fault: false };
  }
  const { statusCode, validation, code } = error as { statusCode?: number; validation?: Issue[]; code?: string };
  if (validation !== undefined)
    return { status: 422, body: { id: "invalid_params", message: formatIssues(validation) }, fault: false };
  if (statusCode === 413) {
    return { status: 413, body: { id: "request_too_large", message: "The body is too large." }, fault: false };
  }
  if (statusCode !== undefined && statusCode >= 400 && statusCode < 500) {
    const message =
      code === "FST_ERR_CTP_INVALID_MEDIA_TYPE" ? "The body must be JSON." : "The request could not be read.";
    return { status: statusCode, body: { id: "bad_request", message }, fault: false };
  }
  const message = `Internal server error; see the log for request ${requestId}.`;
  return { status: 500, body: { id: "internal_server_error", message }, fault: true };
}

interface Issue {
  readonly instancePath?: string;
  readonly message?: string;
}

function formatIssues(issues: readonly Issue[]): string {
  return issues
    .slice(0, 5)
    .map(
      ({ instancePath = "", message = "is invalid" }) =>
        `${instancePath.slice(1).replaceAll("/", ".") || "The body"}: ${message}`,
    )
    .join("; ");
}
