import sql from "sql-template-tag";
import type { Reader } from "../../database/rows/reader.js";
import { Build } from "../../entities/builds/build.js";

/*
 * Which of two builds of a branch is newer. Automatic deploys never replace a newer build by an older one, in whichever
 * order CI finishes, and never by a clock of this service: instances' clocks differ, and clocks are corrected.
 */

/** A build with the position of the first build of its commit on its branch. */
export interface OrderedBuild {
  readonly build: Build;
  readonly firstPosition: number;
}

/** What the order of a build is decided by. */
type Ordered = Pick<Build, "sequence" | "commitSha" | "parents" | "committedAt" | "position">;

/**
 * Whether `a` is newer than `b`, both of one repository, component and branch. The first of these decides: CI's run
 * numbers; which commit is the parent of the other; the times of the commits; which commit was registered first. Of two
 * builds of one commit the later is newer.
 */
export function isNewer(a: OrderedBuild, b: OrderedBuild): boolean {
  const order =
    compareSequences(a.build, b.build) ||
    compareCommits(a.build, b.build) ||
    a.firstPosition - b.firstPosition ||
    a.build.position - b.build.position;
  return order > 0;
}

function compareSequences(a: Ordered, b: Ordered): number {
  return a.sequence === null || b.sequence === null ? 0 : a.sequence - b.sequence;
}

function compareCommits(a: Ordered, b: Ordered): number {
  if (isSameCommit(a.commitSha, b.commitSha)) return 0;
  if (a.parents?.some((parent) => isSameCommit(parent, b.commitSha)) === true) return 1;
  if (b.parents?.some((parent) => isSameCommit(parent, a.commitSha)) === true) return -1;
  return a.committedAt === null || b.committedAt === null ? 0 : a.committedAt.getTime() - b.committedAt.getTime();
}

/** A hash may be abbreviated. */
export function isSameCommit(a: string, b: string): boolean {
  return a.startsWith(b) || b.startsWith(a);
}

/** How many of an app's latest releases are compared with: an older build is older than all that came after it. */
const COMPARED_RELEASES = 50;

/** The builds of `build`'s branch among each app's latest releases, by the app's id. */
export async function findReleasedBuilds(
  reader: Reader,
  build: Build,
  appIds: readonly string[],
): Promise<ReadonlyMap<string, readonly OrderedBuild[]>> {
  if (appIds.length === 0) return new Map();
  const table = reader.table(Build);
  const rows = await reader.query<Record<string, unknown> & { app_id: string }>(
    sql`SELECT r.app_id, ${table.select} FROM releases r JOIN builds e ON e.id = r.build_id
      WHERE ${reader.dialect.oneOf(sql`r.app_id`, appIds)}
        AND r.version > (SELECT MAX(n.version) FROM releases n WHERE n.app_id = r.app_id) - ${COMPARED_RELEASES}
        AND ${sameBranch(build)}`,
  );
  const builds = rows.map((row) => table.fromRow(row));
  const first = await findFirstPositions(reader, build, builds);
  const released = new Map<string, OrderedBuild[]>(appIds.map((id) => [id, []]));
  rows.forEach((row, index) => {
    const one = builds[index] as Build;
    released.get(row.app_id)?.push({ build: one, firstPosition: first.get(one.commitSha) ?? one.position });
  });
  return released;
}

/** A build as `isNewer` compares it. */
export async function toOrdered(reader: Reader, build: Build): Promise<OrderedBuild> {
  const first = await findFirstPositions(reader, build, [build]);
  return { build, firstPosition: first.get(build.commitSha) ?? build.position };
}

async function findFirstPositions(
  reader: Reader,
  build: Build,
  builds: readonly Build[],
): Promise<ReadonlyMap<string, number>> {
  if (builds.length === 0) return new Map();
  const commits = [...new Set(builds.map((one) => one.commitSha))];
  const rows = await reader.query<{ commit_sha: string; position: number | string }>(
    sql`SELECT e.commit_sha, MIN(e.position) AS position FROM builds e
      WHERE ${reader.dialect.oneOf(sql`e.commit_sha`, commits)} AND ${sameBranch(build)} GROUP BY e.commit_sha`,
  );
  return new Map(rows.map((row) => [row.commit_sha, Number(row.position)]));
}

/** The condition on `e` that it is of the same repository, component and branch. */
function sameBranch({ repository, component, branch }: Build) {
  return sql`e.repository = ${repository} AND e.component IS NOT DISTINCT FROM ${component} AND e.branch = ${branch}`;
}
