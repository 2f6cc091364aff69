import type { ApolloServerPlugin } from "@apollo/server";
import { Kind, type OperationDefinitionNode } from "graphql";
import type { Viewer } from "../../entities/access/token.js";
import type { Context } from "../../schema/context.js";
import { present } from "../../schema/errors.js";
import type { ResultSize } from "../../schema/result-size.js";
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
  /**
   * The records of the operations that execute, by `resultSize` of their context: Apollo copies the context but not
   * that object. An AsyncLocalStorage would make every promise and every callback of the process slower, before Node 24.
   */
  readonly #records = new WeakMap<ResultSize, OperationRecord>();
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

  /** Runs a task in the span of an operation. */
  run<T>({ span }: OperationRecord, task: () => T): T {
    const { tracing } = this.#parts;
    return span && tracing ? tracing.run(span, task) : task();
  }

  /** Makes the plugin find the record of an operation. Call before Apollo executes it. */
  attach({ resultSize }: Context, record: OperationRecord): void {
    this.#records.set(resultSize, record);
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
      didResolveOperation: async ({ operation, operationName, contextValue }) => {
        const record = this.#records.get(contextValue.resultSize);
        if (record === undefined) return;
        record.operation = operationLabel(operation);
        record.name = operationName;
      },
      didEncounterErrors: async ({ errors, contextValue }) => {
        const record = this.#records.get(contextValue.resultSize);
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
