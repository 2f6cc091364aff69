import sql from "sql-template-tag";
import { Release } from "../../entities/releases/release.js";
import { columns } from "../rows/raw-rows.js";
import type { Reader } from "../rows/reader.js";

const APP_IDS = columns({ app_id: "text" });

/**
 * The apps that run a build: their current release is of that build, and no newer release is queued, deploying or
 * failed. A failed deployment may already have replaced the release before it.
 */
export async function appsRunning(
  reader: Reader,
  buildId: string,
  appIds: readonly string[],
): Promise<ReadonlySet<string>> {
  if (appIds.length === 0) return new Set();
  const rows = await reader.query(
    "apps_running_build",
    APP_IDS,
    sql`SELECT a.id AS app_id FROM apps a JOIN releases r ON r.id = (
        SELECT n.id FROM releases n WHERE n.app_id = a.id AND n.phase <> 'SUPERSEDED' ORDER BY n.version DESC LIMIT 1
      ) WHERE ${reader.dialect.oneOf(sql`a.id`, appIds)} AND r.phase = 'SUCCEEDED' AND r.build_id = ${buildId}`,
  );
  return new Set(rows.map((row) => row.app_id));
}

/** The current release of each app: the newest that SUCCEEDED. Apps without one are left out. One statement for all. */
export async function currentReleases(reader: Reader, appIds: readonly string[]): Promise<Map<string, Release>> {
  if (appIds.length === 0) return new Map();
  const releases = await reader.select(
    "current_releases",
    Release,
    sql`JOIN apps a ON e.id = (
        SELECT c.id FROM releases c WHERE c.app_id = a.id AND c.phase = 'SUCCEEDED' ORDER BY c.version DESC LIMIT 1
      ) WHERE ${reader.dialect.oneOf(sql`a.id`, appIds)}`,
  );
  return new Map(releases.map((release) => [release.appId, release]));
}
