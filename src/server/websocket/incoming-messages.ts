import type { Duplex } from "node:stream";
import type { RawData, WebSocket } from "ws";
import type { ByteBudget, ByteHolder } from "../../async/byte-budget.js";

/** The part of a connection that is used here. */
export interface Peer {
  readonly socket: WebSocket;
  readonly raw: Duplex;
  /** Null until the client has signed in. */
  readonly viewer: object | null;
  /** Closes the connection at once. */
  evict(): void;
  /** Closes the connection with a code, and reads nothing more. */
  cutOff(code: number, reason: string): void;
}

/**
 * Bytes that a client may send until its `connection_init` is accepted: several of the largest JWTs. Afterwards a
 * message may be as large as a request body.
 */
const MAX_BYTES_BEFORE_INIT = 16 * 1024;
/** Status "Message Too Big" of RFC 6455. */
const MESSAGE_TOO_BIG = 1009;
/**
 * Memory that a Buffer takes in addition to its bytes. Without it, a message that arrives byte by byte would take far
 * more memory than is counted.
 */
const CHUNK_OVERHEAD_BYTES = 256;

/**
 * Counts the bytes of the message that is arriving, against the budget of all connections. A client that has not signed
 * in may send little, and is cut off beyond that.
 */
export class IncomingMessages implements ByteHolder {
  readonly #peer: Peer;
  readonly #budget: ByteBudget;
  #received = 0;
  #pending = 0;
  #chunk = 0;
  /** When the message began to arrive, in milliseconds of `performance.now()`; null between messages. */
  #since: number | null = null;

  constructor(peer: Peer, budget: ByteBudget) {
    this.#peer = peer;
    this.#budget = budget;
    const { socket, raw } = peer;
    // Runs before ws parses the chunk.
    raw.prependListener("data", (chunk: Buffer) => this.#add(chunk.length));
    // Runs after ws has parsed the chunk.
    raw.on("data", () => this.#count());
    socket.on("message", (message: RawData) => this.#take(countBytes(message)));
    for (const control of ["ping", "pong"] as const) socket.on(control, (data: Buffer) => this.#take(data.length));
    socket.once("close", () => this.#budget.release(this));
  }

  get heldBytes(): number {
    return this.#pending;
  }

  evict(): void {
    this.#peer.evict();
  }

  /** Whether a message has been arriving for longer than `timeout` milliseconds. */
  isOverdue(timeout: number): boolean {
    // A paused socket does not read: the client is not to blame.
    return this.#since !== null && !this.#peer.socket.isPaused && performance.now() - this.#since > timeout;
  }

  #add(bytes: number): void {
    this.#received += bytes;
    this.#chunk = bytes;
    this.#pending += bytes + CHUNK_OVERHEAD_BYTES;
  }

  /**
   * Subtracts a complete message. The rest belongs to the next message and arrived with the last chunk, so it is at
   * most as large as that chunk. Without this bound, errors would add up, because the exact size of the headers is
   * unknown here.
   */
  #take(bytes: number): void {
    this.#pending = Math.max(0, Math.min(this.#pending - bytes - headerBytes(bytes), this.#chunk));
    this.#since = null;
  }

  #count(): void {
    if (this.#peer.viewer === null && this.#received > MAX_BYTES_BEFORE_INIT) {
      this.#peer.cutOff(MESSAGE_TOO_BIG, `At most ${MAX_BYTES_BEFORE_INIT} bytes before connection_ack.`);
      return;
    }
    // The rest of a chunk that ended with a message is its overhead.
    if (this.#pending <= CHUNK_OVERHEAD_BYTES) {
      this.#pending = 0;
      this.#budget.release(this);
      return;
    }
    this.#since ??= performance.now();
    this.#budget.update(this);
  }
}

/** The header of a frame from a client: two bytes, the length and the mask. */
function headerBytes(payload: number): number {
  if (payload < 126) return 6;
  return payload < 65_536 ? 8 : 14;
}

function countBytes(message: RawData): number {
  return Array.isArray(message) ? message.reduce((sum, part) => sum + part.length, 0) : message.byteLength;
}
