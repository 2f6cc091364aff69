import type { LogEvent } from "../../entities/history/event.js";
import type { EventRenderer } from "../execution/shared-executions.js";
import type { Connection } from "./connection.js";

const DONE = { value: undefined, done: true } as const;

/**
 * Sends the events of a subscription, no faster than the client reads. For graphql-ws it is a stream without values
 * that ends with the subscription: payloads shared by many subscriptions are serialized once, outside graphql-ws.
 */
export function streamEvents(
  connection: Connection,
  id: string,
  events: AsyncIterableIterator<LogEvent>,
  renderer: EventRenderer,
  onSent: () => void,
): AsyncGenerator<never, undefined, undefined> {
  const head = `{"id":${JSON.stringify(id)},"type":"next","payload":`;
  let ended = false;
  let left = false;
  const leave = () => {
    if (!left) renderer.leave();
    left = true;
  };
  const run = async () => {
    try {
      for await (const event of events) {
        const payload = await renderer.render(event);
        if (ended) break;
        if (payload === null) continue;
        await connection.sendPaced(`${head}${payload}}`);
        onSent();
        if (ended) break;
      }
    } finally {
      leave();
    }
    // Ended by the server, the subscription is not complete: its client must see the socket close and resume from its
    // cursor.
    if (!ended && connection.signal.aborted) await connection.closed;
    return DONE;
  };
  return {
    next: run,
    async return() {
      ended = true;
      leave();
      await events.return?.();
      return DONE;
    },
    async throw(error: unknown) {
      await this.return(undefined);
      throw error;
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}
