import { randomUUID } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { Readable } from "node:stream";
import type { FastifyInstance, FastifyReply, FastifyRequest, RequestPayload } from "fastify";
import { LRUCache } from "lru-cache";
import type { Ctx } from "../../domain/core/context.js";
import type { Viewer } from "../../entities/access/token.js";
import { Context } from "../../schema/context.js";
import type { Dependencies } from "../../schema/dependencies.js";
import { present, toHttpStatus } from "../../schema/errors.js";
import type { Authentication } from "../auth/authentication.js";
import type { CacheKey, PendingResponse, ResponseCache } from "../cache/response-cache.js";
import type { OperationRequest, Operations } from "../execution/operations.js";
import type { Logger } from "../telemetry/log.js";
import type { Observer, OperationRecord } from "../telemetry/operation-record.js";
import { MAX_BODY_BYTES } from "./server.js";

/** Maximum number of cached header variants. A client uses one. The least recently used is evicted. */
const MAX_HEADER_VARIANTS = 100;

interface Parts {
  readonly ctx: Omit<Ctx, "viewer">;
  readonly responseCache: ResponseCache;
  readonly authentication: Authentication;
  readonly operations: Operations;
  readonly observer: Observer;
  readonly log: Logger;
}

/**
 * Serves operations over HTTP without Fastify, whose hooks cost more than many operations. A request is eligible if its
 * token is in the authentication cache and Fastify has already answered a request with the same headers, so that the
 * response headers are known. The rest is the same as through Fastify: operations, admission, errors and log entries.
 * All other requests are passed to Fastify unchanged.
 */
export class FastPath {
  readonly #parts: Parts;
  readonly #pending = new WeakMap<IncomingMessage, PendingResponse>();
  /** Response headers by the request headers they depend on: alternating names and values, without `content-length`. */
  readonly #headers = new LRUCache<string, readonly string[]>({ max: MAX_HEADER_VARIANTS });
  #inFlight = 0;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** Replaces the server's request listeners and calls them for requests that are not eligible. */
  install({ server }: FastifyInstance): void {
    const listeners = server.listeners("request") as ((request: IncomingMessage, response: ServerResponse) => void)[];
    // Without the authentication cache no request is eligible.
    if (!this.#parts.authentication.isCached) return;
    const passThrough = (request: IncomingMessage, response: ServerResponse) => {
      for (const listener of listeners) listener.call(server, request, response);
    };
    server.removeAllListeners("request");
    server.on("request", (request, response) => {
      if (server.listening && isEligible(request)) this.#handle(request, response, passThrough);
      else passThrough(request, response);
    });
  }

  /**
   * Resolves when every request being read has been answered or passed on, or after `deadline` milliseconds. Fastify
   * does not know these requests yet and would refuse them once it is closing.
   */
  async drained(deadline: number): Promise<void> {
    const end = Date.now() + deadline;
    while (this.#inFlight > 0 && Date.now() < end) await new Promise((resolve) => setTimeout(resolve, 5));
  }

  /** The dependency tracker of a request; null if its response is not cacheable. */
  getDependencies(request: FastifyRequest): Dependencies | null {
    return this.#pending.get(request.raw)?.dependencies ?? null;
  }

  /** Replays the body of a request, which was already read for the cache lookup. */
  replayBody(request: FastifyRequest, payload: RequestPayload): RequestPayload {
    const pending = this.#pending.get(request.raw);
    return pending === undefined ? payload : Readable.from([pending.key.body]);
  }

  /** Call for every response that Fastify sends: remembers its headers and caches it if possible. */
  rememberHeaders(request: FastifyRequest, reply: FastifyReply, payload: unknown, viewer: Viewer | undefined): void {
    const pending = this.#pending.get(request.raw);
    if (pending === undefined || viewer === undefined || reply.statusCode !== 200 || typeof payload !== "string")
      return;
    const headers = Object.entries(reply.getHeaders())
      .filter(([name, value]) => value !== undefined && name !== "x-request-id" && name !== "content-length")
      .flatMap(([name, value]) => (Array.isArray(value) ? value.flatMap((one) => [name, one]) : [name, String(value)]));
    this.#headers.set(pending.key.varyHeaders, headers);
    if (parseOperation(pending.key.body) === null) return;
    const body = Buffer.from(payload);
    this.#parts.responseCache.store(
      pending,
      { body, headers, operation: request.operationRecord?.operation ?? "none" },
      viewer,
    );
  }

  #handle(
    request: IncomingMessage,
    response: ServerResponse,
    passThrough: (a: IncomingMessage, b: ServerResponse) => void,
  ): void {
    const start = performance.now();
    const chunks: Buffer[] = [];
    let counted = true;
    const release = () => {
      if (counted) this.#inFlight -= 1;
      counted = false;
    };
    this.#inFlight += 1;
    request.once("close", release);
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const body = chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks);
      const { accept, origin, authorization, "accept-encoding": encoding } = request.headers;
      const key: CacheKey = { varyHeaders: JSON.stringify([accept, encoding, origin]), body };
      const viewer = this.#parts.authentication.authenticateCached(authorization);
      const cached = viewer === null ? null : this.#parts.responseCache.find(key, viewer);
      if (cached !== null) {
        const record = this.#createRecord(start, viewer, request);
        record.operation = cached.operation;
        record.cacheHit = true;
        this.#send(response, 200, cached.headers, cached.body, record);
      } else {
        const pending = this.#parts.responseCache.start(key);
        const headers = this.#headers.get(key.varyHeaders);
        const operation = viewer === null || headers === undefined ? null : parseOperation(body);
        if (viewer === null || headers === undefined || operation === null) {
          this.#pending.set(request, pending);
          passThrough(request, response);
        } else {
          void this.#execute(response, operation, headers, pending, viewer, this.#createRecord(start, viewer, request));
        }
      }
      release();
    });
  }

  #createRecord(start: number, viewer: Viewer | null, { headers }: IncomingMessage): OperationRecord {
    const id = randomUUID();
    const record: OperationRecord = { id, start, operation: "none", viewer: viewer?.name ?? null, code: "OK" };
    this.#parts.observer.trace(record, "http", headers.traceparent);
    return record;
  }

  async #execute(
    response: ServerResponse,
    operation: OperationRequest,
    headers: readonly string[],
    pending: PendingResponse,
    viewer: Viewer,
    record: OperationRecord,
  ): Promise<void> {
    const { ctx, operations, responseCache: cached, observer } = this.#parts;
    try {
      const context = new Context({ ...ctx, now: ctx.now, viewer }, record.id, null, pending.dependencies);
      const { status, text, retryAfter } = await observer.run(record, () =>
        operations.executeToText(operation, context),
      );
      const body = Buffer.from(text);
      if (status === 200) cached.store(pending, { body, headers, operation: record.operation }, viewer);
      this.#send(
        response,
        status,
        retryAfter === null ? headers : [...headers, "retry-after", retryAfter],
        body,
        record,
      );
    } catch (error) {
      observer.recordError(record, error);
      const { error: formatted, fault } = present(error, record.id);
      if (fault !== null) this.#parts.log.error({ requestId: record.id, err: fault }, "request failed");
      const body = Buffer.from(JSON.stringify({ errors: [formatted] }));
      this.#send(response, toHttpStatus(error), headers, body, record);
    }
  }

  #send(
    response: ServerResponse,
    status: number,
    headers: readonly string[],
    body: Buffer,
    record: OperationRecord,
  ): void {
    response.writeHead(status, [...headers, "content-length", String(body.length), "x-request-id", record.id]);
    response.end(body);
    const duration = this.#parts.observer.finish(record, status);
    const { log } = this.#parts;
    if (!log.isLevelEnabled("info")) return;
    const { id: requestId, operation, viewer, code } = record;
    log.info({ requestId, method: "POST", path: "/graphql", operation, viewer, status, code, duration }, "request");
  }
}

/** Whether method, URL and headers are those of an ordinary API request, so that only the body is left to check. */
function isEligible({ method, url, headers }: IncomingMessage): boolean {
  return (
    method === "POST" &&
    url === "/graphql" &&
    headers.authorization !== undefined &&
    /^application\/json *(;|$)/.test(headers["content-type"] ?? "") &&
    Number(headers["content-length"]) <= MAX_BODY_BYTES &&
    headers["transfer-encoding"] === undefined
  );
}

/**
 * Parses the operation in a body. Null if the body is not JSON or holds anything else, such as a batch, extensions or
 * values of a wrong type: Fastify reports the error.
 */
function parseOperation(body: Buffer): OperationRequest | null {
  const text = body.toString();
  // Keys that would pollute prototypes. Fastify's parser refuses them.
  if (text.includes("__proto__") || text.includes("constructor") || text.includes("\\u")) return null;
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return null;
  }
  if (typeof parsed !== "object" || parsed === null || Array.isArray(parsed)) return null;
  const { query, operationName = null, variables = null, ...rest } = parsed as Record<string, unknown>;
  if (typeof query !== "string" || query === "" || Object.keys(rest).length > 0) return null;
  if (operationName !== null && typeof operationName !== "string") return null;
  if (typeof variables !== "object" || Array.isArray(variables)) return null;
  return { query, operationName, variables: variables as OperationRequest["variables"] };
}
