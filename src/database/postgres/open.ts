import { setTimeout as delay } from "node:timers/promises";
import type { Pool } from "pg";
import { DataSource, type DataSourceOptions } from "typeorm";
import { ENTITIES } from "../../entities/index.js";
import { type Database, DatabaseOpenError, DatabaseUnavailable } from "../database.js";
import { POSTGRES_MIGRATIONS } from "../migrations/postgres/index.js";
import { ADVISORY_LOCKS, postgresDialect } from "../rows/dialect.js";
import { SnakeCaseNaming, Tables } from "../rows/entity-mapper.js";
import { Reader, type Runner, type StatementCount } from "../rows/reader.js";
import { Tx } from "../rows/tx.js";
import { migrateSchema } from "../schema-version.js";
import { Writes } from "../writes.js";
import { translateError } from "./errors.js";
import { type ListenOptions, LogListener } from "./log-listener.js";
import { rowsOf, transact } from "./pool.js";

/* Timeouts in milliseconds. Every wait has one. */

/** To get a connection, new or from the pool. */
const CONNECT_TIMEOUT_MS = 10_000;
/** A statement, including its wait for locks. The server ends it. */
const STATEMENT_TIMEOUT_MS = 10_000;
/** A statement whose server does not respond. The connection is closed. */
const RESPONSE_TIMEOUT_MS = 15_000;
/**
 * A transaction without statements, for example because its instance hangs. The server ends it and releases its locks.
 */
const IDLE_TIMEOUT_MS = 30_000;
/** How long to retry an unreachable database at start. */
const START_TIMEOUT_MS = 30_000;
/** Between two attempts at start. */
const RETRY_INTERVAL_MS = 500;

export interface PostgresOptions {
  /** Connections for writing, and as many for reading; one more listens. */
  readonly poolSize: number;
  /** How long to retry an unreachable database, in milliseconds. @default 30_000 */
  readonly startTimeout?: number;
  /** Options of the log listener, if they differ from the defaults. */
  readonly listen?: Partial<ListenOptions>;
}

/**
 * Opens a PostgreSQL database: a pool for writing, with one transaction per connection, and a pool for reading, so that
 * queries never wait behind writers that wait for locks.
 *
 * @param url `postgres://user:password@host:port/database`
 */
export async function openPostgres(url: string, options: PostgresOptions): Promise<Database> {
  const opened: DataSource[] = [];
  try {
    await untilReachable(() => migrate(url), options.startTimeout ?? START_TIMEOUT_MS);
    const writer = await connect(url, options.poolSize, { pipeline: true });
    opened.push(writer);
    const reader = await connect(url, options.poolSize, { pipeline: false });
    opened.push(reader);
    return assemble(url, writer, reader, options.listen);
  } catch (error) {
    for (const source of opened) await source.destroy();
    if (error instanceof DatabaseOpenError) throw error;
    const { message } = (error instanceof DatabaseUnavailable ? error.cause : error) as Error;
    const reason = message || String((error as { code?: unknown }).code ?? error);
    const what = error instanceof DatabaseUnavailable ? "cannot be reached" : "cannot be opened";
    throw new DatabaseOpenError(`The database ${withoutPassword(url)} ${what}: ${reason}`, { cause: error });
  }
}

/** Runs the migrations, one instance at a time. The others wait, and find nothing left to do. */
async function migrate(url: string): Promise<void> {
  const source = await new DataSource({
    ...connectionOptions(url, 2),
    // Migrations have no statement timeout.
    extra: { connectionTimeoutMillis: CONNECT_TIMEOUT_MS, keepAlive: true },
    entities: ENTITIES,
    namingStrategy: new SnakeCaseNaming(),
    migrations: POSTGRES_MIGRATIONS,
    migrationsTableName: "migrations",
  }).initialize();
  try {
    const lock = source.createQueryRunner();
    // Locked by a transaction instead of the session, because a connection pooler does not keep sessions.
    await lock.startTransaction();
    await lock.query(`SELECT pg_advisory_xact_lock(${ADVISORY_LOCKS.migrations})`);
    await migrateSchema(source, withoutPassword(url));
    await lock.commitTransaction();
  } finally {
    await source.destroy();
  }
}

function assemble(url: string, writer: DataSource, reader: DataSource, pace: Partial<ListenOptions> = {}): Database {
  const tables = new Tables(writer);
  const count: StatementCount = { statements: 0 };
  const writePool = poolOf(writer);
  const readPool = poolOf(reader);
  const reading: Runner = { query: (text, values) => rowsOf(readPool, text, values) };
  const committed = new Reader(reading, postgresDialect, tables, count);
  // Polling is not part of any operation: it is not counted.
  const looking = new Reader(reading, postgresDialect, tables, { statements: 0 });
  const wakeUps = new LogListener({ url, connectTimeout: CONNECT_TIMEOUT_MS, reader: looking, pace });
  const writes = new Writes({
    transact: (work) => transact(writePool, work),
    createTx: (transaction) => new Tx(transaction, postgresDialect, tables, count),
  });
  return {
    exclusive: false,
    reader: committed,
    write: writes.write,
    // Not on the connections for writing, where it would wait behind transactions that wait for locks.
    shared: reading,
    onWakeUp: (listener) => wakeUps.add(listener),
    onCommitted: writes.onCommitted,
    onTransactionStart: writes.onTransactionStart,
    get waiting() {
      return writes.waiting + readPool.waitingCount;
    },
    get statements() {
      return count.statements;
    },
    async close() {
      await writes.idle();
      await wakeUps.close();
      await reader.destroy();
      await writer.destroy();
    },
  };
}

/** @param how with `pipeline`, statements are sent without waiting for the results of earlier ones */
async function connect(url: string, poolSize: number, how: { readonly pipeline: boolean }): Promise<DataSource> {
  const source = new DataSource({
    ...connectionOptions(url, poolSize),
    extra: {
      connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
      statement_timeout: STATEMENT_TIMEOUT_MS,
      query_timeout: RESPONSE_TIMEOUT_MS,
      idle_in_transaction_session_timeout: IDLE_TIMEOUT_MS,
      keepAlive: true,
      ...how,
    },
    entities: ENTITIES,
    namingStrategy: new SnakeCaseNaming(),
  });
  return source.initialize();
}

function connectionOptions(url: string, poolSize: number) {
  return {
    type: "postgres",
    url,
    poolSize,
    applicationName: "railyard",
    installExtensions: false,
    // The pool replaces connections that are lost while idle.
    poolErrorHandler: () => undefined,
  } satisfies DataSourceOptions;
}

function poolOf(source: DataSource): Pool {
  return (source.driver as unknown as { master: Pool }).master;
}

async function untilReachable(attempt: () => Promise<void>, patience: number): Promise<void> {
  const end = performance.now() + patience;
  for (;;) {
    try {
      return await attempt();
    } catch (thrown) {
      const error = translateError(thrown);
      if (!(error instanceof DatabaseUnavailable) || performance.now() + RETRY_INTERVAL_MS > end) throw error;
      await delay(RETRY_INTERVAL_MS);
    }
  }
}

/** The address without its password. */
function withoutPassword(url: string): string {
  const { host, pathname } = new URL(url);
  return `${host}${pathname}`;
}
