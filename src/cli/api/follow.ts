import { setTimeout as sleep } from "node:timers/promises";
import type { Connection } from "../auth/connection.js";
import { EXIT, Failure } from "../exit.js";
import { type ApiError, noResponse, toFailure } from "./client.js";
import type { Operation } from "./operation.js";

/**
 * Initial and maximum delay before reconnecting, in milliseconds. The delay doubles after each attempt, with jitter.
 */
const INITIAL_DELAY_MS = 250;
const MAX_DELAY_MS = 5_000;
/** Interval between pings and maximum time to wait for a pong, in milliseconds. */
const PING_INTERVAL_MS = 15_000;
const PONG_TIMEOUT_MS = 10_000;
/** Maximum time to establish a connection, in milliseconds. */
const CONNECT_TIMEOUT_MS = 10_000;

export interface FollowOptions {
  /** The cursor after which to start; undefined to start with new events. */
  readonly after: string | undefined;
  /** Stops the subscription. */
  readonly signal: AbortSignal;
  /** Called when the connection is lost and when it is restored. */
  notice(text: string): void;
  /** Maximum time to try to reconnect, in milliseconds. */
  readonly reconnectTimeoutMs: number;
}

/** The stream ended for a reason that allows reconnecting. */
class ConnectionLost extends Error {}

/**
 * Subscribes to live events over a WebSocket and yields each event exactly once. After a lost connection it reconnects
 * and resumes after the cursor of the last event.
 *
 * @throws Failure if the service refuses the subscription, the first connection fails, or reconnecting takes longer
 *   than `reconnectTimeoutMs`
 */
export async function* follow<E extends { readonly cursor: string }, V>(
  connection: Connection,
  operation: Operation<{ event: E }, V & { after?: string | undefined }>,
  variables: V,
  { after, signal, notice, reconnectTimeoutMs }: FollowOptions,
): AsyncGenerator<E, void, undefined> {
  let cursor = after;
  let everConnected = false;
  let lostAt: number | null = null;
  let delay = INITIAL_DELAY_MS;
  const connected = () => {
    if (lostAt !== null) notice("Reconnected.");
    everConnected = true;
    lostAt = null;
    delay = INITIAL_DELAY_MS;
  };
  while (!signal.aborted) {
    try {
      for await (const event of stream(connection, operation, { ...variables, after: cursor }, signal, connected)) {
        cursor = event.cursor;
        yield event;
      }
      return;
    } catch (error) {
      if (signal.aborted) return;
      if (!(error instanceof ConnectionLost)) throw error;
      if (!everConnected) throw noResponse(connection.url, error, operation.name);
      if (lostAt === null) notice(`Connection lost (${error.message}); reconnecting${resumePoint(cursor)}.`);
      lostAt ??= Date.now();
      if (Date.now() - lostAt > reconnectTimeoutMs) throw noResponse(connection.url, error, operation.name);
    }
    await sleep(delay * (0.5 + Math.random() / 2), undefined, { signal }).catch(() => {});
    delay = Math.min(delay * 2, MAX_DELAY_MS);
  }
}

function resumePoint(cursor: string | undefined): string {
  return cursor === undefined ? "" : `, resuming after cursor ${cursor}`;
}

/** Yields the events of one connection. Throws ConnectionLost when the connection ends or the signal aborts. */
async function* stream<E, V>(
  connection: Connection,
  { name, document }: Operation<{ event: E }, V>,
  variables: V,
  signal: AbortSignal,
  connected: () => void,
): AsyncGenerator<E, void, undefined> {
  // Loaded lazily: most commands do not subscribe.
  const [{ createClient }, { WebSocket }] = await Promise.all([import("graphql-ws/client"), import("ws")]);
  const { url, token } = connection;
  const buffer: E[] = [];
  let ended: { readonly reason: unknown } | null = null;
  let wake = () => {};
  // Disposing a connection that was never established rejects; its error has already been reported.
  const dispose = () => void Promise.resolve(client.dispose()).catch(() => {});
  const end = (reason: unknown) => {
    ended ??= { reason };
    wake();
  };
  let pongTimer: NodeJS.Timeout | undefined;
  const client = createClient({
    url: `${url.replace(/^http/, "ws")}/graphql`,
    webSocketImpl: class extends WebSocket {
      constructor(address: string, protocols: string) {
        super(address, protocols, { handshakeTimeout: CONNECT_TIMEOUT_MS });
      }
    },
    connectionAckWaitTimeout: CONNECT_TIMEOUT_MS,
    ...(token !== null && { connectionParams: { authorization: `Bearer ${token}` } }),
    // `follow` reconnects with the latest cursor. The client's own retry would resend the initial one.
    retryAttempts: 0,
    keepAlive: PING_INTERVAL_MS,
    on: {
      connected,
      closed: (event) => {
        clearTimeout(pongTimer);
        end(event);
        dispose();
      },
      ping: (received) => {
        if (!received) pongTimer = setTimeout(() => client.terminate(), PONG_TIMEOUT_MS);
      },
      pong: (received) => {
        if (received) clearTimeout(pongTimer);
      },
    },
  });
  const abort = () => end(new ConnectionLost("stopped"));
  signal.addEventListener("abort", abort);
  const unsubscribe = client.subscribe<{ event: E }>(
    { query: document, operationName: name, variables: variables as Record<string, unknown> },
    {
      next: ({ data, errors }) => {
        if (errors !== undefined) return end(errors);
        if (data) buffer.push(data.event);
        wake();
      },
      error: end,
      complete: () => end(new ConnectionLost("the service ended the stream")),
    },
  );
  try {
    for (;;) {
      while (buffer.length > 0) yield buffer.shift() as E;
      if (ended !== null) throw toStreamError((ended as { reason: unknown }).reason, name, connection);
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
  } finally {
    signal.removeEventListener("abort", abort);
    clearTimeout(pongTimer);
    unsubscribe();
    dispose();
  }
}

/** Converts the reason for which a stream ended to ConnectionLost, or to a Failure if reconnecting is pointless. */
function toStreamError(cause: unknown, name: string, connection: Connection): Error {
  if (Array.isArray(cause)) {
    const [error] = cause as ApiError[];
    if (error?.extensions?.code === "UNAVAILABLE") return new ConnectionLost("the service is stopping");
    return toFailure(error ?? { message: "The service refused the subscription." }, name, null, connection);
  }
  if (cause instanceof Error) return cause instanceof ConnectionLost ? cause : new ConnectionLost(cause.message);
  const { code, reason, message } = cause as { code?: number; reason?: string; message?: string };
  if (code === 4401 || code === 4403) {
    return toFailure(
      { message: reason || "The service refused the subscription.", extensions: { code: "UNAUTHENTICATED" } },
      name,
      null,
      connection,
    );
  }
  if (code !== undefined && code >= 4400 && code < 4499 && code !== 4408) {
    return new Failure(EXIT.refused, [`The service closed the stream: ${reason || code}.`], [`operation ${name}`]);
  }
  return new ConnectionLost(reason || message || (code === undefined ? "socket error" : `close code ${code}`));
}
