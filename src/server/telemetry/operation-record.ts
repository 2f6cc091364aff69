import { AsyncLocalStorage } from "node:async_hooks";
import type { ApolloServerPlugin } from "@apollo/server";
import { Kind, type OperationDefinitionNode } from "graphql";
import type { Context } from "../../schema/context.js";
import { present } from "../../schema/errors.js";
import type { Audit } from "./audit.js";
import type { Metrics } from "./metrics.js";
import type { Traced, Tracing } from "./tracing.js";

/** One operation, as the log and the metrics will tell of it. */
export interface Observed {
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
  kept?: boolean;
  /** Its span, where it has one of its own: by Fastify's way it is a part of the request's. */
  traced?: Traced;
}

/** Looks on at every operation, by whichever way it comes. */
export class Observer {
  readonly #current = new AsyncLocalStorage<Observed>();
  readonly #metrics: Metrics;
  readonly #audit: Audit;
  readonly #tracing: Tracing | null;

  /** @param tracing what traces tell of it; null where nobody wants any */
  constructor(metrics: Metrics, audit: Audit, tracing: Tracing | null) {
    this.#metrics = metrics;
    this.#audit = audit;
    this.#tracing = tracing;
  }

  begin(id: string): Observed {
    return { id, start: performance.now(), operation: "none", viewer: null, code: "OK" };
  }

  /**
   * Begins the span of an operation that has come by another way than Fastify's.
   *
   * @param parent `traceparent`, as the client may have sent it
   */
  trace(observed: Observed, way: "http" | "websocket", parent: unknown): void {
    if (this.#tracing !== null) observed.traced = this.#tracing.operation(observed, way, parent);
  }

  /** Runs what belongs to an operation. */
  within<T>(observed: Observed, task: () => T): T {
    const { traced } = observed;
    const tracing = this.#tracing;
    return this.#current.run(observed, traced && tracing ? () => tracing.within(traced, task) : task);
  }

  /** The operation that the caller belongs to. */
  get current(): Observed | undefined {
    return this.#current.getStore();
  }

  /** Notes what an operation was refused with, before Apollo has seen it. */
  refused(observed: Observed, error: unknown): void {
    observed.code = codeOf(error);
  }

  /**
   * Measures an operation that has been answered.
   *
   * @param status of its answer over HTTP, where it has come by another way than Fastify's
   * @returns how long it took, in milliseconds to a tenth
   */
  end(observed: Observed, status: number | null = null): number {
    const { operation, code, start, traced } = observed;
    if (traced !== undefined) this.#tracing?.ended(traced, observed, status);
    const duration = performance.now() - start;
    this.#metrics.operated(operation, code, duration / 1000);
    return Math.round(duration * 10) / 10;
  }

  /** Measures an operation that was answered without its request having come to Fastify, as `end` does. */
  sent(observed: Observed, status: number): number {
    this.#metrics.requested("POST /graphql", status, (performance.now() - observed.start) / 1000);
    return this.end(observed, status);
  }

  readonly plugin: ApolloServerPlugin<Context> = {
    requestDidStart: async () => ({
      didResolveOperation: async ({ operation, operationName }) => {
        const observed = this.current;
        if (observed === undefined) return;
        observed.operation = labelOf(operation);
        observed.name = operationName;
      },
      didEncounterErrors: async ({ errors, contextValue }) => {
        const observed = this.current;
        if (observed !== undefined) observed.code = codeOf(errors[0]);
        await this.#audit.record(contextValue.viewer, errors);
      },
    }),
  };
}

function codeOf(error: unknown): string {
  return String(present(error, "").error.extensions?.code);
}

/** An operation by what it asks for first: a field of the schema, of which there are only so many. */
function labelOf(operation: OperationDefinitionNode | undefined): string {
  if (operation === undefined) return "none";
  const field = operation.selectionSet.selections.find((selection) => selection.kind === Kind.FIELD);
  return `${operation.operation} ${field?.name.value ?? "fragment"}`;
}
