import { LogRewound } from "../../events/feed/rewind.js";
import { isUnavailable } from "../../schema/errors.js";

/** How the service closes a socket. */
export interface Closure {
  readonly code: number;
  /** For the client's log: at most 123 bytes. */
  readonly reason: string;
}

/** "Going Away": clients reconnect instead of treating their subscriptions as complete. */
export const STOPPING: Closure = { code: 1001, reason: "The service is stopping." };

/**
 * "Try Again Later" of the IANA WebSocket registry. Clients of graphql-ws reconnect, while an error or a completion
 * would end their subscriptions for good.
 */
export const TRY_AGAIN_LATER = 1013;

const UNAVAILABLE: Closure = {
  code: TRY_AGAIN_LATER,
  reason: "The database cannot be reached now. Connect again and continue from the last cursor.",
};

/**
 * A code of our own, after HTTP's "Gone". Clients of graphql-ws reconnect, and get CURSOR_EXPIRED if their cursor is
 * lost.
 */
export const LOG_REWOUND = 4410;

/** How to close a socket whose subscription failed; null if the subscription should get an error message instead. */
export function findClosure(error: unknown): Closure | null {
  if (error instanceof LogRewound) return { code: LOG_REWOUND, reason: error.message };
  return isUnavailable(error) ? UNAVAILABLE : null;
}

/** How to close a socket whose subscription could not start, given the error code; null if it can stay open. */
export function findClosureOfCode(code: unknown): Closure | null {
  return code === "UNAVAILABLE" ? UNAVAILABLE : null;
}

/** Every code that the service closes sockets with. A test compares docs/subscriptions.md with this catalog. */
export const CLOSE_CODES: Readonly<Record<number, { readonly reason: string; readonly reconnects: boolean }>> = {
  1001: { reason: "The service is stopping.", reconnects: true },
  1009: {
    reason: "A message was larger than 256 KiB, or more than 16 KiB came before `connection_ack`.",
    reconnects: false,
  },
  1013: {
    reason: "The database cannot be reached and a subscription cannot go on, or the token has 500 open sockets.",
    reconnects: true,
  },
  4400: { reason: "A message was invalid.", reconnects: false },
  4401: { reason: "There is no valid token, or the token expired while the socket was open.", reconnects: false },
  4403: { reason: "The token was revoked while the socket was open.", reconnects: true },
  4406: { reason: "The client does not offer the protocol graphql-transport-ws.", reconnects: false },
  4408: { reason: "Nothing was sent within 3 seconds of connecting.", reconnects: true },
  4409: { reason: "The id of an operation is in use.", reconnects: false },
  4410: { reason: "The log has lost events that were delivered, in a failover or a restore.", reconnects: true },
  4429: { reason: "The client signed in twice.", reconnects: false },
  4500: { reason: "An internal error; see the log.", reconnects: false },
};
