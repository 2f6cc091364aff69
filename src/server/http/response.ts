import Negotiator from "negotiator";
import type { ExecutionResult } from "../execution/outcome.js";

/** Media types of responses. The first is the default. */
const MEDIA_TYPES = ["application/json; charset=utf-8", "application/graphql-response+json; charset=utf-8"] as const;

export const [DEFAULT_MEDIA_TYPE] = MEDIA_TYPES;

/**
 * Chooses the media type of the response.
 *
 * @param accept the `Accept` header; undefined accepts everything
 * @returns null if the client accepts none
 */
export function negotiateMediaType(accept: string | undefined): string | null {
  return new Negotiator({ headers: { accept } }).mediaType(MEDIA_TYPES) ?? null;
}

/** The body of a response. `errors` come first, as the GraphQL specification recommends. */
export function serializeResult({ errors, data, extensions }: ExecutionResult): string {
  return `${JSON.stringify({ errors, data, extensions })}\n`;
}
