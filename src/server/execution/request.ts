import { badInput } from "../../domain/core/refusal.js";
import { type ClientName, clientNameInExtensions } from "../telemetry/client-name.js";

/** An operation as sent by a client, the same for every transport. Unknown `extensions` are ignored. */
export interface OperationRequest {
  /** The text of the document; empty if the client sent none. */
  readonly query: string;
  /** The hash of a trusted document: `documentId` or `extensions.persistedQuery.sha256Hash`. */
  readonly documentId: string | undefined;
  readonly operationName: string | undefined;
  readonly variables: Record<string, unknown> | undefined;
  /** The client that `extensions` name; null otherwise. */
  readonly client: ClientName | null;
}

/** The parameters of a request, not validated yet. */
export interface RequestParameters {
  readonly query?: unknown;
  readonly documentId?: unknown;
  readonly operationName?: unknown;
  readonly variables?: unknown;
  readonly extensions?: unknown;
}

/**
 * Validates the parameters of a request.
 *
 * @throws Refusal BAD_USER_INPUT with the field if a value has the wrong type
 */
export function toOperationRequest(parameters: RequestParameters): OperationRequest {
  const extensions = optionalObject("extensions", parameters.extensions);
  return {
    query: optionalString("query", parameters.query) ?? "",
    documentId: optionalString("documentId", parameters.documentId) ?? findPersistedQueryHash(extensions),
    operationName: optionalString("operationName", parameters.operationName),
    variables: optionalObject("variables", parameters.variables),
    client: clientNameInExtensions(extensions),
  };
}

function optionalString(field: string, value: unknown): string | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value !== "string") throw badInput(field, `${field} must be a string.`);
  return value;
}

function optionalObject(field: string, value: unknown): Record<string, unknown> | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value !== "object" || Array.isArray(value)) throw badInput(field, `${field} must be an object.`);
  return value as Record<string, unknown>;
}

/** The hash in the form that Apollo Client and urql send it. */
function findPersistedQueryHash(extensions: Record<string, unknown> | undefined): string | undefined {
  const persisted = extensions?.persistedQuery;
  if (typeof persisted !== "object" || persisted === null || !("sha256Hash" in persisted)) return undefined;
  return typeof persisted.sha256Hash === "string" ? persisted.sha256Hash : undefined;
}
