import type { ColumnOptions } from "typeorm";

/**
 * Column options of a timestamp: milliseconds since the Unix epoch as a 64-bit integer, on both engines, so that
 * sorting, indexing and comparison work the same way. PostgreSQL's driver returns 64-bit integers as strings.
 */
export const instant: ColumnOptions = {
  transformer: {
    from: (value: number | string | null) => (value === null ? null : new Date(Number(value))),
    to: (value: Date | null) => (value === null ? null : value.getTime()),
  },
};

/** A 64-bit integer below 2^53, for the same reason. */
export const integer: ColumnOptions = {
  transformer: {
    from: (value: number | string | null) => (value === null ? null : Number(value)),
    to: (value: number | null) => value,
  },
};

/** A 64-bit integer below 2^53 that the database assigns. Not part of a row until it is read. */
export const generatedInteger: ColumnOptions = { ...integer, insert: false, update: false };
