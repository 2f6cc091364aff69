import { randomUUID } from "node:crypto";
import {
  type DocumentNode,
  type ExecutionArgs,
  GraphQLError,
  type GraphQLFormattedError,
  type GraphQLSchema,
  OperationTypeNode,
  parse,
} from "graphql";
import { CloseCode, makeServer, type Context as ProtocolContext, type Server } from "graphql-ws";
import { Refusal } from "../../domain/core/refusal.js";
import type { Viewer } from "../../entities/access/token.js";
import type { Feed } from "../../events/feed/feed.js";
import type { Authentication } from "../auth/authentication.js";
import type { Execution } from "../execution/execute.js";
import type { ExecutionResult } from "../execution/outcome.js";
import { type RequestParameters, toOperationRequest } from "../execution/request.js";
import type { EventRenderer, SharedExecutions } from "../execution/subscriptions/shared.js";
import { clientNameInHeaders } from "../telemetry/client-name.js";
import type { Metrics } from "../telemetry/metrics.js";
import type { Connection } from "./connection.js";
import { findClosure, findClosureOfCode, STOPPING, TRY_AGAIN_LATER } from "./failures.js";
import { streamEvents, streamUntilClosed } from "./subscription-stream.js";

/** Maximum number of concurrent operations per socket, including subscriptions. */
export const MAX_OPERATIONS_PER_SOCKET = 100;
/** Maximum number of open sockets per token. */
export const MAX_SOCKETS_PER_TOKEN = 500;

export interface ProtocolParts {
  readonly schema: GraphQLSchema;
  readonly authentication: Authentication;
  readonly execution: Execution;
  readonly feed: Feed;
  readonly sharedExecutions: SharedExecutions;
  readonly metrics: Metrics;
  /** The open connections. */
  readonly connections: ReadonlySet<Connection>;
  /** Called when a client has signed in. */
  signedIn(connection: Connection): void;
  isStopping(): boolean;
}

/** Context passed between graphql-ws hooks. The operation has already been executed or started. */
interface StartedOperation {
  readonly result?: ExecutionResult;
  readonly stream?: AsyncGenerator<never>;
}

type Extra = { readonly connection: Connection };

/**
 * Implements graphql-transport-ws. graphql-ws handles the message sequence and `Execution` runs the operations, as over
 * HTTP. A refusal is reported as the error of its operation; other operations on the socket continue.
 */
export function createProtocol(parts: ProtocolParts): Server<Extra> {
  const { execution } = parts;
  return makeServer<Record<string, unknown>, Extra>({
    onConnect: async ({ extra: { connection }, connectionParams }) => {
      connection.authorization = connectionParams?.authorization ?? connection.request.headers.authorization;
      try {
        connection.viewer = await parts.authentication.authenticate(connection.authorization);
      } catch (error) {
        const closure = findClosure(error);
        if (closure === null && !(error instanceof Refusal)) throw error;
        const { code, reason } = closure ?? { code: CloseCode.Unauthorized, reason: (error as Refusal).message };
        connection.socket.close(code, reason);
        return false;
      }
      parts.signedIn(connection);
      const { tokenId } = connection.viewer;
      const siblings = [...parts.connections].filter((other) => other.viewer?.tokenId === tokenId);
      if (siblings.length <= MAX_SOCKETS_PER_TOKEN) return true;
      connection.socket.close(TRY_AGAIN_LATER, `Too many sockets: at most ${MAX_SOCKETS_PER_TOKEN} per token.`);
      return false;
    },
    onSubscribe: (protocolContext, id, payload) => start(parts, protocolContext, id, payload),
    execute: ({ contextValue }) => (contextValue as StartedOperation).result as never,
    subscribe: ({ contextValue }) => (contextValue as StartedOperation).stream as never,
    // Already formatted; graphql-ws would format it again.
    onNext: (_connection, _id, _payload, _args, result) => result as never,
    onError: (_connection, _id, _payload, errors) =>
      errors.map((error) =>
        error instanceof PresentedGraphQLError ? error.toJSON() : execution.present(error, randomUUID()),
      ),
  });
}

async function start(
  parts: ProtocolParts,
  protocolContext: ProtocolContext<Record<string, unknown>, Extra>,
  id: string,
  payload: RequestParameters,
): Promise<ExecutionArgs | readonly GraphQLError[]> {
  const { connection } = protocolContext.extra;
  connection.runningOperations += 1;
  const entered = connection.enter(true);
  if (entered !== null) await entered;
  try {
    // The client completed the operation while it waited. graphql-ws does not send this error.
    if (!(id in protocolContext.subscriptions)) return [new GraphQLError("The operation has been completed.")];
    const { result, subscription } = await parts.execution.execute(() => toOperationRequest(payload), {
      viewer: () => {
        checkCapacity(parts, Object.keys(protocolContext.subscriptions).length);
        return requireViewer(parts, connection);
      },
      requestId: randomUUID(),
      transport: {
        kind: "websocket",
        method: null,
        traceparent: findTraceParent(payload.extensions) ?? connection.request.headers.traceparent,
        client: clientNameInHeaders(connection.request.headers),
        receivedAt: performance.now(),
      },
      subscription: { feed: parts.feed, signal: connection.signal },
    });
    if (subscription !== null) {
      const { admitted, viewer, events } = subscription;
      let renderer: EventRenderer;
      try {
        renderer = parts.sharedExecutions.join(admitted, viewer);
      } catch (error) {
        await events.return?.();
        return [new PresentedGraphQLError(parts.execution.present(error, randomUUID()))];
      }
      return executionArgs(parts, SUBSCRIPTION, {
        stream: streamEvents(connection, id, events, {
          render: (event) => renderer.render(event),
          leave: () => renderer.leave(),
          recovered: (since) => parts.feed.recovered(since),
          onSent: () => parts.metrics.recordDelivery(),
        }),
      });
    }
    if (result.data === undefined) {
      const { errors = [] } = result;
      const closure = findClosureOfCode(errors[0]?.extensions?.code);
      if (closure !== null && isSubscription(parts, payload)) {
        // An error would end the subscription for good. Its client must reconnect.
        setImmediate(() => void connection.closeGracefully(parts.isStopping() ? STOPPING : closure));
        return executionArgs(parts, SUBSCRIPTION, { stream: streamUntilClosed(connection) });
      }
      return errors.map((error) => new PresentedGraphQLError(error));
    }
    return executionArgs(parts, QUERY, { result });
  } finally {
    connection.runningOperations -= 1;
    // The result is sent before the next turn of the event loop, and must count before another operation starts.
    setImmediate(() => connection.leave());
  }
}

/** @param operations the number of operations of the socket, including the new one */
function checkCapacity(parts: ProtocolParts, operations: number): void {
  if (parts.isStopping()) throw new Refusal("UNAVAILABLE", "The service is stopping. Connect again.");
  if (operations <= MAX_OPERATIONS_PER_SOCKET) return;
  const message = `Too many operations: at most ${MAX_OPERATIONS_PER_SOCKET} at a time per socket.`;
  throw new Refusal("RATE_LIMITED", message, { limit: MAX_OPERATIONS_PER_SOCKET });
}

/** Authenticates every operation again: a token may have been revoked since the socket was opened. */
async function requireViewer({ authentication }: ProtocolParts, connection: Connection): Promise<Viewer> {
  try {
    return await authentication.authenticate(connection.authorization);
  } catch (error) {
    if (error instanceof Refusal && findClosure(error) === null)
      setImmediate(() => connection.close(CloseCode.Forbidden, error.message));
    throw error;
  }
}

/** Whether an operation that was refused is a subscription. */
function isSubscription({ execution }: ProtocolParts, payload: RequestParameters): boolean {
  try {
    return execution.findOperationType(toOperationRequest(payload)) === OperationTypeNode.SUBSCRIPTION;
  } catch {
    return false;
  }
}

/** Reads `extensions.traceparent` of a message. A WebSocket has headers only in its handshake. */
function findTraceParent(extensions: unknown): unknown {
  return typeof extensions === "object" && extensions !== null && "traceparent" in extensions
    ? extensions.traceparent
    : undefined;
}

/*
 * graphql-ws only looks at the operation type of the document. The operation has already run, so one placeholder per
 * type suffices.
 */
const QUERY = parse("{ __typename }");
const SUBSCRIPTION = parse("subscription { __typename }");

function executionArgs(parts: ProtocolParts, document: DocumentNode, contextValue: StartedOperation): ExecutionArgs {
  return { schema: parts.schema, document, contextValue };
}

/** An error already formatted for the client. */
class PresentedGraphQLError extends GraphQLError {
  readonly #error: GraphQLFormattedError;

  constructor(error: GraphQLFormattedError) {
    super(error.message);
    this.#error = error;
  }

  override toJSON(): GraphQLFormattedError {
    return this.#error;
  }
}
