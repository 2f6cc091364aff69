import { setTimeout as sleep } from "node:timers/promises";
import type { Connection } from "../auth/connection.js";
import { EXIT, Failure } from "../exit.js";
import { type ApiError, noResponse, type Operation, refusal } from "./client.js";

/** The first wait before a new connection, and the longest, in milliseconds; each is twice the one before. */
const FIRST_WAIT_MS = 250;
const MAX_WAIT_MS = 10_000;
/** How often a quiet connection is tried, and how long its answer may take, in milliseconds. */
const PING_INTERVAL_MS = 15_000;
const PONG_TIMEOUT_MS = 10_000;
/** How long the service may take to let a connection in, in milliseconds. */
const CONNECT_TIMEOUT_MS = 10_000;

export interface FollowOptions {
  /** The cursor to go on after; undefined for what happens from now on. */
  readonly after: string | undefined;
  /** Ends it. */
  readonly signal: AbortSignal;
  /** Told when the connection is lost, and when it is there again. */
  notice(text: string): void;
  /** How long to try to connect again before giving up, in milliseconds. */
  readonly patience: number;
}

/** Why a stream ended that another connection can go on with. */
class ConnectionLost extends Error {}

/**
 * Follows live events over a socket, each exactly once: where the connection is lost it goes on after the last event's
 * cursor on a new one.
 *
 * @throws Failure where the service refuses, or where it cannot be reached at first or for longer than `patience`
 */
export async function* follow<E extends { readonly cursor: string }, V>(
  connection: Connection,
  operation: Operation<{ event: E }, V & { after?: string | undefined }>,
  variables: V,
  { after, signal, notice, patience }: FollowOptions,
): AsyncGenerator<E, void, undefined> {
  let cursor = after;
  let everConnected = false;
  let lostAt: number | null = null;
  let wait = FIRST_WAIT_MS;
  const connected = () => {
    if (lostAt !== null) notice("Connected again.");
    everConnected = true;
    lostAt = null;
    wait = FIRST_WAIT_MS;
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
      if (lostAt === null)
        notice(`Connection lost (${error.message}); going on ${cursorPosition(cursor)} once it is back.`);
      lostAt ??= Date.now();
      if (Date.now() - lostAt > patience) throw noResponse(connection.url, error, operation.name);
    }
    await sleep(wait, undefined, { signal }).catch(() => {});
    wait = Math.min(wait * 2, MAX_WAIT_MS);
  }
}

function cursorPosition(cursor: string | undefined): string {
  return cursor === undefined ? "from then on" : `after cursor ${cursor}`;
}

/** The events of one connection, until the signal; throws `Lost` when the connection ends. */
async function* stream<E, V>(
  connection: Connection,
  { name, document }: Operation<{ event: E }, V>,
  variables: V,
  signal: AbortSignal,
  connected: () => void,
): AsyncGenerator<E, void, undefined> {
  // Only what follows pays for loading these.
  const [{ createClient }, { WebSocket }] = await Promise.all([import("graphql-ws/client"), import("ws")]);
  const { url, token } = connection;
  const arrived: E[] = [];
  let ended: { readonly why: unknown } | null = null;
  let wake = () => {};
  // A connection that was never made cannot be closed either; why not is told already.
  const dispose = () => void Promise.resolve(client.dispose()).catch(() => {});
  const end = (why: unknown) => {
    ended ??= { why };
    wake();
  };
  let overdue: NodeJS.Timeout | undefined;
  const client = createClient({
    url: `${url.replace(/^http/, "ws")}/graphql`,
    webSocketImpl: class extends WebSocket {
      constructor(address: string, protocols: string) {
        super(address, protocols, { handshakeTimeout: CONNECT_TIMEOUT_MS });
      }
    },
    connectionAckWaitTimeout: CONNECT_TIMEOUT_MS,
    ...(token !== null && { connectionParams: { authorization: `Bearer ${token}` } }),
    // A new connection is made by `follow`, with the newest cursor; the client's own would repeat the first one's.
    retryAttempts: 0,
    keepAlive: PING_INTERVAL_MS,
    on: {
      connected,
      closed: (event) => {
        clearTimeout(overdue);
        end(event);
        dispose();
      },
      ping: (received) => {
        if (!received) overdue = setTimeout(() => client.terminate(), PONG_TIMEOUT_MS);
      },
      pong: (received) => {
        if (received) clearTimeout(overdue);
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
        if (data) arrived.push(data.event);
        wake();
      },
      error: end,
      complete: () => end(new ConnectionLost("the service ended the stream")),
    },
  );
  try {
    for (;;) {
      while (arrived.length > 0) yield arrived.shift() as E;
      if (ended !== null) throw explainClose((ended as { why: unknown }).why, name, connection);
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
  } finally {
    signal.removeEventListener("abort", abort);
    clearTimeout(overdue);
    unsubscribe();
    dispose();
  }
}

/** What ended a stream: a refusal that no other connection would change, or `Lost`. */
function explainClose(why: unknown, name: string, connection: Connection): Error {
  if (Array.isArray(why)) {
    const [error] = why as ApiError[];
    if (error?.extensions?.code === "UNAVAILABLE") return new ConnectionLost("the service is stopping");
    return refusal(error ?? { message: "The service refused." }, name, null, connection);
  }
  if (why instanceof Error) return why instanceof ConnectionLost ? why : new ConnectionLost(why.message);
  const { code, reason, message } = why as { code?: number; reason?: string; message?: string };
  if (code === 4401 || code === 4403) {
    return refusal(
      { message: reason || "The service refused.", extensions: { code: "UNAUTHENTICATED" } },
      name,
      null,
      connection,
    );
  }
  if (code !== undefined && code >= 4400 && code < 4499 && code !== 4408) {
    return new Failure(EXIT.refused, [`The service closed the stream: ${reason || code}.`], [`operation ${name}`]);
  }
  return new ConnectionLost(reason || message || (code === undefined ? "the socket failed" : `closed with ${code}`));
}
