import { setMaxListeners } from "node:events";
import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import type { WebSocket } from "ws";
import type { ByteBudget, ByteHolder } from "../../async/byte-budget.js";
import { eventually } from "../../async/eventually.js";
import type { Viewer } from "../../entities/access/token.js";
import type { Closure } from "./failures.js";
import { IncomingMessages, type Peer } from "./incoming-messages.js";

/**
 * Bytes queued on a socket before it stops reading, and before its operations and subscriptions wait. Everything that
 * is sent counts: results, events and pongs.
 */
const MAX_QUEUED_BYTES = 64 * 1024;
/** Time that operations in progress have before they are answered with UNAVAILABLE at shutdown, in milliseconds. */
export const DRAIN_DEADLINE_MS = 7000;
/** Additional time to send these responses, in milliseconds. */
const ABANDONED_MS = 500;
/**
 * Maximum number of operations and subscription events of a socket that execute at the same time. Their results are in
 * memory before they are queued, so this limits what a client that does not read can add to the queue.
 */
const MAX_CONCURRENT_RESULTS = 8;
/** Time that a client has to close its end after a close frame, in milliseconds. */
const CLOSE_DEADLINE_MS = 1500;

/** What all connections share. */
export interface ConnectionBudgets {
  /** Limits the bytes of messages that are arriving. */
  readonly incoming: ByteBudget;
  /** Limits the bytes that clients have not read. */
  readonly outgoing: ByteBudget;
}

/** A WebSocket connection: its viewer, its operations and its backpressure. */
export class Connection implements ByteHolder, Peer {
  viewer: Viewer | null = null;
  /** Credentials from `connection_init`. Every operation is authenticated with them again. */
  authorization: unknown = null;
  /** Queries and mutations in progress. */
  runningOperations = 0;
  /** Whether a pong arrived since the last ping. */
  alive = true;
  /** The message that is arriving. */
  readonly incoming: IncomingMessages;
  readonly #outgoing: ByteBudget;
  readonly #ended = new AbortController();
  readonly #closed: Promise<void>;
  #corked = false;
  #results = 0;
  readonly #waiting: (() => void)[] = [];
  #waitingMessages = 0;

  constructor(
    readonly socket: WebSocket,
    readonly request: IncomingMessage,
    readonly raw: Duplex,
    { incoming, outgoing }: ConnectionBudgets,
  ) {
    setMaxListeners(0, this.signal);
    this.#outgoing = outgoing;
    this.incoming = new IncomingMessages(this, incoming);
    this.#closed = new Promise((resolve) => {
      socket.once("close", () => {
        this.end();
        this.#outgoing.release(this);
        for (const wake of this.#waiting.splice(0)) wake();
        resolve();
      });
    });
    socket.on("pong", () => {
      this.alive = true;
    });
    // ws has just queued a pong.
    socket.on("ping", () => this.#queued());
    raw.on("drain", () => {
      this.#outgoing.update(this);
      this.#wake();
      this.#pace();
    });
  }

  /** Aborted to end the connection's subscriptions. */
  get signal(): AbortSignal {
    return this.#ended.signal;
  }

  /** Resolves when the WebSocket has closed. */
  get closed(): Promise<void> {
    return this.#closed;
  }

  /** Bytes waiting for the client to read. */
  get queuedBytes(): number {
    return this.raw.writableLength;
  }

  get heldBytes(): number {
    return this.raw.destroyed ? 0 : this.queuedBytes;
  }

  /**
   * Closes the connection immediately. Called for the client that has not read for the longest time, if memory is
   * short.
   */
  evict(): void {
    this.end();
    this.socket.terminate();
  }

  /** Ends the subscriptions. The socket stays open for other operations in progress. */
  end(): void {
    this.#ended.abort();
  }

  /**
   * Ends the subscriptions and closes the WebSocket. Nothing is sent afterwards, even if the client does not close its
   * end.
   */
  close(code: number, reason: string): void {
    this.end();
    this.socket.close(code, reason);
    // A closing socket reads only to find the client's close frame.
    if (this.socket.isPaused) this.socket.resume();
  }

  /** Closes the WebSocket and reads nothing more. A client that does not close its end is disconnected. */
  cutOff(code: number, reason: string): void {
    if (this.socket.readyState !== this.socket.OPEN) return;
    this.close(code, reason);
    this.socket.pause();
    setTimeout(() => this.socket.terminate(), CLOSE_DEADLINE_MS).unref();
  }

  /**
   * Ends the subscriptions, waits for other operations in progress, and closes the WebSocket. May be called several
   * times.
   *
   * @returns when the WebSocket has closed
   */
  async closeGracefully({ code, reason }: Closure): Promise<void> {
    this.end();
    const idle = () => this.runningOperations === 0 || this.socket.readyState !== this.socket.OPEN;
    await eventually(idle, { timeoutMs: DRAIN_DEADLINE_MS + ABANDONED_MS });
    // Let the last results be sent.
    await new Promise(setImmediate);
    this.close(code, reason);
    const cut = setTimeout(() => this.socket.terminate(), CLOSE_DEADLINE_MS);
    await this.closed;
    clearTimeout(cut);
  }

  send(text: string): void {
    if (this.socket.readyState !== this.socket.OPEN) return;
    // Messages sent in the same tick leave in one write, for example events for twenty subscriptions of a dashboard.
    if (!this.#corked) {
      this.#corked = true;
      this.raw.cork();
      process.nextTick(() => {
        this.#corked = false;
        this.raw.uncork();
        this.#queued();
      });
    }
    this.socket.send(text);
  }

  /**
   * Call before producing a result to send, and `leave` once it has been sent. Waits while the client has too many
   * unread bytes, or too many results are in progress.
   *
   * @param message whether a received message waits, which takes memory: meanwhile, the socket reads no further
   *   messages
   * @returns null if there is no need to wait
   */
  enter(message: boolean): Promise<void> | null {
    if (this.#hasRoom) {
      this.#results += 1;
      return null;
    }
    return new Promise<void>((resolve) => {
      this.#waiting.push(() => {
        this.#results += 1;
        if (message) this.#waitingMessages -= 1;
        resolve();
      });
      if (!message) return;
      this.#waitingMessages += 1;
      this.#pace();
    });
  }

  leave(): void {
    this.#results -= 1;
    this.#wake();
  }

  get #hasRoom(): boolean {
    if (this.socket.readyState !== this.socket.OPEN) return true;
    return this.#results < MAX_CONCURRENT_RESULTS && this.queuedBytes <= MAX_QUEUED_BYTES;
  }

  #wake(): void {
    if (this.#waiting.length === 0) return;
    while (this.#waiting.length > 0 && this.#hasRoom) this.#waiting.shift()?.();
    this.#pace();
  }

  #queued(): void {
    if (this.queuedBytes === 0) return;
    this.#outgoing.update(this);
    this.#pace();
  }

  /** Pauses reading while received messages wait, or too many sent bytes are unread. */
  #pace(): void {
    const { socket } = this;
    if (socket.readyState !== socket.OPEN) return;
    const full = this.queuedBytes > MAX_QUEUED_BYTES || this.#waitingMessages > 0;
    if (full === socket.isPaused) return;
    if (full) socket.pause();
    else socket.resume();
  }
}
