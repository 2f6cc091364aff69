import { LRUCache } from "lru-cache";
import { type DataSource, QueryFailedError } from "typeorm";
import type { Runner } from "../rows/reader.js";
import { translateError } from "./errors.js";
import type { SqliteFile, SqliteStatement } from "./file.js";

/**
 * Maximum number of prepared statements of a connection. The service uses fewer than 200 different ones, plus one
 * INSERT for each number of rows. The least recently used is evicted.
 */
const MAX_CACHED_STATEMENTS = 500;

/**
 * Runs statements directly on the connection that TypeORM opened. TypeORM's own path adds promises, logging and
 * broadcasts to each statement: about 15 µs, for a read that takes 5.
 */
export class SqliteRunner implements Runner {
  readonly #file: SqliteFile;
  readonly #onError: (error: unknown) => void;
  readonly #statements = new LRUCache<string, SqliteStatement>({ max: MAX_CACHED_STATEMENTS });

  /** @param onError called with the error of every statement */
  constructor(source: DataSource, onError: (error: unknown) => void = () => undefined) {
    this.#onError = onError;
    this.#file = (source.driver as unknown as { databaseConnection: SqliteFile }).databaseConnection;
  }

  get inTransaction(): boolean {
    return this.#file.inTransaction;
  }

  /** Writes the write-ahead log into the file, and empties it. */
  checkpoint(): void {
    this.#file.pragma("wal_checkpoint(TRUNCATE)");
  }

  /**
   * @throws DatabaseUnavailable if the file is locked, damaged or on a full disk; QueryFailedError like TypeORM
   *   otherwise
   */
  async query(text: string, parameters: readonly unknown[] = []): Promise<unknown> {
    try {
      const statement = this.#prepared(text);
      // SQLite has no booleans. The check avoids a copy: most statements have none, and an INSERT may have hundreds of
      // values.
      const values = parameters.some(isBoolean) ? parameters.map(toBindable) : parameters;
      return statement.reader ? statement.all(...values) : statement.run(...values);
    } catch (error) {
      const translated = translateError(error);
      this.#onError(translated);
      throw translated === error ? new QueryFailedError(text, [...parameters], error as Error) : translated;
    }
  }

  #prepared(text: string): SqliteStatement {
    const known = this.#statements.get(text);
    if (known !== undefined) return known;
    const statement = this.#file.prepare(text);
    this.#statements.set(text, statement);
    return statement;
  }
}

function isBoolean(value: unknown): boolean {
  return typeof value === "boolean";
}

function toBindable(value: unknown): unknown {
  return typeof value === "boolean" ? Number(value) : value;
}
