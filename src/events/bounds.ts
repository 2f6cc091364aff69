import sql from "sql-template-tag";
import { columns } from "../database/rows/raw-rows.js";
import type { Reader } from "../database/rows/reader.js";

/** The first and last position of the log. */
export interface LogBounds {
  /** The position of the newest event; 0 if there was none. */
  readonly head: number;
  /** The position before the oldest retained event. Events after it can be read. */
  readonly oldest: number;
}

const BOUNDS = columns({ head: "integer", pruned: "integer" });

export async function logBounds(reader: Reader): Promise<LogBounds> {
  const [row] = await reader.query("log_bounds", BOUNDS, sql`SELECT head, pruned FROM event_log WHERE id = ${1}`);
  if (row === undefined) throw new Error("The event log has lost its head row.");
  return { head: row.head, oldest: row.pruned };
}
