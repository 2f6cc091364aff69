import { DatabaseUnavailable, StaleRead } from "../database.js";

/** Operating system errors of an unreachable server. */
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
 * PostgreSQL's errors while it is stopping, starting, full or a standby, and for a statement that timed out.
 * https://www.postgresql.org/docs/current/errcodes-appendix.html
 */
const UNAVAILABLE_CODES = /^(08...|57P0[1-5]|57014|53...|55P03|25006|25P0[34]|58...)$/;

/** Messages of errors by `pg` itself, which have no code. */
const CONNECTION_LOST =
  /^(Connection terminated|Client has encountered a connection error|Client was closed|timeout exceeded|timeout expired|Query read timeout|Cannot use a pool after)/;

/** Converts every error of an unreachable database to DatabaseUnavailable, and returns others unchanged. */
export function translateError(error: unknown): unknown {
  if (!isUnreachable(error)) return error;
  const { message } = error as Error;
  return new DatabaseUnavailable(`The database cannot be reached: ${message}`, { cause: error });
}

/** Whether the server ended a statement that took too long. The server can be reached then. */
export function isTimeout(error: DatabaseUnavailable): boolean {
  return (error.cause as { code?: unknown } | undefined)?.code === "57014";
}

function isUnreachable(error: unknown): boolean {
  if (error instanceof DatabaseUnavailable) return false;
  if (error instanceof AggregateError) return error.errors.some(isUnreachable);
  if (!(error instanceof Error)) return false;
  const { code } = error as { code?: unknown };
  if (typeof code === "string") return UNREACHABLE_CODES.has(code) || UNAVAILABLE_CODES.test(code);
  return CONNECTION_LOST.test(error.message);
}

/** A concurrent transaction inserted the same key. A retry reads that row, and throws the right error. */
export const UNIQUE_VIOLATION = "23505";
export const UNDEFINED_TABLE = "42P01";

/** Whether a transaction can be retried: after a deadlock, serialization failure, unique violation or stale read. */
export function isRetryable(error: unknown): boolean {
  const { code } = error as { code?: unknown };
  return error instanceof StaleRead || code === "40P01" || code === "40001" || code === UNIQUE_VIOLATION;
}
