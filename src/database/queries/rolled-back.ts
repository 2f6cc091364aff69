import sql from "sql-template-tag";
import type { Reader } from "../rows/reader.js";

/**
 * Those of the apps whose newest release is a rollback. Automation leaves them alone until a release or promotion by a
 * person.
 */
export async function rolledBackApps(reader: Reader, appIds: readonly string[]): Promise<ReadonlySet<string>> {
  if (appIds.length === 0) return new Set();
  const rows = await reader.query<{ app_id: string }>(
    sql`SELECT e.app_id FROM releases e
      WHERE ${reader.dialect.oneOf(sql`e.app_id`, appIds)} AND e."trigger" = 'ROLLBACK'
        AND e.version = (SELECT MAX(n.version) FROM releases n WHERE n.app_id = e.app_id)`,
  );
  return new Set(rows.map((row) => row.app_id));
}
