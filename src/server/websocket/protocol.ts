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

/** Operations that one socket may carry at a time, subscriptions among them. */
export const MAX_OPERATIONS_PER_SOCKET = 100;
/** Sockets that one token may have open at a time. */
export const MAX_SOCKETS_PER_TOKEN = 500;

export interface ProtocolParts extends GraphqlParts {
  readonly operations: Operations;
  readonly feed: Feed;
  readonly sharing: SharedExecutions;
  readonly metrics: Metrics;
  /** The sockets that are open. */
  readonly connections: ReadonlySet<Connection>;
  isStopping(): boolean;
}

/** What graphql-ws hands on between its hooks: the operation has been carried out, or begun, by then. */
interface StartedOperation {
  readonly result?: ExecutionResult;
  readonly stream?: AsyncGenerator<never>;
}

type Extra = { readonly connection: Connection };

/**
 * Speaks graphql-transport-ws. graphql-ws keeps the order of messages; what an operation may do is for `Operations` to
 * say, as it is over HTTP, and what it refuses is told as that operation's error: its siblings go on.
 */
export function createProtocol(parts: ProtocolParts): Server<Extra> {
  return makeServer<Record<string, unknown>, Extra>({
    onConnect: async ({ extra: { connection: session }, connectionParams }) => {
      session.authorization = connectionParams?.authorization ?? session.request.headers.authorization;
      try {
        session.viewer = await parts.authentication.viewerOf(session.authorization);
      } catch (error) {
        if (!(error instanceof Refusal)) throw error;
        session.socket.close(CloseCode.Unauthorized, error.message);
        return false;
      }
      const { tokenId } = session.viewer;
      const siblings = [...parts.connections].filter((one) => one.viewer?.tokenId === tokenId);
      if (siblings.length <= MAX_SOCKETS_PER_TOKEN) return true;
      session.socket.close(TRY_AGAIN_LATER, `A token has at most ${MAX_SOCKETS_PER_TOKEN} sockets at a time.`);
      return false;
    },
    onSubscribe: async (connection, id, payload) => {
      const requestId = randomUUID();
      try {
        return await start(parts, connection, id, payload, requestId);
      } catch (error) {
        return [new PresentedGraphQLError(parts.operations.present(error, requestId))];
      }
    },
    execute: ({ contextValue }) => (contextValue as StartedOperation).result as never,
    subscribe: ({ contextValue }) => (contextValue as StartedOperation).stream as never,
    // Worded already: graphql-ws would word it again.
    onNext: (_connection, _id, _payload, _args, result) => result as never,
    onError: (_connection, _id, _payload, errors) =>
      errors.map((error) =>
        error instanceof PresentedGraphQLError ? error.toJSON() : parts.operations.present(error, randomUUID()),
      ),
  });
}

/** Try again later, of RFC 6455's registry: a client of graphql-ws does. */
const TRY_AGAIN_LATER = 1013;

async function start(
  parts: ProtocolParts,
  connection: ProtocolContext<Record<string, unknown>, Extra>,
  id: string,
  request: OperationRequest,
  requestId: string,
): Promise<ExecutionArgs | readonly GraphQLError[]> {
  const { connection: session } = connection.extra;
  if (parts.isStopping()) throw new Refusal("UNAVAILABLE", "The service is stopping. Connect again.");
  if (Object.keys(connection.subscriptions).length > MAX_OPERATIONS_PER_SOCKET) {
    const message = `A socket carries at most ${MAX_OPERATIONS_PER_SOCKET} operations at a time.`;
    throw new Refusal("RATE_LIMITED", message, { limit: MAX_OPERATIONS_PER_SOCKET });
  }
  session.running += 1;
  try {
    const viewer = await requireViewer(parts, session);
    const live = { feed: parts.feed, signal: session.signal };
    const context = new Context({ ...parts.ctx, now: parts.ctx.now, viewer }, requestId, live);
    const { traceparent } = session.request.headers;
    const outcome = await parts.operations.run(request, context, traceparent?.toString());
    if (outcome.kind === "answer") {
      const { answer } = outcome;
      if (answer.data === undefined) return (answer.errors ?? []).map((error) => new PresentedGraphQLError(error));
      return executionArgs(parts, QUERY, { result: answer });
    }
    const { admitted } = outcome;
    const events = await parts.operations.subscribe(admitted, context);
    if (!(Symbol.asyncIterator in events)) return events.map((error) => new PresentedGraphQLError(error));
    const teller = parts.sharing.join(admitted, viewer);
    return executionArgs(parts, SUBSCRIPTION, {
      stream: streamEvents(session, id, events, teller, () => parts.metrics.recordDelivery()),
    });
  } finally {
    session.running -= 1;
  }
}

/** Who asks, looked at again for each operation: a token that was revoked since works no more, as over HTTP. */
async function requireViewer({ authentication }: ProtocolParts, session: Connection): Promise<Viewer> {
  try {
    return await authentication.viewerOf(session.authorization);
  } catch (error) {
    if (error instanceof Refusal) setImmediate(() => session.close(CloseCode.Forbidden, error.message));
    throw error;
  }
}

/* graphql-ws goes by the document's kind. What was asked has been dealt with, so all that it needs is one of each kind. */
const QUERY = parse("{ __typename }");
const SUBSCRIPTION = parse("subscription { __typename }");

function executionArgs(parts: ProtocolParts, document: DocumentNode, contextValue: StartedOperation): ExecutionArgs {
  return { schema: parts.schema, document, contextValue };
}

/** An error that has been worded for the client. */
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
