import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";
import type { Socket } from "node:net";

/**
 * Maximum number of requests of one connection that wait for the response to an earlier one. A packet can contain
 * thousands, and each takes a few kilobytes.
 */
const MAX_WAITING_REQUESTS = 100;

/** The state of a connection. */
interface Line {
  /** The response to the latest request. */
  last: ServerResponse;
  /** The bytes that had been read from the socket when the latest request arrived. */
  bytesRead: number;
  waiting: number;
}

/**
 * Handles pipelined requests of a connection one after the other: the next one starts when the kernel has the response
 * to the previous one, and after a turn of the event loop. HTTP sends responses in this order anyway. Otherwise,
 * responses that are ready early would stay in memory, and a packet full of requests would delay other clients.
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
    // Node assigns the socket to a response once all earlier responses have been sent.
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
