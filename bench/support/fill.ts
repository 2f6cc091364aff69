import pg from "pg";
import sql from "sql-template-tag";
import { openDatabase } from "../../src/database/open.js";
import type { EntityClass, Table } from "../../src/database/rows/entity-mapper.js";
import { SqliteFile, type SqliteStatement } from "../../src/database/sqlite/file.js";
import { reportProgress } from "./progress.js";
import { type AddRow, RowGenerator } from "./rows.js";

/** How many rows one INSERT carries: as many as the text of an INSERT is remembered for. */
const ROWS_PER_INSERT = 64;

/** What is safe to do without while nobody else looks at a file that is thrown away if anything goes wrong. */
const BULK_LOAD_PRAGMAS = ["journal_mode = OFF", "synchronous = OFF", "foreign_keys = OFF", "cache_size = -262144"];

/**
 * Makes a database of the current schema in a file and fills it. Rows go in by the entities' own mapping, but through
 * statements of our own, without constraints in the way and into tables without indexes: each index is made at the end, by
 * the statement that it was made with, out of rows that are then sorted once. Four million rows are so a matter of a
 * minute or two, and the file differs from one that the product has filled only in being packed more tightly.
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
  for (const made of rows.generate(pipelines)) reportProgress("pipelines made", made, pipelines);
  inserts.finish();
  file.prepare("UPDATE event_log SET head = ?").run(rows.head);
  indexes.forEach((index, done) => {
    file.exec(index.sql);
    reportProgress("indexes made", done + 1, indexes.length);
  });
  file.exec("COMMIT");
  file.pragma("journal_mode = WAL");
  file.close();
}

type GetTable = <T extends object>(entity: EntityClass<T>) => Table<T>;

/** Writes rows many at a time, each table's by themselves. */
class Inserts {
  readonly #file: SqliteFile;
  readonly #tableOf: GetTable;
  readonly #waiting = new Map<EntityClass<object>, object[]>();
  readonly #full = new Map<EntityClass<object>, SqliteStatement>();

  constructor(file: SqliteFile, tableOf: GetTable) {
    this.#file = file;
    this.#tableOf = tableOf;
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
    const { sql: text, values } = this.#tableOf(entity).insert(rows);
    let statement = rows.length === ROWS_PER_INSERT ? this.#full.get(entity) : undefined;
    if (statement === undefined) {
      statement = this.#file.prepare(text);
      if (rows.length === ROWS_PER_INSERT) this.#full.set(entity, statement);
    }
    statement.run(...values.map((value) => (typeof value === "boolean" ? Number(value) : value)));
  }
}

/** Makes the tables of the current schema in a PostgreSQL database that is empty, and fills them with the same rows. */
export async function fillPostgres(url: string, pipelines: number): Promise<void> {
  const database = await openDatabase(url);
  try {
    const waiting = new Map<EntityClass<object>, object[]>();
    const rows = new RowGenerator((entity, row) => {
      const same = waiting.get(entity);
      if (same === undefined) waiting.set(entity, [row]);
      else same.push(row);
    });
    for (const made of rows.generate(pipelines)) {
      // Parents are made before their children, and so is their table's list.
      await database.write(async (tx) => {
        for (const [entity, some] of waiting) await tx.insert(entity, some);
      });
      for (const some of waiting.values()) some.length = 0;
      reportProgress("pipelines made", made, pipelines);
    }
    await database.write((tx) => tx.query(sql`UPDATE event_log SET head = ${rows.head}`));
  } finally {
    await database.close();
  }
  // What autovacuum would otherwise do while something is measured.
  await runStatement(url, "VACUUM ANALYZE");
}

/** Runs one statement by itself. */
export async function runStatement(url: string, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}
