import type { IncomingHttpHeaders } from "node:http";
import secureJson from "secure-json-parse";
import { HttpRefusal } from "../execution/http-head.js";
import { type OperationRequest, type RequestParameters, toOperationRequest } from "../execution/request.js";
import { clientNameInHeaders } from "../telemetry/client-name.js";
import type { Transport } from "../telemetry/operation-record.js";

/** @param receivedAt from `performance.now()`, in milliseconds */
export function toTransport(headers: IncomingHttpHeaders, method: string, receivedAt: number): Transport {
  return { kind: "http", method, traceparent: headers.traceparent, client: clientNameInHeaders(headers), receivedAt };
}

/**
 * Parses the body of a POST request.
 *
 * @throws Refusal BAD_USER_INPUT if it is not a JSON object, holds keys that pollute prototypes, or has values of the
 *   wrong type
 */
export function parseBody(body: Buffer): OperationRequest {
  let parsed: unknown;
  try {
    parsed = secureJson.parse(body);
  } catch {
    throw notAnOperation();
  }
  if (Array.isArray(parsed)) {
    throw new HttpRefusal(400, "Batches are not supported: send one operation per request.");
  }
  if (typeof parsed !== "object" || parsed === null) throw notAnOperation();
  return toOperationRequest(parsed as RequestParameters);
}

/** The body is not JSON, or not an object. */
export function notAnOperation(): HttpRefusal {
  return new HttpRefusal(400, 'The body must be a JSON object: `{ "query": …, "variables": … }`.');
}

const PARAMETERS = ["query", "documentId", "operationName", "variables", "extensions"] as const;

/**
 * Parses the parameters of a GET request.
 *
 * @param url path and search, still encoded
 * @throws Refusal BAD_USER_INPUT if the URL is malformed, a parameter is repeated, or its value has the wrong type
 */
export function parseUrl(url: string): OperationRequest {
  const search = url.includes("?") ? url.slice(url.indexOf("?") + 1) : "";
  // URLSearchParams would replace malformed characters, so the text that runs would not be the one that was sent.
  if (!isDecodable(search)) {
    throw new HttpRefusal(400, "The URL is malformed: it must be percent-encoded UTF-8.");
  }
  const values = new URLSearchParams(search);
  const parameters: Record<string, unknown> = {};
  for (const name of PARAMETERS) {
    const [value, ...more] = values.getAll(name);
    if (more.length > 0) throw new HttpRefusal(400, `${name} must be given only once.`);
    if (value === undefined) continue;
    parameters[name] = name === "variables" || name === "extensions" ? parseJson(name, value) : value;
  }
  return toOperationRequest(parameters);
}

function isDecodable(search: string): boolean {
  try {
    decodeURIComponent(search);
    return true;
  } catch {
    return false;
  }
}

function parseJson(name: string, value: string): unknown {
  try {
    return secureJson.parse(value);
  } catch {
    throw new HttpRefusal(400, `${name} must be a JSON object.`);
  }
}
