import { randomBytes } from "node:crypto";
import { copyFileSync } from "node:fs";
import { join } from "node:path";
import pg from "pg";
import { openDatabase } from "../../../src/database/open.js";
import { SqliteFile } from "../../../src/database/sqlite/file.js";
import { type Cleanup, temporaryFolder } from "../service/temporary-folder.js";

/*
 * The engine that the tests run on. If TEST_DATABASE_URL is set (a postgres:// URL whose user may create databases), every
 * server gets a new database there. Otherwise it gets a new SQLite file. `npm test` runs the tests both ways.
 */

export type Engine = "sqlite" | "postgres";

const clusterUrl = process.env.TEST_DATABASE_URL || null;

export const engine: Engine = clusterUrl === null ? "sqlite" : "postgres";

/** For tests of one engine: `it("…", onlyOn("sqlite"), async (t) => …)`. Works with `describe` too. */
export function onlyOn(wanted: Engine): { skip?: string } {
  return engine === wanted ? {} : { skip: `is about ${wanted}` };
}

/** Splits the runs of a property test between the two engines. */
export function runsPerEngine(runs: number): number {
  return Math.ceil(runs / 2);
}

/** Creates the URL of a new database. It is removed at the end of the test. */
export async function freshDatabase(t: Cleanup): Promise<string> {
  if (clusterUrl === null) {
    const file = join(temporaryFolder(t), "railyard.sqlite");
    if (process.env.TEST_SQLITE_TEMPLATE) copyFileSync(process.env.TEST_SQLITE_TEMPLATE, file);
    return `sqlite:${file}`;
  }
  return createDatabase(t, clusterUrl, process.env.TEST_DATABASE_TEMPLATE || "template0");
}

/** Creates a database on a cluster from a template, and drops it at the end of the test. */
export async function createDatabase(t: Cleanup, clusterUrl: string, template = "template0"): Promise<string> {
  const name = `railyard_test_${randomBytes(8).toString("hex")}`;
  await administer(clusterUrl, `CREATE DATABASE ${name} TEMPLATE ${template}`);
  t.after(() => administer(clusterUrl, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`));
  return databaseUrl(clusterUrl, name);
}

/** Creates a SQLite file with all tables, to copy for each server. */
export async function createSqliteTemplate(folder: string): Promise<string> {
  const file = join(folder, "template.sqlite");
  await (await openDatabase(`sqlite:${file}`)).close();
  return file;
}

/** Creates a template database with all tables. */
export async function createTemplate(clusterUrl: string): Promise<string> {
  const name = `railyard_template_${randomBytes(8).toString("hex")}`;
  await administer(clusterUrl, `CREATE DATABASE ${name} TEMPLATE template0`);
  await (await openDatabase(databaseUrl(clusterUrl, name), { poolSize: 1 })).close();
  return name;
}

export async function administer(clusterUrl: string, statement: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: clusterUrl });
  client.on("error", () => undefined);
  await client.connect();
  try {
    return (await client.query(statement)).rows;
  } finally {
    await client.end();
  }
}

/** Runs a statement on a database that no server has open, and returns its rows. */
export async function queryStopped(url: string, statement: string): Promise<unknown[]> {
  if (!url.startsWith("sqlite:")) return administer(url, statement);
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

function databaseUrl(clusterUrl: string, name: string): string {
  const url = new URL(clusterUrl);
  url.pathname = `/${name}`;
  return url.href;
}
