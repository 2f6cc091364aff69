import { type ApolloServer, type ApolloServerPlugin, HeaderMap } from "@apollo/server";
import {
  createSourceEventStream,
  type DocumentNode,
  execute,
  GraphQLError,
  type GraphQLFormattedError,
  type GraphQLSchema,
  OperationTypeNode,
} from "graphql";
import { Refusal } from "../../domain/core/refusal.js";
import type { LogEvent } from "../../entities/history/event.js";
import type { Context } from "../../schema/context.js";
import { present } from "../../schema/errors.js";
import type { Logger } from "../telemetry/log.js";
import type { Observer } from "../telemetry/operation-record.js";
import type { Admission } from "./admission.js";

interface OperationsParts {
  readonly schema: GraphQLSchema;
  readonly log: Logger;
  readonly admission: Admission;
  readonly observer: Observer;
}

/** An operation as sent by a client. */
export interface OperationRequest {
  readonly query?: string;
  readonly documentId?: unknown;
  readonly extensions?: unknown;
  readonly operationName?: string | null | undefined;
  readonly variables?: Record<string, unknown> | null | undefined;
}

/** The result of an operation as sent to the client. Without `data`, the operation had no effect. */
export interface ExecutionResult {
  readonly data?: unknown;
  readonly errors?: readonly GraphQLFormattedError[];
  readonly extensions?: Record<string, unknown>;
}

/** A subscription that passed all checks and may start. */
export interface AdmittedSubscription {
  /** The text of the document. */
  readonly source: string;
  readonly document: DocumentNode;
  readonly operationName: string | null;
  readonly variables: Record<string, unknown>;
}

export type Outcome =
  | { readonly kind: "result"; readonly result: ExecutionResult }
  | { readonly kind: "subscription"; readonly admitted: AdmittedSubscription };

/**
 * Runs operations of every transport. Apollo parses, validates, admits and formats errors for all of them, so HTTP and
 * WebSocket behave the same. Apollo executes queries and mutations. For a subscription it only decides whether it may
 * start.
 */
export class Operations {
  readonly #schema: GraphQLSchema;
  readonly #log: Logger;
  readonly #admission: Admission;
  readonly #observer: Observer;
  /**
   * Subscriptions that Apollo admitted, keyed by `subscriptionSource`: Apollo copies the context but not that object.
   */
  readonly #admitted = new WeakMap<object, AdmittedSubscription>();
  #apollo: ApolloServer<Context> | null = null;

  constructor(parts: OperationsParts) {
    this.#schema = parts.schema;
    this.#log = parts.log;
    this.#admission = parts.admission;
    this.#observer = parts.observer;
  }

  /** Refuses subscriptions over HTTP, and records those over WebSocket as admitted. */
  get plugin(): ApolloServerPlugin<Context> {
    const admitted = this.#admitted;
    return {
      requestDidStart: async () => ({
        async didResolveOperation({ operation, contextValue }) {
          if (operation?.operation !== OperationTypeNode.SUBSCRIPTION || contextValue.subscriptionSource !== null)
            return;
          const refusal = new Refusal("BAD_USER_INPUT", "Subscriptions are served over WebSocket, at the same path.");
          const extensions = { http: { status: 400 } };
          throw new GraphQLError(refusal.message, { originalError: refusal, nodes: operation, extensions });
        },
        async responseForOperation({ operation, document, source, request, contextValue }) {
          // Undefined if the operation is ambiguous, despite its type.
          if (operation?.operation !== OperationTypeNode.SUBSCRIPTION || contextValue.subscriptionSource === null)
            return null;
          const variables = request.variables ?? {};
          admitted.set(contextValue.subscriptionSource, {
            source,
            document,
            operationName: request.operationName ?? null,
            variables,
          });
          return { http: { headers: new HeaderMap() }, body: EMPTY_BODY };
        },
      }),
    };
  }

  setApollo(apollo: ApolloServer<Context>): void {
    this.#apollo = apollo;
  }

  /**
   * Executes a query or mutation. Admits a subscription, which the caller then starts.
   *
   * @param socketParent the `traceparent` header of the WebSocket handshake, used for messages without their own
   */
  async run(request: OperationRequest, context: Context, socketParent?: string): Promise<Outcome> {
    const record = this.#observer.begin(context.requestId);
    this.#observer.trace(record, "websocket", findTraceParent(request.extensions) ?? socketParent);
    record.viewer = context.viewer.name;
    try {
      return await this.#observer.run(record, () => this.#run(request, context));
    } catch (error) {
      this.#observer.recordError(record, error);
      throw error;
    } finally {
      const duration = this.#observer.end(record);
      const { id: requestId, operation, viewer, code } = record;
      this.#log.info({ requestId, operation, viewer, code, duration }, "operation");
    }
  }

  async #run(request: OperationRequest, context: Context): Promise<Outcome> {
    const { result } = await this.#execute(request, context);
    const admitted = context.subscriptionSource === null ? undefined : this.#admitted.get(context.subscriptionSource);
    return admitted === undefined ? { kind: "result", result } : { kind: "subscription", admitted };
  }

  /** Executes a query or mutation and returns what Apollo would send over HTTP: status, body and `Retry-After`. */
  async executeToText(
    request: OperationRequest,
    context: Context,
  ): Promise<{ status: number; text: string; retryAfter: string | null }> {
    const { status, retryAfter, result } = await this.#execute(request, context);
    const { errors, data, extensions } = result;
    return { status, retryAfter, text: `${JSON.stringify({ errors, data, extensions })}\n` };
  }

  async #execute(
    { operationName, variables, ...documentFields }: OperationRequest,
    context: Context,
  ): Promise<{ status: number; retryAfter: string | null; result: ExecutionResult }> {
    const apollo = this.#apollo;
    if (apollo === null) throw new Error("An operation arrived before the service had started.");
    const query = this.#admission.admit(documentFields) ?? "";
    const request = { query, ...(operationName != null && { operationName }), ...(variables != null && { variables }) };
    const { body, http } = await apollo.executeOperation(request, { contextValue: context });
    if (body.kind !== "single") throw new Error("Incremental delivery is not supported.");
    const retryAfter = http.headers.get("retry-after") ?? null;
    return { status: http.status ?? 200, retryAfter, result: body.singleResult };
  }

  /** Starts a subscription. Returns its events, or the errors that refuse it. */
  async subscribe(
    { document, operationName, variables }: AdmittedSubscription,
    context: Context,
  ): Promise<AsyncIterableIterator<LogEvent> | readonly GraphQLFormattedError[]> {
    const stream = await createSourceEventStream({
      schema: this.#schema,
      document,
      operationName,
      variableValues: variables,
      contextValue: context,
    });
    if (Symbol.asyncIterator in stream) return stream as AsyncIterableIterator<LogEvent>;
    return (stream.errors ?? []).map((error) => this.present(error, context.requestId));
  }

  /** Executes a subscription's selection for one event. */
  async executeEvent(
    { document, operationName, variables }: AdmittedSubscription,
    event: LogEvent,
    context: Context,
  ): Promise<ExecutionResult> {
    const { data, errors } = await execute({
      schema: this.#schema,
      document,
      operationName,
      variableValues: variables,
      rootValue: event,
      contextValue: context,
    });
    if (errors === undefined) return { data };
    return { data, errors: errors.map((error) => this.present(error, context.requestId)) };
  }

  /** Formats a thrown value for the client. Logs internal errors. */
  present(thrown: unknown, requestId: string): GraphQLFormattedError {
    const { error, fault } = present(thrown, requestId);
    if (fault !== null) this.#log.error({ requestId, err: fault }, "operation failed");
    return error;
  }
}

const EMPTY_BODY = { kind: "single", singleResult: { data: null } } as const;

/** Reads `extensions.traceparent` of a message. A WebSocket has headers only in its handshake. */
function findTraceParent(extensions: unknown): unknown {
  return typeof extensions === "object" && extensions !== null && "traceparent" in extensions
    ? extensions.traceparent
    : undefined;
}
