import type { IncomingMessage, ServerResponse } from "node:http";
import { Server, type Socket } from "node:net";
import { setImmediate, setTimeout } from "node:timers/promises";
import { eventually } from "../async/eventually.js";

/**
 * How long open connections are still served after the listening socket has closed. It must be longer than a load
 * balancer keeps an idle connection to an instance (`keepalive_timeout` in deploy/nginx.conf): then no request can meet
 * a connection that this side has just closed.
 */
const OPEN_CONNECTIONS_MS = 3_000;
/** An iteration of the event loop shorter than this has handled no request. */
const IDLE_TURN_MS = 0.1;
/** How long to wait for such an iteration. */
const IDLE_TURN_DEADLINE_MS = 500;

/**
 * Hands traffic over to other instances before a stop, so that a load balancer loses no request:
 *
 * 1. `/readyz` returns 503. Everything else is served as before, for `delay` milliseconds.
 * 2. The listening socket closes. A balancer that still connects gets a refused connection and tries the next instance.
 * 3. Requests on open connections are served. Each response carries `Connection: close`.
 *
 * WebSockets stay open throughout. The stop that follows closes them, and their clients reconnect to another instance.
 */
export class Drain {
  readonly #server: Server;
  readonly #connections = new Set<Socket>();
  #accepted = 0;
  #started = false;
  #closing = false;

  /** @param server the HTTP server, with all its listeners in place */
  constructor(server: Server) {
    this.#server = server;
    server.on("connection", (socket: Socket) => {
      this.#accepted += 1;
      this.#connections.add(socket);
      socket.once("close", () => this.#connections.delete(socket));
    });
    server.prependListener("upgrade", (_: IncomingMessage, socket: Socket) => this.#connections.delete(socket));
    server.prependListener("request", (_: IncomingMessage, response: ServerResponse) => {
      if (this.#closing) response.setHeader("connection", "close");
    });
  }

  /** Whether the drain has started. The instance then reports itself not ready. */
  get started(): boolean {
    return this.#started;
  }

  /**
   * @param delay milliseconds that load balancers have to notice `/readyz`; 0 skips the whole drain
   * @param abort ends the drain early
   */
  async run(delay: number, abort: AbortSignal): Promise<void> {
    this.#started = true;
    if (delay === 0) return;
    try {
      await setTimeout(delay, undefined, { signal: abort });
      await this.#closeListener();
      this.#closing = true;
      const options = { timeoutMs: OPEN_CONNECTIONS_MS, intervalMs: 10, signal: abort };
      await eventually(() => this.#connections.size === 0, options);
    } catch (error) {
      if (!abort.aborted) throw error;
    }
  }

  /**
   * Closes connections that never carried a byte, such as those that browsers open in advance. Node counts them as
   * active until their headers time out, so a stop would wait for them.
   */
  closeUnused(): void {
    for (const socket of this.#connections) if (socket.bytesRead === 0) socket.destroy();
  }

  /**
   * The kernel resets connections that are established but not yet accepted when the listening socket closes. So close
   * it right after an idle iteration of the event loop.
   */
  async #closeListener(): Promise<void> {
    const deadline = performance.now() + IDLE_TURN_DEADLINE_MS;
    for (let quiet = false; !quiet && performance.now() < deadline; ) {
      const accepted = this.#accepted;
      const start = performance.now();
      await setImmediate();
      quiet = this.#accepted === accepted && performance.now() - start < IDLE_TURN_MS;
    }
    // Not http.Server.close: that also cuts idle connections, which a balancer may be about to use.
    Server.prototype.close.call(this.#server);
  }
}
