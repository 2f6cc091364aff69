import { randomBytes } from "node:crypto";
import { join } from "node:path";
import pg from "pg";
import { openDatabase } from "../../src/database/open.js";
import { type Cleanup, temporaryFolder } from "./temporary-folder.js";

/*
 * Which engine the tests run on. With TEST_DATABASE_URL, a postgres:// address whose user may create databases, every
 * server gets a database of its own there; without it, a SQLite file. `npm test` runs all tests both ways.
 */

export type Engine = "sqlite" | "postgres";

const clusterUrl = process.env.TEST_DATABASE_URL || null;

export const engine: Engine = clusterUrl === null ? "sqlite" : "postgres";

/** For the tests of what one engine alone has: `it("…", onlyOn("sqlite"), async (t) => …)`, and so with `describe`. */
export function onlyOn(wanted: Engine): { skip?: string } {
  return engine === wanted ? {} : { skip: `is about ${wanted}` };
}

/** Half of the runs that a property is to have: as every test runs on both engines, the other half is the other's. */
export function runsPerEngine(runs: number): number {
  return Math.ceil(runs / 2);
}

/** The address of a database of the test's own, which nobody has opened yet. It is gone when the test has ended. */
export async function freshDatabase(t: Cleanup): Promise<string> {
  if (clusterUrl === null) return `sqlite:${join(temporaryFolder(t), "railyard.sqlite")}`;
  return createDatabase(t, clusterUrl, process.env.TEST_DATABASE_TEMPLATE || "template0");
}

/** Makes a database on a cluster, as a copy of another one, and drops it when the test has ended. */
export async function createDatabase(t: Cleanup, clusterUrl: string, template = "template0"): Promise<string> {
  const name = `railyard_test_${randomBytes(8).toString("hex")}`;
  await administer(clusterUrl, `CREATE DATABASE ${name} TEMPLATE ${template}`);
  t.after(() => administer(clusterUrl, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`));
  return databaseUrl(clusterUrl, name);
}

/** Makes a database with all tables, for others to be copies of. */
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

function databaseUrl(clusterUrl: string, name: string): string {
  const url = new URL(clusterUrl);
  url.pathname = `/${name}`;
  return url.href;
}
