import pg from "pg";
import sql from "sql-template-tag";
import { openDatabase } from "../../../src/database/open.js";
import type { EntityClass, Table } from "../../../src/database/rows/entity-mapper.js";
import { SqliteFile, type SqliteStatement } from "../../../src/database/sqlite/file.js";
import { reportProgress } from "../progress.js";
import { type AddRow, RowGenerator } from "./rows.js";

/** Rows per INSERT: the size up to which the entity mapper caches the text of an INSERT. */
const ROWS_PER_INSERT = 64;

/** Safe for a file that has no other readers and is deleted after an error. */
const BULK_LOAD_PRAGMAS = ["journal_mode = OFF", "synchronous = OFF", "foreign_keys = OFF", "cache_size = -262144"];

/**
 * Creates a database file of the current schema and fills it. Rows use the entity mapper, but are inserted in bulk,
 * without foreign keys and without indexes. The original statements recreate the indexes at the end. Four million rows
 * take one or two minutes. Pages of the file are fuller than in one filled by the service; otherwise there is no
 * difference.
 */
export async function fillSqlite(path: string, pipelines: number): Promise<void> {
  const database = await openDatabase(`sqlite:${path}`);
  await database.close();
  const file = new SqliteFile(path);
  for (const pragma of BULK_LOAD_PRAGMAS) file.pragma(pragma);
  const indexes = file
    .prepare("SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL")
    .all() as {
    name: string;
    sql: string;
  }[];
  for (const { name } of indexes) file.exec(`DROP INDEX ${name}`);
  const inserts = new Inserts(file, (entity) => database.reader.table(entity));
  const rows = new RowGenerator(inserts.add);
  file.exec("BEGIN");
  for (const created of rows.generate(pipelines)) reportProgress("pipelines created", created, pipelines);
  inserts.finish();
  file.prepare("UPDATE event_log SET head = ?").run(rows.head);
  indexes.forEach((index, done) => {
    file.exec(index.sql);
    reportProgress("indexes created", done + 1, indexes.length);
  });
  file.exec("COMMIT");
  file.pragma("journal_mode = WAL");
  file.close();
}

type GetTable = <T extends object>(entity: EntityClass<T>) => Table<T>;

/** Inserts rows in batches, per table. */
class Inserts {
  readonly #file: SqliteFile;
  readonly #getTable: GetTable;
  readonly #waiting = new Map<EntityClass<object>, object[]>();
  readonly #full = new Map<EntityClass<object>, SqliteStatement>();

  constructor(file: SqliteFile, getTable: GetTable) {
    this.#file = file;
    this.#getTable = getTable;
  }

  readonly add: AddRow = (entity, row) => {
    const waiting = this.#waiting.get(entity);
    if (waiting === undefined) {
      this.#waiting.set(entity, [row]);
      return;
    }
    if (waiting.push(row) < ROWS_PER_INSERT) return;
    this.#write(entity, waiting);
    waiting.length = 0;
  };

  finish(): void {
    for (const [entity, rows] of this.#waiting) if (rows.length > 0) this.#write(entity, rows);
    this.#waiting.clear();
  }

  #write(entity: EntityClass<object>, rows: readonly object[]): void {
    const { sql: text, values } = this.#getTable(entity).insert(rows);
    let statement = rows.length === ROWS_PER_INSERT ? this.#full.get(entity) : undefined;
    if (statement === undefined) {
      statement = this.#file.prepare(text);
      if (rows.length === ROWS_PER_INSERT) this.#full.set(entity, statement);
    }
    statement.run(...values.map((value) => (typeof value === "boolean" ? Number(value) : value)));
  }
}

/** Creates the current schema in an empty PostgreSQL database and fills it with the same rows. */
export async function fillPostgres(url: string, pipelines: number): Promise<void> {
  const database = await openDatabase(url);
  try {
    const waiting = new Map<EntityClass<object>, object[]>();
    const rows = new RowGenerator((entity, row) => {
      const same = waiting.get(entity);
      if (same === undefined) waiting.set(entity, [row]);
      else same.push(row);
    });
    for (const created of rows.generate(pipelines)) {
      // Parents are generated before their children, so the map lists parent tables first.
      await database.write(async (tx) => {
        for (const [entity, some] of waiting) await tx.insert(entity, some);
      });
      for (const some of waiting.values()) some.length = 0;
      reportProgress("pipelines created", created, pipelines);
    }
    await database.write((tx) => tx.execute("move_log_head", sql`UPDATE event_log SET head = ${rows.head}`));
  } finally {
    await database.close();
  }
  await moveSequences(url);
  // Otherwise autovacuum would do it during a measurement.
  await runStatement(url, "VACUUM ANALYZE");
}

/** Advances the sequences of positions past the rows that were inserted with explicit positions. */
async function moveSequences(url: string): Promise<void> {
  for (const table of ["builds", "couplings", "releases"])
    await runStatement(url, `SELECT setval('${table}_position', MAX(position)) FROM ${table}`);
}

/** Runs one statement outside of a transaction. */
export async function runStatement(url: string, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}
