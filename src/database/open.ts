import { type Database, DatabaseOpenError } from "./database.js";
import { openPostgres, type PostgresOptions } from "./postgres/open.js";
import { openSqlite, type SqliteOptions } from "./sqlite/open.js";

/** The options of both engines. An engine ignores the options of the other one. */
export type DatabaseOptions = PostgresOptions & SqliteOptions;

/**
 * Opens the database of a URL and runs its migrations.
 *
 * @param url `sqlite:<path>`, relative to the working directory or absolute, or `postgres://…`
 * @throws DatabaseOpenError if it cannot be opened; the message says why
 */
export async function openDatabase(url: string, options: DatabaseOptions = { poolSize: 10 }): Promise<Database> {
  if (isPostgres(url)) return openPostgres(url, options);
  const path = /^sqlite:(?:\/\/(?=\/))?(.+)$/.exec(url)?.[1];
  if (path === undefined || path === ":memory:") {
    throw new DatabaseOpenError("DATABASE_URL must be sqlite:<path of a file> or postgres://….");
  }
  return openSqlite(path, options);
}

function isPostgres(url: string): boolean {
  return /^postgres(ql)?:\/\//.test(url);
}
