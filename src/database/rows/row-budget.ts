import sql, { raw, type Sql } from "sql-template-tag";

/**
 * Bounds the work of an operation, and the rows that one statement of it loads, because nothing else runs meanwhile.
 */
export interface RowBudget {
  readonly maxRows: number;
  /** Whether the operation is refused and its result dropped, so that nothing more needs to be computed. */
  readonly stopped: boolean;
  /** Counts rows that a statement returned. */
  addLoaded(rows: number): void;
  /**
   * Counts work that is neither a row nor a field of the result. Throws if the operation has done too much.
   *
   * @param fields how many fields take as long to resolve; see `FIELD_US`
   */
  addWork(fields: number): void;
  /**
   * Ends the operation, one of whose statements found more.
   *
   * @throws an error if the result must show it; otherwise the result is dropped
   */
  tooManyRows(): void;
}

/**
 * The LIMIT clause for a budget: one row more than it allows, so that `checkRows` detects the excess.
 *
 * @param more rows that do not count, for example those that are read to see whether there are more
 */
export function limitTo(budget: RowBudget | null, more = 0): Sql {
  return budget === null || !Number.isFinite(budget.maxRows) ? raw("") : sql`LIMIT ${budget.maxRows + more + 1}`;
}

/** Ends the operation if a statement found more rows than the budget allows. @throws as `RowBudget.tooManyRows` */
export function checkRows<T>(budget: RowBudget | null, rows: T[], more = 0): T[] {
  if (budget !== null && rows.length > budget.maxRows + more) budget.tooManyRows();
  return rows;
}
