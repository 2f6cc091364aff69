import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { Refusal } from "../../domain/core/refusal.js";
import type { Execution } from "../execution/execute.js";
import { stoppedInProgress } from "../execution/in-progress.js";

/** Routes that report the state of the process, also while it stops. */
const ALWAYS_SERVED: ReadonlySet<string | undefined> = new Set(["/livez", "/readyz", "/metrics"]);

/**
 * Time after which requests in progress are answered with UNAVAILABLE at shutdown, in milliseconds: early enough to
 * send the responses before the connections are closed.
 */
const ABANDON_DEADLINE_MS = 7_000;
/** Time that requests in progress have at shutdown, in milliseconds. Then their connections are closed. */
const DRAIN_DEADLINE_MS = 8_000;
/** How often connections that have become idle are closed at shutdown, in milliseconds. */
const IDLE_CHECK_INTERVAL_MS = 50;

/** Stops the HTTP server. Refuses new requests in the format of their API, and completes those in progress. */
export class HttpStop {
  readonly #http: FastifyInstance;
  readonly #execution: Execution;
  /** The replies to requests in progress, by request. */
  readonly #open = new Map<FastifyRequest, FastifyReply>();
  #stopping = false;

  constructor(http: FastifyInstance, execution: Execution) {
    this.#http = http;
    this.#execution = execution;
    http.addHook("onRequest", async (request, reply) => {
      if (this.#stopping && !ALWAYS_SERVED.has(request.routeOptions.url))
        throw new Refusal("UNAVAILABLE", "The service is stopping. Try again.");
      this.#open.set(request, reply);
    });
    http.addHook("onResponse", async (request) => void this.#open.delete(request));
    http.addHook("onRequestAbort", async (request) => void this.#open.delete(request));
  }

  /** Whether new requests are refused. */
  get started(): boolean {
    return this.#stopping;
  }

  /**
   * Refuses new connections and requests. Resolves when those in progress have been answered, at most after 8 seconds.
   */
  async run(): Promise<void> {
    this.#stopping = true;
    const { server } = this.#http;
    server.close();
    const timers = [
      setTimeout(() => this.#abandon(), ABANDON_DEADLINE_MS),
      setTimeout(() => server.closeAllConnections(), DRAIN_DEADLINE_MS),
      // A connection whose last response had begun before the stop is kept alive by Node.
      setInterval(() => server.closeIdleConnections(), IDLE_CHECK_INTERVAL_MS),
    ];
    await this.#http.close();
    for (const timer of timers) clearTimeout(timer);
  }

  /**
   * Answers the requests in progress with UNAVAILABLE. `Execution` does this for operations, because it also records
   * them.
   */
  #abandon(): void {
    this.#execution.abandon("http");
    for (const [request, reply] of this.#open) if (!request.isOperation && !reply.sent) reply.send(stoppedInProgress());
  }
}
