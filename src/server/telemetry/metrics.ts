import type { FastifyInstance } from "fastify";
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";
import type { Database } from "../../database/database.js";
import type { Feed } from "../../events/feed.js";
import { logBounds } from "../../events/log.js";

/** Seconds; from a read of one row to what nobody should wait for. */
const DURATION_BUCKETS_SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5];

/**
 * What an operator watches, for Prometheus. No label grows without bound: an operation is told by its field of the
 * schema and a request by its route, never by what a client calls them.
 */
export class Metrics {
  readonly registry = new Registry();
  readonly #operations: Histogram<"operation" | "code">;
  readonly #requests: Histogram<"route" | "status">;
  readonly #delivered: Counter;
  readonly #gauge: (name: string, help: string, read: () => number | Promise<number>) => void;

  constructor(database: Database, feed: Feed) {
    const registers = [this.registry];
    collectDefaultMetrics({ register: this.registry });
    this.#operations = new Histogram({
      name: "railyard_operation_duration_seconds",
      help: "How long GraphQL operations took, by the first field that they ask for and the code of their first error (OK without one).",
      labelNames: ["operation", "code"],
      buckets: DURATION_BUCKETS_SECONDS,
      registers,
    });
    this.#requests = new Histogram({
      name: "railyard_http_request_duration_seconds",
      help: "How long HTTP requests took, by their route and the status of the answer.",
      labelNames: ["route", "status"],
      buckets: DURATION_BUCKETS_SECONDS,
      registers,
    });
    this.#delivered = new Counter({
      name: "railyard_events_delivered_total",
      help: "Events sent to subscribers.",
      registers,
    });
    const writeWait = new Histogram({
      name: "railyard_write_wait_seconds",
      help: "How long write transactions waited for their turn.",
      buckets: DURATION_BUCKETS_SECONDS,
      registers,
    });
    database.onTransactionStart((milliseconds) => writeWait.observe(milliseconds / 1000));
    this.#gauge = (name, help, read) => {
      new Gauge({
        name,
        help,
        registers,
        async collect() {
          this.set(await read());
        },
      });
    };
    this.#gauge("railyard_subscribers", "Subscriptions that are open.", () => feed.stats.followers);
    this.#gauge(
      "railyard_database_pool_waiting",
      "Tasks that wait for a connection of the database.",
      () => database.waiting,
    );
    const log = { head: async () => (await logBounds(database.reader)).head };
    this.#gauge(
      "railyard_events_appended",
      "Events that were ever appended: the position of the newest one.",
      log.head,
    );
    this.#gauge(
      "railyard_feed_lag_events",
      "Events in the log that the feed has not read; 0 while nobody follows it.",
      async () => (feed.stats.followers === 0 ? 0 : Math.max(0, (await log.head()) - feed.head)),
    );
  }

  /** Counts open sockets, as somebody else knows them. */
  observeSockets(count: () => number): void {
    this.#gauge("railyard_sockets", "WebSockets that are open.", count);
  }

  /** Tells how much is kept of answers, and how often that is of use, as somebody else counts it. */
  observeResponseCache(read: () => { hits: number; misses: number; entries: number; bytes: number }): void {
    new Counter({
      name: "railyard_kept_answers_asked_total",
      help: "Operations over HTTP by whether their answer was there already (hit) or had to be made (miss).",
      labelNames: ["result"],
      registers: [this.registry],
      collect() {
        const { hits, misses } = read();
        this.reset();
        this.inc({ result: "hit" }, hits);
        this.inc({ result: "miss" }, misses);
      },
    });
    this.#gauge("railyard_kept_answers", "Answers that are kept.", () => read().entries);
    this.#gauge("railyard_kept_answers_bytes", "What kept answers weigh, in bytes.", () => read().bytes);
  }

  /** @param operation a field of the schema, or another of a fixed few words */
  recordOperation(operation: string, code: string, seconds: number): void {
    this.#operations.observe({ operation, code }, seconds);
  }

  /** @param route a route as it was declared, never the path of a request */
  recordRequest(route: string, status: number, seconds: number): void {
    this.#requests.observe({ route, status: String(status) }, seconds);
  }

  /** An event was sent to a subscriber. */
  recordDelivery(): void {
    this.#delivered.inc();
  }
}

/** `GET /metrics`, for Prometheus. It holds counts and times alone: nothing of what the service keeps. */
export function serveMetrics(http: FastifyInstance, metrics: Metrics): void {
  http.addHook("onResponse", async (request, reply) => {
    const route = request.routeOptions.url;
    metrics.recordRequest(
      route === undefined ? "none" : `${request.method} ${route}`,
      reply.statusCode,
      reply.elapsedTime / 1000,
    );
  });
  http.get("/metrics", { logLevel: "silent" }, async (_, reply) => {
    const { registry } = metrics;
    return reply.type(registry.contentType).send(await registry.metrics());
  });
}
