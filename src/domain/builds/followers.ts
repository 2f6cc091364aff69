import sql from "sql-template-tag";
import { columns, type RowOf } from "../../database/rows/raw-rows.js";
import type { Reader } from "../../database/rows/reader.js";
import type { Tx } from "../../database/rows/tx.js";
import type { Build } from "../../entities/builds/build.js";
import { Coupling } from "../../entities/pipelines/coupling.js";
import { Pipeline } from "../../entities/pipelines/pipeline.js";
import { lockApps } from "../core/locks.js";
import { commitKey, commitKeySql, isSameCommit } from "../core/values/commits.js";

/*
 * Which apps follow which builds. An app follows builds of its pipeline's repository and component:
 *
 * - BRANCH: of the pipeline's central branch, if it deploys automatically;
 * - HEAD: of the head commit of its pull request, on any branch: branches are renamed, and forks have branches of the
 *   same name;
 * - PULL_REQUEST_BRANCH: of the branch of its pull request, if the head commit is not known.
 */

/** The coupling of an app that follows a build, and by what. */
export interface Follower {
  readonly coupling: Coupling;
  readonly by: "BRANCH" | "HEAD" | "PULL_REQUEST_BRANCH";
}

/** What decides which apps follow a build. */
export type Followed = Pick<Build, "repository" | "component" | "branch" | "commitSha">;

const FOLLOWERS = columns({
  repository: "text",
  component: "text or null",
  central_branch: "text",
  review_branch: "text or null",
  head_sha: "text or null",
});

/** The followers of each build, in the order in which they were added. One statement for all builds. */
export async function findFollowers(reader: Reader, builds: readonly Followed[]): Promise<(readonly Follower[])[]> {
  if (builds.length === 0) return [];
  const { dialect } = reader;
  const unique = (values: readonly (string | null)[]) => [...new Set(values.filter((value) => value !== null))];
  const repositories = unique(builds.map((build) => build.repository));
  const components = unique(builds.map((build) => build.component ?? ""));
  const branches = unique(builds.map((build) => build.branch));
  const commits = unique(builds.map((build) => commitKey(build.commitSha)));
  const table = reader.table(Coupling);
  // Reads the apps that follow any of the builds, and perhaps a few more; `follows` decides.
  const rows = await reader.query(
    "followers",
    FOLLOWERS,
    sql`SELECT ${table.select}, p.repository, p.component, p.branch AS central_branch,
        r.branch AS review_branch, r.head_sha
      FROM pipelines p JOIN couplings e ON e.pipeline_id = p.id LEFT JOIN review_apps r ON r.app_id = e.app_id
      WHERE p.deleted_at IS NULL AND ${dialect.oneOf(sql`p.repository`, repositories)}
        AND ${dialect.oneOf(sql`COALESCE(p.component, '')`, components)}
        AND ((e.auto_deploy = ${true} AND ${dialect.oneOf(sql`p.branch`, branches)})
          OR (r.head_sha IS NULL AND ${dialect.oneOf(sql`r.branch`, branches)})
          OR ${dialect.oneOf(commitKeySql("r.head_sha"), commits)})
      ORDER BY e.position`,
  );
  const candidates = rows.map((row) => ({ row, coupling: table.fromRow(row) }));
  return builds.map((build) =>
    candidates.flatMap(({ row, coupling }) => {
      const by = follows(build, coupling, row);
      return by === null ? [] : [{ coupling, by }];
    }),
  );
}

function follows(build: Followed, { autoDeploy }: Coupling, row: RowOf<typeof FOLLOWERS>): Follower["by"] | null {
  if (row.repository !== build.repository || row.component !== build.component) return null;
  if (row.head_sha !== null) return isSameCommit(row.head_sha, build.commitSha) ? "HEAD" : null;
  if (build.branch === null) return null;
  if (row.review_branch === build.branch) return "PULL_REQUEST_BRANCH";
  return autoDeploy && row.central_branch === build.branch ? "BRANCH" : null;
}

/**
 * Locks the apps that follow builds of one repository, and its pipelines, so that of two builds that succeed at once,
 * the second sees the first. To be called before the builds themselves are locked.
 */
export async function lockFollowers(tx: Tx, ...builds: readonly Followed[]): Promise<void> {
  const [first] = builds;
  if (first === undefined || !tx.dialect.concurrent) return;
  await tx.find(Pipeline, { repository: first.repository, deletedAt: null }, { order: "id", lock: "change" });
  const followers = (await findFollowers(tx, builds)).flat();
  await lockApps(tx, [...new Set(followers.map(({ coupling }) => coupling.appId))]);
}
