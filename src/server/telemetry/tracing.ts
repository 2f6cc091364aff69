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
import type { Tx } from "../../database/rows/tx.js";
import { asRefusal, Refusal } from "../../domain/core/refusal.js";
import type { Logger } from "./log.js";
import type { OpenSpan, OperationRecord } from "./operation-record.js";

/*
 * OpenTelemetry traces. This module is loaded only if tracing is enabled, so other modules import only its types. Spans
 * contain no text from clients except operation names: no variables, no paths, no error messages.
 */

declare module "fastify" {
  interface FastifyRequest {
    /** The span of the request; null if it is not traced. */
    traced: OpenSpan | null;
  }
}

/** Time to export the remaining spans at shutdown, in milliseconds. Spans not exported by then are lost. */
const FLUSH_DEADLINE_MS = 1000;
/** Paths that probes and Prometheus poll; and `/graphql`, where each operation has a separate span. */
const UNTRACED_PATHS: ReadonlySet<string | undefined> = new Set(["/livez", "/readyz", "/metrics", "/graphql"]);
/** Error codes that mark a span as failed: the service's fault, not the client's. */
const FAULTS: ReadonlySet<string> = new Set(["INTERNAL_SERVER_ERROR", "UNAVAILABLE"]);
/** Engine names in the semantic conventions. */
const SYSTEMS = { sqlite: "sqlite", postgres: "postgresql" } as const;
const MAX_NAME_LENGTH = 100;

/** Exports traces of operations, requests, transactions and outgoing calls. */
export class Tracing {
  readonly #provider: BasicTracerProvider;
  readonly #tracer: Tracer;
  readonly #active = new AsyncLocalStorage<Context>();
  readonly #propagator = new W3CTraceContextPropagator();

  /** Configured by the standard `OTEL_*` environment variables. */
  constructor(log: Logger) {
    setGlobalErrorHandler((error) => {
      const { code, message } = error as { code?: unknown; message?: unknown };
      log.warn({ problem: message || code }, "traces could not be exported and were dropped");
    });
    const serviceName = resourceFromAttributes({ "service.name": "railyard" });
    this.#provider = new BasicTracerProvider({
      resource: defaultResource()
        .merge(serviceName)
        .merge(detectResources({ detectors: [envDetector] })),
      spanProcessors: [new BatchSpanProcessor(new OTLPTraceExporter())],
    });
    this.#tracer = this.#provider.getTracer("railyard");
  }

  /** Exports the remaining spans until the deadline. */
  async close(): Promise<void> {
    const flushed = this.#provider.shutdown().catch(() => undefined);
    await Promise.race([flushed, delay(FLUSH_DEADLINE_MS, undefined, { ref: false })]);
  }

  /** Traces every request and runs its handler in the context of its span. Call before routes are added. */
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
    // In preHandler, because the asynchronous context is lost while the body is read.
    http.addHook("preHandler", (request, _, done) => {
      if (request.traced === null) done();
      else this.#active.run(request.traced.context, done);
    });
    http.addHook("onResponse", async ({ traced }, { statusCode }) => {
      if (traced !== null) endRequest(traced.span, null, statusCode);
    });
    http.addHook("onRequestAbort", async ({ traced }) => {
      traced?.span.setAttribute("error.type", "aborted");
      traced?.span.end();
    });
  }

  /** Starts the span of an operation. */
  operation({ id, transport }: OperationRecord): OpenSpan {
    const { kind, method, traceparent, receivedAt } = transport;
    const attributes: Attributes =
      kind === "http"
        ? { "http.request.method": String(method), "http.route": "/graphql", "railyard.request_id": id }
        : { "network.protocol.name": "websocket", "railyard.request_id": id };
    const name = kind === "http" ? `${method} /graphql` : "GraphQL Operation";
    return this.#serverSpan(name, traceparent, attributes, performance.timeOrigin + receivedAt);
  }

  run<T>({ context }: OpenSpan, task: () => T): T {
    return this.#active.run(context, task);
  }

  /** @param status the HTTP status; ignored over WebSocket */
  end({ span }: OpenSpan, record: OperationRecord, status: number): void {
    if (record.transport.kind === "http") endRequest(span, record, status);
    else {
      describeOperation(span, record);
      const [type] = record.operation.split(" ");
      if (record.operation !== "none" && type !== undefined) span.updateName(type);
      span.end();
    }
  }

  /** Wraps the database so that transactions are traced, including their time in the queue and their commit. */
  traceTransactions(database: Database): Database {
    const attributes = { "db.system.name": SYSTEMS[database.reader.dialect.name] };
    const write = <T>(work: (tx: Tx) => Promise<T>): Promise<T> =>
      this.#span("transaction", { attributes }, async (span, context) => {
        let step: Span | null = this.#startSpan("transaction queue", context);
        const stepTo = (next: Span | null) => {
          step?.end();
          step = next;
        };
        let attempts = 0;
        try {
          return await database.write(async (tx) => {
            attempts += 1;
            stepTo(null);
            // The transaction queue calls this in the context of the request that started the queue.
            const result = await this.#active.run(context, () => work(tx));
            stepTo(this.#startSpan("commit", context));
            return result;
          });
        } finally {
          stepTo(null);
          if (attempts > 1) span.setAttribute("railyard.attempts", attempts);
        }
      });
    return Object.create(database, { write: { value: write } }) as Database;
  }

  /** Traced `fetch`. Sends no trace headers to the other end. */
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

  #serverSpan(name: string, parent: unknown, attributes: Attributes, startTime?: number): OpenSpan {
    const carrier = typeof parent === "string" ? { traceparent: parent } : {};
    const remote = this.#propagator.extract(ROOT_CONTEXT, carrier, defaultTextMapGetter);
    const options = { kind: SpanKind.SERVER, attributes, ...(startTime !== undefined && { startTime }) };
    const span = this.#tracer.startSpan(name, options, remote);
    return { span, context: trace.setSpan(remote, span) };
  }

  #startSpan(name: string, parent: Context): Span {
    return this.#tracer.startSpan(name, {}, parent);
  }

  /** Runs `task` in a child span of the current context. */
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
      const refusal = asRefusal(error);
      if (refusal instanceof Refusal) recordCode(span, refusal.code);
      // Only the error's name: its message may contain anything.
      else fail(span, error instanceof Error ? error.name : "unknown");
      throw error;
    } finally {
      span.end();
    }
  }
}

/** @param record the request's GraphQL operation; null if it has none */
function endRequest(span: Span, record: OperationRecord | null, status: number): void {
  span.setAttribute("http.response.status_code", status);
  if (record !== null) describeOperation(span, record);
  if (status >= 500) fail(span, record?.code ?? String(status));
  span.end();
}

/** Attributes follow https://opentelemetry.io/docs/specs/semconv/graphql/ and the labels of the log and the metrics. */
function describeOperation(span: Span, { operation, name, code, cacheHit }: OperationRecord): void {
  const [type, field] = operation.split(" ");
  if (field !== undefined && type !== undefined) span.setAttribute("graphql.operation.type", type);
  if (name != null) span.setAttribute("graphql.operation.name", name.slice(0, MAX_NAME_LENGTH));
  span.setAttributes({ "railyard.operation": operation, "railyard.code": code });
  if (cacheHit) span.setAttribute("railyard.cache.hit", true);
  if (code !== "OK") recordCode(span, code);
}

/** A refusal is a normal response: its span has no error status. */
function recordCode(span: Span, code: string): void {
  if (FAULTS.has(code)) fail(span, code);
  else span.setAttribute("error.type", code);
}

function fail(span: Span, type: string): void {
  span.setAttribute("error.type", type);
  span.setStatus({ code: SpanStatusCode.ERROR });
}
