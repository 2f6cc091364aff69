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

/** An operation as a client sends it. */
export interface OperationRequest {
  readonly query?: string;
  readonly documentId?: unknown;
  readonly extensions?: unknown;
  readonly operationName?: string | null | undefined;
  readonly variables?: Record<string, unknown> | null | undefined;
}

/** An answer as a client sees it. Without `data` nothing of the operation was carried out. */
export interface ExecutionResult {
  readonly data?: unknown;
  readonly errors?: readonly GraphQLFormattedError[];
  readonly extensions?: Record<string, unknown>;
}

/** A subscription that keeps every rule, and may begin. */
export interface AdmittedSubscription {
  /** The text of the document. */
  readonly source: string;
  readonly document: DocumentNode;
  readonly operationName: string | null;
  readonly variables: Record<string, unknown>;
}

export type Outcome =
  | { readonly kind: "answer"; readonly answer: ExecutionResult }
  | { readonly kind: "subscription"; readonly admitted: AdmittedSubscription };

/**
 * Operations, however they come. Apollo parses, validates, limits and words the errors of all of them, so that what holds
 * over HTTP holds over the socket: it answers queries and mutations, and of a subscription it says whether it may begin.
 */
export class Operations {
  readonly #schema: GraphQLSchema;
  readonly #log: Logger;
  readonly #admission: Admission;
  readonly #observer: Observer;
  /** What Apollo has let pass. By what of the context is not copied: Apollo works on a copy of the rest. */
  readonly #admitted = new WeakMap<object, AdmittedSubscription>();
  #apollo: ApolloServer<Context> | null = null;

  constructor(parts: OperationsParts) {
    this.#schema = parts.schema;
    this.#log = parts.log;
    this.#admission = parts.admission;
    this.#observer = parts.observer;
  }

  /** Where Apollo meets a subscription: refused over HTTP, and elsewhere noted as one that may begin. */
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
          // Where the document's operation is not clear there is none here, whatever the type says.
          if (operation?.operation !== OperationTypeNode.SUBSCRIPTION || contextValue.subscriptionSource === null)
            return null;
          const variables = request.variables ?? {};
          admitted.set(contextValue.subscriptionSource, {
            source,
            document,
            operationName: request.operationName ?? null,
            variables,
          });
          return { http: { headers: new HeaderMap() }, body: EMPTY_CONTEXT };
        },
      }),
    };
  }

  use(apollo: ApolloServer<Context>): void {
    this.#apollo = apollo;
  }

  /**
   * Answers a query or a mutation; a subscription that keeps the rules is admitted, and for the caller to begin.
   *
   * @param socketParent the header `traceparent` that the socket was opened with, for messages without one of their own
   */
  async run(request: OperationRequest, context: Context, socketParent?: string): Promise<Outcome> {
    const observed = this.#observer.begin(context.requestId);
    this.#observer.trace(observed, "websocket", traceParent(request.extensions) ?? socketParent);
    observed.viewer = context.viewer.name;
    try {
      return await this.#observer.within(observed, () => this.#run(request, context));
    } catch (error) {
      this.#observer.refused(observed, error);
      throw error;
    } finally {
      const duration = this.#observer.end(observed);
      const { id: requestId, operation, viewer, code } = observed;
      this.#log.info({ requestId, operation, viewer, code, duration }, "operation");
    }
  }

  async #run(request: OperationRequest, context: Context): Promise<Outcome> {
    const { answer } = await this.#execute(request, context);
    const admitted = context.subscriptionSource === null ? undefined : this.#admitted.get(context.subscriptionSource);
    return admitted === undefined ? { kind: "answer", answer } : { kind: "subscription", admitted };
  }

  /** Answers a query or a mutation as Apollo does over HTTP: the same status, the same text, the same `Retry-After`. */
  async text(
    request: OperationRequest,
    context: Context,
  ): Promise<{ status: number; text: string; retryAfter: string | null }> {
    const { status, retryAfter, answer } = await this.#execute(request, context);
    const { errors, data, extensions } = answer;
    return { status, retryAfter, text: `${JSON.stringify({ errors, data, extensions })}\n` };
  }

  async #execute(
    { operationName, variables, ...asked }: OperationRequest,
    context: Context,
  ): Promise<{ status: number; retryAfter: string | null; answer: ExecutionResult }> {
    const apollo = this.#apollo;
    if (apollo === null) throw new Error("Operations came before the service had started.");
    const query = this.#admission.documentOf(asked) ?? "";
    const request = { query, ...(operationName != null && { operationName }), ...(variables != null && { variables }) };
    const { body, http } = await apollo.executeOperation(request, { contextValue: context });
    if (body.kind !== "single") throw new Error("An answer came in parts.");
    const retryAfter = http.headers.get("retry-after") ?? null;
    return { status: http.status ?? 200, retryAfter, answer: body.singleResult };
  }

  /** The events of a subscription, or what refuses it. */
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

  /** What a subscription tells of one event. */
  async logFault(
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

  /** Whatever was thrown, as a client sees it; a fault goes into the log. */
  present(thrown: unknown, requestId: string): GraphQLFormattedError {
    const { error, fault } = present(thrown, requestId);
    if (fault !== null) this.#log.error({ requestId, err: fault }, "an operation failed");
    return error;
  }
}

const EMPTY_CONTEXT = { kind: "single", singleResult: { data: null } } as const;

/** `extensions.traceparent` of a message: a socket has its headers once, and an operation no others. */
function traceParent(extensions: unknown): unknown {
  return typeof extensions === "object" && extensions !== null && "traceparent" in extensions
    ? extensions.traceparent
    : undefined;
}
