import sql from "sql-template-tag";
import type { Release } from "../../entities/releases/release.js";
import { ReleaseStatus } from "../../entities/releases/release-status.js";
import type { Reader } from "../rows/reader.js";
import { checkRows, limitTo, type RowBudget } from "../rows/row-budget.js";

/**
 * One status per context for each release, sorted by context: its own or, without one, its build's.
 *
 * @param budget bounds the rows that are read; null for no bound
 */
export async function effectiveStatuses(
  reader: Reader,
  releases: readonly Release[],
  budget: RowBudget | null = null,
): Promise<(readonly ReleaseStatus[])[]> {
  const own = reader.dialect.oneOf(
    sql`e.release_id`,
    releases.map((release) => release.id),
  );
  const builds = reader.dialect.oneOf(sql`e.build_id`, [...new Set(releases.map((release) => release.buildId))]);
  const found = await reader.select(
    "effective_statuses",
    ReleaseStatus,
    sql`WHERE ${own} OR (e.release_id IS NULL AND ${builds}) ORDER BY e.context ${limitTo(budget)}`,
  );
  const statuses = checkRows(budget, found);
  const byRelease = new Map<string, ReleaseStatus[]>();
  const byBuild = new Map<string, ReleaseStatus[]>();
  for (const status of statuses) {
    const [lists, key] = status.releaseId === null ? [byBuild, status.buildId] : [byRelease, status.releaseId];
    const list = lists.get(key);
    if (list === undefined) lists.set(key, [status]);
    else list.push(status);
  }
  return releases.map((release) => mergeStatuses(byRelease.get(release.id) ?? [], byBuild.get(release.buildId) ?? []));
}

/** Both lists are sorted by context, and so is the result. */
function mergeStatuses(own: readonly ReleaseStatus[], ofBuild: readonly ReleaseStatus[]): readonly ReleaseStatus[] {
  if (own.length === 0) return ofBuild;
  if (ofBuild.length === 0) return own;
  const byContext = new Map(ofBuild.map((status) => [status.context, status]));
  for (const status of own) byContext.set(status.context, status);
  return [...byContext.values()].sort((a, b) => (a.context < b.context ? -1 : 1));
}
