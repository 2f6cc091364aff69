import sql, { raw } from "sql-template-tag";
import { ANY_COLUMNS, columns } from "../../../src/database/rows/raw-rows.js";
import { ENTITIES } from "../../../src/entities/index.js";
import type { TestServer } from "../service/server.js";

/**
 * Returns all rows of a server's database, one line each. Equal dumps mean that nothing was written in between.
 * Leaves out when a token was last used: a request changes it.
 */
export async function dumpRows(server: TestServer): Promise<string[]> {
  const { reader } = server.app.database;
  const lines: string[] = [];
  for (const table of [...ENTITIES.map((entity) => reader.table<object>(entity).name), "event_log"]) {
    const rows = await reader.query("read_table", ANY_COLUMNS, sql`SELECT * FROM ${raw(table)}`);
    for (const { last_used_at: _, ...row } of rows) {
      lines.push(`${table} ${JSON.stringify(row)}`);
    }
  }
  return lines.sort();
}

const HEAD = columns({ head: "integer" });

/** Returns the row count of each table and the head of the event log. Smaller than `dumpRows`. */
export async function countRows(server: TestServer): Promise<Record<string, number>> {
  const { reader } = server.app.database;
  const counts: Record<string, number> = {};
  for (const entity of ENTITIES) {
    const { name } = reader.table<object>(entity);
    counts[name] = await reader.count<object>(entity, {});
  }
  const [log] = await reader.query("log_head", HEAD, sql`SELECT head FROM event_log`);
  return { ...counts, head: log?.head ?? 0 };
}
