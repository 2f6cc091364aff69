import type { Pool } from "pg";
import { DataSource, type DataSourceOptions, type QueryRunner } from "typeorm";
import { Interruptible } from "../../async/interruptible.js";
import { ENTITIES } from "../../entities/index.js";
import { type Database, DatabaseOpenError, DatabaseUnavailable, type ProblemListener } from "../database.js";
import { POSTGRES_MIGRATIONS } from "../migrations/postgres/index.js";
import { ADVISORY_LOCKS, postgresDialect } from "../rows/dialect.js";
import { SnakeCaseNaming, Tables } from "../rows/entity-mapper.js";
import { Reader, type Runner, type StatementCount } from "../rows/reader.js";
import { Tx } from "../rows/tx.js";
import { migrateSchema } from "../schema-version.js";
import { type Attempt, StartAborted, type StartUpOptions, untilOpen } from "../start-up.js";
import { Writes } from "../writes.js";
import { isTimeout, translateError } from "./errors.js";
import { type ListenOptions, LogListener } from "./log-listener.js";
import { PooledSnapshot, rowsOf, transact } from "./pool.js";

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
/** A migration that waits for the lock of another session, for example on a table. Then it is retried. */
const MIGRATION_LOCK_TIMEOUT_MS = 5_000;

export interface PostgresOptions extends StartUpOptions {
  /** Connections for writing, and as many for reading; one more listens. */
  readonly poolSize: number;
  /** Options of the log listener, if they differ from the defaults. */
  readonly listen?: Partial<ListenOptions>;
  readonly onProblem?: ProblemListener;
}

/**
 * Opens a PostgreSQL database: a pool for writing, with one transaction per connection, and a pool for reading, so that
 * queries never wait behind writers that wait for locks.
 *
 * @param url `postgres://user:password@host:port/database`
 */
export async function openPostgres(url: string, options: PostgresOptions): Promise<Database> {
  try {
    return await untilOpen((attempt) => openOnce(url, options, attempt), options);
  } catch (error) {
    if (error instanceof DatabaseOpenError || error instanceof StartAborted) throw error;
    const { message } = (error instanceof DatabaseUnavailable ? (error.cause ?? error) : error) as Error;
    const reason = message || String((error as { code?: unknown }).code ?? error);
    const what = error instanceof DatabaseUnavailable ? "cannot be reached" : "cannot be opened";
    throw new DatabaseOpenError(`The database ${withoutPassword(url)} ${what}: ${reason}`, { cause: error });
  }
}

async function openOnce(url: string, options: PostgresOptions, attempt: Attempt): Promise<Database> {
  const { poolSize } = options;
  const opened: DataSource[] = [];
  try {
    await migrate(url, attempt);
    opened.push(await connect(url, poolSize));
    opened.push(await connect(url, poolSize));
    const [writer, reader] = opened as [DataSource, DataSource];
    return assemble(url, { writer, reader }, options);
  } catch (error) {
    for (const source of opened) await source.destroy();
    throw translateError(error);
  }
}

/** Runs the migrations, one instance at a time. The others wait, and find nothing left to do. */
async function migrate(url: string, attempt: Attempt): Promise<void> {
  const source = await new DataSource({
    ...connectionOptions(url, 2),
    // Migrations have no statement timeout.
    extra: {
      connectionTimeoutMillis: Math.min(CONNECT_TIMEOUT_MS, Math.max(1, attempt.remaining)),
      lock_timeout: MIGRATION_LOCK_TIMEOUT_MS,
      keepAlive: true,
    },
    entities: ENTITIES,
    namingStrategy: new SnakeCaseNaming(),
    migrations: POSTGRES_MIGRATIONS,
    migrationsTableName: "migrations",
  }).initialize();
  try {
    const lock = source.createQueryRunner();
    // Locked by a transaction instead of the session, because a connection pooler does not keep sessions.
    await lock.startTransaction();
    await lockMigrations(lock);
    attempt.proceed();
    await migrateSchema(source, withoutPassword(url));
    await lock.commitTransaction();
  } finally {
    await source.destroy();
  }
}

/** @throws DatabaseUnavailable with the holder if another session holds the lock */
async function lockMigrations(turn: QueryRunner): Promise<void> {
  const lock = ADVISORY_LOCKS.migrations;
  const [{ locked }] = await turn.query(`SELECT pg_try_advisory_xact_lock(${lock}) AS locked`);
  if (locked) return;
  const [holder] = await turn.query(
    `SELECT pid, application_name FROM pg_locks JOIN pg_stat_activity USING (pid)
      WHERE locktype = 'advisory' AND granted AND objsubid = 1 AND (classid::bigint << 32) | objid::bigint = ${lock}
        AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`,
  );
  const name = holder === undefined ? "" : `: process ${holder.pid} (${holder.application_name || "unnamed"})`;
  throw new DatabaseUnavailable(`Another session holds the lock for migrations${name}.`);
}

interface Connections {
  readonly writer: DataSource;
  readonly reader: DataSource;
}

function assemble(
  url: string,
  { writer, reader }: Connections,
  { listen: pace = {}, onProblem }: PostgresOptions,
): Database {
  const tables = new Tables(writer);
  const count: StatementCount = { statements: 0 };
  const writePool = poolOf(writer);
  const readPool = poolOf(reader);
  const running = new Interruptible();
  const report = problemReporter(onProblem);
  const run = <T>(task: () => Promise<T>) => running.run(() => report(task));
  const reading: Runner = { query: (text, values) => run(() => rowsOf(readPool, text, values)) };
  const committed = new Reader(reading, postgresDialect, tables, count);
  // Polling is not part of any operation: it is not counted.
  const looking = new Reader(reading, postgresDialect, tables, { statements: 0 });
  const wakeUps = new LogListener({ url, connectTimeout: CONNECT_TIMEOUT_MS, reader: looking, pace });
  const writes = new Writes({
    transact: (work) => running.run(() => transact(writePool, work)),
    createTx: (transaction, retried) => new Tx(transaction, postgresDialect, tables, count, [], null, retried),
  });
  return {
    exclusive: false,
    reader: committed,
    write: writes.write,
    // Not on the connections for writing, where it would wait behind transactions that wait for locks.
    shared: reading,
    snapshot() {
      const snapshot = new PooledSnapshot(readPool);
      return { query: (text, values) => run(() => snapshot.query(text, values)), end: () => snapshot.end() };
    },
    onWakeUp: (listener) => wakeUps.add(listener),
    onCommitted: writes.onCommitted,
    onTransactionStart: writes.onTransactionStart,
    get waiting() {
      return writes.waiting + readPool.waitingCount;
    },
    get statements() {
      return count.statements;
    },
    async check() {
      const [row] = (await reading.query("SELECT pg_is_in_recovery() AS standby", [])) as { standby: boolean }[];
      if (row?.standby !== false) throw new DatabaseUnavailable("The database is a standby, which cannot be written.");
    },
    interrupt: () => running.interrupt(new DatabaseUnavailable("The service stops without waiting for the database.")),
    async close() {
      await writes.idle();
      const closed = (async () => {
        await wakeUps.close();
        await reader.destroy();
        await writer.destroy();
      })();
      // A database without response would not let connections go.
      await Promise.race([closed, running.interruption]);
    },
  };
}

/** Calls `onProblem` with the first error of an unreachable database, and with null when statements succeed again. */
function problemReporter(onProblem: ProblemListener = () => undefined) {
  let reported = false;
  return async <T>(task: () => Promise<T>): Promise<T> => {
    try {
      const result = await task();
      if (reported) onProblem(null);
      reported = false;
      return result;
    } catch (error) {
      if (!reported && error instanceof DatabaseUnavailable && !isTimeout(error)) {
        reported = true;
        onProblem(error.message);
      }
      throw error;
    }
  };
}

async function connect(url: string, poolSize: number): Promise<DataSource> {
  const source = new DataSource({
    ...connectionOptions(url, poolSize),
    extra: {
      connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
      statement_timeout: STATEMENT_TIMEOUT_MS,
      query_timeout: RESPONSE_TIMEOUT_MS,
      idle_in_transaction_session_timeout: IDLE_TIMEOUT_MS,
      keepAlive: true,
      // Statements are sent without waiting for the results of earlier ones.
      pipeline: true,
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

/** The address without its password. */
function withoutPassword(url: string): string {
  const { host, pathname } = new URL(url);
  return `${host}${pathname}`;
}
