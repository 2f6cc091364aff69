import type { AddressInfo } from "node:net";
import { ByteBudget } from "./async/byte-budget.js";
import type { Config } from "./config.js";
import type { Database } from "./database/database.js";
import { openDatabase } from "./database/open.js";
import type { ListenOptions } from "./database/postgres/log-listener.js";
import { bootstrapAdmin } from "./domain/access/tokens.js";
import { KeyRing } from "./domain/config-vars/key-ring.js";
import { findMissingKeys } from "./domain/config-vars/rotate.js";
import { type Ctx, SYSTEM_VIEWER } from "./domain/core/context.js";
import { cursorExpired } from "./domain/history/events.js";
import { readWaitingStatistics } from "./domain/promotions/waiting/statistics.js";
import { readRolloutStatistics } from "./domain/rollouts/statistics.js";
import { Feed } from "./events/feed/feed.js";
import { followChanges } from "./events/log-changes.js";
import { readEvents } from "./events/read.js";
import { serveGithub } from "./integrations/github/plugin.js";
import { servePlatform } from "./integrations/platform/plugin.js";
import { startDispatcher } from "./integrations/webhooks/dispatcher.js";
import { HttpSender, type ResolveHost } from "./integrations/webhooks/sender.js";
import { getSchema } from "./schema/build.js";
import { collectSecrets } from "./secrets.js";
import { Authentication } from "./server/auth/authentication.js";
import { Oidc } from "./server/auth/oidc.js";
import { ResponseCache } from "./server/cache/response-cache.js";
import { ResponseStore } from "./server/cache/response-store.js";
import { ClockGuard } from "./server/clock-guard.js";
import { Drain } from "./server/drain.js";
import { Admission } from "./server/execution/admission/admission.js";
import { Budget } from "./server/execution/admission/rate-limit.js";
import { findInvalidDocuments, readTrustedDocuments } from "./server/execution/admission/trusted-documents.js";
import { Execution } from "./server/execution/execute.js";
import { DeliveryCharges } from "./server/execution/subscriptions/charges.js";
import { SubscriptionLimits } from "./server/execution/subscriptions/limits.js";
import { startHousekeeping } from "./server/housekeeping.js";
import { FastPath } from "./server/http/fast-path.js";
import { serveGraphql } from "./server/http/graphql.js";
import { serveHealth } from "./server/http/health.js";
import { servePage } from "./server/http/page/page.js";
import { PageFiles } from "./server/http/page/page-files.js";
import { createHttp } from "./server/http/server.js";
import { HttpStop } from "./server/http/stopping.js";
import { Audit } from "./server/telemetry/audit.js";
import { createLogger, type Logger } from "./server/telemetry/log.js";
import { Metrics, serveMetrics } from "./server/telemetry/metrics.js";
import { Observer } from "./server/telemetry/observer.js";
import { observeRollouts } from "./server/telemetry/rollout-metrics.js";
import { serveSockets } from "./server/websocket/server.js";

/**
 * Time until a shutdown interrupts the database, in milliseconds. Requests that wait for it then fail with UNAVAILABLE,
 * and have a second to send this response before their connections are closed.
 */
const DATABASE_DEADLINE_MS = 7000;
/** Maximum number of connections that wait to be accepted. A burst of webhooks opens hundreds at once. */
const LISTEN_BACKLOG = 4096;

export interface AppOptions {
  readonly log?: Logger;
  /** The clock. @default the system clock */
  readonly now?: () => Date;
  /**
   * Milliseconds of a monotonic clock, to detect steps of `now`.
   *
   * @default performance.now; with `now`, the time of `now`
   */
  readonly elapsed?: () => number;
  /** Options for listening to the event log on PostgreSQL, for tests. */
  readonly pace?: Partial<ListenOptions>;
  /** Interval of pings on sockets, in milliseconds. A client that does not answer is disconnected. @default 30_000 */
  readonly heartbeat?: number;
  /**
   * How long subscriptions wait while the database cannot be reached, in milliseconds. Then their sockets are closed
   * with 1013. @default 10_000
   */
  readonly giveUpMs?: number;
  /** Aborts a start that waits for the database: `startApp` throws StartAborted. */
  readonly signal?: AbortSignal;
  /** Resolves the hosts of webhooks, for tests. @default the resolver of the operating system */
  readonly resolveHost?: ResolveHost;
  /** Opens the database, for tests that check how it is used. @default openDatabase */
  readonly openDatabase?: typeof openDatabase;
}

/** A running service. */
export interface App {
  /** The URL of the service, for example `http://127.0.0.1:4000`. */
  readonly url: string;
  readonly database: Database;
  /** Reads the event log and distributes events to subscribers. */
  readonly feed: Feed;
  /** The administrator's token if this start created it; null otherwise. It is shown only once. */
  readonly adminSecret: string | null;
  /** Runs all due scheduled tasks, and resolves once they are done. */
  tick(): Promise<void>;
  /**
   * Reports not ready and keeps serving for `config.shutdownDelay`, so that load balancers switch to other instances.
   * Call `close` afterwards.
   */
  drain(abort: AbortSignal): Promise<void>;
  /** Stops the service: refuses new requests, completes those in progress, then closes everything. */
  close(): Promise<void>;
}

/** Starts the components in order. `close` stops them in reverse, and so does a failed start. */
export async function startApp(config: Config, options: AppOptions = {}): Promise<App> {
  const log = options.log ?? createLogger(config.logLevel, { secrets: collectSecrets(config) });
  const cleanup: (() => Promise<unknown>)[] = [];
  let opened: Database | null = null;
  const close = async () => {
    const timer = setTimeout(() => opened?.interrupt(), DATABASE_DEADLINE_MS);
    for (const step of cleanup.splice(0).reverse()) await step();
    clearTimeout(timer);
  };
  try {
    const tracing =
      config.tracesEndpoint === null ? null : new (await import("./server/telemetry/tracing.js")).Tracing(log);
    cleanup.push(async () => tracing?.close());
    const database = await (options.openDatabase ?? openDatabase)(config.databaseUrl, {
      poolSize: config.databasePoolSize,
      listen: options.pace ?? {},
      signal: options.signal,
      onWait: (reason) => log.warn({ reason }, "waiting for the database"),
      onProblem: (problem) => {
        if (problem === null) log.info("database can be used again");
        else log.error({ problem }, "database cannot be used");
      },
    });
    opened = database;
    cleanup.push(() => database.close());
    const { deployTimeout, reviewAppTtl, eventRetention } = config;
    const durations = { deployTimeout, reviewAppTtl, eventRetention };
    const changes = await followChanges(database);
    const responseStore = new ResponseStore(changes);
    const db = tracing === null ? database : tracing.traceTransactions(database);
    const sender = new HttpSender({
      networks: config.webhookNetworks,
      allowHttp: config.webhookAllowHttp,
      ...(options.resolveHost && { resolveHost: options.resolveHost }),
    });
    cleanup.push(() => sender.close());
    const { publicUrl } = config;
    const now = options.now ?? (() => new Date());
    const hasTestClock = options.now !== undefined;
    const keyRing = config.configKeys.length === 0 ? null : new KeyRing(config.configKeys);
    const ctx: Ctx = { db, viewer: SYSTEM_VIEWER, durations, sender, publicUrl, now, hasTestClock, keyRing };
    for (const [key, subjects] of await findMissingKeys(database.reader, keyRing)) {
      // Not a reason to refuse to start: everything else works, and gates need no values.
      log.error({ key, subjects }, "config vars cannot be read: a key of CONFIG_KEYS is missing or different");
    }
    const adminSecret = await bootstrapAdmin(ctx, config.adminToken);

    const elapsed =
      options.elapsed ?? (options.now === undefined ? () => performance.now() : () => ctx.now().getTime());
    const [newest] = await readEvents(database.reader, {}, null, 1, true);
    const clock = new ClockGuard({ now: ctx.now, elapsed }, log, newest?.occurredAt ?? null);
    const housekeeping = startHousekeeping(ctx, clock, log);
    cleanup.push(() => housekeeping.stop());

    const feed = new Feed(database, {
      expired: (oldest) => cursorExpired(oldest),
      failed: (error) => log.error({ err: error }, "event log could not be read"),
      giveUpMs: options.giveUpMs,
      rewound: (from, to) =>
        log.error({ from, to }, "event log went back: its newest events were lost, and subscriptions are closed"),
    });
    cleanup.push(() => feed.close());

    const oidc = config.oidc === null ? null : new Oidc(config.oidc);
    const authentication = new Authentication(ctx, changes, log, oidc);
    const schema = getSchema();
    const { limits, costPerMinute } = config;
    const trusted = config.trustedDocuments === null ? null : readTrustedDocuments(config.trustedDocuments);
    for (const invalid of findInvalidDocuments(trusted ?? new Map(), schema)) {
      log.warn(invalid, "trusted document does not match the schema");
    }
    const budget = costPerMinute === null ? null : new Budget(costPerMinute, database);
    const pageFiles = new PageFiles();
    const pageDocuments = pageFiles.built
      ? readTrustedDocuments(pageFiles.documents, "The page's manifest")
      : new Map();
    const admission = new Admission({ schema, limits, budget, trusted, pageDocuments });
    const metrics = new Metrics(database, feed);
    metrics.observeResponseCache(() => responseStore.statistics);
    metrics.observeWaiting(() => readWaitingStatistics(ctx));
    observeRollouts(metrics.registry, database, () => readRolloutStatistics(ctx));
    const audit = new Audit(ctx, log);
    const observer = new Observer({ log, metrics, audit, tracing });
    const responseCache = new ResponseCache(responseStore, admission.mayCacheResponses);
    const parts = { schema, ctx, admission, observer, log, plugins: [responseCache.plugin] };
    const execution = new Execution(parts);
    await execution.start();
    cleanup.push(() => execution.stop());
    const incoming = new ByteBudget(config.maxIncomingBytes);
    const outgoing = new ByteBudget(config.maxOutgoingBytes);
    const fastPath = new FastPath({ execution, authentication, observer, responseCache, changes, incoming, outgoing });
    const { allowedOrigins, requestTimeout, basePath, oidcClientId: clientId } = config;
    const http = await createHttp({ log, allowedOrigins, fastPath, basePath, requestTimeout, incoming, outgoing });
    const stop = new HttpStop(http, execution);
    tracing?.serve(http);
    const signIn = config.oidc === null || clientId === null ? null : { issuer: config.oidc.issuer, clientId };
    servePage(http, pageFiles, { basePath, oidc: signIn });
    serveHealth(http, database, () => stop.started || drain.started);
    serveMetrics(http, metrics);
    await serveGraphql(http, { execution, authentication, fastPath });
    const drain = new Drain(http.server);
    cleanup.push(async () => {
      drain.closeUnused();
      await stop.run();
    });
    const { heartbeat } = options;
    serveSockets(http, {
      ...{ schema, ctx, authentication, execution, log, feed, metrics, allowedOrigins, heartbeat },
      ...{ requestTimeout, incoming, outgoing },
      subscriptionLimits: new SubscriptionLimits({ perToken: config.subscriptionsPerToken, cost: limits.cost }),
      charges: budget === null ? null : new DeliveryCharges(budget),
    });
    await servePlatform(http, {
      ctx,
      authenticate: (authorization) => authentication.authenticate(authorization),
      budget,
      onError: (viewer, error) => audit.record(viewer, [error]),
    });
    const github = await serveGithub(http, ctx, config, {
      log,
      isClockSteady: () => clock.isSteady(),
      send: tracing?.fetch,
    });
    cleanup.push(() => github.stop());
    const dispatcher = startDispatcher({ ctx, feed, log, sent: (result) => metrics.recordWebhookRequest(result) });
    cleanup.push(async () => {
      await Promise.all([dispatcher.stop(), sender.close()]);
    });
    await http.listen({ host: config.host, port: config.port, backlog: LISTEN_BACKLOG });
    const { address, port, family } = http.server.address() as AddressInfo;
    const url = `http://${family === "IPv6" ? `[${address}]` : address}:${port}`;
    log.info({ url }, "ready");
    const tick = async () => {
      await housekeeping.tick();
      await github.tick();
      await dispatcher.tick();
    };
    return { url, database, feed, adminSecret, tick, drain: (abort) => drain.run(config.shutdownDelay, abort), close };
  } catch (error) {
    await close();
    throw error;
  }
}
