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
  /** Appended to a SELECT whose rows must not change until the transaction ends. */
  readonly forUpdate: Sql;
}

export const sqliteDialect: Dialect = {
  name: "sqlite",
  text: (statement) => statement.sql,
  oneOf: (column, values) => sql`${column} IN (SELECT value FROM json_each(${JSON.stringify(values)}))`,
  forEachParent: (select, table, key, parents, child) =>
    sql`SELECT ${select} FROM json_each(${JSON.stringify(parents)}) p
      JOIN ${raw(table)} e ON e.${raw(key)} IN (SELECT c.${raw(key)} FROM ${raw(table)} c ${child})`,
  // The write gate lets one transaction in at a time: nothing can change meanwhile.
  forUpdate: raw(""),
};

/** `a AND b AND …`; true where there is nothing to hold. */
export function allOf(conditions: readonly Sql[]): Sql {
  return conditions.length === 0 ? raw("1 = 1") : join(conditions, " AND ");
}
