import { AsyncLocalStorage } from "node:async_hooks";
import { setTimeout as delay } from "node:timers/promises";
import {
  type Attributes,
  type Context,
  defaultTextMapGetter,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  SpanStatusCode,
  type Tracer,
  trace,
} from "@opentelemetry/api";
import { setGlobalErrorHandler, W3CTraceContextPropagator } from "@opentelemetry/core";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-proto";
import { defaultResource, detectResources, envDetector, resourceFromAttributes } from "@opentelemetry/resources";
import { BasicTracerProvider, BatchSpanProcessor } from "@opentelemetry/sdk-trace-base";
import type { FastifyInstance } from "fastify";
import type { Database } from "../../database/database.js";
import type { Tx } from "../../database/rows/reader.js";
import type { Logger } from "./log.js";
import type { OperationRecord } from "./operation-record.js";

/*
 * Traces for OpenTelemetry. This file is loaded only where traces are asked for: whoever needs its types imports them as
 * types. Nothing of what clients choose goes into a span but the name of an operation: no variable, no path, no message
 * of an error.
 */

declare module "fastify" {
  interface FastifyRequest {
    /** What the trace tells of it; null where it is not traced. */
    traced: TracedRequest | null;
  }
}

/** How long the last spans have to be sent when the service stops, in milliseconds; what is left then is lost. */
const FLUSH_DEADLINE_MS = 1000;
/** Asked every few seconds by machines, and of no interest to anybody. */
const UNTRACED_PATHS: ReadonlySet<string | undefined> = new Set(["/livez", "/readyz", "/metrics"]);
/** Codes that are the service's own doing. */
const FAULTS: ReadonlySet<string> = new Set(["INTERNAL_SERVER_ERROR", "UNAVAILABLE"]);
/** The names that the semantic conventions have for the engines. */
const SYSTEMS = { sqlite: "sqlite", postgres: "postgresql" } as const;
const MAX_NAME_LENGTH = 100;

/** A span under way, and the context of what belongs to it. */
export interface TracedRequest {
  readonly span: Span;
  readonly context: Context;
}

/** Tells a collector of what the service does: every operation and request, its transactions, and calls to others. */
export class Tracing {
  readonly #provider: BasicTracerProvider;
  readonly #tracer: Tracer;
  readonly #active = new AsyncLocalStorage<Context>();
  readonly #propagator = new W3CTraceContextPropagator();

  /** The variables `OTEL_*` say where to, how much, and under which name. */
  constructor(log: Logger) {
    setGlobalErrorHandler((error) => {
      const { code, message } = error as { code?: unknown; message?: unknown };
      log.warn({ problem: message || code }, "traces could not be sent, and are lost");
    });
    const named = resourceFromAttributes({ "service.name": "railyard" });
    this.#provider = new BasicTracerProvider({
      resource: defaultResource()
        .merge(named)
        .merge(detectResources({ detectors: [envDetector] })),
      spanProcessors: [new BatchSpanProcessor(new OTLPTraceExporter())],
    });
    this.#tracer = this.#provider.getTracer("railyard");
  }

  /** Sends what is left, as far as there is somebody to take it before the deadline. */
  async close(): Promise<void> {
    const sent = this.#provider.shutdown().catch(() => undefined);
    await Promise.race([sent, delay(FLUSH_DEADLINE_MS, undefined, { ref: false })]);
  }

  /** Traces every request, and runs its handler as a part of its span. To be called before there are routes. */
  serve(http: FastifyInstance): void {
    http.decorateRequest("traced", null);
    http.addHook("onRequest", (request, _, done) => {
      const { url: route } = request.routeOptions;
      if (!UNTRACED_PATHS.has(route)) {
        const name = route === undefined ? request.method : `${request.method} ${route}`;
        request.traced = this.#serverSpan(name, request.headers.traceparent, {
          "http.request.method": request.method,
          "railyard.request_id": request.id,
          ...(route !== undefined && { "http.route": route }),
        });
      }
      done();
    });
    // Behind the reading of the body, whose events belong to the socket and lose what they are a part of.
    http.addHook("preHandler", (request, _, done) => {
      if (request.traced === null) done();
      else this.#active.run(request.traced.context, done);
    });
    http.addHook("onResponse", async ({ traced, observed }, { statusCode }) => {
      if (traced !== null) endRequest(traced.span, observed, statusCode);
    });
    http.addHook("onRequestAbort", async ({ traced }) => {
      traced?.span.setAttribute("error.type", "aborted");
      traced?.span.end();
    });
  }

  /**
   * Begins the span of an operation that comes over a socket, or over HTTP by another way than Fastify's.
   *
   * @param parent `traceparent`, as the client may have sent it
   */
  operation({ id, start }: OperationRecord, way: "http" | "websocket", parent: unknown): TracedRequest {
    const attributes =
      way === "http"
        ? { "http.request.method": "POST", "http.route": "/graphql", "railyard.request_id": id }
        : { "network.protocol.name": "websocket", "railyard.request_id": id };
    const name = way === "http" ? "POST /graphql" : "GraphQL Operation";
    return this.#serverSpan(name, parent, attributes, performance.timeOrigin + start);
  }

  within<T>({ context }: TracedRequest, task: () => T): T {
    return this.#active.run(context, task);
  }

  /** @param status of the answer over HTTP; null over a socket */
  ended({ span }: TracedRequest, observed: OperationRecord, status: number | null): void {
    if (status !== null) endRequest(span, observed, status);
    else {
      describeOperation(span, observed);
      const [type] = observed.operation.split(" ");
      if (observed.operation !== "none" && type !== undefined) span.updateName(type);
      span.end();
    }
  }

  /** The same database, whose transactions are traced with how long they wait for their turn, and for their commit. */
  watch(database: Database): Database {
    const attributes = { "db.system.name": SYSTEMS[database.reader.dialect.name] };
    const write = <T>(work: (tx: Tx) => Promise<T>): Promise<T> =>
      this.#span("transaction", { attributes }, async (span, context) => {
        let step: Span | null = this.#begin("wait for the turn", context);
        const stepTo = (next: Span | null) => {
          step?.end();
          step = next;
        };
        let attempts = 0;
        try {
          return await database.write(async (tx) => {
            attempts += 1;
            stepTo(null);
            // The queue of transactions calls this in the context of whichever request started the queue.
            const result = await this.#active.run(context, () => work(tx));
            stepTo(this.#begin("commit", context));
            return result;
          });
        } finally {
          stepTo(null);
          if (attempts > 1) span.setAttribute("railyard.attempts", attempts);
        }
      });
    return Object.create(database, { write: { value: write } }) as Database;
  }

  /** `fetch`, traced. What is sent tells the other end nothing of it. */
  readonly fetch: typeof fetch = (input, init) => {
    const { origin, hostname, pathname } = new URL(input instanceof Request ? input.url : input);
    const method = init?.method ?? "GET";
    const attributes = {
      "http.request.method": method,
      "server.address": hostname,
      "url.full": `${origin}${pathname}`,
    };
    return this.#span(method, { kind: SpanKind.CLIENT, attributes }, async (span) => {
      const response = await fetch(input, init);
      span.setAttribute("http.response.status_code", response.status);
      if (response.status >= 400) fail(span, String(response.status));
      return response;
    });
  };

  #serverSpan(name: string, parent: unknown, attributes: Attributes, startTime?: number): TracedRequest {
    const carrier = typeof parent === "string" ? { traceparent: parent } : {};
    const remote = this.#propagator.extract(ROOT_CONTEXT, carrier, defaultTextMapGetter);
    const options = { kind: SpanKind.SERVER, attributes, ...(startTime !== undefined && { startTime }) };
    const span = this.#tracer.startSpan(name, options, remote);
    return { span, context: trace.setSpan(remote, span) };
  }

  #begin(name: string, parent: Context): Span {
    return this.#tracer.startSpan(name, {}, parent);
  }

  /** Runs `task` as a part of whatever the caller is a part of. */
  async #span<T>(
    name: string,
    options: { readonly kind?: SpanKind; readonly attributes: Attributes },
    task: (span: Span, context: Context) => Promise<T>,
  ): Promise<T> {
    const outer = this.#active.getStore() ?? ROOT_CONTEXT;
    const span = this.#tracer.startSpan(name, options, outer);
    try {
      const context = trace.setSpan(outer, span);
      return await this.#active.run(context, () => task(span, context));
    } catch (error) {
      // By its kind alone: its words may hold anything.
      fail(span, error instanceof Error ? error.name : "unknown");
      throw error;
    } finally {
      span.end();
    }
  }
}

/** @param observed the operation that the request carries; null where it carries none */
function endRequest(span: Span, observed: OperationRecord | null, status: number): void {
  span.setAttribute("http.response.status_code", status);
  if (observed !== null) describeOperation(span, observed);
  if (status >= 500) fail(span, observed?.code ?? String(status));
  span.end();
}

/** As https://opentelemetry.io/docs/specs/semconv/graphql/ has it, and by the words of the log and the metrics. */
function describeOperation(span: Span, { operation, name, code, cacheHit: kept }: OperationRecord): void {
  const [type, field] = operation.split(" ");
  if (field !== undefined && type !== undefined) span.setAttribute("graphql.operation.type", type);
  if (name != null) span.setAttribute("graphql.operation.name", name.slice(0, MAX_NAME_LENGTH));
  span.setAttributes({ "railyard.operation": operation, "railyard.code": code });
  if (kept) span.setAttribute("railyard.kept_answer", true);
  if (code === "OK") return;
  if (FAULTS.has(code)) fail(span, code);
  else span.setAttribute("error.type", code);
}

function fail(span: Span, type: string): void {
  span.setAttribute("error.type", type);
  span.setStatus({ code: SpanStatusCode.ERROR });
}
