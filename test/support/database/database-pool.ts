import { randomBytes } from "node:crypto";
import pg from "pg";
import { openDatabase } from "../../../src/database/open.js";
import type { Cleanup } from "../service/temporary-folder.js";

/*
 * Databases for tests on PostgreSQL. To create one from a template and to drop it takes the server 85 ms of processor time. To
 * empty one takes 10 ms, so a process uses a database for one test after another. One whose schema or statistics a test has
 * changed, or that has grown, is dropped.
 */

/** Empty databases of this process, by cluster and template. */
const free = new Map<string, string[]>();

/** Creates a template database: with all tables, and with functions that empty a copy. */
export async function createTemplate(clusterUrl: string): Promise<string> {
  const name = await createCopy(clusterUrl, "template0", "railyard_template");
  await (await openDatabase(databaseUrl(clusterUrl, name), { poolSize: 1 })).close();
  await query(databaseUrl(clusterUrl, name), FUNCTIONS);
  return name;
}

/** Returns the URL of an empty copy of a template of `createTemplate`. At the end of the test, others may use it. */
export async function borrowDatabase(t: Cleanup, clusterUrl: string, template: string): Promise<string> {
  const key = `${clusterUrl} ${template}`;
  const name = free.get(key)?.pop() ?? (await createCopy(clusterUrl, template, "railyard_test"));
  t.after(async () => {
    if (await emptied(databaseUrl(clusterUrl, name))) free.set(key, [...(free.get(key) ?? []), name]);
    else await dropDatabase(clusterUrl, name);
  });
  return databaseUrl(clusterUrl, name);
}

/** Creates a database from a template, and drops it at the end of the test. */
export async function createDatabase(t: Cleanup, clusterUrl: string, template = "template0"): Promise<string> {
  const name = await createCopy(clusterUrl, template, "railyard_test");
  t.after(() => dropDatabase(clusterUrl, name));
  return databaseUrl(clusterUrl, name);
}

/** Runs statements on a cluster or a database, on a connection of their own. */
export async function query(url: string, statement: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: url });
  client.on("error", () => undefined);
  await client.connect();
  try {
    return (await client.query(statement)).rows;
  } finally {
    await client.end();
  }
}

async function createCopy(clusterUrl: string, template: string, prefix: string): Promise<string> {
  const name = `${prefix}_${randomBytes(8).toString("hex")}`;
  // The default strategy writes the whole copy to the log, which takes four times as long.
  await query(clusterUrl, `CREATE DATABASE ${name} TEMPLATE ${template} STRATEGY FILE_COPY`);
  return name;
}

function dropDatabase(clusterUrl: string, name: string): Promise<unknown> {
  return query(clusterUrl, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
}

/** Empties a database, and ends its sessions. Returns false if it is not as it was. */
async function emptied(url: string): Promise<boolean> {
  const rows = await query(url, "SELECT test_copy.empty() AS done").catch(() => []);
  return (rows[0] as { done: boolean } | undefined)?.done === true;
}

export function databaseUrl(clusterUrl: string, name: string): string {
  const url = new URL(clusterUrl);
  url.pathname = `/${name}`;
  return url.href;
}

const FUNCTIONS = `
CREATE SCHEMA test_copy;
CREATE FUNCTION test_copy.describe_schema() RETURNS text LANGUAGE sql AS $$
  SELECT concat_ws(' ',
    (SELECT sum(hashtext(concat(relname, relkind, relnatts, relchecks, relrowsecurity, reloptions))::bigint) FROM pg_class
      WHERE relnamespace = 'public'::regnamespace),
    (SELECT sum(hashtext(concat(conname, convalidated))::bigint) FROM pg_constraint),
    (SELECT sum(hashtext(concat(tgname, tgenabled))::bigint) FROM pg_trigger WHERE NOT tgisinternal),
    (SELECT count(*) FROM pg_proc WHERE pronamespace = 'public'::regnamespace),
    (SELECT count(*) FROM pg_policy),
    (SELECT count(*) FROM pg_statistic WHERE starelid >= 16384),
    (SELECT count(*) FROM pg_db_role_setting))
$$;
-- What the migrations write.
CREATE TABLE test_copy.event_log AS SELECT * FROM public.event_log;
CREATE TABLE test_copy.schema_version AS SELECT * FROM public.schema_version;
CREATE TABLE test_copy.migrations AS SELECT * FROM public.migrations;
CREATE TABLE test_copy.schema_description AS SELECT test_copy.describe_schema() AS text;
CREATE FUNCTION test_copy.empty() RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
  one record;
BEGIN
  PERFORM pg_terminate_backend(pid, 5000) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid();
  IF (SELECT text FROM test_copy.schema_description) IS DISTINCT FROM test_copy.describe_schema() THEN
    RETURN false;
  END IF;
  -- Without the triggers of foreign keys.
  SET LOCAL session_replication_role = replica;
  FOR one IN SELECT oid, oid::regclass AS name, pg_relation_size(oid) AS size FROM pg_class
    WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' LOOP
    IF one.size > 512 * 1024 THEN
      RETURN false;
    END IF;
    IF one.size > 0 THEN
      EXECUTE format('DELETE FROM %s', one.name);
    END IF;
  END LOOP;
  INSERT INTO event_log SELECT * FROM test_copy.event_log;
  INSERT INTO schema_version SELECT * FROM test_copy.schema_version;
  INSERT INTO migrations SELECT * FROM test_copy.migrations;
  -- Positions start again. A migration that a test takes back gets a new id.
  PERFORM setval(oid, 1, false) FROM pg_class
    WHERE relnamespace = 'public'::regnamespace AND relkind = 'S' AND relname <> 'migrations_id_seq';
  RETURN true;
END
$$`;
