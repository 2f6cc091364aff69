import { setTimeout as sleep } from "node:timers/promises";
import type { Connection } from "../auth/connection.js";
import { EXIT, Failure } from "../exit.js";
import { type ApiError, noAnswer, type Operation, refusal } from "./client.js";

/** The first wait before a new connection, and the longest, in milliseconds; each is twice the one before. */
const FIRST_WAIT = 250;
const LONGEST_WAIT = 10_000;
/** How often a quiet connection is tried, and how long its answer may take, in milliseconds. */
const PING_EVERY = 15_000;
const PONG_WITHIN = 10_000;
/** How long the service may take to let a connection in, in milliseconds. */
const CONNECT_WITHIN = 10_000;

export interface Following {
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
class Lost extends Error {}

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
  { after, signal, notice, patience }: Following,
): AsyncGenerator<E, void, undefined> {
  let cursor = after;
  let everConnected = false;
  let lostAt: number | null = null;
  let wait = FIRST_WAIT;
  const connected = () => {
    if (lostAt !== null) notice("Connected again.");
    everConnected = true;
    lostAt = null;
    wait = FIRST_WAIT;
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
      if (!(error instanceof Lost)) throw error;
      if (!everConnected) throw noAnswer(connection.url, error, operation.name);
      if (lostAt === null) notice(`Connection lost (${error.message}); going on ${placeOf(cursor)} once it is back.`);
      lostAt ??= Date.now();
      if (Date.now() - lostAt > patience) throw noAnswer(connection.url, error, operation.name);
    }
    await sleep(wait, undefined, { signal }).catch(() => {});
    wait = Math.min(wait * 2, LONGEST_WAIT);
  }
}

function placeOf(cursor: string | undefined): string {
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
        super(address, protocols, { handshakeTimeout: CONNECT_WITHIN });
      }
    },
    connectionAckWaitTimeout: CONNECT_WITHIN,
    ...(token !== null && { connectionParams: { authorization: `Bearer ${token}` } }),
    // A new connection is made by `follow`, with the newest cursor; the client's own would repeat the first one's.
    retryAttempts: 0,
    keepAlive: PING_EVERY,
    on: {
      connected,
      closed: (event) => {
        clearTimeout(overdue);
        end(event);
        dispose();
      },
      ping: (received) => {
        if (!received) overdue = setTimeout(() => client.terminate(), PONG_WITHIN);
      },
      pong: (received) => {
        if (received) clearTimeout(overdue);
      },
    },
  });
  const abort = () => end(new Lost("stopped"));
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
      complete: () => end(new Lost("the service ended the stream")),
    },
  );
  try {
    for (;;) {
      while (arrived.length > 0) yield arrived.shift() as E;
      if (ended !== null) throw explained((ended as { why: unknown }).why, name, connection);
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
function explained(why: unknown, name: string, connection: Connection): Error {
  if (Array.isArray(why)) {
    const [error] = why as ApiError[];
    if (error?.extensions?.code === "UNAVAILABLE") return new Lost("the service is stopping");
    return refusal(error ?? { message: "The service refused." }, name, null, connection);
  }
  if (why instanceof Error) return why instanceof Lost ? why : new Lost(why.message);
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
  return new Lost(reason || message || (code === undefined ? "the socket failed" : `closed with ${code}`));
}
