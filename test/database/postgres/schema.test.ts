import assert from "node:assert/strict";
import { describe, it } from "node:test";
import pg from "pg";
import { DataSource } from "typeorm";
import { POSTGRES_MIGRATIONS } from "../../../src/database/migrations/postgres/index.js";
import { SQLITE_MIGRATIONS } from "../../../src/database/migrations/sqlite/index.js";
import { openDatabase } from "../../../src/database/open.js";
import { SqliteFile } from "../../../src/database/sqlite/file.js";
import { bootstrapAdmin } from "../../../src/domain/access/tokens.js";
import { SYSTEM_VIEWER } from "../../../src/domain/core/context.js";
import { createDatabase } from "../../support/database/database-pool.js";
import { OFFLINE } from "../../support/service/offline.js";
import { type Cleanup, onlyOn, startServer, temporaryFolder } from "../../support/service/server.js";

interface Column {
  readonly name: string;
  readonly type: string;
  readonly nullable: boolean;
}

interface Index {
  readonly name: string;
  readonly unique: boolean;
  readonly columns: readonly string[];
  readonly where: string | null;
}

interface Table {
  readonly columns: readonly Column[];
  readonly primaryKey: readonly string[];
  readonly foreignKeys: readonly string[];
  readonly checks: readonly string[];
  readonly indexes: readonly Index[];
}

type Schema = Record<string, Table>;

const CLUSTER = process.env.TEST_DATABASE_URL ?? "";

describe("the schema", onlyOn("postgres"), () => {
  it("has the same tables, columns, constraints and indexes on both engines", async (t) => {
    const sqlite = await migratedSqlite(t);
    const postgres = await schemaOfPostgres(await migratedPostgres(t));
    assert.ok(Object.keys(sqlite).length >= 13, "the tables were found");
    assert.deepEqual(postgres, sqlite);
  });

  it("is the same if migrations run one by one or all at once", async (t) => {
    const url = await createDatabase(t, CLUSTER);
    for (let count = 1; count <= POSTGRES_MIGRATIONS.length; count += 1) {
      const source = new DataSource({ type: "postgres", url, migrations: POSTGRES_MIGRATIONS.slice(0, count) });
      await source.initialize();
      await source.runMigrations({ transaction: "each" });
      await source.destroy();
    }
    assert.deepEqual(await schemaOfPostgres(url), await schemaOfPostgres(await migratedPostgres(t)));
    assert.equal(POSTGRES_MIGRATIONS.length, SQLITE_MIGRATIONS.length);
  });

  it("lets an older instance insert rows that have an order", async (t) => {
    const url = await migratedPostgres(t);
    for (const table of ["builds", "webhook_deliveries", "promotions", "couplings"]) {
      const rows = await ask(
        url,
        `SELECT column_default AS next FROM information_schema.columns
          WHERE table_name = '${table}' AND column_name = 'position'`,
      );
      assert.deepEqual(rows, [{ next: `nextval('${table}_position'::regclass)` }]);
    }
  });

  it("is created once by instances that start together, with one administrator", async (t) => {
    const url = await createDatabase(t, CLUSTER);
    const env = { DATABASE_URL: url, ADMIN_TOKEN: "" };
    const instances = await Promise.all(Array.from({ length: 5 }, () => startServer(t, { env })));
    const secrets = instances.map((instance) => instance.app.adminSecret).filter((secret) => secret !== null);
    assert.equal(secrets.length, 1);
    const rows = await ask(url, "SELECT name FROM migrations ORDER BY id");
    assert.deepEqual(
      rows.map((row) => row.name),
      POSTGRES_MIGRATIONS.map((Migration) => new Migration().name),
    );
  });

  it("gets one administrator, printed once, from instances that start together on an empty one", async (t) => {
    const url = await migratedPostgres(t);
    const databases = await Promise.all(Array.from({ length: 6 }, () => openDatabase(url, { poolSize: 1 })));
    t.after(() => Promise.all(databases.map((database) => database.close())));
    const durations = { deployTimeout: 1, reviewAppTtl: 1, eventRetention: 1 };
    const secrets = await Promise.all(
      databases.map((db) =>
        bootstrapAdmin({ db, viewer: SYSTEM_VIEWER, durations, ...OFFLINE, now: () => new Date() }, null),
      ),
    );
    assert.equal(secrets.filter((secret) => secret !== null).length, 1);
    assert.deepEqual(await ask(url, "SELECT count(*)::int AS tokens FROM tokens"), [{ tokens: 1 }]);
  });
});

async function migratedPostgres(t: Cleanup): Promise<string> {
  const url = await createDatabase(t, CLUSTER);
  await (await openDatabase(url, { poolSize: 1 })).close();
  return url;
}

async function migratedSqlite(t: Cleanup): Promise<Schema> {
  const path = `${temporaryFolder(t)}/railyard.sqlite`;
  await (await openDatabase(`sqlite:${path}`, { poolSize: 1 })).close();
  const file = new SqliteFile(path, { readonly: true });
  t.after(() => file.close());
  const all = <T>(statement: string) => file.prepare(statement).all() as T[];
  const schema: Schema = {};
  for (const { name, sql } of all<{ name: string; sql: string }>(
    "SELECT name, sql FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND name <> 'migrations'",
  )) {
    const columns = all<{ name: string; type: string; notnull: number; pk: number }>(`PRAGMA table_info(${name})`);
    schema[name] = {
      columns: columns.map(({ name, type, notnull }) => ({ name, type: getKind(type), nullable: notnull === 0 })),
      primaryKey: columns
        .filter((column) => column.pk > 0)
        .sort((a, b) => a.pk - b.pk)
        .map((column) => column.name),
      foreignKeys: toForeignKeys(all<KeyColumn>(`PRAGMA foreign_key_list(${name})`)),
      checks: findChecks(sql).sort(),
      indexes: all<{ name: string; sql: string }>(
        `SELECT name, sql FROM sqlite_master WHERE type = 'index' AND tbl_name = '${name}' AND sql IS NOT NULL ORDER BY name`,
      ).map((index) => indexOf(index.name, index.sql)),
    };
  }
  return schema;
}

/** A column of a foreign key, as SQLite lists it. Those of one key have its id. */
interface KeyColumn {
  readonly id: number;
  readonly seq: number;
  readonly from: string;
  readonly table: string;
  readonly to: string;
}

function toForeignKeys(columns: readonly KeyColumn[]): string[] {
  const keys = new Map<number, KeyColumn[]>();
  for (const column of [...columns].sort((a, b) => a.seq - b.seq)) {
    keys.set(column.id, [...(keys.get(column.id) ?? []), column]);
  }
  const list = (key: readonly KeyColumn[], side: "from" | "to") => key.map((column) => column[side]).join(", ");
  return [...keys.values()].map((key) => `${list(key, "from")} -> ${key[0]?.table}.${list(key, "to")}`).sort();
}

async function schemaOfPostgres(url: string): Promise<Schema> {
  const tables = await ask(
    url,
    "SELECT relname AS name, oid FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace AND relname <> 'migrations'",
  );
  const schema: Schema = {};
  for (const { name, oid } of tables) {
    const columns = await ask(
      url,
      `SELECT attname AS name, format_type(atttypid, atttypmod) AS type, NOT attnotnull AS nullable
        FROM pg_attribute WHERE attrelid = ${oid} AND attnum > 0 AND NOT attisdropped ORDER BY attnum`,
    );
    const constraints = await ask(
      url,
      `SELECT contype AS type, pg_get_constraintdef(oid) AS text FROM pg_constraint WHERE conrelid = ${oid} ORDER BY conname`,
    );
    const texts = (type: string) => constraints.filter((one) => one.type === type).map((one) => one.text as string);
    const indexes = await ask(
      url,
      `SELECT c.relname AS name, pg_get_indexdef(c.oid) AS text FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
        WHERE i.indrelid = ${oid} AND NOT i.indisprimary ORDER BY c.relname COLLATE "C"`,
    );
    schema[name as string] = {
      columns: columns.map((column) => ({
        name: column.name as string,
        type: getKind(column.type as string),
        nullable: column.nullable as boolean,
      })),
      primaryKey: texts("p").flatMap((text) => listIn(text)),
      foreignKeys: texts("f")
        .map((text) => text.replace(/FOREIGN KEY \((.+?)\) REFERENCES (\w+)\((.+?)\)/, "$1 -> $2.$3"))
        .sort(),
      checks: texts("c").map(plainCheck).sort(),
      indexes: indexes.map((index) => indexOf(index.name as string, index.text as string)),
    };
  }
  return schema;
}

async function ask(url: string, statement: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(statement)).rows;
  } finally {
    await client.end();
  }
}

/** Integers, times and booleans are all integers on SQLite. */
function getKind(type: string): string {
  return /^(integer|bigint|boolean)$/i.test(type) ? "integer" : type.toLowerCase();
}

function indexOf(name: string, text: string): Index {
  const [, where] = text.split(" WHERE ");
  return {
    name,
    unique: text.startsWith("CREATE UNIQUE"),
    columns: listIn(text.split(" WHERE ")[0] as string),
    where: where === undefined ? null : plain(where),
  };
}

/** The CHECK constraints in the text of a table, whose parentheses may be nested. */
function findChecks(sql: string): string[] {
  return [...sql.matchAll(/CHECK \(/g)].map(({ index }) => {
    let depth = 0;
    const length = [...sql.slice(index)].findIndex((char) => {
      depth += char === "(" ? 1 : char === ")" ? -1 : 0;
      return char === ")" && depth === 0;
    });
    return plainCheck(sql.slice(index, index + length + 1));
  });
}

/** A CHECK constraint as both engines write it: PostgreSQL turns a list into an array. */
function plainCheck(text: string): string {
  const list = /(\w+) = ANY \(\(?ARRAY\[(.*?)\]/.exec(text);
  if (list === null) return plain(text.replace("CHECK", ""));
  return `${list[1]} IN ${list[2]?.replace(/::text/g, "")}`;
}

/** The names in the first parentheses. */
function listIn(text: string): string[] {
  return (/\(([^)]*)\)/.exec(text)?.[1] ?? "").split(",").map((name) => name.trim().replaceAll('"', ""));
}

/** A condition without the parentheses and type names that an engine adds. */
function plain(condition: string): string {
  return condition
    .replace(/::text/g, "")
    .replace(/[()]/g, "")
    .trim();
}
