import type { LogEvent } from "../../entities/history/event.js";
import { isUnavailable } from "../../schema/errors.js";
import type { EventRenderer } from "../execution/subscriptions/shared.js";
import type { Connection } from "./connection.js";
import { findClosure } from "./failures.js";

const DONE = { value: undefined, done: true } as const;

/** How a subscription's events are rendered. */
export interface StreamParts extends EventRenderer {
  /** Resolves when the database can be read again; with false if it has been unreachable for too long since a time. */
  recovered(since: number): Promise<boolean>;
  /** Called for every event that was sent. */
  onSent(): void;
}

/**
 * Sends the events of a subscription, no faster than the client reads. For graphql-ws it is a stream without values
 * that ends with the subscription: payloads shared by many subscriptions are serialized once, outside graphql-ws.
 *
 * An event that cannot be rendered because the database cannot be reached is rendered again when it can. If that takes
 * too long, the socket is closed before a later event is sent. So a client that reconnects with its last cursor misses
 * nothing.
 */
export function streamEvents(
  connection: Connection,
  id: string,
  events: AsyncIterableIterator<LogEvent>,
  parts: StreamParts,
): AsyncGenerator<never, undefined, undefined> {
  const head = `{"id":${JSON.stringify(id)},"type":"next","payload":`;
  let ended = false;
  let left = false;
  let failure: unknown = null;
  const isOver = () => ended || connection.signal.aborted;
  const leave = () => {
    if (!left) parts.leave();
    left = true;
  };
  /** Renders an event and sends it. Returns false if the database cannot be reached now. */
  const deliver = async (event: LogEvent): Promise<boolean> => {
    // Rendered only when it can be sent: a client that does not read costs no memory.
    const entered = connection.enter(false);
    if (entered !== null) await entered;
    try {
      if (isOver()) return true;
      const payload = await parts.render(event);
      if (isOver() || payload === null) return true;
      connection.send(`${head}${payload}}`);
      parts.onSent();
      return true;
    } catch (error) {
      if (isOver()) return true;
      if (!isUnavailable(error)) throw error;
      failure = error;
      return false;
    } finally {
      connection.leave();
    }
  };
  const send = async () => {
    for await (const event of events) {
      const since = performance.now();
      // Other operations of the socket continue meanwhile.
      while (!(await deliver(event))) if (!(await parts.recovered(since))) throw failure;
      if (isOver()) break;
    }
  };
  const run = async () => {
    try {
      await send();
    } catch (error) {
      const closure = findClosure(error);
      if (closure === null) throw error;
      if (!ended) void connection.closeGracefully(closure);
    } finally {
      leave();
    }
    // Ended by the server, the subscription is not complete: its client must see the socket close and resume from its
    // cursor.
    if (!ended && connection.signal.aborted) await connection.closed;
    return DONE;
  };
  return asGenerator(run, async () => {
    ended = true;
    leave();
    await events.return?.();
  });
}

/** A stream without values for a subscription whose socket is about to be closed. */
export function streamUntilClosed(connection: Connection): AsyncGenerator<never, undefined, undefined> {
  return asGenerator(
    async () => {
      await connection.closed;
      return DONE;
    },
    async () => undefined,
  );
}

function asGenerator(
  next: () => Promise<typeof DONE>,
  end: () => Promise<void>,
): AsyncGenerator<never, undefined, undefined> {
  return {
    next,
    async return() {
      await end();
      return DONE;
    },
    async throw(error: unknown) {
      await end();
      throw error;
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}
