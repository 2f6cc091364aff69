import pg from "pg";
import { DataSource, type QueryRunner } from "typeorm";
import { DatabaseUnavailable } from "../database.js";
import { POSTGRES_MIGRATIONS } from "../migrations/postgres/index.js";
import { ADVISORY_LOCKS } from "../rows/dialect.js";
import { isUpToDate, migrateSchema } from "../schema-version.js";
import type { Attempt } from "../start-up.js";
import {
  CONNECT_TIMEOUT_MS,
  connectionOptions,
  RESPONSE_TIMEOUT_MS,
  STATEMENT_TIMEOUT_MS,
  withoutPassword,
} from "./connection.js";
import { UNDEFINED_TABLE } from "./errors.js";

/**
 * How long a migration waits for a lock of another session, for example on a table, in milliseconds. Then the start is
 * retried.
 */
const MIGRATION_LOCK_TIMEOUT_MS = 5_000;

/** Runs the migrations if any are missing, one instance at a time. The others wait, and find nothing left to do. */
export async function migrate(url: string, attempt: Attempt): Promise<void> {
  if (await needsNoMigration(url, attempt)) return;
  const source = await new DataSource({
    ...connectionOptions(url, 2),
    // Migrations have no statement timeout.
    extra: {
      connectionTimeoutMillis: connectTimeout(attempt),
      lock_timeout: MIGRATION_LOCK_TIMEOUT_MS,
      keepAlive: true,
    },
    migrations: POSTGRES_MIGRATIONS,
    migrationsTableName: "migrations",
  }).initialize();
  try {
    const lock = source.createQueryRunner();
    // A lock of the transaction instead of the session, because a connection pooler may change sessions.
    await lock.startTransaction();
    await lockMigrations(lock);
    attempt.proceed();
    await migrateSchema(source, withoutPassword(url));
    await lock.commitTransaction();
  } finally {
    await source.destroy();
  }
}

/** Whether every migration was executed, as at most starts. Uses a single connection. */
async function needsNoMigration(url: string, attempt: Attempt): Promise<boolean> {
  const client = new pg.Client({
    connectionString: url,
    application_name: "railyard",
    connectionTimeoutMillis: connectTimeout(attempt),
    statement_timeout: STATEMENT_TIMEOUT_MS,
    query_timeout: RESPONSE_TIMEOUT_MS,
  });
  // Without a listener, the loss of the connection would end the process. The statement fails anyway.
  client.on("error", () => undefined);
  try {
    await client.connect();
    const { rows } = await client.query<{ name: string; version: string }>(
      "SELECT m.name, v.version FROM migrations m LEFT JOIN schema_version v ON v.id = 1",
    );
    return isUpToDate(
      POSTGRES_MIGRATIONS,
      rows.map(({ name }) => name),
      rows[0]?.version,
    );
  } catch (error) {
    if ((error as { code?: string }).code === UNDEFINED_TABLE) return false;
    throw error;
  } finally {
    await client.end();
  }
}

/** How long an attempt to start waits for a connection, in milliseconds. */
function connectTimeout(attempt: Attempt): number {
  return Math.min(CONNECT_TIMEOUT_MS, Math.max(1, attempt.remaining));
}

/** @throws DatabaseUnavailable with the holder if another session holds the lock */
async function lockMigrations(runner: QueryRunner): Promise<void> {
  const lock = ADVISORY_LOCKS.migrations;
  const [{ locked }] = await runner.query(`SELECT pg_try_advisory_xact_lock(${lock}) AS locked`);
  if (locked) return;
  const [holder] = await runner.query(
    `SELECT pid, application_name FROM pg_locks JOIN pg_stat_activity USING (pid)
      WHERE locktype = 'advisory' AND granted AND objsubid = 1 AND (classid::bigint << 32) | objid::bigint = ${lock}
        AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`,
  );
  const name = holder === undefined ? "" : `: process ${holder.pid} (${holder.application_name || "unnamed"})`;
  throw new DatabaseUnavailable(`Another session holds the lock for migrations${name}.`);
}
