import type { ColumnOptions } from "typeorm";

/**
 * How a time is kept: milliseconds since 1970 (UTC) in a 64-bit integer, on both engines, so that it sorts, indexes and
 * compares alike everywhere. (PostgreSQL's driver hands 64-bit integers over as strings.)
 */
export const instant: ColumnOptions = {
  transformer: {
    from: (value: number | string | null) => (value === null ? null : new Date(Number(value))),
    to: (value: Date | null) => (value === null ? null : value.getTime()),
  },
};
