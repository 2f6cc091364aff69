import { ApolloServer, type ApolloServerPlugin, HeaderMap } from "@apollo/server";
import { ApolloServerPluginCacheControlDisabled } from "@apollo/server/plugin/disabled";
import {
  GraphQLError,
  type GraphQLFormattedError,
  type GraphQLSchema,
  getOperationAST,
  OperationTypeNode,
  parse,
} from "graphql";
import type { Ctx } from "../../domain/core/context.js";
import { Refusal } from "../../domain/core/refusal.js";
import type { Viewer } from "../../entities/access/token.js";
import type { LogEvent } from "../../entities/history/event.js";
import { Context, type SubscriptionSource } from "../../schema/context.js";
import type { Dependencies } from "../../schema/dependencies.js";
import { isUnavailable, present } from "../../schema/errors.js";
import type { Logger } from "../telemetry/log.js";
import type { Observer } from "../telemetry/observer.js";
import type { OperationRecord, Transport } from "../telemetry/operation-record.js";
import type { Admission } from "./admission.js";
import { type HttpHead, toHttpHead } from "./http-head.js";
import { CompiledQueries } from "./jit.js";
import { MAX_ERRORS } from "./limits.js";
import { logHeadPlugin } from "./log-head.js";
import type { OperationRequest } from "./request.js";
import { type AdmittedSubscription, executeForEvent, startEvents } from "./subscriptions.js";

export interface ExecutionParts {
  readonly schema: GraphQLSchema;
  readonly ctx: Omit<Ctx, "viewer">;
  readonly admission: Admission;
  readonly observer: Observer;
  readonly log: Logger;
  /** Further plugins of Apollo Server. */
  readonly plugins: readonly ApolloServerPlugin<Context>[];
}

export interface ExecuteOptions {
  /** Authenticates the client. May throw a refusal. */
  readonly viewer: () => Viewer | Promise<Viewer>;
  readonly requestId: string;
  readonly transport: Transport;
  /** Null if the transport does not support subscriptions. */
  readonly subscription: SubscriptionSource | null;
  /** Collects what the result depends on, for the response cache. @default null */
  readonly dependencies?: Dependencies | null;
}

/** The result of an operation as sent to the client. Without `data`, the operation had no effect. */
export interface ExecutionResult {
  readonly data?: unknown;
  readonly errors?: readonly GraphQLFormattedError[];
  readonly extensions?: Record<string, unknown>;
}

/** A running subscription. The caller executes its events. */
export interface StartedSubscription {
  readonly admitted: AdmittedSubscription;
  readonly viewer: Viewer;
  readonly events: AsyncIterableIterator<LogEvent>;
}

/** What became of an operation. `status` and `headers` apply to HTTP. */
export interface Outcome extends HttpHead {
  readonly result: ExecutionResult;
  readonly record: OperationRecord;
  /** Null for a query, a mutation, or a subscription that was refused. */
  readonly subscription: StartedSubscription | null;
}

/**
 * Runs the operations of every transport, in one way: begins the record, authenticates, admits, executes, formats errors
 * and finishes the record. Apollo Server parses, validates and executes. For a subscription it only decides whether it
 * may start.
 */
export class Execution {
  readonly #parts: ExecutionParts;
  readonly #apollo: ApolloServer<Context>;
  /**
   * Subscriptions that Apollo admitted, keyed by `subscriptionSource`: Apollo copies the context but not that object.
   */
  readonly #admitted = new WeakMap<object, AdmittedSubscription>();

  constructor(parts: ExecutionParts) {
    this.#parts = parts;
    const { schema, observer, admission, log } = parts;
    this.#apollo = new ApolloServer<Context>({
      schema,
      introspection: true,
      includeStacktraceInErrorResponses: false,
      stopOnTerminationSignals: false,
      // Automatic persisted queries are not offered.
      persistedQueries: false,
      validationOptions: { maxErrors: MAX_ERRORS },
      // The cache-control plugin would run for every field, and the schema has no cache hints.
      plugins: [
        ApolloServerPluginCacheControlDisabled(),
        observer.plugin,
        admission.plugin,
        this.#subscriptionPlugin,
        logHeadPlugin,
        ...parts.plugins,
        new CompiledQueries(schema).plugin,
      ],
      logger: log,
      // Apollo does not pass the request here.
      formatError: (_, error) => this.present(error, observer.current?.id ?? ""),
    });
  }

  /** Call before the first operation. */
  start(): Promise<void> {
    return this.#apollo.start();
  }

  /** Call after the last operation. */
  stop(): Promise<void> {
    return this.#apollo.stop();
  }

  /**
   * Runs an operation. Never throws: an error that refuses the operation is in the result.
   *
   * @param read returns the operation, or throws the refusal of a request that has none. Called after authentication.
   */
  async execute(read: () => OperationRequest, options: ExecuteOptions): Promise<Outcome> {
    const { observer } = this.#parts;
    const record = observer.begin(options.requestId, options.transport);
    const outcome = await observer.run(record, () => this.#attempt(read, options, record));
    observer.finish(record, outcome.status);
    return outcome;
  }

  /**
   * Executes a subscription's selection for one event.
   *
   * @throws the error of a field that failed because the database cannot be reached. The event can be executed again; its
   *   result without that field would lose the event for the client.
   */
  async executeEvent(admitted: AdmittedSubscription, event: LogEvent, context: Context): Promise<ExecutionResult> {
    const { data, errors } = await executeForEvent(this.#parts.schema, admitted, event, context);
    if (errors === undefined) return { data };
    const unavailable = errors.find(isUnavailable);
    if (unavailable !== undefined) throw unavailable;
    return { data, errors: errors.map((error) => this.present(error, context.requestId)) };
  }

  /** Formats a thrown value for the client. Logs internal errors. */
  present(thrown: unknown, requestId: string): GraphQLFormattedError {
    const { error, fault } = present(thrown, requestId);
    if (fault !== null) this.#parts.log.error({ requestId, err: fault }, "operation failed");
    return error;
  }

  /** The type of an operation that was refused before it was parsed; null if it has none. */
  findOperationType(request: OperationRequest): OperationTypeNode | null {
    try {
      const document = parse(this.#parts.admission.admit(request), { noLocation: true });
      return getOperationAST(document, request.operationName)?.operation ?? null;
    } catch {
      return null;
    }
  }

  async #attempt(read: () => OperationRequest, options: ExecuteOptions, record: OperationRecord): Promise<Outcome> {
    try {
      return await this.#run(read, options, record);
    } catch (error) {
      this.#parts.observer.recordError(record, error);
      return { ...toHttpHead(error), result: { errors: [this.present(error, record.id)] }, record, subscription: null };
    }
  }

  async #run(read: () => OperationRequest, options: ExecuteOptions, record: OperationRecord): Promise<Outcome> {
    const { ctx, admission } = this.#parts;
    const { subscription, dependencies = null } = options;
    const viewer = await options.viewer();
    record.viewer = viewer.name;
    const request = read();
    record.client ??= request.client;
    const query = admission.admit(request);
    const context = new Context({ ...ctx, now: ctx.now, viewer }, record.id, subscription, dependencies);
    try {
      return await this.#executeOperation(request, query, context, record, options);
    } finally {
      context.reads.end();
    }
  }

  async #executeOperation(
    { operationName, variables }: OperationRequest,
    query: string,
    context: Context,
    record: OperationRecord,
    { transport, subscription }: ExecuteOptions,
  ): Promise<Outcome> {
    const { body, http } = await this.#apollo.executeOperation(
      {
        query,
        ...(operationName !== undefined && { operationName }),
        ...(variables !== undefined && { variables }),
        // Apollo refuses mutations by GET.
        ...(transport.method === "GET" && { http: GET_REQUEST }),
      },
      { contextValue: context },
    );
    if (body.kind !== "single") throw new Error("Incremental delivery is not supported.");
    const admitted = subscription === null ? undefined : this.#admitted.get(subscription);
    if (admitted !== undefined) return this.#subscribe(admitted, context.viewer, context, record);
    const headers = http.headers.size === 0 ? NO_HEADERS : Object.fromEntries(http.headers);
    return { status: http.status ?? 200, headers, result: body.singleResult, record, subscription: null };
  }

  async #subscribe(
    admitted: AdmittedSubscription,
    viewer: Viewer,
    context: Context,
    record: OperationRecord,
  ): Promise<Outcome> {
    const events = await startEvents(this.#parts.schema, admitted, context);
    const head = { status: 200, headers: NO_HEADERS, record };
    if (Symbol.asyncIterator in events) return { ...head, result: {}, subscription: { admitted, viewer, events } };
    await this.#parts.observer.recordErrors(record, viewer, events);
    const errors = events.map((error) => this.present(error, record.id));
    return { ...head, result: { errors }, subscription: null };
  }

  /** Refuses subscriptions on transports that do not support them, and records the others as admitted. */
  get #subscriptionPlugin(): ApolloServerPlugin<Context> {
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
          const { operationName = null, variables = {} } = request;
          admitted.set(contextValue.subscriptionSource, { source, document, operationName, variables });
          return { http: { headers: new HeaderMap() }, body: EMPTY_BODY };
        },
      }),
    };
  }
}

const NO_HEADERS = {};
const EMPTY_BODY = { kind: "single", singleResult: { data: null } } as const;
/** What Apollo needs to know of a GET request. */
const GET_REQUEST = { method: "GET", headers: new HeaderMap(), search: "", body: undefined } as const;
