import { randomUUID } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { Readable } from "node:stream";
import type { FastifyInstance, FastifyReply, FastifyRequest, RequestPayload } from "fastify";
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

/** How many manners of asking are known at most: a client has one. */
const MAX_HEADER_VARIANTS = 100;

interface Parts {
  readonly ctx: Omit<Ctx, "viewer">;
  readonly kept: ResponseCache;
  readonly authentication: Authentication;
  readonly operations: Operations;
  readonly observer: Observer;
  readonly log: Logger;
}

/**
 * A shorter way for operations over HTTP than through Fastify, whose hooks cost more than many an answer. It is for
 * whoever has come the long way before: with a token that is known to be valid still, and with headers that were answered
 * before, so that the headers of the answer are known. What it does besides is what the long way does: the same operations
 * through the same gate, the same words for what is refused, the same line in the log. Whatever is not as plain as that
 * goes on to Fastify as if nothing had looked at it.
 */
export class FastPath {
  readonly #parts: Parts;
  readonly #pending = new WeakMap<IncomingMessage, PendingResponse>();
  /** The headers of an answer, by what they hang on in the request: names and values by turns, without the length. */
  readonly #headers = new Map<string, readonly string[]>();
  #inFlight = 0;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** Takes its place before everything else that listens for requests. */
  install({ server }: FastifyInstance): void {
    const behind = server.listeners("request") as ((request: IncomingMessage, response: ServerResponse) => void)[];
    // Elsewhere no token is known to be valid without being looked up.
    if (!this.#parts.authentication.isCached) return;
    const pass = (request: IncomingMessage, response: ServerResponse) => {
      for (const listener of behind) listener.call(server, request, response);
    };
    server.removeAllListeners("request");
    server.on("request", (request, response) => {
      if (server.listening && isEligible(request)) this.#look(request, response, pass);
      else pass(request, response);
    });
  }

  /**
   * Resolves once every request that is being looked at has been handed on or answered, or after `deadline` milliseconds:
   * Fastify does not know of them yet, and would refuse them once it is told to stop.
   */
  async drained(deadline: number): Promise<void> {
    const late = Date.now() + deadline;
    while (this.#inFlight > 0 && Date.now() < late) await new Promise((resolve) => setTimeout(resolve, 5));
  }

  /** Where what goes into the answer to a request is to be noted, if the answer may be kept. */
  dependenciesOf(request: FastifyRequest): Dependencies | null {
    return this.#pending.get(request.raw)?.sources ?? null;
  }

  /** The body of a request, for whoever comes next: it was read before, to look for an answer. */
  body(request: FastifyRequest, payload: RequestPayload): RequestPayload {
    const pending = this.#pending.get(request.raw);
    return pending === undefined ? payload : Readable.from([pending.asked.body]);
  }

  /** To be called with every answer that is sent the long way. */
  rememberHeaders(request: FastifyRequest, reply: FastifyReply, payload: unknown, viewer: Viewer | undefined): void {
    const pending = this.#pending.get(request.raw);
    if (pending === undefined || viewer === undefined || reply.statusCode !== 200 || typeof payload !== "string")
      return;
    const headers = Object.entries(reply.getHeaders())
      .filter(([name, value]) => value !== undefined && name !== "x-request-id" && name !== "content-length")
      .flatMap(([name, value]) => (Array.isArray(value) ? value.flatMap((one) => [name, one]) : [name, String(value)]));
    if (this.#headers.size >= MAX_HEADER_VARIANTS) this.#headers.clear();
    this.#headers.set(pending.asked.varyHeaders, headers);
    if (operationIn(pending.asked.body) === null) return;
    const body = Buffer.from(payload);
    this.#parts.kept.store(pending, { body, headers, operation: request.observed?.operation ?? "none" }, viewer);
  }

  #look(
    request: IncomingMessage,
    response: ServerResponse,
    pass: (a: IncomingMessage, b: ServerResponse) => void,
  ): void {
    const start = performance.now();
    const chunks: Buffer[] = [];
    let inHand = true;
    const letGo = () => {
      if (inHand) this.#inFlight -= 1;
      inHand = false;
    };
    this.#inFlight += 1;
    request.once("close", letGo);
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const body = chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks);
      const { accept, origin, authorization, "accept-encoding": encoding } = request.headers;
      const asked: CacheKey = { varyHeaders: JSON.stringify([accept, encoding, origin]), body };
      const viewer = this.#parts.authentication.known(authorization);
      const kept = viewer === null ? null : this.#parts.kept.find(asked, viewer);
      if (kept !== null) {
        const observed = this.#observe(start, viewer, request);
        observed.operation = kept.operation;
        observed.cacheHit = true;
        this.#send(response, 200, kept.headers, kept.body, observed);
      } else {
        const pending = this.#parts.kept.start(asked);
        const headers = this.#headers.get(asked.varyHeaders);
        const operation = viewer === null || headers === undefined ? null : operationIn(body);
        if (viewer === null || headers === undefined || operation === null) {
          this.#pending.set(request, pending);
          pass(request, response);
        } else {
          void this.#answer(response, operation, headers, pending, viewer, this.#observe(start, viewer, request));
        }
      }
      letGo();
    });
  }

  #observe(start: number, viewer: Viewer | null, { headers }: IncomingMessage): OperationRecord {
    const id = randomUUID();
    const observed: OperationRecord = { id, start, operation: "none", viewer: viewer?.name ?? null, code: "OK" };
    this.#parts.observer.trace(observed, "http", headers.traceparent);
    return observed;
  }

  async #answer(
    response: ServerResponse,
    operation: OperationRequest,
    headers: readonly string[],
    pending: PendingResponse,
    viewer: Viewer,
    observed: OperationRecord,
  ): Promise<void> {
    const { ctx, operations, kept, observer } = this.#parts;
    try {
      const context = new Context({ ...ctx, now: ctx.now, viewer }, observed.id, null, pending.sources);
      const { status, text, retryAfter } = await observer.within(observed, () => operations.text(operation, context));
      const body = Buffer.from(text);
      if (status === 200) kept.store(pending, { body, headers, operation: observed.operation }, viewer);
      this.#send(
        response,
        status,
        retryAfter === null ? headers : [...headers, "retry-after", retryAfter],
        body,
        observed,
      );
    } catch (error) {
      observer.refused(observed, error);
      const { error: shown, fault } = present(error, observed.id);
      if (fault !== null) this.#parts.log.error({ requestId: observed.id, err: fault }, "a request failed");
      const body = Buffer.from(JSON.stringify({ errors: [shown] }));
      this.#send(response, toHttpStatus(error), headers, body, observed);
    }
  }

  #send(
    response: ServerResponse,
    status: number,
    headers: readonly string[],
    body: Buffer,
    observed: OperationRecord,
  ): void {
    response.writeHead(status, [...headers, "content-length", String(body.length), "x-request-id", observed.id]);
    response.end(body);
    const duration = this.#parts.observer.finish(observed, status);
    const { log } = this.#parts;
    if (!log.isLevelEnabled("info")) return;
    const { id: requestId, operation, viewer, code } = observed;
    log.info({ requestId, method: "POST", path: "/graphql", operation, viewer, status, code, duration }, "request");
  }
}

/** Whether all that a request says of itself is what a client of the API says, so that the rest is in its body. */
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
 * The operation that a body holds, if it holds one and nothing else: no batch, no extensions, nothing of another type
 * than it should be. Null where that is not so, or not JSON: whatever is wrong, the long way says it.
 */
function operationIn(body: Buffer): OperationRequest | null {
  const text = body.toString();
  // Names that would reach into the prototypes of objects: Fastify's parser refuses them.
  if (text.includes("__proto__") || text.includes("constructor") || text.includes("\\u")) return null;
  let found: unknown;
  try {
    found = JSON.parse(text);
  } catch {
    return null;
  }
  if (typeof found !== "object" || found === null || Array.isArray(found)) return null;
  const { query, operationName = null, variables = null, ...rest } = found as Record<string, unknown>;
  if (typeof query !== "string" || query === "" || Object.keys(rest).length > 0) return null;
  if (operationName !== null && typeof operationName !== "string") return null;
  if (typeof variables !== "object" || Array.isArray(variables)) return null;
  return { query, operationName, variables: variables as OperationRequest["variables"] };
}
