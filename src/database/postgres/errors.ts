import { DatabaseUnavailable, StaleRead } from "../database.js";

/** What the operating system says of a server that is not there. */
const UNREACHABLE_CODES = new Set([
  "ECONNREFUSED",
  "ECONNRESET",
  "EPIPE",
  "ETIMEDOUT",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "ENOTFOUND",
  "EAI_AGAIN",
  "ENOENT",
]);

/**
 * What PostgreSQL says when it is stopping, starting, full, or a standby, or when a statement took longer than it may.
 * https://www.postgresql.org/docs/current/errcodes-appendix.html
 */
const UNAVAILABLE_CODES = /^(08...|57P0[1-5]|57014|53...|55P03|25006|25P0[34]|58...)$/;

/** What `pg` says by itself, without a code. */
const CONNECTION_LOST =
  /^(Connection terminated|Client has encountered a connection error|Client was closed|timeout exceeded|timeout expired|Query read timeout|Cannot use a pool after)/;

/** Puts the many ways in which a database cannot be reached into one; everything else stays as it is. */
export function translateError(error: unknown): unknown {
  if (!isUnreachable(error)) return error;
  const { message } = error as Error;
  return new DatabaseUnavailable(`The database cannot be reached: ${message}`, { cause: error });
}

function isUnreachable(error: unknown): boolean {
  if (error instanceof DatabaseUnavailable) return false;
  if (error instanceof AggregateError) return error.errors.some(isUnreachable);
  if (!(error instanceof Error)) return false;
  const { code } = error as { code?: unknown };
  if (typeof code === "string") return UNREACHABLE_CODES.has(code) || UNAVAILABLE_CODES.test(code);
  return CONNECTION_LOST.test(error.message);
}

/** A unique index found the same row written by somebody else: a second look will find it, and say what is wrong. */
export const UNIQUE_VIOLATION = "23505";

/**
 * Whether a transaction that failed like this has written nothing, and may go through if it is run again: a deadlock, a
 * serialization failure, a row that somebody else wrote first, or what it went by having changed.
 */
export function isRetryable(error: unknown): boolean {
  const { code } = error as { code?: unknown };
  return error instanceof StaleRead || code === "40P01" || code === "40001" || code === UNIQUE_VIOLATION;
}
