import type { LogEvent } from "../../entities/history/event.js";
import type { EventRenderer } from "../execution/shared-executions.js";
import type { Connection } from "./connection.js";

const DONE = { value: undefined, done: true } as const;

/**
 * Sends what a subscription is told, event by event, no faster than its client reads. To graphql-ws it is a stream without
 * values, which ends when the subscription does: the text that many subscriptions share is written once, and not by it.
 */
export function streamEvents(
  session: Connection,
  id: string,
  events: AsyncIterableIterator<LogEvent>,
  teller: EventRenderer,
  sent: () => void,
): AsyncGenerator<never, undefined, undefined> {
  const head = `{"id":${JSON.stringify(id)},"type":"next","payload":`;
  let ended = false;
  let left = false;
  const leave = () => {
    if (!left) teller.leave();
    left = true;
  };
  const run = async () => {
    try {
      for await (const event of events) {
        const payload = await teller.render(event);
        if (ended) break;
        if (payload === null) continue;
        await session.sendPaced(`${head}${payload}}`);
        sent();
        if (ended) break;
      }
    } finally {
      leave();
    }
    // Ended from our side, it is not complete: its client is to see the socket close, and come back with its cursor.
    if (!ended && session.signal.aborted) await session.closed;
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
