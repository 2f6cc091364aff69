import sql, { join, raw, type Sql } from "sql-template-tag";

/** The SQL that differs between the two engines. Everything else is written once, in SQL that both understand. */
export interface Dialect {
  readonly name: "sqlite" | "postgres";
  /** The statement with the engine's own placeholders. */
  text(statement: Sql): string;
  /**
   * The condition that `column` is one of `values`. It uses one parameter for any number of values, so the statement's
   * text stays the same.
   */
  oneOf(column: Sql, values: readonly unknown[]): Sql;
  /**
   * Selects, for each of `parents`, the rows that `child` selects. `child` refers to the parent as `p.value` and to its
   * table as `c`, and ends with ORDER BY and LIMIT. Its rows have the alias `e`.
   */
  forEachParent(select: Sql, table: string, key: string, parents: readonly string[], child: Sql): Sql;
  /**
   * Whether several transactions write at the same time, so that rows can change after they were read unless they are
   * locked. If not, nothing needs to be locked, and the lock clauses are empty.
   */
  readonly concurrent: boolean;
  /** Appended to a SELECT whose rows must not change until the transaction ends. */
  lock(mode: LockMode): Sql;
  /**
   * Locks a name until the transaction ends. Waits for transactions that hold a conflicting lock on it. Null if not
   * needed.
   */
  lockName(name: string, mode: LockMode): Sql | null;
  /** Locks the log against other transactions that append to it; null if not needed. */
  readonly lockLog: Sql | null;
  /** The name of a table inside the definition of a CTE that has the same name. */
  shadowed(table: string): Sql;
  /**
   * Selects the next positions of a table as `position`. They are larger than those of rows, and unique across
   * concurrent transactions.
   */
  nextPositions(table: string, count: number): Sql;
  /** The text under a key of a JSON object that is stored as text. */
  textIn(column: Sql, key: string): Sql;
  /**
   * Selects the time at which the transaction began as `now`, in milliseconds since the Unix epoch; null if the clock
   * of this process is the only one.
   */
  readonly transactionTime: Sql | null;
  /** For FROM: the elements of a JSON array that is stored as text, as the column `value` of the alias. */
  listElements(column: Sql, alias: string): Sql;
  /** The database's clock, in milliseconds since the Unix epoch. All instances share it. */
  readonly clock: Sql;
  /** Appended to the RETURNING list of the statement that moves the log's head: notifies listeners. */
  readonly announce: Sql;
}

/** `change` is exclusive; `share` allows other `share` locks. */
export type LockMode = "change" | "share";

/** The numbers of advisory locks: "rail" in ASCII, and the purpose. */
export const ADVISORY_LOCKS = { log: 0x7261696c_01, migrations: 0x7261696c_02 } as const;
/**
 * The first key of locks of names; the second one is the hash of the name. Pairs of keys do not collide with single
 * keys.
 */
const NAME_LOCKS = 0x7261696c;

/** The channel that is notified of commits with events. */
export const LOG_CHANNEL = "railyard_log";

export const sqliteDialect: Dialect = {
  name: "sqlite",
  text: (statement) => statement.sql,
  oneOf: (column, values) => sql`${column} IN (SELECT value FROM json_each(${JSON.stringify(values)}))`,
  forEachParent: (select, table, key, parents, child) =>
    sql`SELECT ${select} FROM json_each(${JSON.stringify(parents)}) p
      JOIN ${raw(table)} e ON e.${raw(key)} IN (SELECT c.${raw(key)} FROM ${raw(table)} c ${child})`,
  // Transactions run one at a time, so rows cannot change meanwhile.
  concurrent: false,
  lock: () => raw(""),
  lockName: () => null,
  lockLog: null,
  // In SQLite, the name would refer to the CTE itself.
  shadowed: (table) => raw(`main.${table}`),
  textIn: (column, key) => sql`json_extract(${column}, ${raw(`'$.${key}'`)})`,
  transactionTime: null,
  listElements: (column, alias) => sql`json_each(${column}) ${raw(alias)}`,
  clock: raw("CAST(unixepoch('subsec') * 1000 AS INTEGER)"),
  announce: raw(""),
  nextPositions: (table, count) =>
    sql`SELECT (SELECT COALESCE(MAX(position), 0) FROM ${raw(table)}) + value AS position
      FROM json_each(${JSON.stringify(Array.from({ length: count }, (_, index) => index + 1))})`,
};

export const postgresDialect: Dialect = {
  name: "postgres",
  text: (statement) => statement.text,
  oneOf: (column, values) => sql`${column} = ANY(${values as unknown as string[]})`,
  forEachParent: (select, table, _key, parents, child) =>
    sql`SELECT ${select} FROM unnest(${parents as unknown as string}::text[]) AS p (value)
      CROSS JOIN LATERAL (SELECT c.* FROM ${raw(table)} c ${child}) e`,
  concurrent: true,
  // Not FOR UPDATE, which would also block the check of every foreign key to the row.
  lock: (mode) => raw(mode === "change" ? "FOR NO KEY UPDATE" : "FOR SHARE"),
  // Names with the same hash also wait for each other, which is harmless.
  lockName: (name, mode) =>
    sql`SELECT ${raw(mode === "change" ? "pg_advisory_xact_lock" : "pg_advisory_xact_lock_shared")}(${NAME_LOCKS}, hashtext(${name}))`,
  lockLog: sql`SELECT pg_advisory_xact_lock(${ADVISORY_LOCKS.log})`,
  // In PostgreSQL, the name refers to the table inside the definition.
  shadowed: (table) => raw(table),
  textIn: (column, key) => sql`(CAST(${column} AS json) ->> ${raw(`'${key}'`)})`,
  transactionTime: sql`SELECT CAST(FLOOR(EXTRACT(EPOCH FROM transaction_timestamp()) * 1000) AS bigint) AS now`,
  listElements: (column, alias) => sql`json_array_elements_text(CAST(${column} AS json)) AS ${raw(alias)} (value)`,
  clock: raw("CAST(extract(epoch FROM clock_timestamp()) * 1000 AS bigint)"),
  // PostgreSQL notifies when the transaction commits, and not if it rolls back.
  announce: raw(`, pg_notify('${LOG_CHANNEL}', '')`),
  nextPositions: (table, count) =>
    sql`SELECT nextval(${`${table}_position`}) AS position FROM generate_series(1, ${count}::int)`,
};

/** `a AND b AND …`; true without conditions. */
export function allOf(conditions: readonly Sql[]): Sql {
  return conditions.length === 0 ? raw("1 = 1") : join(conditions, " AND ");
}
