import { createClient } from "graphql-ws";
import { WebSocket } from "ws";

/**
 * Makes subscriptions continue after their last event when the socket was lost. Clients copy the variables once, and would
 * replay everything since the first cursor. The subscription takes the variable `after` and selects `cursor`.
 */
export function resuming(client) {
  const subscribe = (payload, sink) => {
    let { after } = payload.variables ?? {};
    const next = (result) => {
      sink.next(result);
      after = Object.values(result.data ?? {})[0]?.cursor ?? after;
    };
    // Read for each connection.
    const resumed = {
      ...payload,
      get variables() {
        return { ...payload.variables, after };
      },
    };
    return client.subscribe(resumed, { ...sink, next, error: (e) => sink.error(e), complete: () => sink.complete() });
  };
  return { ...client, subscribe };
}

/** Connects to the API over WebSocket, and again whenever the connection is lost. */
export function connect(url, token) {
  const client = createClient({
    url: url.replace(/^http/, "ws"),
    connectionParams: { authorization: `Bearer ${token}` },
    // Browsers and Node 22 have a WebSocket of their own.
    webSocketImpl: WebSocket,
    retryAttempts: Number.POSITIVE_INFINITY,
    shouldRetry: () => true,
    // At most 10 seconds apart, with jitter.
    retryWait: (retries) =>
      new Promise((resolve) => setTimeout(resolve, Math.random() * Math.min(10_000, 500 * 2 ** retries))),
  });
  return resuming(client);
}
