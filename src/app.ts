import type { AddressInfo } from "node:net";
import type { Config } from "./config.js";
import type { Database } from "./database/database.js";
import { openDatabase } from "./database/open.js";
import type { ListenOptions } from "./database/postgres/log-listener.js";
import { bootstrapAdmin } from "./domain/access/tokens.js";
import { type Ctx, SYSTEM_VIEWER } from "./domain/core/context.js";
import { cursorExpired } from "./domain/history/events.js";
import { Feed } from "./events/feed.js";
import { serveGithub } from "./integrations/github/plugin.js";
import { servePlatform } from "./integrations/platform/plugin.js";
import { buildSchema } from "./schema/build.js";
import { secretsOf } from "./secrets.js";
import { Authentication } from "./server/auth/authentication.js";
import { Oidc } from "./server/auth/oidc.js";
import { ResponseCache } from "./server/cache/response-cache.js";
import { ResponseStore } from "./server/cache/response-store.js";
import { Drain } from "./server/drain.js";
import { Admission, readTrustedDocuments } from "./server/execution/admission.js";
import { Budget } from "./server/execution/rate-limit.js";
import { startHousekeeping } from "./server/housekeeping.js";
import { serveGraphql } from "./server/http/graphql.js";
import { serveHealth } from "./server/http/health.js";
import { createHttp } from "./server/http/server.js";
import { Audit } from "./server/telemetry/audit.js";
import { createLogger, type Logger } from "./server/telemetry/log.js";
import { Metrics, serveMetrics } from "./server/telemetry/metrics.js";
import { Observer } from "./server/telemetry/operation-record.js";
import { serveSockets } from "./server/websocket/server.js";

/** How long requests under way have when the service stops, in milliseconds; then their connections are cut. */
const DRAIN_DEADLINE_MS = 8000;
/** How long the rest of requests that have begun to come may take then, in milliseconds. */
const QUEUE_DEADLINE_MS = 1000;

export interface AppOptions {
  readonly log?: Logger;
  /** What time it is; a test may set it. */
  readonly now?: () => Date;
  /** How followers of PostgreSQL's log are woken, where not as usual. */
  readonly pace?: Partial<ListenOptions>;
}

/** A running service. */
export interface App {
  /** Where it listens, for example `http://127.0.0.1:4000`. */
  readonly url: string;
  readonly database: Database;
  /** What follows the log. */
  readonly feed: Feed;
  /** The administrator's secret, where this start has made one: to be shown this once. */
  readonly adminSecret: string | null;
  /** Does what is due by the clock now, and resolves once it is done. */
  tick(): Promise<void>;
  /**
   * Reports not ready and goes on serving for `config.shutdownDelay`, so that load balancers hand over to other instances.
   * To be followed by `close`.
   */
  drain(abort: AbortSignal): Promise<void>;
  /** Stops: no new requests, those under way are answered, then everything is closed. */
  close(): Promise<void>;
}

/** Opens the parts of the service in order; `close` undoes them in reverse, and so does a part that cannot be opened. */
export async function startApp(config: Config, options: AppOptions = {}): Promise<App> {
  const log = options.log ?? createLogger(config.logLevel, { secrets: secretsOf(config) });
  const undo: (() => Promise<unknown>)[] = [];
  const close = async () => {
    for (const step of undo.splice(0).reverse()) await step();
  };
  try {
    const tracing =
      config.tracesEndpoint === null ? null : new (await import("./server/telemetry/tracing.js")).Tracing(log);
    undo.push(async () => tracing?.close());
    const database = await openDatabase(config.databaseUrl, {
      poolSize: config.databasePoolSize,
      listen: options.pace ?? {},
    });
    undo.push(() => database.close());
    const { deployTimeout, reviewAppTtl, eventRetention } = config;
    const durations = { deployTimeout, reviewAppTtl, eventRetention };
    const answers = new ResponseStore(database);
    const db = tracing === null ? answers.invalidateOnWrite() : tracing.watch(answers.invalidateOnWrite());
    const ctx: Ctx = { db, viewer: SYSTEM_VIEWER, durations, now: options.now ?? (() => new Date()) };
    const adminSecret = await bootstrapAdmin(ctx, config.adminToken);

    const housekeeping = startHousekeeping(ctx, log);
    undo.push(() => housekeeping.stop());

    const feed = new Feed(database, {
      expired: cursorExpired,
      failed: (error) => log.error({ err: error }, "the log could not be read"),
    });
    undo.push(() => feed.close());

    let stopping = false;
    const http = await createHttp({ log, allowedOrigins: config.allowedOrigins });
    tracing?.serve(http);
    const oidc = config.oidc === null ? null : new Oidc(config.oidc);
    const authentication = new Authentication(ctx, answers, log, oidc);
    const schema = buildSchema();
    const { limits, costPerMinute } = config;
    const trusted = config.trustedDocuments === null ? null : readTrustedDocuments(config.trustedDocuments);
    const budget = costPerMinute === null ? null : new Budget(costPerMinute, database);
    const admission = new Admission({ schema, limits, budget, trusted });
    const metrics = new Metrics(database, feed);
    metrics.observeResponseCache(() => answers.statistics);
    const audit = new Audit(ctx, log);
    const observer = new Observer(metrics, audit, tracing);
    const kept = new ResponseCache(answers, admission.mayCacheResponses);
    serveHealth(http, database, () => stopping || drain.started);
    serveMetrics(http, metrics);
    const parts = { schema, ctx, authentication, admission, observer, kept, log };
    const { operations, fastPath: fastLane } = await serveGraphql(http, parts);
    const drain = new Drain(http.server);
    undo.push(async () => {
      stopping = true;
      // Nobody new is let in from here on; who is in already is answered.
      http.server.close();
      drain.closeUnused();
      await fastLane.drained(QUEUE_DEADLINE_MS);
      const cut = setTimeout(() => http.server.closeAllConnections(), DRAIN_DEADLINE_MS);
      await http.close();
      clearTimeout(cut);
    });
    serveSockets(http, { ...parts, operations, feed, metrics, allowedOrigins: config.allowedOrigins });
    await servePlatform(http, {
      ctx,
      viewerOf: (authorization) => authentication.viewerOf(authorization),
      budget,
      refused: (viewer, error) => audit.record(viewer, [error]),
    });
    const github = await serveGithub(http, ctx, config, log, tracing?.fetch);
    undo.push(() => github.stop());
    await http.listen({ host: config.host, port: config.port });
    const { address, port, family } = http.server.address() as AddressInfo;
    const url = `http://${family === "IPv6" ? `[${address}]` : address}:${port}`;
    log.info({ url }, "ready");
    const tick = async () => {
      await housekeeping.tick();
      await github.tick();
    };
    return { url, database, feed, adminSecret, tick, drain: (abort) => drain.run(config.shutdownDelay, abort), close };
  } catch (error) {
    await close();
    throw error;
  }
}
