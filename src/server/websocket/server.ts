import { type IncomingMessage, STATUS_CODES } from "node:http";
import type { Duplex } from "node:stream";
import type { FastifyInstance } from "fastify";
import { CloseCode, handleProtocols } from "graphql-ws";
import { type RawData, WebSocketServer } from "ws";
import { findEndedTokens } from "../../domain/access/tokens.js";
import type { Feed } from "../../events/feed.js";
import { present } from "../../schema/errors.js";
import { isOriginAllowed } from "../auth/origin.js";
import type { Operations } from "../execution/operations.js";
import { SharedExecutions } from "../execution/shared-executions.js";
import type { GraphqlParts } from "../http/graphql.js";
import { bodyTooLarge, MAX_BODY_BYTES } from "../http/server.js";
import type { Metrics } from "../telemetry/metrics.js";
import { Connection } from "./connection.js";
import { createProtocol } from "./protocol.js";

/** How often the tokens of open sockets are looked at, in milliseconds: one that ended does so within a second. */
const TOKEN_CHECK_INTERVAL_MS = 400;
/** How often a client is asked for a sign of life, in milliseconds; whoever gives none until the next time is gone. */
const HEARTBEAT_MS = 30_000;
/** A message that is larger than this closes its socket, in bytes; one between it and the limit is answered. */
const MAX_PAYLOAD_BYTES = 4 * MAX_BODY_BYTES;
/** How long a client has to close its end when the service stops, in milliseconds. */
const CLOSE_DEADLINE_MS = 1500;
/** How long operations under way on sockets have when the service stops, in milliseconds. */
const DRAIN_DEADLINE_MS = 5000;

export interface SocketParts extends GraphqlParts {
  readonly operations: Operations;
  readonly feed: Feed;
  readonly metrics: Metrics;
  readonly allowedOrigins: readonly string[];
}

/** Serves the same operations, and subscriptions, over WebSocket at `/graphql`. */
export function serveSockets(http: FastifyInstance, parts: SocketParts): void {
  const sessions = new Set<Connection>();
  let stopping = false;
  parts.metrics.observeSockets(() => sessions.size);
  const protocol = createProtocol({
    ...parts,
    connections: sessions,
    sharing: new SharedExecutions(parts),
    isStopping: () => stopping,
  });
  const sockets = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    maxPayload: MAX_PAYLOAD_BYTES,
    handleProtocols,
  });

  http.server.on("upgrade", (request: IncomingMessage, raw: Duplex, head: Buffer) => {
    // Until ws has taken the socket over nobody else hears of its errors.
    const ignore = () => raw.destroy();
    raw.on("error", ignore);
    if (request.url?.split("?", 1)[0] !== "/graphql") return refuse(raw, 404);
    if (stopping) return refuse(raw, 503);
    if (!isOriginAllowed(request, parts.allowedOrigins)) return refuse(raw, 403);
    sockets.handleUpgrade(request, raw, head, (socket) => {
      raw.off("error", ignore);
      open(new Connection(socket, request, raw));
    });
  });

  function open(session: Connection): void {
    const { socket } = session;
    sessions.add(session);
    let receive: (text: string) => Promise<void> = async () => undefined;
    const closed = protocol.opened(
      {
        protocol: socket.protocol,
        send: (text) => session.send(text),
        close: (code, reason) => socket.close(code, reason),
        onMessage: (callback) => {
          receive = callback;
        },
      },
      { connection: session },
    );
    const failed = (error: unknown) => {
      parts.log.error({ err: error }, "a socket failed");
      socket.close(CloseCode.InternalServerError, "Internal server error");
    };
    socket.on("message", (message: RawData) => {
      const text = String(message);
      if (Buffer.byteLength(text) > MAX_BODY_BYTES) refuseMessage(session, text);
      else receive(text).catch(failed);
    });
    // Broken by the other end; ws closes it.
    socket.on("error", (error) => parts.log.debug({ err: error }, "a socket broke"));
    socket.once("close", (code, reason) => {
      sessions.delete(session);
      closed(code, String(reason)).catch(failed);
    });
  }

  async function endTokens(): Promise<void> {
    if (sessions.size === 0) return;
    const { ctx } = parts;
    for (const session of sessions) {
      const { expiresAt } = session.viewer ?? {};
      if (expiresAt !== undefined && expiresAt <= ctx.now()) session.close(CloseCode.Unauthorized, EXPIRED);
    }
    const ids = new Set([...sessions].flatMap(({ viewer }) => (viewer?.expiresAt ? [] : (viewer?.tokenId ?? []))));
    const ended = await findEndedTokens(ctx.db.reader, [...ids], ctx.now());
    for (const session of sessions) {
      const how = session.viewer?.tokenId == null ? undefined : ended.get(session.viewer.tokenId);
      if (how === "revoked") session.close(CloseCode.Forbidden, "The token was revoked.");
      if (how === "expired") session.close(CloseCode.Unauthorized, EXPIRED);
    }
  }

  function beat(): void {
    for (const session of sessions) {
      // Whoever has bytes waiting is slow, not gone: TCP itself finds out if it is.
      if (session.waiting > 0) continue;
      if (!session.alive) session.socket.terminate();
      session.alive = false;
      session.socket.ping();
    }
  }

  const timers = [
    setInterval(() => {
      endTokens().catch((error: unknown) => parts.log.warn({ err: error }, "the tokens of sockets could not be read"));
    }, TOKEN_CHECK_INTERVAL_MS),
    setInterval(beat, HEARTBEAT_MS),
  ];

  // New connections are refused by now, and requests under way are waited for afterwards.
  http.addHook("preClose", async () => {
    stopping = true;
    for (const timer of timers) clearInterval(timer);
    await Promise.all([...sessions].map(goAway));
    sockets.close();
  });
}

/** A message that is too large is refused as its operation, so that others on the socket go on. */
function refuseMessage(session: Connection, text: string): void {
  let message: { id?: unknown } | null = null;
  try {
    message = JSON.parse(text);
  } catch {
    // Not even JSON: nothing of it can be answered.
  }
  const id = message?.id;
  // Whoever has not signed in yet has no operations that could go on.
  if (typeof id !== "string" || id.length > 200 || session.viewer === null) {
    session.close(CloseCode.BadRequest, "Invalid message received");
    return;
  }
  const { error } = present(bodyTooLarge("message"), "");
  session.send(JSON.stringify({ id, type: "error", payload: [error] }));
}

const EXPIRED = "The token has expired.";

/** Ends the streams of a socket, lets what else is under way on it be answered, and closes it. */
async function goAway(session: Connection): Promise<void> {
  session.end();
  const deadline = Date.now() + DRAIN_DEADLINE_MS;
  while (session.running > 0 && Date.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 5));
  // The answers of what has just ended are on their way.
  await new Promise(setImmediate);
  session.close(GOING_AWAY, "The service is stopping.");
  const cut = setTimeout(() => session.socket.terminate(), CLOSE_DEADLINE_MS);
  await session.closed;
  clearTimeout(cut);
}

/** The server goes down, and its clients are to come back: no client takes it for the end of its subscriptions. */
const GOING_AWAY = 1001;

function refuse(raw: Duplex, status: 403 | 404 | 503): void {
  raw.end(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
}
