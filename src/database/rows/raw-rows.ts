import type { Raw } from "./entity-mapper.js";

/** What a column of a statement's rows holds. */
export type ColumnType = "text" | "text or null" | "integer" | "integer or null";

interface TypeScriptTypes {
  text: string;
  "text or null": string | null;
  integer: number;
  "integer or null": number | null;
}

/** The rows of a statement whose columns were checked. They have its other columns too. */
export type RowOf<C> = C extends Columns<infer Row> ? Row & Raw : never;

/** The columns that the caller of a statement uses, by name. */
export interface Columns<Row> {
  /**
   * Checks the rows that a statement returned, and converts integers that the engine returned as text.
   *
   * @param name the statement, for the error
   * @param rows are converted in place
   * @throws Error if a column is missing or holds something else
   */
  check(name: string, rows: Raw[]): (Row & Raw)[];
}

/**
 * Describes the columns of a statement, which TypeScript cannot know. Call it once per statement, outside of functions.
 *
 * - `text`: a string.
 * - `integer`: a whole number up to 2^53. PostgreSQL returns `bigint`, as of COUNT, as text.
 */
export function columns<const C extends Readonly<Record<string, ColumnType>>>(
  types: C,
): Columns<{ -readonly [K in keyof C]: TypeScriptTypes[C[K]] }> {
  const checks = Object.entries(types).map(([column, type]) => ({
    column,
    type,
    nullable: type.endsWith(" or null"),
    isInteger: type.startsWith("integer"),
  }));
  return {
    check(name, rows) {
      for (const row of rows) {
        for (const { column, type, nullable, isInteger } of checks) {
          const value = row[column];
          if (value === null && nullable) continue;
          if (isInteger) {
            const number = typeof value === "string" ? Number(value) : value;
            if (!Number.isSafeInteger(number)) throw mismatch(name, column, type, value);
            if (number !== value) row[column] = number;
          } else if (typeof value !== "string") throw mismatch(name, column, type, value);
        }
      }
      return rows as never;
    },
  };
}

function mismatch(name: string, column: string, type: ColumnType, value: unknown): Error {
  const found = value === undefined ? "no such column" : value === null ? "null" : `a ${typeof value}`;
  return new Error(`The statement ${name} must return ${type} in the column ${column}; it returned ${found}.`);
}

/** For statements whose columns are not known in advance. */
export const ANY_COLUMNS = columns({});
/** For statements that count rows. */
export const TOTAL = columns({ total: "integer" });
