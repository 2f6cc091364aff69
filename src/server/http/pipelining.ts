import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";
import type { Socket } from "node:net";

/**
 * Requests that may wait on one connection for the response to an earlier one. A packet has room for thousands, and each takes
 * some kilobytes.
 */
const MAX_WAITING_REQUESTS = 100;

/** What is known of a connection. */
interface Line {
  /** The response to the latest request. */
  last: ServerResponse;
  /** The bytes that had been read when it arrived. */
  bytesRead: number;
  waiting: number;
}

/**
 * Handles the requests of one connection one after the other: the next when the response to the one before is with the
 * kernel, and others had their turn. HTTP sends the responses in this order anyway. Those that are ready too early would stay in
 * memory, and a packet full of requests would hold up everyone else.
 */
export function oneAtATime(handle: RequestListener): RequestListener {
  const lines = new WeakMap<Socket, Line>();
  return (request: IncomingMessage, response: ServerResponse) => {
    const { socket } = request;
    const { bytesRead } = socket;
    const line = lines.get(socket);
    if (line === undefined) {
      lines.set(socket, { last: response, bytesRead, waiting: 0 });
      handle(request, response);
      return;
    }
    const { last } = line;
    // Node gives a response its socket when it is its turn.
    const isFirst = response.socket !== null;
    const samePacket = bytesRead === line.bytesRead;
    line.last = response;
    line.bytesRead = bytesRead;
    if (isFirst && !samePacket) {
      handle(request, response);
      return;
    }
    line.waiting += 1;
    if (line.waiting > MAX_WAITING_REQUESTS) socket.destroy();
    const start = () =>
      setImmediate(() => {
        line.waiting -= 1;
        if (!socket.destroyed) handle(request, response);
      });
    if (isFirst) start();
    else last.once("close", start);
  };
}
