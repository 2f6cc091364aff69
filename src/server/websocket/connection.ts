import { setMaxListeners } from "node:events";
import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import type { WebSocket } from "ws";
import { eventually } from "../../async/eventually.js";
import type { Viewer } from "../../entities/access/token.js";
import type { Closure } from "./failures.js";

/**
 * Bytes queued on a socket before its subscriptions pause. Bounds the memory used by a client that does not read, apart
 * from one event per subscription.
 */
const MAX_QUEUED_BYTES = 64 * 1024;
/**
 * Time that operations in progress have before their socket is closed, in milliseconds. Longer than they wait for the
 * database at shutdown, so that they get an error instead.
 */
const DRAIN_DEADLINE_MS = 7500;
/** Time that clients have to close their end, in milliseconds. */
const CLOSE_DEADLINE_MS = 1500;

/** A WebSocket connection: its viewer, its operations and its backpressure. */
export class Connection {
  viewer: Viewer | null = null;
  /** Credentials from `connection_init`. Every operation is authenticated with them again. */
  authorization: unknown = null;
  /** Queries and mutations in progress. */
  runningOperations = 0;
  /** Whether a pong arrived since the last ping. */
  alive = true;
  readonly #ended = new AbortController();
  readonly #closed: Promise<void>;
  #corked = false;
  #drained: Promise<void> | null = null;

  constructor(
    readonly socket: WebSocket,
    readonly request: IncomingMessage,
    readonly raw: Duplex,
  ) {
    setMaxListeners(0, this.signal);
    this.#closed = new Promise((resolve) => {
      socket.once("close", () => {
        this.end();
        resolve();
      });
    });
    socket.on("pong", () => {
      this.alive = true;
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
  }

  /**
   * Ends the subscriptions, waits for other operations in progress, and closes the WebSocket. May be called several times.
   *
   * @returns when the WebSocket has closed
   */
  async closeGracefully({ code, reason }: Closure): Promise<void> {
    this.end();
    const idle = () => this.runningOperations === 0 || this.socket.readyState !== this.socket.OPEN;
    await eventually(idle, { timeoutMs: DRAIN_DEADLINE_MS });
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
      });
    }
    this.socket.send(text);
  }

  /** Sends once the client has read enough of the earlier messages. */
  async sendPaced(text: string): Promise<void> {
    while (this.queuedBytes > MAX_QUEUED_BYTES && this.socket.readyState === this.socket.OPEN) await this.#drain();
    this.send(text);
  }

  #drain(): Promise<void> {
    this.#drained ??= new Promise<void>((resolve) => {
      const done = () => {
        this.raw.off("drain", done);
        this.raw.off("close", done);
        this.#drained = null;
        resolve();
      };
      this.raw.on("drain", done);
      this.raw.on("close", done);
      if (this.raw.destroyed) done();
    });
    return this.#drained;
  }
}
