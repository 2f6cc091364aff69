import { setMaxListeners } from "node:events";
import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import type { WebSocket } from "ws";
import type { Viewer } from "../../entities/access/token.js";

/**
 * Bytes that may wait to be sent on a socket before its subscriptions wait with them: what a client that does not read
 * costs, apart from one event of each subscription.
 */
const MAX_QUEUED_BYTES = 64 * 1024;

/** One socket: who is at its other end, what runs on it, and how fast it takes what it is sent. */
export class Connection {
  viewer: Viewer | null = null;
  /** What was sent at `connection_init`; every operation is authenticated with it again. */
  authorization: unknown = null;
  /** Queries and mutations under way. */
  running = 0;
  /** Whether it was heard of since it was last asked for a sign of life. */
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

  /** Aborted when its streams are to end. */
  get signal(): AbortSignal {
    return this.#ended.signal;
  }

  /** Resolves when the socket is closed. */
  get closed(): Promise<void> {
    return this.#closed;
  }

  /** Bytes that wait for the client to read. */
  get waiting(): number {
    return this.raw.writableLength;
  }

  /** Ends its streams; the socket stays open for what else is under way. */
  end(): void {
    this.#ended.abort();
  }

  /** Ends its streams and closes it: nothing is sent from here on, whether or not the client closes its end. */
  close(code: number, reason: string): void {
    this.end();
    this.socket.close(code, reason);
  }

  send(text: string): void {
    if (this.socket.readyState !== this.socket.OPEN) return;
    // All that is sent in one turn goes out in one write: twenty subscriptions of a dashboard cost one, not twenty.
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

  /** Sends as soon as the client has read enough of what was sent before; waits until then. */
  async sendPaced(text: string): Promise<void> {
    while (this.waiting > MAX_QUEUED_BYTES && this.socket.readyState === this.socket.OPEN) await this.#drain();
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
