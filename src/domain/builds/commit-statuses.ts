import sql from "sql-template-tag";
import type { Reader, Tx } from "../../database/rows/reader.js";
import { Build } from "../../entities/builds/build.js";
import { CommitStatus } from "../../entities/builds/commit-status.js";
import { ReleaseStatus } from "../../entities/releases/release-status.js";
import type { EventActor } from "../../events/draft.js";
import { newId } from "../core/id.js";
import { LIMITS } from "../core/input.js";
import { rollup } from "../gates/checks.js";

/* Statuses of commits, and the builds that they hold for. A build may name its commit by a short hash. */

/** The shortest hash that is taken to name a commit that is known by its whole one: what git itself shows. */
const MIN_SHA_LENGTH = 7;

/** What the sources of a context say together: the worst of it, in the words of whichever said so last. */
export function combineState(reports: readonly CommitStatus[]): CommitStatus | null {
  const state = rollup(reports.map((report) => report.state));
  const said = reports.filter((report) => report.state === state);
  return said.sort((a, b) => b.saidAt.getTime() - a.saidAt.getTime())[0] ?? null;
}

/** Keeps a status of a commit, unless the same source has said something later already; tells which it was. */
export async function upsertCommitStatus(tx: Tx, report: CommitStatus): Promise<boolean> {
  const { repository, commitSha, context, source } = report;
  const key = { repository, commitSha, context, source };
  const prior = await tx.first(CommitStatus, key);
  if (prior === null) await tx.insert(CommitStatus, [report]);
  else if (isStale(report, prior)) return false;
  else await tx.update(CommitStatus, key, { ...report });
  return true;
}

/** Times are whole seconds: what ends in the second in which it began has ended, in whichever order that arrives. */
function isStale(report: CommitStatus, prior: CommitStatus): boolean {
  const later = report.saidAt.getTime() - prior.saidAt.getTime();
  return later < 0 || (later === 0 && report.state === "PENDING" && prior.state !== "PENDING");
}

/** The builds of a commit, oldest first. */
export function buildsOfCommit(reader: Reader, repository: string, sha: string): Promise<Build[]> {
  const hashes = Array.from({ length: Math.max(sha.length - MIN_SHA_LENGTH + 1, 0) }, (_, extra) =>
    sha.slice(0, MIN_SHA_LENGTH + extra),
  );
  const named = reader.dialect.oneOf(sql`e.commit_sha`, hashes);
  return reader.select(Build, sql`WHERE ${named} AND e.repository = ${repository} ORDER BY e.id`);
}

/** Gives a new build the statuses that its commit had before it came: at most as many contexts as a build takes. */
export async function inheritStatuses(tx: Tx, actor: EventActor, build: Build, now: Date): Promise<ReleaseStatus[]> {
  const contexts = new Map<string, CommitStatus[]>();
  for (const report of await commitCondition(tx, build)) {
    contexts.set(report.context, [...(contexts.get(report.context) ?? []), report]);
  }
  const kept = [...contexts.values()]
    .flatMap((reports) => combineState(reports) ?? [])
    .slice(0, LIMITS.contextsOfRelease);
  const statuses = kept.map(({ context, state, name, description, targetUrl, imageUrl }) =>
    Object.assign(new ReleaseStatus(), {
      ...{ context, state, name, description, targetUrl, imageUrl },
      id: newId(),
      releaseId: null,
      buildId: build.id,
      reportedByName: actor.name,
      reportedByRole: actor.role,
      createdAt: now,
      updatedAt: now,
    }),
  );
  await tx.insert(ReleaseStatus, statuses);
  return statuses;
}

async function commitCondition(reader: Reader, { repository, commitSha }: Build): Promise<CommitStatus[]> {
  if (commitSha.length < MIN_SHA_LENGTH) return [];
  // Every hexadecimal digit sorts before `g`: these are the hashes that begin with the build's.
  const reports = await reader.select(
    CommitStatus,
    sql`WHERE e.repository = ${repository} AND e.commit_sha >= ${commitSha} AND e.commit_sha < ${`${commitSha}g`}
      ORDER BY e.context`,
  );
  // A short hash that several commits begin with names none of them.
  return new Set(reports.map((report) => report.commitSha)).size > 1 ? [] : reports;
}
