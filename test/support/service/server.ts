import { pino } from "pino";
import { type App, type AppOptions, startApp } from "../../../src/app.js";
import { type Config, readConfig } from "../../../src/config.js";
import type { Database } from "../../../src/database/database.js";
import type { Role } from "../../../src/entities/core/enums.js";
import { Client } from "../clients/client.js";
import { borrowFreshDatabase } from "../database/engine.js";
import { WriteGuard } from "../database/write-guard.js";
import type { Cleanup } from "./temporary-folder.js";

export { onlyOn } from "../database/engine.js";
export { type Cleanup, temporaryFolder } from "./temporary-folder.js";

export interface ServerOptions {
  /** Environment variables in addition to those of every test server. */
  readonly env?: Readonly<Record<string, string>>;
  /** A clock instead of the real one. */
  readonly now?: () => Date;
  /** A clock that never steps, in milliseconds. @default the time of `now` */
  readonly elapsed?: () => number;
  /** Non-default settings of the log listener. */
  readonly pace?: AppOptions["pace"];
  /** Interval of pings on sockets, in milliseconds. */
  readonly heartbeat?: number;
  /** How long subscriptions wait for a database that cannot be reached, in milliseconds. */
  readonly giveUpMs?: number;
  /** Wraps the database, for example to make statements fail. */
  readonly wrap?: (database: Database) => Database;
  /** Resolves the hosts of webhooks. */
  readonly resolveHost?: AppOptions["resolveHost"];
}

export const ADMIN_SECRET = "the-administrator-of-all-the-tests";

/** A real server on a new database, with a client for every role. */
export class TestServer {
  #app: App | null = null;
  readonly #config: Config;
  readonly #options: ServerOptions;
  readonly #clients = new Map<Role, Client>();
  readonly #guard: WriteGuard;

  constructor(config: Config, options: ServerOptions, guard: WriteGuard) {
    this.#config = config;
    this.#options = options;
    this.#guard = guard;
  }

  get app(): App {
    if (this.#app === null) throw new Error("The test server is not running.");
    return this.#app;
  }

  get url(): string {
    return this.app.url;
  }

  /** A client with the administrator's token. */
  get admin(): Client {
    return new Client(this.url, ADMIN_SECRET);
  }

  /** A client with a token of this role. */
  async as(role: Role): Promise<Client> {
    const known = this.#clients.get(role);
    if (known !== undefined) return known;
    const { createToken } = await this.admin.ask<{ createToken: { secret: string } }>(
      "mutation ($input: CreateTokenInput!) { createToken(input: $input) { secret } }",
      { input: { name: `a ${role}`, role } },
    );
    const client = new Client(this.url, createToken.secret);
    this.#clients.set(role, client);
    return client;
  }

  async start(): Promise<void> {
    const { now, elapsed, pace, heartbeat, giveUpMs, resolveHost, wrap = (database) => database } = this.#options;
    const log = pino({ level: "silent" });
    this.#app = await startApp(this.#config, {
      log,
      openDatabase: async (...args) => wrap(await this.#guard.open(...args)),
      ...(now && { now }),
      ...(elapsed && { elapsed }),
      ...(pace && { pace }),
      ...(heartbeat && { heartbeat }),
      ...(giveUpMs && { giveUpMs }),
      ...(resolveHost && { resolveHost }),
    });
  }

  async stop(): Promise<void> {
    await this.#app?.close();
    this.#app = null;
    this.#clients.clear();
  }

  /** Stops it and starts it on the same database. The URL changes. */
  async restart(): Promise<void> {
    await this.stop();
    await this.start();
  }
}

/**
 * Starts a server for a test or a file of tests, and stops it afterwards. It gets a new database on the current engine, unless
 * `env` contains one. The test fails if a write began inside another write.
 */
export async function startServer(t: Cleanup, options: ServerOptions = {}): Promise<TestServer> {
  const cleanups: (() => Promise<unknown> | unknown)[] = [];
  const guard = new WriteGuard();
  t.after(async () => {
    // In reverse order: the server closes the database before it is removed.
    for (const step of cleanups.reverse()) await step();
    guard.check();
  });
  const cleanup: Cleanup = { after: (step) => cleanups.push(step) };
  const DATABASE_URL = options.env?.DATABASE_URL ?? (await borrowFreshDatabase(cleanup));
  const config = readConfig({ PORT: "0", ADMIN_TOKEN: ADMIN_SECRET, ...options.env, DATABASE_URL });
  const server = new TestServer(config, options, guard);
  cleanup.after(() => server.stop());
  await server.start();
  return server;
}
