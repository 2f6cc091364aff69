import { AsyncLocalStorage } from "node:async_hooks";
import type { ApolloServerPlugin } from "@apollo/server";
import { Kind, type OperationDefinitionNode } from "graphql";
import type { Context } from "../../schema/context.js";
import { present } from "../../schema/errors.js";
import type { Audit } from "./audit.js";
import type { Metrics } from "./metrics.js";
import type { TracedRequest, Tracing } from "./tracing.js";

/** One operation, as the log and the metrics will tell of it. */
export interface OperationRecord {
  readonly id: string;
  /** When it came, in milliseconds of the process's own clock. */
  readonly start: number;
  /** The kind and the first field of the schema that it asks for; `none` where it was refused before that was known. */
  operation: string;
  /** What the client calls it, if it does, once that is known. */
  name?: string | null;
  /** The name of whoever asks; null where that was refused. */
  viewer: string | null;
  /** The code of its first error; OK without one. */
  code: string;
  /** Whether its answer was there already. */
  cacheHit?: boolean;
  /** Its span, where it has one of its own: by Fastify's way it is a part of the request's. */
  span?: TracedRequest;
}

/** Looks on at every operation, by whichever way it comes. */
export class Observer {
  readonly #current = new AsyncLocalStorage<OperationRecord>();
  readonly #metrics: Metrics;
  readonly #audit: Audit;
  readonly #tracing: Tracing | null;

  /** @param tracing what traces tell of it; null where nobody wants any */
  constructor(metrics: Metrics, audit: Audit, tracing: Tracing | null) {
    this.#metrics = metrics;
    this.#audit = audit;
    this.#tracing = tracing;
  }

  begin(id: string): OperationRecord {
    return { id, start: performance.now(), operation: "none", viewer: null, code: "OK" };
  }

  /**
   * Begins the span of an operation that has come by another way than Fastify's.
   *
   * @param parent `traceparent`, as the client may have sent it
   */
  trace(observed: OperationRecord, way: "http" | "websocket", parent: unknown): void {
    if (this.#tracing !== null) observed.span = this.#tracing.operation(observed, way, parent);
  }

  /** Runs what belongs to an operation. */
  within<T>(observed: OperationRecord, task: () => T): T {
    const { span: traced } = observed;
    const tracing = this.#tracing;
    return this.#current.run(observed, traced && tracing ? () => tracing.within(traced, task) : task);
  }

  /** The operation that the caller belongs to. */
  get current(): OperationRecord | undefined {
    return this.#current.getStore();
  }

  /** Notes what an operation was refused with, before Apollo has seen it. */
  refused(observed: OperationRecord, error: unknown): void {
    observed.code = recordedCode(error);
  }

  /**
   * Measures an operation that has been answered.
   *
   * @param status of its answer over HTTP, where it has come by another way than Fastify's
   * @returns how long it took, in milliseconds to a tenth
   */
  end(observed: OperationRecord, status: number | null = null): number {
    const { operation, code, start, span: traced } = observed;
    if (traced !== undefined) this.#tracing?.ended(traced, observed, status);
    const duration = performance.now() - start;
    this.#metrics.recordOperation(operation, code, duration / 1000);
    return Math.round(duration * 10) / 10;
  }

  /** Measures an operation that was answered without its request having come to Fastify, as `end` does. */
  finish(observed: OperationRecord, status: number): number {
    this.#metrics.recordRequest("POST /graphql", status, (performance.now() - observed.start) / 1000);
    return this.end(observed, status);
  }

  readonly plugin: ApolloServerPlugin<Context> = {
    requestDidStart: async () => ({
      didResolveOperation: async ({ operation, operationName }) => {
        const observed = this.current;
        if (observed === undefined) return;
        observed.operation = operationLabel(operation);
        observed.name = operationName;
      },
      didEncounterErrors: async ({ errors, contextValue }) => {
        const observed = this.current;
        if (observed !== undefined) observed.code = recordedCode(errors[0]);
        await this.#audit.record(contextValue.viewer, errors);
      },
    }),
  };
}

function recordedCode(error: unknown): string {
  return String(present(error, "").error.extensions?.code);
}

/** An operation by what it asks for first: a field of the schema, of which there are only so many. */
function operationLabel(operation: OperationDefinitionNode | undefined): string {
  if (operation === undefined) return "none";
  const field = operation.selectionSet.selections.find((selection) => selection.kind === Kind.FIELD);
  return `${operation.operation} ${field?.name.value ?? "fragment"}`;
}
