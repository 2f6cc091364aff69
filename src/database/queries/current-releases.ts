import sql from "sql-template-tag";
import { Release } from "../../entities/releases/release.js";
import type { Reader } from "../rows/reader.js";

/** The current release of each app: the newest that SUCCEEDED. Apps without one are left out. One statement for all. */
export async function currentReleases(reader: Reader, appIds: readonly string[]): Promise<Map<string, Release>> {
  if (appIds.length === 0) return new Map();
  const releases = await reader.select(
    Release,
    sql`JOIN apps a ON e.id = (
        SELECT c.id FROM releases c WHERE c.app_id = a.id AND c.phase = 'SUCCEEDED' ORDER BY c.version DESC LIMIT 1
      ) WHERE ${reader.dialect.oneOf(sql`a.id`, appIds)}`,
  );
  return new Map(releases.map((release) => [release.appId, release]));
}
