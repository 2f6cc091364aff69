import { HeaderMap } from "@apollo/server";
import { GraphQLError } from "graphql";
import { asRefusal, Refusal } from "../../domain/core/refusal.js";
import { REQUEST_STATUS } from "../../schema/errors.js";

/** Status and additional headers of an HTTP response. */
export interface HttpHead {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
}

/** A refusal of the HTTP request itself, such as its method or its media type. */
export class HttpRefusal extends Refusal {
  constructor(
    readonly status: 400 | 405 | 406 | 415,
    message: string,
    readonly headers: Readonly<Record<string, string>> = {},
  ) {
    super("BAD_USER_INPUT", message);
  }
}

/** Returns status and headers for an error that was thrown before execution started. */
export function toHttpHead(thrown: unknown): HttpHead {
  const error = asRefusal(thrown);
  if (error instanceof HttpRefusal) return { status: error.status, headers: error.headers };
  if (!(error instanceof Refusal)) return { status: 500, headers: {} };
  const { retryAfter } = error.details;
  return {
    status: REQUEST_STATUS[error.code] ?? 400,
    headers: {
      ...(error.code === "UNAUTHENTICATED" && { "www-authenticate": "Bearer" }),
      ...(retryAfter !== undefined && { "retry-after": String(retryAfter) }),
    },
  };
}

/** Wraps a refusal before execution with its HTTP status. Apollo would respond with 500. */
export function toGraphQLError(thrown: unknown): unknown {
  const error = asRefusal(thrown);
  if (!(error instanceof Refusal)) return error;
  const { status, headers } = toHttpHead(error);
  const http = { status, headers: new HeaderMap(Object.entries(headers)) };
  const extensions: Record<string, unknown> = { code: error.code, http };
  return new GraphQLError(error.message, { originalError: error, extensions });
}
