import { AsyncLocalStorage } from "node:async_hooks";
import type { ApolloServerPlugin } from "@apollo/server";
import { Kind, type OperationDefinitionNode } from "graphql";
import type { Viewer } from "../../entities/access/token.js";
import type { Context } from "../../schema/context.js";
import { present } from "../../schema/errors.js";
import type { Audit } from "./audit.js";
import type { Logger } from "./log.js";
import type { Metrics } from "./metrics.js";
import type { OperationRecord, Transport } from "./operation-record.js";
import type { Tracing } from "./tracing.js";

interface ObserverParts {
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly audit: Audit;
  /** Null if tracing is disabled. */
  readonly tracing: Tracing | null;
}

/** Records operations of every transport in the log, metrics, traces and the audit log: the only place that does. */
export class Observer {
  readonly #current = new AsyncLocalStorage<OperationRecord>();
  readonly #parts: ObserverParts;

  constructor(parts: ObserverParts) {
    this.#parts = parts;
  }

  begin(id: string, transport: Transport): OperationRecord {
    const { client } = transport;
    // A plain literal: with a spread, each request that is answered from the cache costs 15 % more.
    const record: OperationRecord = { id, transport, operation: "none", viewer: null, client, code: "OK" };
    const { tracing } = this.#parts;
    if (tracing !== null) record.span = tracing.operation(record);
    return record;
  }

  /** Runs a task in the context of an operation. */
  run<T>(record: OperationRecord, task: () => T): T {
    const { span } = record;
    const { tracing } = this.#parts;
    return this.#current.run(record, span && tracing ? () => tracing.run(span, task) : task);
  }

  /** The operation of the current asynchronous context. */
  get current(): OperationRecord | undefined {
    return this.#current.getStore();
  }

  /** Records the error of an operation that was refused before it reached Apollo. */
  recordError(record: OperationRecord, error: unknown): void {
    record.code = String(present(error, "").error.extensions?.code);
  }

  /** Records the errors of an operation. Resolves once denied administrative actions are in the event log. */
  async recordErrors(record: OperationRecord, viewer: Viewer, errors: readonly unknown[]): Promise<void> {
    this.recordError(record, errors[0]);
    await this.#parts.audit.record(viewer, errors);
  }

  /** Records the end of an operation. @param status the HTTP status; ignored over WebSocket */
  finish(record: OperationRecord, status: number): void {
    const { id: requestId, transport, operation, viewer, client, code, span } = record;
    const { log, metrics, tracing } = this.#parts;
    if (span !== undefined) tracing?.end(span, record, status);
    const milliseconds = performance.now() - transport.receivedAt;
    metrics.recordOperation(operation, code, milliseconds / 1000);
    // Only for authenticated clients: others could use up the limited number of labels.
    if (viewer !== null) metrics.recordClient(client);
    const { kind, method } = transport;
    if (kind === "http") metrics.recordRequest(`${method} /graphql`, status, milliseconds / 1000);
    if (!log.isLevelEnabled("info")) return;
    const duration = Math.round(milliseconds * 10) / 10;
    const sender = client === null ? {} : { client: `${client.name} ${client.version}`.trim() };
    if (kind === "http")
      log.info(
        { requestId, method, path: "/graphql", operation, viewer, ...sender, status, code, duration },
        "request",
      );
    else log.info({ requestId, operation, viewer, ...sender, code, duration }, "operation");
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
        if (record !== undefined) await this.recordErrors(record, contextValue.viewer, errors);
      },
    }),
  };
}

/** Labels an operation by type and first field. Fields of the schema are a bounded set. */
function operationLabel(operation: OperationDefinitionNode | undefined): string {
  if (operation === undefined) return "none";
  const field = operation.selectionSet.selections.find((selection) => selection.kind === Kind.FIELD);
  return `${operation.operation} ${field?.name.value ?? "fragment"}`;
}
