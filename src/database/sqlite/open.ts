import { closeSync, mkdirSync, openSync } from "node:fs";
import { dirname } from "node:path";
import { DataSource } from "typeorm";
import { ENTITIES } from "../../entities/index.js";
import { type Database, DatabaseOpenError } from "../database.js";
import { SQLITE_MIGRATIONS } from "../migrations/sqlite/index.js";
import { sqliteDialect } from "../rows/dialect.js";
import { SnakeCaseNaming, Tables } from "../rows/entity-mapper.js";
import { Reader, type StatementCount } from "../rows/reader.js";
import { Tx } from "../rows/tx.js";
import { migrateSchema } from "../schema-version.js";
import { Writes } from "../writes.js";
import { SqliteFile } from "./file.js";
import { GroupCommit } from "./group-commit.js";
import { SqliteRunner } from "./runner.js";

export interface SqliteOptions {
  /** How long writes wait behind one transaction, in milliseconds. @default 10_000 */
  readonly transactionTimeout?: number;
}

/**
 * Opens or creates the database in a file: one connection that writes, behind group commit, and one that only reads.
 *
 * ANALYZE is never run. Without statistics SQLite uses the indexes; with statistics from when a table was small, it
 * would scan the whole table forever after.
 */
export async function openSqlite(path: string, options: SqliteOptions = {}): Promise<Database> {
  createFolder(path);
  createFile(path);
  const lock = lockFile(path);
  const opened: DataSource[] = [];
  try {
    const writer = await connect(path, false);
    opened.push(writer);
    await migrateSchema(writer, path);
    const reader = await connect(path, true);
    opened.push(reader);
    return assemble(writer, reader, lock, options);
  } catch (error) {
    for (const source of opened) await source.destroy();
    lock.close();
    if (error instanceof DatabaseOpenError) throw error;
    throw new DatabaseOpenError(`The database ${path} cannot be opened: ${(error as Error).message}`, { cause: error });
  }
}

function assemble(
  writer: DataSource,
  reader: DataSource,
  lock: SqliteFile,
  { transactionTimeout }: SqliteOptions,
): Database {
  const tables = new Tables(writer);
  const count: StatementCount = { statements: 0 };
  const connection = new SqliteRunner(writer);
  const commits = new GroupCommit(connection, transactionTimeout);
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
    reader: new Reader(new SqliteRunner(reader), sqliteDialect, tables, count),
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
    async close() {
      await writes.idle();
      await reader.destroy();
      await writer.destroy();
      lock.close();
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
    entities: ENTITIES,
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

/**
 * Locks the database for this process, with an open transaction on a file beside it. The operating system releases the
 * lock however the process ends, so no stale lock is left behind.
 */
function lockFile(path: string): SqliteFile {
  const file = openLock(`${path}.lock`);
  try {
    // In memory, so that no journal file is beside the lock.
    file.pragma("journal_mode = MEMORY");
    file.exec("BEGIN EXCLUSIVE");
    return file;
  } catch (error) {
    file.close();
    if ((error as { code?: string }).code !== "SQLITE_BUSY") throw lockError(`${path}.lock`, error);
    throw new DatabaseOpenError(
      `The database ${path} is in use by another Railyard process. One process at a time may open it; stop the other one, or use PostgreSQL for several.`,
      { cause: error },
    );
  }
}

function openLock(path: string): SqliteFile {
  try {
    return new SqliteFile(path, { timeout: 0 });
  } catch (error) {
    throw lockError(path, error);
  }
}

function lockError(path: string, error: unknown): DatabaseOpenError {
  return new DatabaseOpenError(`The lock file ${path} cannot be used: ${(error as Error).message}`, { cause: error });
}

/**
 * Creates the file, readable and writable by its owner only. SQLite gives its -wal and -shm files the mode of the file. An
 * existing file keeps its mode.
 */
function createFile(path: string): void {
  try {
    closeSync(openSync(path, "a", 0o600));
  } catch (error) {
    throw new DatabaseOpenError(`The database ${path} cannot be opened: ${(error as Error).message}`, { cause: error });
  }
}

function createFolder(path: string): void {
  try {
    mkdirSync(dirname(path), { recursive: true });
  } catch (error) {
    throw new DatabaseOpenError(`The folder of the database ${path} cannot be made: ${(error as Error).message}`);
  }
}
