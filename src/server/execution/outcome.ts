import type { GraphQLFormattedError } from "graphql";
import type { Refusal } from "../../domain/core/refusal.js";
import type { Viewer } from "../../entities/access/token.js";
import type { LogEvent } from "../../entities/history/event.js";
import type { SubscriptionSource } from "../../schema/context.js";
import type { Dependencies } from "../../schema/dependencies.js";
import type { OperationRecord, Transport } from "../telemetry/operation-record.js";
import { withOneSizeError } from "./admission/limits.js";
import type { HttpHead } from "./http-head.js";
import type { AdmittedSubscription } from "./subscriptions/admitted.js";

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

/** The outcome of an operation. `status` and `headers` apply to HTTP. */
export interface Outcome extends HttpHead {
  readonly result: ExecutionResult;
  readonly record: OperationRecord;
  /** Null for a query, a mutation, or a subscription that was refused. */
  readonly subscription: StartedSubscription | null;
}

/**
 * Formats the errors of a result, which are those that were thrown. If the operation exceeded its limits, one says so.
 *
 * @param exceeded why the operation exceeded its limits; null if it did not
 */
export function presentErrors(
  { errors, ...data }: ExecutionResult,
  exceeded: Refusal | null,
  present: (error: unknown) => GraphQLFormattedError,
): ExecutionResult {
  const result: ExecutionResult = errors === undefined ? data : { ...data, errors: errors.map(present) };
  return exceeded === null ? result : withOneSizeError(result, present(exceeded));
}
