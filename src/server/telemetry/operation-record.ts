import { AsyncLocalStorage } from "node:async_hooks";
import type { ApolloServerPlugin } from "@apollo/server";
import { Kind, type OperationDefinitionNode } from "graphql";
import type { Context } from "../../schema/context.js";
import { present } from "../../schema/errors.js";
import type { Audit } from "./audit.js";
import type { Metrics } from "./metrics.js";
import type { TracedRequest, Tracing } from "./tracing.js";

/** An operation as recorded in logs, metrics and traces. */
export interface OperationRecord {
  readonly id: string;
  /** Start time from `performance.now()`, in milliseconds. */
  readonly start: number;
  /** The operation type and its first schema field; `none` if it was refused before that was known. */
  operation: string;
  /** The operation name that the client chose, once known; null without one. */
  name?: string | null;
  /** The viewer's name; null if authentication failed. */
  viewer: string | null;
  /** The code of the first error; OK if none. */
  code: string;
  /** Whether the response came from the cache. */
  cacheHit?: boolean;
  /** The operation's own span. Absent for operations through Fastify, which belong to the span of the request. */
  span?: TracedRequest;
}

/** Records operations of every transport in metrics, traces and the audit log. */
export class Observer {
  readonly #current = new AsyncLocalStorage<OperationRecord>();
  readonly #metrics: Metrics;
  readonly #audit: Audit;
  readonly #tracing: Tracing | null;

  /** @param tracing null if tracing is disabled */
  constructor(metrics: Metrics, audit: Audit, tracing: Tracing | null) {
    this.#metrics = metrics;
    this.#audit = audit;
    this.#tracing = tracing;
  }

  begin(id: string): OperationRecord {
    return { id, start: performance.now(), operation: "none", viewer: null, code: "OK" };
  }

  /**
   * Starts the span of an operation that does not go through Fastify.
   *
   * @param parent the `traceparent` sent by the client, unvalidated
   */
  trace(record: OperationRecord, transport: "http" | "websocket", parent: unknown): void {
    if (this.#tracing !== null) record.span = this.#tracing.operation(record, transport, parent);
  }

  /** Runs a task in the context of an operation. */
  run<T>(record: OperationRecord, task: () => T): T {
    const { span } = record;
    const tracing = this.#tracing;
    return this.#current.run(record, span && tracing ? () => tracing.run(span, task) : task);
  }

  /** The operation of the current asynchronous context. */
  get current(): OperationRecord | undefined {
    return this.#current.getStore();
  }

  /** Records the error of an operation that was refused before it reached Apollo. */
  recordError(record: OperationRecord, error: unknown): void {
    record.code = recordedCode(error);
  }

  /**
   * Records the end of an operation.
   *
   * @param status the HTTP status, for operations that do not go through Fastify
   * @returns the duration in milliseconds, to one decimal
   */
  end(record: OperationRecord, status: number | null = null): number {
    const { operation, code, start, span } = record;
    if (span !== undefined) this.#tracing?.end(span, record, status);
    const duration = performance.now() - start;
    this.#metrics.recordOperation(operation, code, duration / 1000);
    return Math.round(duration * 10) / 10;
  }

  /** Like `end`, for an HTTP operation that did not go through Fastify. Also records the request. */
  finish(record: OperationRecord, status: number): number {
    this.#metrics.recordRequest("POST /graphql", status, (performance.now() - record.start) / 1000);
    return this.end(record, status);
  }

  readonly plugin: ApolloServerPlugin<Context> = {
    requestDidStart: async () => ({
      didResolveOperation: async ({ operation, operationName }) => {
        const record = this.current;
        if (record === undefined) return;
        record.operation = operationLabel(operation);
        record.name = operationName;
      },
      didEncounterErrors: async ({ errors, contextValue }) => {
        const record = this.current;
        if (record !== undefined) record.code = recordedCode(errors[0]);
        await this.#audit.record(contextValue.viewer, errors);
      },
    }),
  };
}

function recordedCode(error: unknown): string {
  return String(present(error, "").error.extensions?.code);
}

/** Labels an operation by type and first field. Fields of the schema are a bounded set. */
function operationLabel(operation: OperationDefinitionNode | undefined): string {
  if (operation === undefined) return "none";
  const field = operation.selectionSet.selections.find((selection) => selection.kind === Kind.FIELD);
  return `${operation.operation} ${field?.name.value ?? "fragment"}`;
}
