import { randomUUID } from "node:crypto";
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from "node:http";
import type { FastifyReply } from "fastify";
import { LRUCache } from "lru-cache";
import type { ByteBudget } from "../../async/byte-budget.js";
import type { Viewer } from "../../entities/access/token.js";
import type { LogChanges } from "../../events/log-changes.js";
import type { Authentication } from "../auth/authentication.js";
import type { ResponseCache } from "../cache/response-cache.js";
import { MAX_BODY_BYTES } from "../execution/admission/limits.js";
import type { Execution } from "../execution/execute.js";
import type { Observer } from "../telemetry/observer.js";
import type { OperationRecord, Transport } from "../telemetry/operation-record.js";
import { countBody, countResponse } from "./memory-limits.js";
import { parseBody, toTransport } from "./operation-request.js";
import { serializeResult } from "./response.js";

/** Maximum number of cached header variants. A client uses one. The least recently used is evicted. */
const MAX_HEADER_VARIANTS = 100;

interface FastPathParts {
  readonly responseCache: ResponseCache;
  readonly authentication: Authentication;
  readonly execution: Execution;
  readonly observer: Observer;
  /** Limits the bytes of requests that are arriving. */
  readonly incoming: ByteBudget;
  /** Limits the bytes of responses that clients have not read. */
  readonly outgoing: ByteBudget;
  readonly changes: LogChanges;
}

/**
 * Answers operations over HTTP without Fastify, whose hooks cost more than many operations. A request is eligible if
 * Fastify has already answered one with the same headers, so that the response headers are known. Both paths parse
 * bodies with the same function and run operations with the same `Execution`. Only this path uses the response cache,
 * and a hit does not even parse the body.
 */
export class FastPath {
  readonly #parts: FastPathParts;
  /** Response headers by the request headers they depend on: alternating names and values, without `content-length`. */
  readonly #headers = new LRUCache<string, readonly string[]>({ max: MAX_HEADER_VARIANTS });

  constructor(parts: FastPathParts) {
    this.#parts = parts;
  }

  /** Answers a request if it is eligible. Otherwise returns false, and has not touched the request. */
  tryAnswer(request: IncomingMessage, response: ServerResponse): boolean {
    if (!isEligible(request)) return false;
    const headers = this.#headers.get(toVariant(request.headers));
    if (headers === undefined) return false;
    const transport = toTransport(request.headers, "POST", performance.now());
    const chunks: Buffer[] = [];
    const length = Number(request.headers["content-length"]);
    request.on("data", (chunk: Buffer) => {
      // Most bodies arrive in one chunk, which needs no counting.
      if (chunks.length === 0 && chunk.length !== length) countBody(this.#parts.incoming, request, chunk.length);
      chunks.push(chunk);
    });
    request.on("end", () => {
      const body = chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks);
      this.#answer({ request, response, headers, transport, body });
    });
    return true;
  }

  /** Call for every POST request that Fastify answers, before it sends: remembers the response headers. */
  rememberHeaders(requestHeaders: IncomingHttpHeaders, reply: FastifyReply): void {
    // Other responses have headers of their own.
    if (reply.statusCode !== 200) return;
    const headers = Object.entries(reply.getHeaders())
      .filter(([name, value]) => value !== undefined && name !== "x-request-id" && name !== "content-length")
      .flatMap(([name, value]) => (Array.isArray(value) ? value.flatMap((one) => [name, one]) : [name, String(value)]));
    this.#headers.set(toVariant(requestHeaders), headers);
  }

  /** Without promises if the response is cached and the log need not be read: each costs as much as a lookup. */
  #answer(exchange: Exchange): void {
    const found = this.#lookUp(exchange);
    const { catchUp } = this.#parts.changes;
    if (catchUp === null) this.#respond(exchange, found);
    else void this.#catchUp(exchange, found, catchUp).then((current) => this.#respond(exchange, current));
  }

  /** Called when the body has arrived: the token may have been revoked in the meantime. */
  #lookUp({ request, body }: Exchange): Lookup {
    const { authentication, responseCache } = this.#parts;
    const viewer = authentication.authenticateCached(request.headers.authorization);
    return { viewer, key: viewer && responseCache.key(body, viewer) };
  }

  /** Looks up again what may have changed. Without a cached response this is not worthwhile, and nothing is known. */
  async #catchUp(exchange: Exchange, { viewer, key }: Lookup, catchUp: () => Promise<void>): Promise<Lookup> {
    const { authentication, responseCache } = this.#parts;
    if (viewer === null || key === null || !responseCache.has(key) || !(await succeeds(catchUp()))) return UNKNOWN;
    const current = authentication.authenticateCached(exchange.request.headers.authorization);
    if (current !== null && !seesTheSame(current, viewer)) return this.#lookUp(exchange);
    return { viewer: current, key };
  }

  #respond(exchange: Exchange, { viewer, key }: Lookup): void {
    const { responseCache, observer } = this.#parts;
    const requestId = randomUUID();
    const cached = viewer === null || key === null ? null : responseCache.find(key);
    if (viewer === null || cached === null) {
      void this.#execute(exchange, requestId, viewer);
      return;
    }
    const record: OperationRecord = observer.begin(requestId, exchange.transport);
    record.viewer = viewer.name;
    record.operation = cached.operation;
    record.client ??= cached.client;
    record.cacheHit = true;
    this.#send(exchange.response, 200, exchange.headers, cached.body, requestId);
    observer.finish(record, 200);
  }

  /** @param viewer null if the viewer must be read from the database */
  async #execute(exchange: Exchange, requestId: string, viewer: Viewer | null): Promise<void> {
    const { authentication, responseCache, execution } = this.#parts;
    const { request, headers, transport, body } = exchange;
    const { authorization } = request.headers;
    const pending = responseCache.start(body);
    const outcome = await execution.execute(() => parseBody(body), {
      viewer: () => viewer ?? authentication.authenticate(authorization),
      requestId,
      transport,
      subscription: null,
      dependencies: pending.dependencies,
    });
    const { status, headers: added, result, record } = outcome;
    const text = Buffer.from(serializeResult(result));
    const known = viewer ?? authentication.authenticateCached(authorization);
    if (status === 200 && known !== null) {
      // A client that headers name is not stored: each request has its own headers.
      const client = transport.client === null ? record.client : null;
      responseCache.store(pending, { body: text, operation: record.operation, client }, known);
    }
    this.#send(exchange.response, status, [...headers, ...Object.entries(added).flat()], text, requestId);
  }

  #send(response: ServerResponse, status: number, headers: readonly string[], body: Buffer, requestId: string): void {
    response.writeHead(status, [...headers, "content-length", String(body.length), "x-request-id", requestId]);
    response.end(body);
    countResponse(this.#parts.outgoing, response, body.length);
  }
}

/** What is known of a request without the database. */
interface Lookup {
  /** Null if the viewer must be read from the database. */
  readonly viewer: Viewer | null;
  /** The key of the response in the cache; null if it cannot be there. */
  readonly key: string | null;
}

const UNKNOWN: Lookup = { viewer: null, key: null };

/** A request whose body has arrived, and its response. */
interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** The headers of the response, without `content-length`. */
  readonly headers: readonly string[];
  readonly transport: Transport;
  readonly body: Buffer;
}

/** Whether the log could be read. If not, the execution fails for the same reason and reports it. */
function succeeds(catchUp: Promise<void>): Promise<boolean> {
  return catchUp.then(
    () => true,
    () => false,
  );
}

/**
 * Whether two viewers have the same role and scope, and so the same key. Scopes are compared by identity: a token
 * that was read again has a different array, which only costs another key.
 */
function seesTheSame(one: Viewer, other: Viewer): boolean {
  return one.role === other.role && one.scope === other.scope;
}

/** The request headers that the response headers depend on. */
function toVariant({ accept, origin, "accept-encoding": encoding }: IncomingHttpHeaders): string {
  return JSON.stringify([accept, encoding, origin]);
}

/** Whether method, URL and headers are those of an ordinary API request, so that only the body is left to check. */
function isEligible({ method, url, headers }: IncomingMessage): boolean {
  return (
    method === "POST" &&
    url === "/graphql" &&
    /^application\/json *(;|$)/.test(headers["content-type"] ?? "") &&
    Number(headers["content-length"]) <= MAX_BODY_BYTES &&
    headers["transfer-encoding"] === undefined
  );
}
