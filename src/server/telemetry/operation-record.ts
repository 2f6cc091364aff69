import type { Context, Span } from "@opentelemetry/api";
import type { ClientName } from "./client-name.js";

/** How an operation arrived. */
export interface Transport {
  readonly kind: "http" | "websocket";
  /** The HTTP method; null over WebSocket. */
  readonly method: string | null;
  /** The `traceparent` sent by the client, unvalidated. */
  readonly traceparent: unknown;
  /** The client, if its headers name it; null otherwise. */
  readonly client: ClientName | null;
  /** When the request or message arrived, from `performance.now()`, in milliseconds. */
  readonly receivedAt: number;
}

/** An open span, and the context for its children. */
export interface OpenSpan {
  readonly span: Span;
  readonly context: Context;
}

/** An operation as recorded in logs, metrics and traces. */
export interface OperationRecord {
  readonly id: string;
  readonly transport: Transport;
  /** The operation type and its first schema field; `none` if it was refused before that was known. */
  operation: string;
  /** The operation name that the client chose, once known; null without one. */
  name?: string | null;
  /** The viewer's name; null if authentication failed. */
  viewer: string | null;
  /** The client, once known; null if it does not name itself. */
  client: ClientName | null;
  /** The code of the first error; OK if none. */
  code: string;
  /** Whether the response came from the cache. */
  cacheHit?: boolean;
  /** Absent if tracing is disabled. */
  span?: OpenSpan;
}
