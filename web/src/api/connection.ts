import { createClient as createSocketClient, type Client as SocketClient } from "graphql-ws";
import { Client, fetchExchange, mapExchange, subscriptionExchange } from "urql";
import { setClock } from "./clock";
import { LiveStatusStore } from "./live-status";

const MAX_RETRY_WAIT_MS = 3_000;
const PING_INTERVAL_MS = 10_000;
const PONG_TIMEOUT_MS = 5_000;
/** Between two pages of the application the socket stays open for this long, in milliseconds. */
const IDLE_TIMEOUT_MS = 5_000;

/** An operation that is refused can be faster than the close of the socket, which says why, by at most this, in milliseconds. */
const REASON_WAIT_MS = 500;

/** Close codes of the service: the token is not or no longer valid. */
const SIGNED_OUT_CODES = [4401, 4403];

export interface Connection {
  readonly client: Client;
  readonly status: LiveStatusStore;
  close(): void;
}

/**
 * Connects to the service: operations over HTTP, subscriptions over one WebSocket.
 *
 * @param onSignedOut called once, when the service no longer accepts the token, with the reason
 */
export function connect(token: string, onSignedOut: (reason: string) => void): Connection {
  const status = new LiveStatusStore();
  let ended = false;
  // The first reason counts: once the token is gone, other operations fail too.
  const signedOut = (reason: string) => {
    if (!ended) onSignedOut(reason);
    ended = true;
  };
  const url = new URL("graphql", document.baseURI);
  const socket = createSocket(url, token, status, signedOut);
  const client = new Client({
    url: url.href,
    preferGetMethod: false,
    fetchOptions: { headers: { authorization: `Bearer ${token}` } },
    fetch: async (...request) => {
      const response = await fetch(...request);
      setClock(response.headers.get("date"));
      return response;
    },
    exchanges: [
      mapExchange({
        onError: (error) => {
          const refused = error.graphQLErrors.find(({ extensions }) => extensions.code === "UNAUTHENTICATED");
          // The socket is about to be closed with the reason, for example that the token was revoked.
          const wait = status.get().state === "live" ? REASON_WAIT_MS : 0;
          if (refused) setTimeout(() => signedOut(refused.message), wait);
        },
      }),
      fetchExchange,
      subscriptionExchange({
        forwardSubscription: ({ query = "", variables, extensions }) => ({
          subscribe: (sink) => {
            const resumed = resumable(variables ?? {});
            const payload = { query, variables: resumed.variables, ...(extensions && { extensions }) };
            const unsubscribe = socket.subscribe<Record<string, unknown>>(payload, {
              next: (result) => {
                const event = result.data?.events as { cursor: string; occurredAt: string } | undefined;
                if (event !== undefined) status.received(event.occurredAt);
                sink.next(result as Parameters<typeof sink.next>[0]);
                // After it is applied: an event that was not applied is sent again.
                if (event !== undefined) resumed.move(event.cursor);
              },
              error: (error) => sink.error(error),
              complete: () => sink.complete(),
            });
            return { unsubscribe };
          },
        }),
      }),
    ],
  });
  return { client, status, close: () => void socket.dispose() };
}

/** Variables of a subscription whose `after` is read for every connection, so that it continues after the last event. */
function resumable(variables: object) {
  let cursor = "after" in variables ? variables.after : undefined;
  const resumed = {
    ...variables,
    get after() {
      return cursor;
    },
  };
  return {
    variables: resumed as Record<string, unknown>,
    move: (next: string) => {
      cursor = next;
    },
  };
}

function createSocket(
  url: URL,
  token: string,
  status: LiveStatusStore,
  signedOut: (reason: string) => void,
): SocketClient {
  let pongTimer: ReturnType<typeof setTimeout> | undefined;
  const socket = createSocketClient({
    url: url.href.replace(/^http/, "ws"),
    connectionParams: { authorization: `Bearer ${token}` },
    lazyCloseTimeout: IDLE_TIMEOUT_MS,
    retryAttempts: Number.POSITIVE_INFINITY,
    shouldRetry: () => true,
    // The default wait doubles without a limit. Jitter keeps pages from reconnecting all at once.
    retryWait: (retries) => sleep(Math.min(200 * 2 ** retries, MAX_RETRY_WAIT_MS) * (0.5 + Math.random() / 2)),
    // Notices a connection that was lost silently, for example when a laptop wakes up.
    keepAlive: PING_INTERVAL_MS,
    on: {
      connected: () => status.connected(),
      closed: (event) => {
        clearTimeout(pongTimer);
        const { code, reason } = event as CloseEvent;
        if (SIGNED_OUT_CODES.includes(code)) signedOut(reason);
        // 1000: nothing is subscribed.
        else if (code !== 1000) status.disconnected();
      },
      ping: (received) => {
        if (!received) pongTimer = setTimeout(() => socket.terminate(), PONG_TIMEOUT_MS);
      },
      pong: (received) => {
        if (received) clearTimeout(pongTimer);
      },
    },
  });
  return socket;
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
