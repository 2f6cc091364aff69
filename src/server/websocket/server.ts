import { type IncomingMessage, STATUS_CODES } from "node:http";
import type { Duplex } from "node:stream";
import type { FastifyInstance } from "fastify";
import type { GraphQLSchema } from "graphql";
import { CloseCode, handleProtocols } from "graphql-ws";
import { type RawData, WebSocketServer } from "ws";
import type { ByteBudget } from "../../async/byte-budget.js";
import { findEndedTokens } from "../../domain/access/tokens.js";
import type { Ctx } from "../../domain/core/context.js";
import type { Feed } from "../../events/feed/feed.js";
import { present } from "../../schema/errors.js";
import type { Authentication } from "../auth/authentication.js";
import { isOriginAllowed } from "../auth/origin.js";
import { bodyTooLarge, MAX_BODY_BYTES } from "../execution/admission/limits.js";
import type { Execution } from "../execution/execute.js";
import type { DeliveryCharges } from "../execution/subscriptions/charges.js";
import type { SubscriptionLimits } from "../execution/subscriptions/limits.js";
import { SharedExecutions } from "../execution/subscriptions/shared.js";
import type { Logger } from "../telemetry/log.js";
import type { Metrics } from "../telemetry/metrics.js";
import { Connection, DRAIN_DEADLINE_MS } from "./connection.js";
import { findClosure, STOPPING } from "./failures.js";
import { createProtocol } from "./protocol.js";

/**
 * Interval of the check for revoked and expired tokens of open sockets, in milliseconds. Their sockets close within a
 * second.
 */
const TOKEN_CHECK_INTERVAL_MS = 400;
/** Default interval of pings, in milliseconds. */
const HEARTBEAT_MS = 30_000;
/** Largest message before the socket is closed, in bytes. A message between `MAX_BODY_BYTES` and this gets an error. */
const MAX_PAYLOAD_BYTES = 4 * MAX_BODY_BYTES;
/** Time that a client has to close its end after the server closed, or after it broke the protocol, in milliseconds. */
const CLOSE_TIMEOUT_MS = 3_000;
/**
 * Maximum number of chunks, and of fragments, of a message. The largest message in packets of 1,400 bytes has 187
 * chunks. Each takes memory in addition to its bytes.
 */
const MAX_MESSAGE_PARTS = 1024;
/** Options of ws, some of which its types do not know. */
const WS_LIMITS = {
  maxPayload: MAX_PAYLOAD_BYTES,
  maxBufferedChunks: MAX_MESSAGE_PARTS,
  maxFragments: MAX_MESSAGE_PARTS,
  closeTimeout: CLOSE_TIMEOUT_MS,
};
/**
 * Maximum number of sockets that have not signed in. Beyond it, the oldest is closed: signing in takes milliseconds.
 */
const MAX_SOCKETS_BEFORE_INIT = 2000;

export interface SocketParts {
  readonly schema: GraphQLSchema;
  readonly ctx: Omit<Ctx, "viewer">;
  readonly authentication: Authentication;
  readonly execution: Execution;
  readonly log: Logger;
  readonly feed: Feed;
  readonly metrics: Metrics;
  readonly allowedOrigins: readonly string[];
  /** How long a message may take to arrive, in milliseconds. */
  readonly requestTimeout: number;
  readonly incoming: ByteBudget;
  readonly outgoing: ByteBudget;
  readonly subscriptionLimits: SubscriptionLimits;
  /** Charges delivered events; null if there is no budget. */
  readonly charges: DeliveryCharges | null;
  /**
   * Interval of pings, in milliseconds. A client that does not answer before the next one is disconnected.
   *
   * @default 30_000
   */
  readonly heartbeat?: number | undefined;
}

/** Serves all operations, including subscriptions, over WebSocket at `/graphql`. */
export function serveSockets(http: FastifyInstance, parts: SocketParts): void {
  const connections = new Set<Connection>();
  /** Those whose clients have not signed in, in order of arrival. */
  const pending = new Set<Connection>();
  let stopping = false;
  let tokensChecked = true;
  parts.metrics.observeSockets(() => connections.size);
  const protocol = createProtocol({
    ...parts,
    connections,
    signedIn: (connection) => pending.delete(connection),
    sharedExecutions: new SharedExecutions({ ...parts, limits: parts.subscriptionLimits }),
    isStopping: () => stopping,
  });
  const sockets = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    ...WS_LIMITS,
    handleProtocols,
  });

  http.server.on("upgrade", (request: IncomingMessage, raw: Duplex, head: Buffer) => {
    // Until ws owns the socket, this is its only error listener.
    const ignore = () => raw.destroy();
    raw.on("error", ignore);
    if (request.url?.split("?", 1)[0] !== "/graphql") return refuse(raw, 404);
    if (stopping) return refuse(raw, 503);
    if (!isOriginAllowed(request, parts.allowedOrigins)) return refuse(raw, 403);
    sockets.handleUpgrade(request, raw, head, (socket) => {
      raw.off("error", ignore);
      open(new Connection(socket, request, raw, parts));
    });
  });

  function open(connection: Connection): void {
    const { socket } = connection;
    connections.add(connection);
    pending.add(connection);
    closeOldestPending();
    let receive: (text: string) => Promise<void> = async () => undefined;
    const closed = protocol.opened(
      {
        protocol: socket.protocol,
        send: (text) => connection.send(text),
        close: (code, reason) => socket.close(code, reason),
        onMessage: (callback) => {
          receive = callback;
        },
      },
      { connection },
    );
    const failed = (error: unknown) => {
      const closure = findClosure(error);
      if (closure !== null) return connection.close(closure.code, closure.reason);
      parts.log.error({ err: error }, "socket failed");
      socket.close(CloseCode.InternalServerError, "Internal server error");
    };
    socket.on("message", (message: RawData) => {
      const text = String(message);
      if (Buffer.byteLength(text) > MAX_BODY_BYTES) refuseMessage(connection, text);
      else receive(text).catch(failed);
    });
    // Caused by the peer; ws closes the socket.
    socket.on("error", (error) => parts.log.debug({ err: error }, "socket error"));
    socket.once("close", (code, reason) => {
      connections.delete(connection);
      pending.delete(connection);
      closed(code, String(reason)).catch(failed);
    });
  }

  function closeOldestPending(): void {
    for (const oldest of pending) {
      if (pending.size <= MAX_SOCKETS_BEFORE_INIT) return;
      pending.delete(oldest);
      oldest.socket.terminate();
    }
  }

  function closeOverdue(): void {
    for (const connection of connections) if (connection.incoming.isOverdue(parts.requestTimeout)) connection.evict();
  }

  async function closeSocketsOfEndedTokens(): Promise<void> {
    if (connections.size === 0) return;
    const { ctx } = parts;
    for (const connection of connections) {
      const { expiresAt } = connection.viewer ?? {};
      if (expiresAt !== undefined && expiresAt <= ctx.now()) connection.close(CloseCode.Unauthorized, EXPIRED_MESSAGE);
    }
    const ids = new Set([...connections].flatMap(({ viewer }) => (viewer?.expiresAt ? [] : (viewer?.tokenId ?? []))));
    const ended = await findEndedTokens(ctx.db.reader, [...ids], ctx.now());
    for (const connection of connections) {
      const reason = connection.viewer?.tokenId == null ? undefined : ended.get(connection.viewer.tokenId);
      if (reason === "revoked") connection.close(CloseCode.Forbidden, "The token was revoked.");
      if (reason === "expired") connection.close(CloseCode.Unauthorized, EXPIRED_MESSAGE);
    }
  }

  function beat(): void {
    for (const connection of connections) {
      // A client with queued bytes is slow, not necessarily gone. TCP detects that.
      if (connection.queuedBytes > 0) continue;
      // The pongs of a paused socket are not read.
      if (connection.socket.isPaused) connection.alive = true;
      if (!connection.alive) {
        connection.socket.terminate();
        continue;
      }
      connection.alive = false;
      connection.socket.ping();
    }
  }

  const timers = [
    setInterval(() => {
      closeSocketsOfEndedTokens().then(
        () => {
          tokensChecked = true;
        },
        (error: unknown) => {
          // One line for an outage, not one per check.
          if (tokensChecked) parts.log.warn({ err: error }, "tokens of open sockets could not be checked");
          tokensChecked = false;
        },
      );
    }, TOKEN_CHECK_INTERVAL_MS),
    setInterval(closeOverdue, TOKEN_CHECK_INTERVAL_MS),
    setInterval(beat, parts.heartbeat ?? HEARTBEAT_MS),
  ];

  // The listener is already closed. HTTP requests in progress are awaited later.
  http.addHook("preClose", async () => {
    stopping = true;
    for (const timer of timers) clearInterval(timer);
    const abandon = setTimeout(() => parts.execution.abandon("websocket"), DRAIN_DEADLINE_MS);
    await Promise.all([...connections].map((connection) => connection.closeGracefully(STOPPING)));
    clearTimeout(abandon);
    sockets.close();
  });
}

/**
 * Refuses a message that is too large with an error for its operation, so that other operations on the socket continue.
 */
function refuseMessage(connection: Connection, text: string): void {
  let message: { id?: unknown } | null = null;
  try {
    message = JSON.parse(text);
  } catch {
    // Not JSON: there is no operation to refuse.
  }
  const id = message?.id;
  // Before authentication there are no other operations to preserve.
  if (typeof id !== "string" || id.length > 200 || connection.viewer === null) {
    connection.close(CloseCode.BadRequest, "Invalid message received");
    return;
  }
  const { error } = present(bodyTooLarge("message"), "");
  connection.send(JSON.stringify({ id, type: "error", payload: [error] }));
}

const EXPIRED_MESSAGE = "The token has expired.";

function refuse(raw: Duplex, status: 403 | 404 | 503): void {
  raw.end(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
}
