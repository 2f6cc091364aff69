import { createRequire } from "node:module";
import type { DatabaseSyncInstance, StatementSyncInstance } from "@photostructure/sqlite";

/*
 * The one place that knows which SQLite engine runs. All have the API of `node:sqlite`: Node's own where it is complete
 * (22.16 and newer), and the optional package `@photostructure/sqlite` elsewhere. What is offered here is the part of
 * better-sqlite3's API that TypeORM's driver calls (its `driver` option) and that Railyard needs itself.
 */

type SqlValue = string | number | bigint | null | Uint8Array;
type SqlRow = Record<string, SqlValue>;

export interface FileOptions {
  /** @default false */
  readonly readonly?: boolean;
  /** How long a statement waits for a lock of another process, in milliseconds. @default 5_000 */
  readonly timeout?: number;
}

interface Engine {
  readonly DatabaseSync: new (path: string, options: { readOnly: boolean; timeout: number }) => DatabaseSyncInstance;
}

/** An open SQLite file. Errors carry SQLite's own code in `code`, for example `SQLITE_BUSY`. */
export class SqliteFile {
  readonly #database: DatabaseSyncInstance;
  readonly #readonly: boolean;

  constructor(path: string, { readonly = false, timeout = 5_000 }: FileOptions = {}) {
    this.#readonly = readonly;
    this.#database = withCode(() => new ENGINE.DatabaseSync(path, { readOnly: readonly, timeout }));
  }

  get inTransaction(): boolean {
    return this.#database.isTransaction;
  }

  prepare(text: string): SqliteStatement {
    return new SqliteStatement(
      this,
      withCode(() => this.#database.prepare(text)),
    );
  }

  /** Runs statements that return no rows. */
  exec(text: string): void {
    withCode(() => this.#database.exec(text));
  }

  /** Sets a pragma, as `journal_mode = WAL`. Prepares nothing: a statement object may keep the file locked. */
  pragma(text: string): void {
    this.exec(`PRAGMA ${text}`);
  }

  close(): void {
    if (!this.#readonly) this.#checkpoint();
    withCode(() => this.#database.close());
  }

  /** Not every engine checkpoints when it closes; without it the write-ahead log stays beside the file. */
  #checkpoint(): void {
    try {
      this.exec("PRAGMA wal_checkpoint(TRUNCATE)");
    } catch {
      // Another process has locked the file, or a transaction is open. The next process that opens the file reads the
      // log.
    }
  }
}

/**
 * A prepared statement. Values to bind are strings, numbers, bigints, null and Uint8Array; the engine refuses any
 * other, booleans included.
 */
export class SqliteStatement {
  /**
   * A reference that keeps the file open: an engine closes a database that is garbage collected, even if it has
   * statements.
   */
  protected readonly file: SqliteFile;
  readonly #statement: StatementSyncInstance;
  readonly #columns: readonly string[];

  constructor(file: SqliteFile, statement: StatementSyncInstance) {
    this.file = file;
    this.#statement = statement;
    this.#columns = statement.columns().map(({ name }) => name);
    // The engines make an object of a row property by property, which takes a third of a typical statement's time.
    statement.setReturnArrays(true);
  }

  /** Whether it returns rows. */
  get reader(): boolean {
    return this.#columns.length > 0;
  }

  all(...values: unknown[]): SqlRow[] {
    const rows = withCode(() => this.#statement.all(...(values as SqlValue[]))) as SqlValue[][];
    return rows.map((row) => this.#toRow(row));
  }

  get(...values: unknown[]): SqlRow | undefined {
    const row = withCode(() => this.#statement.get(...(values as SqlValue[]))) as SqlValue[] | undefined;
    return row && this.#toRow(row);
  }

  run(...values: unknown[]): { changes: number | bigint; lastInsertRowid: number | bigint } {
    return withCode(() => this.#statement.run(...(values as SqlValue[])));
  }

  #toRow(values: readonly SqlValue[]): SqlRow {
    const row: SqlRow = {};
    const columns = this.#columns;
    for (let index = 0; index < columns.length; index += 1) row[columns[index] as string] = values[index] as SqlValue;
    return row;
  }
}

const ENGINE = loadEngine();

function loadEngine(): Engine {
  const builtIn = loadBuiltIn();
  if (builtIn !== null && isComplete(builtIn)) return builtIn;
  return createRequire(import.meta.url)("@photostructure/sqlite") as Engine;
}

/**
 * Node 22.13 to 22.15 have the module, but not all of its API. The property is on an instance, not on the prototype.
 */
function isComplete({ DatabaseSync }: Engine): boolean {
  const probe = new DatabaseSync(":memory:", { readOnly: false, timeout: 0 });
  try {
    return "isTransaction" in probe;
  } finally {
    probe.close();
  }
}

/** Node's own engine, or null if Node has none. Node 22 warns that it is experimental; that warning is suppressed. */
function loadBuiltIn(): Engine | null {
  const emit = process.emitWarning;
  process.emitWarning = (warning: string | Error, ...rest: unknown[]) => {
    if (rest[0] !== "ExperimentalWarning") Reflect.apply(emit, process, [warning, ...rest]);
  };
  try {
    return (process.getBuiltinModule?.("node:sqlite") as unknown as Engine | undefined) ?? null;
  } finally {
    process.emitWarning = emit;
  }
}

/** The names of SQLite's primary result codes, by number: https://sqlite.org/rescode.html */
const CODES = [
  ...[
    "OK",
    "ERROR",
    "INTERNAL",
    "PERM",
    "ABORT",
    "BUSY",
    "LOCKED",
    "NOMEM",
    "READONLY",
    "INTERRUPT",
    "IOERR",
    "CORRUPT",
  ],
  ...["NOTFOUND", "FULL", "CANTOPEN", "PROTOCOL", "EMPTY", "SCHEMA", "TOOBIG", "CONSTRAINT", "MISMATCH", "MISUSE"],
  ...["NOLFS", "AUTH", "FORMAT", "RANGE", "NOTADB"],
];

/** The texts of `sqlite3_errstr`, for errors without a number: an engine gives none to errors of running statements. */
const CODES_BY_TEXT: readonly (readonly [text: string, code: string])[] = [
  ["database is locked", "BUSY"],
  ["database table is locked", "LOCKED"],
  ["database or disk is full", "FULL"],
  ["disk I/O error", "IOERR"],
  ["attempt to write a readonly database", "READONLY"],
  ["unable to open database file", "CANTOPEN"],
  ["database disk image is malformed", "CORRUPT"],
  ["malformed database schema", "CORRUPT"],
  ["file is not a database", "NOTADB"],
];

/** Replaces the engine's error code with SQLite's. The low byte of an extended code is the primary one. */
function withCode<T>(run: () => T): T {
  try {
    return run();
  } catch (error) {
    const { errcode, message } = error as Error & { errcode?: number };
    const name =
      errcode === undefined ? CODES_BY_TEXT.find(([text]) => message.startsWith(text))?.[1] : CODES[errcode & 0xff];
    if (name !== undefined) (error as { code: string }).code = `SQLITE_${name}`;
    throw error;
  }
}
