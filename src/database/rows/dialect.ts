import sql, { join, raw, type Sql } from "sql-template-tag";

/** The few places where the two engines want different SQL; everything else is written once, in what both understand. */
export interface Dialect {
  readonly name: "sqlite" | "postgres";
  /** The statement with the engine's own placeholders. */
  text(statement: Sql): string;
  /** `column` is one of `values`: one parameter whatever their number, so that the statement's text stays the same. */
  oneOf(column: Sql, values: readonly unknown[]): Sql;
  /**
   * For each of `parents`, at most the rows that `child` selects; `child` refers to the parent as `p.value`, to its own
   * table as `c`, and ends in an ORDER BY and a LIMIT. Its rows come back as `e`.
   */
  forEachParent(select: Sql, table: string, key: string, parents: readonly string[], child: Sql): Sql;
  /**
   * Whether several transactions write at the same time, so that what one has read may change under it unless it holds a
   * lock. Where not, nothing needs locking, and the lock clauses here are empty.
   */
  readonly concurrent: boolean;
  /** Appended to a SELECT whose rows must not change until the transaction ends. */
  lock(mode: LockMode): Sql;
  /** Waits until no other transaction holds a name, and holds it until this one ends; or null. */
  lockName(name: string): Sql | null;
  /** Waits until no other transaction that appends to the log is under way, and keeps the next ones waiting; or null. */
  readonly lockLog: Sql | null;
  /** A table, where a definition that takes its place before a statement is being given. */
  shadowed(table: string): Sql;
  /** Selects the next position of a table as `position`: larger than every other, also those of other transactions. */
  nextPosition(table: string): Sql;
  /** The text under a key of a JSON object that is kept as text. */
  textIn(column: Sql, key: string): Sql;
  /** Appended to the RETURNING list of the statement that moves the log's head: wakes up whoever follows the log. */
  readonly announce: Sql;
}

/** `change`: nobody else may lock the row. `share`: others may, as long as they share it too. */
export type LockMode = "change" | "share";

/** Whatever locks by a number locks with one of these: "rail" in ASCII, and what it is for. */
export const ADVISORY_LOCKS = { log: 0x7261696c_01, migrations: 0x7261696c_02 } as const;
/** Names are locked by this and their hash, which are told apart from the single numbers. */
const NAME_LOCKS = 0x7261696c;

/** The channel that a commit which appended events is announced on. */
export const LOG_CHANNEL = "railyard_log";

export const sqliteDialect: Dialect = {
  name: "sqlite",
  text: (statement) => statement.sql,
  oneOf: (column, values) => sql`${column} IN (SELECT value FROM json_each(${JSON.stringify(values)}))`,
  forEachParent: (select, table, key, parents, child) =>
    sql`SELECT ${select} FROM json_each(${JSON.stringify(parents)}) p
      JOIN ${raw(table)} e ON e.${raw(key)} IN (SELECT c.${raw(key)} FROM ${raw(table)} c ${child})`,
  // The write gate lets one transaction in at a time: nothing can change meanwhile.
  concurrent: false,
  lock: () => raw(""),
  lockName: () => null,
  lockLog: null,
  // Here a definition sees itself under its own name.
  shadowed: (table) => raw(`main.${table}`),
  textIn: (column, key) => sql`json_extract(${column}, ${raw(`'$.${key}'`)})`,
  announce: raw(""),
  nextPosition: (table) => sql`SELECT COALESCE(MAX(position), 0) + 1 AS position FROM ${raw(table)}`,
};

export const postgresDialect: Dialect = {
  name: "postgres",
  text: (statement) => statement.text,
  oneOf: (column, values) => sql`${column} = ANY(${values as unknown as string[]})`,
  forEachParent: (select, table, _key, parents, child) =>
    sql`SELECT ${select} FROM unnest(${parents as unknown as string}::text[]) AS p (value)
      CROSS JOIN LATERAL (SELECT c.* FROM ${raw(table)} c ${child}) e`,
  concurrent: true,
  // Not FOR UPDATE, which would also hold up every foreign key that points at the row.
  lock: (mode) => raw(mode === "change" ? "FOR NO KEY UPDATE" : "FOR SHARE"),
  // Two names of one hash wait for each other without need, and no more than that.
  lockName: (name) => sql`SELECT pg_advisory_xact_lock(${NAME_LOCKS}, hashtext(${name}))`,
  lockLog: sql`SELECT pg_advisory_xact_lock(${ADVISORY_LOCKS.log})`,
  // Here it does not: the name still is the table's.
  shadowed: (table) => raw(table),
  textIn: (column, key) => sql`(CAST(${column} AS json) ->> ${raw(`'${key}'`)})`,
  // Told by PostgreSQL when the transaction commits, and not at all where it rolls back.
  announce: raw(`, pg_notify('${LOG_CHANNEL}', '')`),
  nextPosition: (table) => sql`SELECT nextval(${`${table}_position`}) AS position`,
};

/** `a AND b AND …`; true where there is nothing to hold. */
export function allOf(conditions: readonly Sql[]): Sql {
  return conditions.length === 0 ? raw("1 = 1") : join(conditions, " AND ");
}
