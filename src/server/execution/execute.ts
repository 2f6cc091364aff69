import { ApolloServer, type ApolloServerPlugin, HeaderMap } from "@apollo/server";
import { ApolloServerPluginCacheControlDisabled } from "@apollo/server/plugin/disabled";
import {
  type GraphQLFormattedError,
  type GraphQLSchema,
  getOperationAST,
  type OperationTypeNode,
  parse,
} from "graphql";
import { FairQueue } from "../../async/fair-queue.js";
import type { Ctx } from "../../domain/core/context.js";
import type { Viewer } from "../../entities/access/token.js";
import type { LogEvent } from "../../entities/history/event.js";
import { Context } from "../../schema/context.js";
import { isUnavailable, present } from "../../schema/errors.js";
import { type ResultLimits, ResultSize } from "../../schema/result-size.js";
import type { Logger } from "../telemetry/log.js";
import type { Observer } from "../telemetry/observer.js";
import type { OperationRecord, Transport } from "../telemetry/operation-record.js";
import type { Admission, AdmittedDocument } from "./admission/admission.js";
import { MAX_ERRORS, toResultLimits } from "./admission/limits.js";
import { countResults } from "./count-results.js";
import { toHttpHead } from "./http-head.js";
import { OperationsInProgress } from "./in-progress.js";
import { CompiledQueries } from "./jit.js";
import { logHeadPlugin } from "./log-head.js";
import { type ExecuteOptions, type ExecutionResult, type Outcome, presentErrors } from "./outcome.js";
import type { OperationRequest } from "./request.js";
import {
  type AdmittedSubscription,
  type AdmittedSubscriptions,
  executeForEvent,
  startEvents,
  subscriptionPlugin,
} from "./subscriptions/admitted.js";
import { getOwner } from "./subscriptions/limits.js";

/** How long queries execute before they yield to the event loop, in milliseconds. */
const SLICE_MS = 10;
/**
 * Maximum number of queries in progress on SQLite. Usually it is one, because a query waits only in exceptional cases,
 * for example for a file that another process has locked.
 */
const MAX_WAITING_QUERIES = 64;

export interface ExecutionParts {
  readonly schema: GraphQLSchema;
  readonly ctx: Omit<Ctx, "viewer">;
  readonly admission: Admission;
  readonly observer: Observer;
  readonly log: Logger;
  /** Further plugins of Apollo Server. */
  readonly plugins: readonly ApolloServerPlugin<Context>[];
}

/**
 * Runs the operations of every transport, in one way: begins the record, authenticates, admits, executes, formats
 * errors and finishes the record. Apollo Server parses, validates and executes. For a subscription it only decides
 * whether it may start.
 */
export class Execution {
  readonly #parts: ExecutionParts;
  readonly #apollo: ApolloServer<Context>;
  readonly #resultLimits: ResultLimits;
  /**
   * Schedules queries on SQLite, where they execute without waiting. Null on PostgreSQL, where the connection pool
   * limits them.
   */
  readonly #queryQueue: FairQueue | null;
  readonly #inProgress = new OperationsInProgress();
  readonly #admitted: AdmittedSubscriptions = new WeakMap();

  constructor(parts: ExecutionParts) {
    this.#parts = parts;
    const { schema, observer, admission, log } = parts;
    countResults(schema);
    this.#resultLimits = toResultLimits(admission.limits);
    this.#queryQueue = parts.ctx.db.exclusive
      ? new FairQueue({ concurrency: MAX_WAITING_QUERIES, sliceMs: SLICE_MS })
      : null;
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
        subscriptionPlugin(schema, this.#admitted),
        logHeadPlugin,
        ...parts.plugins,
        new CompiledQueries(schema).plugin,
      ],
      logger: log,
      // Apollo does not pass the request here, which an error names. `presentErrors` formats them.
      formatError: (_, error) => error as GraphQLFormattedError,
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

  /** Refuses the operations of a transport that are still running with UNAVAILABLE, because the service must stop. */
  abandon(kind: Transport["kind"]): void {
    this.#inProgress.abandon(kind);
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
   * Counts the rows of one operation, or of one event of a subscription.
   *
   * @param mutates as for `ResultSize`
   */
  newResultSize(mutates = false): ResultSize {
    return new ResultSize(this.#resultLimits, mutates);
  }

  /**
   * Executes a subscription's selection for one event.
   *
   * @throws the error of a field that failed because the database cannot be reached. The event can be executed again;
   *   its result without that field would lose the event for the client.
   * @throws Refusal QUERY_TOO_LARGE if the result has too many rows
   */
  async executeEvent(admitted: AdmittedSubscription, event: LogEvent, context: Context): Promise<ExecutionResult> {
    const { data, errors } = await executeForEvent(this.#parts.schema, admitted, event, context);
    if (context.resultSize.exceeded !== null) throw context.resultSize.exceeded;
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

  /** The type of an operation that was refused before it was parsed; null if it cannot be determined. */
  findOperationType(request: OperationRequest): OperationTypeNode | null {
    try {
      const document = parse(this.#parts.admission.admit(request).text, { noLocation: true });
      return getOperationAST(document, request.operationName)?.operation ?? null;
    } catch {
      return null;
    }
  }

  async #attempt(read: () => OperationRequest, options: ExecuteOptions, record: OperationRecord): Promise<Outcome> {
    try {
      return await this.#inProgress.run(options.transport.kind, this.#run(read, options, record));
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
    const document = admission.admit(request);
    const size = this.newResultSize(document.mutates);
    const context = new Context({ ...ctx, now: ctx.now, viewer }, record.id, size, subscription, dependencies);
    const leave = document.mutates ? undefined : await this.#queryQueue?.enter(getOwner(viewer));
    try {
      return await this.#executeOperation(request, document, context, record, options);
    } finally {
      leave?.();
      context.reads.end();
    }
  }

  async #executeOperation(
    { operationName, variables }: OperationRequest,
    { text: query }: AdmittedDocument,
    context: Context,
    record: OperationRecord,
    { transport, subscription }: ExecuteOptions,
  ): Promise<Outcome> {
    this.#parts.observer.attach(context, record);
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
    const { resultSize: size } = context;
    // Except that of a mutation that has taken effect: the client must learn of it.
    if (size.exceeded !== null && !size.committed) throw size.exceeded;
    const admitted = subscription === null ? undefined : this.#admitted.get(subscription);
    if (admitted !== undefined) return this.#subscribe(admitted, context.viewer, context, record);
    const headers = http.headers.size === 0 ? NO_HEADERS : Object.fromEntries(http.headers);
    const result = presentErrors(body.singleResult, size.exceeded, (error) => this.present(error, record.id));
    return { status: http.status ?? 200, headers, result, record, subscription: null };
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
}

const NO_HEADERS = {};
/** What Apollo needs to know of a GET request. */
const GET_REQUEST = { method: "GET", headers: new HeaderMap(), search: "", body: undefined } as const;
