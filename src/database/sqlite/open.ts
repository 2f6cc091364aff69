import type { Server } from "node:net";
import { DataSource } from "typeorm";
import { ENTITIES } from "../../entities/index.js";
import { type Database, DatabaseOpenError, type ProblemListener } from "../database.js";
import { SQLITE_MIGRATIONS } from "../migrations/sqlite/index.js";
import { sqliteDialect } from "../rows/dialect.js";
import { SnakeCaseNaming, Tables } from "../rows/entity-mapper.js";
import { Reader, type Runner, type StatementCount } from "../rows/reader.js";
import { Tx } from "../rows/tx.js";
import { migrateSchema } from "../schema-version.js";
import { StartAborted, type StartUpOptions, untilOpen } from "../start-up.js";
import { Writes } from "../writes.js";
import { createFile, createFolder, lockFile } from "./create-and-lock.js";
import { DatabaseLocked, translateError } from "./errors.js";
import { SqliteFile } from "./file.js";
import { FileGuard } from "./file-guard.js";
import { FileIdentity, reserveFile } from "./file-identity.js";
import { GroupCommit } from "./group-commit.js";
import { SqliteHealth } from "./health.js";
import { untilUnlocked } from "./lock-wait.js";
import { SqliteRunner } from "./runner.js";

export interface SqliteOptions extends StartUpOptions {
  /** How long writes wait behind one transaction, in milliseconds. @default 10_000 */
  readonly transactionTimeout?: number;
  readonly onProblem?: ProblemListener;
}

/** What this process holds while the database is open. */
interface Held {
  readonly lock: SqliteFile;
  readonly reservation: Server | null;
}

/**
 * Opens or creates the database in a file: one connection that writes, behind group commit, and one that only reads.
 *
 * ANALYZE is never run. Without statistics SQLite uses the indexes; with statistics from when a table was small, it
 * would scan the whole table forever after.
 */
export async function openSqlite(name: string, options: SqliteOptions = {}): Promise<Database> {
  createFolder(name);
  createFile(name);
  const file = new FileIdentity(name);
  const lock = lockFile(file.path);
  let reservation: Server | null = null;
  try {
    reservation = await reserveFile(file);
    return await untilOpen(() => openOnce(file, { lock, reservation }, options), options);
  } catch (error) {
    reservation?.close();
    lock.close();
    if (error instanceof DatabaseOpenError || error instanceof StartAborted) throw error;
    throw new DatabaseOpenError(`The database ${name} cannot be opened: ${(error as Error).message}`, { cause: error });
  }
}

async function openOnce(file: FileIdentity, held: Held, options: SqliteOptions): Promise<Database> {
  const opened: DataSource[] = [];
  try {
    const writer = await connect(file.path, false);
    opened.push(writer);
    await migrateSchema(writer, file.path);
    const reader = await connect(file.path, true);
    opened.push(reader);
    return assemble(file, { writer, reader, held }, options);
  } catch (error) {
    for (const source of opened) await source.destroy();
    // Only a locked file is retried. Any other fault ends the start.
    const translated = translateError(error);
    throw translated instanceof DatabaseLocked ? translated : error;
  }
}

interface Connections {
  readonly writer: DataSource;
  readonly reader: DataSource;
  readonly held: Held;
}

function assemble(
  file: FileIdentity,
  { writer, reader, held }: Connections,
  { transactionTimeout, onProblem }: SqliteOptions,
): Database {
  const tables = new Tables(writer);
  const count: StatementCount = { statements: 0 };
  const health = new SqliteHealth(file, onProblem);
  const onError = (error: unknown) => health.failed(error);
  const connection = new SqliteRunner(writer, onError);
  const readConnection = new SqliteRunner(reader, onError);
  const guard = new FileGuard(health, connection);
  const commits = new GroupCommit(connection, transactionTimeout, guard);
  const reading: Runner = {
    query: (text, values) => untilUnlocked(() => readConnection.query(text, values)),
  };
  const listeners = new Set<() => void>();
  const writes = new Writes({
    transact: (work) => commits.transact(work),
    createTx: (transaction) => new Tx(transaction, sqliteDialect, tables, count),
    written: () => {
      for (const listener of listeners) listener();
    },
  });
  return {
    exclusive: true,
    reader: new Reader(reading, sqliteDialect, tables, count),
    write: writes.write,
    onCommitted: writes.onCommitted,
    onTransactionStart: writes.onTransactionStart,
    get waiting() {
      return writes.waiting;
    },
    onWakeUp(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    get statements() {
      return count.statements;
    },
    async check() {
      guard.check();
      await reading.query("SELECT head FROM event_log WHERE id = 1", []);
      if (health.fault === null) return;
      // While no client writes, nothing else would notice that the disk has room again.
      await commits.transact((tx) => tx.query("UPDATE event_log SET head = head WHERE id = 1", []));
      if (health.fault !== null) throw health.fault;
    },
    // Nothing to interrupt: every wait for a file ends within seconds.
    interrupt: () => undefined,
    async close() {
      await writes.idle();
      await reader.destroy();
      await writer.destroy();
      held.reservation?.close();
      held.lock.close();
    },
  };
}

async function connect(path: string, readonly: boolean): Promise<DataSource> {
  const source = new DataSource({
    // The name of TypeORM's driver, not of the engine: file.ts replaces it.
    type: "better-sqlite3",
    driver: SqliteFile,
    database: path,
    readonly,
    // SQLite would block the event loop while it waits for the lock of another process.
    timeout: 0,
    // The mapping of the writer serves both, and takes a while.
    entities: readonly ? [] : ENTITIES,
    namingStrategy: new SnakeCaseNaming(),
    migrations: readonly ? [] : SQLITE_MIGRATIONS,
    migrationsTableName: "migrations",
    prepareDatabase: (file: SqliteFile) => {
      if (readonly) return;
      // FULL: an acknowledged write survives a power loss, not only the end of the process.
      file.pragma("journal_mode = WAL");
      file.pragma("synchronous = FULL");
    },
  });
  return source.initialize();
}
