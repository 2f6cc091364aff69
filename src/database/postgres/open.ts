import type { Pool } from "pg";
import { DataSource } from "typeorm";
import { Interruptible } from "../../async/interruptible.js";
import { ENTITIES } from "../../entities/index.js";
import { type Database, DatabaseOpenError, DatabaseUnavailable, type ProblemListener } from "../database.js";
import { postgresDialect } from "../rows/dialect.js";
import { SnakeCaseNaming, Tables } from "../rows/entity-mapper.js";
import { Reader, type Runner, type StatementCount } from "../rows/reader.js";
import { Tx } from "../rows/tx.js";
import { type Attempt, StartAborted, type StartUpOptions, untilOpen } from "../start-up.js";
import { Writes } from "../writes.js";
import {
  CONNECT_TIMEOUT_MS,
  connectionOptions,
  RESPONSE_TIMEOUT_MS,
  STATEMENT_TIMEOUT_MS,
  withoutPassword,
} from "./connection.js";
import { isTimeout, translateError } from "./errors.js";
import { type ListenOptions, LogListener } from "./log-listener.js";
import { migrate } from "./migrate.js";
import { PooledSnapshot, readRows, transact } from "./pool.js";

/**
 * How long a transaction may be idle, for example because its instance hangs, in milliseconds. Then the server ends it
 * and releases its locks.
 */
const IDLE_TIMEOUT_MS = 30_000;

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
    opened.push(await connect(url, poolSize, ENTITIES));
    // The mapping of the writer serves both, and takes a while.
    opened.push(await connect(url, poolSize, []));
    const [writer, reader] = opened as [DataSource, DataSource];
    return assemble(url, { writer, reader }, options);
  } catch (error) {
    for (const source of opened) await source.destroy();
    throw translateError(error);
  }
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
  const writePool = getPool(writer);
  const readPool = getPool(reader);
  const running = new Interruptible();
  const report = problemReporter(onProblem);
  const run = <T>(task: () => Promise<T>) => running.run(() => report(task));
  const reading: Runner = { query: (text, values) => run(() => readRows(readPool, text, values)) };
  const committed = new Reader(reading, postgresDialect, tables, count);
  // Polling is not part of any operation: it is not counted.
  const pollReader = new Reader(reading, postgresDialect, tables, { statements: 0 });
  const logListener = new LogListener({ url, connectTimeout: CONNECT_TIMEOUT_MS, reader: pollReader, pace });
  const writes = new Writes({
    transact: (work) => running.run(() => transact(writePool, work)),
    createTx: (transaction, retried) => new Tx(transaction, postgresDialect, tables, count, [], null, retried),
  });
  return {
    exclusive: false,
    reader: committed,
    write: writes.write,
    // On the connections for reading: on the others it would wait behind transactions that wait for locks.
    shared: reading,
    snapshot() {
      const snapshot = new PooledSnapshot(readPool);
      return { query: (text, values) => run(() => snapshot.query(text, values)), end: () => snapshot.end() };
    },
    onWakeUp: (listener) => logListener.add(listener),
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
        await logListener.close();
        await reader.destroy();
        await writer.destroy();
      })();
      // The connections to an unresponsive database cannot be closed.
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

async function connect(url: string, poolSize: number, entities: typeof ENTITIES | []): Promise<DataSource> {
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
    entities: [...entities],
    namingStrategy: new SnakeCaseNaming(),
  });
  return source.initialize();
}

function getPool(source: DataSource): Pool {
  return (source.driver as unknown as { master: Pool }).master;
}
