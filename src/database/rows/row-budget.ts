import sql, { raw, type Sql } from "sql-template-tag";

/** Bounds the rows that one statement of an operation loads, because nothing else runs meanwhile. */
export interface RowBudget {
  readonly maxRows: number;
  /** The error of a statement that found more. */
  tooManyRows(): Error;
}

/** The clause for at most one row beyond the budget. @param more rows that do not count, for example those read to see whether there are more */
export function limitTo(budget: RowBudget | null, more = 0): Sql {
  return budget === null || !Number.isFinite(budget.maxRows) ? raw("") : sql`LIMIT ${budget.maxRows + more + 1}`;
}

/** @throws the budget's error if a statement found more rows than the budget allows */
export function checkRows<T>(budget: RowBudget | null, rows: T[], more = 0): T[] {
  if (budget !== null && rows.length > budget.maxRows + more) throw budget.tooManyRows();
  return rows;
}
