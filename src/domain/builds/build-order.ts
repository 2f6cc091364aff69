import sql, { raw } from "sql-template-tag";
import { columns, type RowOf } from "../../database/rows/raw-rows.js";
import type { Reader } from "../../database/rows/reader.js";
import { Build } from "../../entities/builds/build.js";
import { commitKey, commitKeySql, isSameCommit } from "../core/values/commits.js";

/*
 * Which of two builds of a branch is newer. Automatic deploys never replace a newer build with an older one, regardless
 * of the order in which CI finishes. The clocks of this service do not count: they differ between instances, and are
 * adjusted.
 */

/** A build with the position of the first build of its commit on its branch. */
export interface OrderedBuild {
  readonly build: Build;
  readonly firstPosition: number;
}

/** A build that was released on an app. */
export interface ReleasedBuild extends OrderedBuild {
  /** The version of the release. */
  readonly version: number;
}

/** The fields that decide the order of builds. */
type Ordered = Pick<Build, "sequence" | "commitSha" | "parents" | "committedAt" | "position">;

/**
 * Whether `a` is newer than `b`, both of one repository and component, and of one branch or commit. The first of these
 * decides: CI's run numbers; which commit is the parent of the other; the times of the commits; which commit was
 * registered first. Of two builds of one commit the later is newer.
 */
export function isNewer(a: OrderedBuild, b: OrderedBuild): boolean {
  const order = compareSequences(a.build, b.build) || compareCommits(a, b) || a.build.position - b.build.position;
  return order > 0;
}

/** The newest of several builds; null if there are none. */
export function findNewestBuild(builds: readonly OrderedBuild[]): Build | null {
  const [first, ...others] = builds;
  if (first === undefined) return null;
  return others.reduce((newest, one) => (isNewer(one, newest) ? one : newest), first).build;
}

function compareSequences(a: Ordered, b: Ordered): number {
  return a.sequence === null || b.sequence === null ? 0 : a.sequence - b.sequence;
}

function compareCommits({ build: a, firstPosition: firstA }: OrderedBuild, { build: b, firstPosition }: OrderedBuild) {
  if (isSameCommit(a.commitSha, b.commitSha)) return 0;
  if (a.parents?.some((parent) => isSameCommit(parent, b.commitSha)) === true) return 1;
  if (b.parents?.some((parent) => isSameCommit(parent, a.commitSha)) === true) return -1;
  const times =
    a.committedAt === null || b.committedAt === null ? 0 : a.committedAt.getTime() - b.committedAt.getTime();
  return times || firstA - firstPosition;
}

/** How many releases of a branch on an app are compared, latest first. Earlier releases had older builds. */
const COMPARED_RELEASES = 50;

/** An app, and a build whose branch or commit is searched for among the app's releases. */
export interface BuildOnApp {
  readonly appId: string;
  readonly build: Build;
  readonly of: "BRANCH" | "COMMIT";
}

/** The position of the first build of the commit of `e` on the branch of `e`. */
const FIRST_POSITION = raw(`(SELECT MIN(f.position) FROM builds f WHERE f.commit_sha = e.commit_sha
  AND f.repository = e.repository AND f.component IS NOT DISTINCT FROM e.component AND f.branch = e.branch) AS first_position`);

const FIRST_POSITIONS = columns({ id: "text", first_position: "integer or null" });
const RELEASED_BUILDS = columns({ parent: "text", version: "integer", first_position: "integer or null" });

/**
 * The builds of each branch or commit among the latest releases of its app, in one statement; aligned with `wanted`.
 */
export async function findReleasedBuilds(
  reader: Reader,
  wanted: readonly BuildOnApp[],
): Promise<(readonly ReleasedBuild[])[]> {
  const lists = new Map<string, ReleasedBuild[]>();
  const parents = new Map<string, string>();
  for (const one of wanted) {
    const key = wantedKey(one);
    if (parents.has(key)) continue;
    // Two ids of 36 characters, and what to compare.
    const parent = `${one.appId} ${one.build.id} ${one.of}`;
    parents.set(key, parent);
    lists.set(parent, []);
  }
  if (parents.size === 0) return [];
  const latest = reader.dialect.forEachParent(
    sql`p.value AS parent, e.build_id, e.version`,
    "releases",
    "id",
    [...lists.keys()],
    sql`JOIN builds b ON b.id = c.build_id JOIN builds g ON g.id = substr(p.value, 38, 36)
      WHERE c.app_id = substr(p.value, 1, 36) AND b.repository = g.repository
        AND b.component IS NOT DISTINCT FROM g.component
        AND CASE WHEN substr(p.value, 75) = 'BRANCH' THEN b.branch = g.branch
          ELSE ${commitKeySql("b.commit_sha")} = ${commitKeySql("g.commit_sha")} END
      ORDER BY c.version DESC LIMIT ${COMPARED_RELEASES}`,
  );
  const table = reader.table(Build);
  const rows = await reader.query(
    "released_builds",
    RELEASED_BUILDS,
    sql`SELECT l.parent, l.version, ${FIRST_POSITION}, ${table.select}
      FROM (${latest}) l JOIN builds e ON e.id = l.build_id`,
  );
  for (const row of rows) {
    lists.get(row.parent)?.push({ ...order(table.fromRow(row), row), version: row.version });
  }
  return wanted.map((one) => {
    const list = lists.get(parents.get(wantedKey(one)) ?? "") ?? [];
    return one.of === "BRANCH" ? list : list.filter(({ build }) => isSameCommit(build.commitSha, one.build.commitSha));
  });
}

function wantedKey({ appId, of, build: { repository, component, branch, commitSha } }: BuildOnApp): string {
  return JSON.stringify([appId, of, repository, component, of === "BRANCH" ? branch : commitKey(commitSha)]);
}

/** Prepares builds for `isNewer`. Each is positioned on its own branch. One statement for all. */
export async function toOrdered(reader: Reader, builds: readonly Build[]): Promise<OrderedBuild[]> {
  if (builds.length === 0) return [];
  const mine = reader.dialect.oneOf(
    sql`e.id`,
    builds.map((build) => build.id),
  );
  const rows = await reader.query(
    "first_positions",
    FIRST_POSITIONS,
    sql`SELECT e.id, ${FIRST_POSITION} FROM builds e WHERE ${mine}`,
  );
  const byId = new Map(rows.map((row) => [row.id, row]));
  return builds.map((build) => order(build, byId.get(build.id)));
}

/** Without a branch, a build is the first of its commit. */
function order(build: Build, row: Pick<RowOf<typeof FIRST_POSITIONS>, "first_position"> | undefined): OrderedBuild {
  return { build, firstPosition: row?.first_position ?? build.position };
}
