import type { FastifyInstance } from "fastify";
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";
import type { Database } from "../../database/database.js";
import type { WaitingStatistics } from "../../domain/promotions/waiting/statistics.js";
import { countWebhooks, furthestBehind } from "../../domain/webhooks/statistics.js";
import { logBounds } from "../../events/bounds.js";
import type { Feed } from "../../events/feed/feed.js";
import { ClientLabels, type ClientName } from "./client-name.js";

/** In seconds. */
const DURATION_BUCKETS_SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5];

/**
 * Prometheus metrics. The number of label values is bounded: operations are labelled by schema field and requests by
 * route, never by text from clients. Clients are labelled by the name that they send, up to a maximum number of
 * clients.
 */
export class Metrics {
  readonly registry = new Registry();
  readonly #operations: Histogram<"operation" | "code">;
  readonly #requests: Histogram<"route" | "status">;
  readonly #delivered: Counter;
  readonly #clients: Counter<"name" | "version">;
  readonly #webhookRequests: Histogram<"result">;
  readonly #clientLabels = new ClientLabels();
  readonly #gauge: (name: string, help: string, read: () => number | Promise<number>) => void;

  constructor(database: Database, feed: Feed) {
    const registers = [this.registry];
    collectDefaultMetrics({ register: this.registry });
    this.#operations = new Histogram({
      name: "railyard_operation_duration_seconds",
      help: "Duration of GraphQL operations, by first field and by the code of the first error (OK if none).",
      labelNames: ["operation", "code"],
      buckets: DURATION_BUCKETS_SECONDS,
      registers,
    });
    this.#requests = new Histogram({
      name: "railyard_http_request_duration_seconds",
      help: "Duration of HTTP requests, by route and status.",
      labelNames: ["route", "status"],
      buckets: DURATION_BUCKETS_SECONDS,
      registers,
    });
    this.#delivered = new Counter({
      name: "railyard_events_delivered_total",
      help: "Events sent to subscribers.",
      registers,
    });
    this.#clients = new Counter({
      name: "railyard_client_operations_total",
      help: "GraphQL operations of authenticated clients, by the name and version that the client sends.",
      labelNames: ["name", "version"],
      registers,
    });
    this.#webhookRequests = new Histogram({
      name: "railyard_webhook_request_duration_seconds",
      help: "Duration of the requests that webhooks sent for events, by result: success or failure.",
      labelNames: ["result"],
      buckets: [...DURATION_BUCKETS_SECONDS, 15],
      registers,
    });
    observeWebhooks(database, registers);
    const queueTime = new Histogram({
      name: "railyard_transaction_queue_seconds",
      help: "Time that write transactions waited in the queue.",
      buckets: DURATION_BUCKETS_SECONDS,
      registers,
    });
    database.onTransactionStart((milliseconds) => queueTime.observe(milliseconds / 1000));
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
    this.#gauge("railyard_subscribers", "Open subscriptions.", () => feed.stats.followers);
    this.#gauge("railyard_database_pool_waiting", "Tasks waiting for a database connection.", () => database.waiting);
    const readHead = async () => (await logBounds(database.reader)).head;
    this.#gauge(
      "railyard_event_log_position",
      "Position of the newest event in the log: the number of events ever appended.",
      readHead,
    );
    this.#gauge(
      "railyard_feed_lag_events",
      "Events in the log that the feed has not read; 0 without subscribers.",
      async () => (feed.stats.followers === 0 ? 0 : Math.max(0, (await readHead()) - feed.head)),
    );
  }

  /** Registers the gauge of open WebSockets. */
  observeSockets(count: () => number): void {
    this.#gauge("railyard_sockets", "Open WebSockets.", count);
  }

  /** Registers the metrics of the response cache. */
  observeResponseCache(read: () => { hits: number; misses: number; entries: number; bytes: number }): void {
    new Counter({
      name: "railyard_response_cache_requests_total",
      help: "Lookups in the response cache, by result: hit or miss.",
      labelNames: ["result"],
      registers: [this.registry],
      collect() {
        const { hits, misses } = read();
        this.reset();
        this.inc({ result: "hit" }, hits);
        this.inc({ result: "miss" }, misses);
      },
    });
    this.#gauge("railyard_response_cache_entries", "Cached responses.", () => read().entries);
    this.#gauge("railyard_response_cache_bytes", "Size of the cached responses, in bytes.", () => read().bytes);
  }

  /** Registers the metrics of promotions that wait. `read` is called once for a scrape. */
  observeWaiting(read: () => Promise<WaitingStatistics>): void {
    let current: Promise<WaitingStatistics> | null = null;
    const readOnce = () => {
      current ??= read().finally(() => {
        current = null;
      });
      return current;
    };
    this.#gauge("railyard_promotions_waiting", "Promotions that wait for their gates.", async () => {
      return (await readOnce()).waiting;
    });
    this.#gauge(
      "railyard_promotions_waiting_oldest_seconds",
      "Time for which the longest of them has waited, without the time until its notBefore.",
      async () => (await readOnce()).oldestSeconds,
    );
    this.#gauge(
      "railyard_forced_promotions_unreviewed",
      "Promotions that went past gates by force, and that no other person has looked at.",
      async () => (await readOnce()).unreviewed,
    );
    new Gauge({
      name: "railyard_promotions_blocked",
      help: "Promotions that wait, by the kind of blocker, of the 500 that have waited longest.",
      labelNames: ["code"],
      registers: [this.registry],
      async collect() {
        const { blocked } = await readOnce();
        this.reset();
        for (const [code, count] of blocked) this.set({ code }, count);
      },
    });
  }

  /** @param operation the operation type and its first schema field, or a fixed label */
  recordOperation(operation: string, code: string, seconds: number): void {
    this.#operations.observe({ operation, code }, seconds);
  }

  /** @param route the declared route, never the path of a request */
  recordRequest(route: string, status: number, seconds: number): void {
    this.#requests.observe({ route, status: String(status) }, seconds);
  }

  /** Counts an operation of a client. @param client null if it does not name itself */
  recordClient(client: ClientName | null): void {
    const { name, version } = this.#clientLabels.labelFor(client);
    this.#clients.inc({ name, version });
  }

  /** Records a request of a webhook. */
  recordWebhookRequest({ problem, duration }: { readonly problem: string | null; readonly duration: number }): void {
    this.#webhookRequests.observe({ result: problem === null ? "success" : "failure" }, duration / 1000);
  }

  /** Counts an event sent to a subscriber. */
  recordDelivery(): void {
    this.#delivered.inc();
  }
}

/** Registers the metrics that are read from the webhooks. */
function observeWebhooks(database: Database, registers: Registry[]): void {
  new Gauge({
    name: "railyard_webhooks",
    help: "Webhooks, by state.",
    labelNames: ["state"],
    registers,
    async collect() {
      const counts = await countWebhooks(database.reader);
      for (const [state, count] of Object.entries(counts)) this.set({ state }, count);
    },
  });
  new Gauge({
    name: "railyard_webhook_behind_events",
    help: "Events in the log after the cursor of the webhook that is furthest behind, of those that are ACTIVE or FAILING.",
    registers,
    async collect() {
      this.set(await furthestBehind(database.reader));
    },
  });
}

/** Serves `GET /metrics` for Prometheus. Metrics hold only counts and durations, no stored data. */
export function serveMetrics(http: FastifyInstance, metrics: Metrics): void {
  http.addHook("onResponse", async (request, reply) => {
    // Operations are recorded where they are executed.
    if (request.isOperation) return;
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
