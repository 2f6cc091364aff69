import { type DataSource, QueryFailedError } from "typeorm";
import type { Runner } from "../rows/reader.js";
import type { SqliteFile, SqliteStatement } from "./file.js";

/** Prepared statements that a connection keeps. The service has fewer than 200 different ones. */
const MAX_CACHED_STATEMENTS = 500;

/**
 * Runs statements directly on the connection that TypeORM opened. TypeORM's own path adds promises, logging and
 * broadcasts to each statement: about 15 µs, for a read that takes 5.
 */
export class SqliteRunner implements Runner {
  readonly #file: SqliteFile;
  readonly #statements = new Map<string, SqliteStatement>();

  constructor(source: DataSource) {
    this.#file = (source.driver as unknown as { databaseConnection: SqliteFile }).databaseConnection;
  }

  get inTransaction(): boolean {
    return this.#file.inTransaction;
  }

  /** @throws QueryFailedError like TypeORM */
  async query(text: string, parameters: readonly unknown[] = []): Promise<unknown> {
    try {
      const statement = this.#prepared(text);
      // SQLite has no booleans. Most statements have none, and an INSERT of many rows has hundreds of values.
      const values = parameters.some(isBoolean) ? parameters.map(toBindable) : parameters;
      return statement.reader ? statement.all(...values) : statement.run(...values);
    } catch (error) {
      throw new QueryFailedError(text, [...parameters], error as Error);
    }
  }

  #prepared(text: string): SqliteStatement {
    const known = this.#statements.get(text);
    if (known !== undefined) return known;
    const statement = this.#file.prepare(text);
    // An INSERT has a text for every number of rows: the oldest statement is dropped.
    const [oldest] = this.#statements.keys();
    if (this.#statements.size >= MAX_CACHED_STATEMENTS && oldest !== undefined) this.#statements.delete(oldest);
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
