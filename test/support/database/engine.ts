import { copyFileSync } from "node:fs";
import { join } from "node:path";
import { openDatabase } from "../../../src/database/open.js";
import { SqliteFile } from "../../../src/database/sqlite/file.js";
import { type Cleanup, temporaryFolder } from "../service/temporary-folder.js";
import { borrowDatabase, createDatabase, query } from "./database-pool.js";

/*
 * The engine that the tests run on. If TEST_DATABASE_URL is set (a postgres:// URL whose user may create databases), every
 * server gets a new database there. Otherwise it gets a new SQLite file. `npm test` runs the tests both ways.
 */

export type Engine = "sqlite" | "postgres";

const clusterUrl = process.env.TEST_DATABASE_URL || null;
/** The template of new databases, with all tables. Without it, servers create the tables. */
const TEMPLATE = process.env.TEST_DATABASE_TEMPLATE || undefined;

export const engine: Engine = clusterUrl === null ? "sqlite" : "postgres";

/** For tests of one engine: `it("…", onlyOn("sqlite"), async (t) => …)`. Works with `describe` too. */
export function onlyOn(wanted: Engine): { skip?: string } {
  return engine === wanted ? {} : { skip: `is about ${wanted}` };
}

/** Splits the runs of a property test between the two engines. */
export function runsPerEngine(runs: number): number {
  return Math.ceil(runs / 2);
}

/** Creates a new database, and returns its URL. It is removed at the end of the test. */
export async function freshDatabase(t: Cleanup): Promise<string> {
  return clusterUrl === null ? freshFile(t) : createDatabase(t, clusterUrl, TEMPLATE);
}

/**
 * Returns the URL of an empty database, like `freshDatabase`, for a server that is closed before the cleanup of `t`: on PostgreSQL,
 * other tests of the process may use the database afterwards.
 */
export async function borrowFreshDatabase(t: Cleanup): Promise<string> {
  if (clusterUrl === null) return freshFile(t);
  return TEMPLATE === undefined ? createDatabase(t, clusterUrl) : borrowDatabase(t, clusterUrl, TEMPLATE);
}

function freshFile(t: Cleanup): string {
  const file = join(temporaryFolder(t), "railyard.sqlite");
  if (process.env.TEST_SQLITE_TEMPLATE) copyFileSync(process.env.TEST_SQLITE_TEMPLATE, file);
  return `sqlite:${file}`;
}

/** Creates a SQLite file with all tables, to copy for each server. */
export async function createSqliteTemplate(folder: string): Promise<string> {
  const file = join(folder, "template.sqlite");
  await (await openDatabase(`sqlite:${file}`)).close();
  return file;
}

/** Runs a statement on a database that no server has open, and returns its rows. */
export async function queryStopped(url: string, statement: string): Promise<unknown[]> {
  if (!url.startsWith("sqlite:")) return query(url, statement);
  const file = new SqliteFile(url.slice("sqlite:".length));
  try {
    return file
      .prepare(statement)
      .all()
      .map((row) => ({ ...row }));
  } finally {
    file.close();
  }
}
