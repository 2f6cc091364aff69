import { randomUUID } from "node:crypto";
import { type DocumentNode, type ExecutionArgs, GraphQLError, type GraphQLFormattedError, parse } from "graphql";
import { CloseCode, makeServer, type Context as ProtocolContext, type Server } from "graphql-ws";
import { Refusal } from "../../domain/core/refusal.js";
import type { Viewer } from "../../entities/access/token.js";
import type { Feed } from "../../events/feed.js";
import { Context } from "../../schema/context.js";
import type { ExecutionResult, OperationRequest, Operations } from "../execution/operations.js";
import type { SharedExecutions } from "../execution/shared-executions.js";
import type { GraphqlParts } from "../http/graphql.js";
import type { Metrics } from "../telemetry/metrics.js";
import type { Connection } from "./connection.js";
import { streamEvents } from "./subscription-stream.js";

/** Maximum number of concurrent operations per socket, including subscriptions. */
export const MAX_OPERATIONS_PER_SOCKET = 100;
/** Maximum number of open sockets per token. */
export const MAX_SOCKETS_PER_TOKEN = 500;

export interface ProtocolParts extends GraphqlParts {
  readonly operations: Operations;
  readonly feed: Feed;
  readonly sharedExecutions: SharedExecutions;
  readonly metrics: Metrics;
  /** The open connections. */
  readonly connections: ReadonlySet<Connection>;
  isStopping(): boolean;
}

/** Context passed between graphql-ws hooks. The operation has already been executed or started. */
interface StartedOperation {
  readonly result?: ExecutionResult;
  readonly stream?: AsyncGenerator<never>;
}

type Extra = { readonly connection: Connection };

/**
 * Implements graphql-transport-ws. graphql-ws handles the message sequence and `Operations` runs the operations, as
 * over HTTP. A refusal is reported as the error of its operation; other operations on the socket continue.
 */
export function createProtocol(parts: ProtocolParts): Server<Extra> {
  return makeServer<Record<string, unknown>, Extra>({
    onConnect: async ({ extra: { connection }, connectionParams }) => {
      connection.authorization = connectionParams?.authorization ?? connection.request.headers.authorization;
      try {
        connection.viewer = await parts.authentication.authenticate(connection.authorization);
      } catch (error) {
        if (!(error instanceof Refusal)) throw error;
        connection.socket.close(CloseCode.Unauthorized, error.message);
        return false;
      }
      const { tokenId } = connection.viewer;
      const siblings = [...parts.connections].filter((other) => other.viewer?.tokenId === tokenId);
      if (siblings.length <= MAX_SOCKETS_PER_TOKEN) return true;
      connection.socket.close(TRY_AGAIN_LATER, `Too many sockets: at most ${MAX_SOCKETS_PER_TOKEN} per token.`);
      return false;
    },
    onSubscribe: async (protocolContext, id, payload) => {
      const requestId = randomUUID();
      try {
        return await start(parts, protocolContext, id, payload, requestId);
      } catch (error) {
        return [new PresentedGraphQLError(parts.operations.present(error, requestId))];
      }
    },
    execute: ({ contextValue }) => (contextValue as StartedOperation).result as never,
    subscribe: ({ contextValue }) => (contextValue as StartedOperation).stream as never,
    // Already formatted; graphql-ws would format it again.
    onNext: (_connection, _id, _payload, _args, result) => result as never,
    onError: (_connection, _id, _payload, errors) =>
      errors.map((error) =>
        error instanceof PresentedGraphQLError ? error.toJSON() : parts.operations.present(error, randomUUID()),
      ),
  });
}

/** Status "Try Again Later" of the IANA WebSocket registry. graphql-ws clients reconnect. */
const TRY_AGAIN_LATER = 1013;

async function start(
  parts: ProtocolParts,
  protocolContext: ProtocolContext<Record<string, unknown>, Extra>,
  id: string,
  request: OperationRequest,
  requestId: string,
): Promise<ExecutionArgs | readonly GraphQLError[]> {
  const { connection } = protocolContext.extra;
  if (parts.isStopping()) throw new Refusal("UNAVAILABLE", "The service is stopping. Connect again.");
  if (Object.keys(protocolContext.subscriptions).length > MAX_OPERATIONS_PER_SOCKET) {
    const message = `Too many operations: at most ${MAX_OPERATIONS_PER_SOCKET} at a time per socket.`;
    throw new Refusal("RATE_LIMITED", message, { limit: MAX_OPERATIONS_PER_SOCKET });
  }
  connection.runningOperations += 1;
  try {
    const viewer = await requireViewer(parts, connection);
    const subscriptionSource = { feed: parts.feed, signal: connection.signal };
    const context = new Context({ ...parts.ctx, now: parts.ctx.now, viewer }, requestId, subscriptionSource);
    const { traceparent } = connection.request.headers;
    const outcome = await parts.operations.run(request, context, traceparent?.toString());
    if (outcome.kind === "result") {
      const { result } = outcome;
      if (result.data === undefined) return (result.errors ?? []).map((error) => new PresentedGraphQLError(error));
      return executionArgs(parts, QUERY, { result });
    }
    const { admitted } = outcome;
    const events = await parts.operations.subscribe(admitted, context);
    if (!(Symbol.asyncIterator in events)) return events.map((error) => new PresentedGraphQLError(error));
    const renderer = parts.sharedExecutions.join(admitted, viewer);
    return executionArgs(parts, SUBSCRIPTION, {
      stream: streamEvents(connection, id, events, renderer, () => parts.metrics.recordDelivery()),
    });
  } finally {
    connection.runningOperations -= 1;
  }
}

/** Authenticates every operation again: a token may have been revoked since the protocolContext opened. */
async function requireViewer({ authentication }: ProtocolParts, connection: Connection): Promise<Viewer> {
  try {
    return await authentication.authenticate(connection.authorization);
  } catch (error) {
    if (error instanceof Refusal) setImmediate(() => connection.close(CloseCode.Forbidden, error.message));
    throw error;
  }
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
