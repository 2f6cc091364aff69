import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { ByteBudget, ByteHolder } from "../../async/byte-budget.js";

/**
 * Memory that a Buffer takes in addition to its bytes. Without it, a body that arrives byte by byte would take far more
 * memory than is counted.
 */
const CHUNK_OVERHEAD_BYTES = 256;
/**
 * Responses of at least this size are counted until the client has read them. The kernel's buffer takes smaller ones
 * immediately.
 */
const MIN_COUNTED_RESPONSE_BYTES = 16 * 1024;

/**
 * Counts the bytes of a request body while it arrives. Past the budget's limit, the connections of the bodies that have
 * been arriving for the longest time are closed. Call before the body is read.
 */
export function countBody(budget: ByteBudget, request: IncomingMessage, first = 0): void {
  const length = Number(request.headers["content-length"]);
  let heldBytes = 0;
  const holder: ByteHolder = {
    get heldBytes() {
      return heldBytes;
    },
    evict: () => request.socket.destroy(),
  };
  const release = () => budget.release(holder);
  const add = (bytes: number) => {
    if (heldBytes === 0) request.once("end", release).once("close", release);
    heldBytes += bytes + CHUNK_OVERHEAD_BYTES;
    budget.update(holder);
  };
  if (first > 0) add(first);
  request.on("data", (chunk: Buffer) => {
    // Most bodies arrive in one chunk, so nothing is kept.
    if (heldBytes === 0 && chunk.length === length) return;
    add(chunk.length);
  });
}

/** A connection is closed if its client reads nothing of a response for this time. In milliseconds. */
const UNREAD_TIMEOUT_MS = 80_000;

/** The holders of the connections with unread responses. */
const unread = new WeakMap<Socket, ByteHolder>();

/**
 * Counts a response until the client has read it. Past the budget's limit, the connections of the clients that have not
 * read for the longest time are closed. Call right after the response has been written.
 */
export function countResponse(budget: ByteBudget, { socket }: ServerResponse, bytes: number): void {
  if (bytes < MIN_COUNTED_RESPONSE_BYTES || socket === null || socket.writableLength === 0) return;
  let holder = unread.get(socket);
  if (holder === undefined) {
    const created: ByteHolder = {
      get heldBytes() {
        return socket.destroyed ? 0 : socket.writableLength;
      },
      evict: () => socket.destroy(),
    };
    holder = created;
    unread.set(socket, created);
    const update = () => budget.update(created);
    socket.on("drain", update).once("close", update);
  }
  // Set for this response only: with `server.timeout`, every cached response would pay for a timer. Node resets it once
  // the kernel has the whole response, and closes the connection if the client reads nothing for that time.
  socket.setTimeout(UNREAD_TIMEOUT_MS);
  budget.update(holder);
}
