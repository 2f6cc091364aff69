import { type Database, DatabaseUnusable } from "./database.js";
import { openSqlite } from "./sqlite.js";

/**
 * Opens the database of a URL and brings its tables up to date.
 *
 * @param url `sqlite:<path>`, relative to the working directory or absolute
 * @throws DatabaseUnusable where it cannot be opened; the message says why
 */
export async function openDatabase(url: string): Promise<Database> {
  const path = /^sqlite:(?:\/\/(?=\/))?(.+)$/.exec(url)?.[1];
  if (path === undefined || path === ":memory:") {
    throw new DatabaseUnusable("DATABASE_URL must be sqlite:<path of a file>.");
  }
  return openSqlite(path);
}
