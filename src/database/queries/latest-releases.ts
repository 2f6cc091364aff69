import sql from "sql-template-tag";
import { Release } from "../../entities/releases/release.js";
import type { Reader } from "../rows/reader.js";

/**
 * The latest release of each app, in any phase. Releases with the trigger CONFIG do not count, because they deploy the
 * same build again. Apps without a release are left out. One statement for all.
 */
export async function latestReleases(reader: Reader, appIds: readonly string[]): Promise<ReadonlyMap<string, Release>> {
  if (appIds.length === 0) return new Map();
  const releases = await reader.select(
    "latest_releases",
    Release,
    sql`JOIN apps a ON e.id = (SELECT c.id FROM releases c WHERE c.app_id = a.id AND c."trigger" <> 'CONFIG'
        ORDER BY c.version DESC LIMIT 1)
      WHERE ${reader.dialect.oneOf(sql`a.id`, appIds)}`,
  );
  return new Map(releases.map((release) => [release.appId, release]));
}

/**
 * Whether an app is rolled back: its latest release is a rollback. Automation is held until a person releases or
 * promotes something to the app.
 */
export function isRolledBack(latest: Release | undefined): latest is Release {
  return latest?.trigger === "ROLLBACK";
}
