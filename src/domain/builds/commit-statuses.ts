import sql from "sql-template-tag";
import type { Reader } from "../../database/rows/reader.js";
import type { Tx } from "../../database/rows/tx.js";
import { Build } from "../../entities/builds/build.js";
import { CommitStatus } from "../../entities/builds/commit-status.js";
import type { Actor } from "../../entities/core/actor.js";
import { toActorColumns } from "../../entities/core/actor-columns.js";
import { ReleaseStatus } from "../../entities/releases/release-status.js";
import { LIMITS } from "../core/input.js";
import { isLongerHash, MIN_SHA_LENGTH, sameCommit } from "../core/values/commits.js";
import { newId } from "../core/values/id.js";
import { rollup } from "../gates/checks/checks.js";
import { requiredContexts } from "../releases/status-limit.js";

/* Commit statuses, and the builds that they apply to. A build may name its commit by a short hash. */

/** What a code host reports on a commit. */
export interface CommitReport {
  readonly status: CommitStatus;
  /** Whether the check has ended. One that waits for someone has ended, although its state is PENDING. */
  readonly completed: boolean;
}

/** The combined status of a context's sources: the worst state, with the texts of its latest report. */
export function combineState(statuses: readonly CommitStatus[]): CommitStatus | null {
  const state = rollup(statuses.map((status) => status.state));
  const worst = statuses.filter((status) => status.state === state);
  return worst.sort((a, b) => b.saidAt.getTime() - a.saidAt.getTime())[0] ?? null;
}

/**
 * Stores a commit status, unless its source has reported something later.
 *
 * @returns whether it was stored
 */
export async function upsertCommitStatus(tx: Tx, report: CommitReport): Promise<boolean> {
  const { status } = report;
  const { repository, commitSha, context, source } = status;
  const key = { repository, commitSha, context, source };
  const prior = await tx.first(CommitStatus, key);
  if (prior === null) {
    await tx.insert(CommitStatus, [status]);
    return true;
  }
  if (isStale(report, prior)) return false;
  // The clocks of a run's reporters differ: an early time of its completion must not make an earlier run count again.
  const saidAt = prior.saidAt > status.saidAt ? prior.saidAt : status.saidAt;
  await tx.update(CommitStatus, key, { ...status, saidAt });
  return true;
}

/**
 * Whether the stored status takes precedence over a report:
 *
 * - Within one run a completion always counts. Anything else reopens a completed run only if the run started again
 *   later.
 * - Between runs, and between statuses, the later time counts. If the times are equal (GitHub's times are whole
 *   seconds), the order of arrival counts, but an incomplete report does not reopen a completed one.
 */
function isStale({ status, completed }: CommitReport, prior: CommitStatus): boolean {
  const later = status.saidAt.getTime() - prior.saidAt.getTime();
  const reopens = !completed && prior.state !== "PENDING";
  if (status.run !== null && status.run === prior.run) return reopens && later <= 0;
  return later < 0 || (later === 0 && reopens);
}

/** The builds of a commit, oldest first. */
export function buildsOfCommit(reader: Reader, repository: string, sha: string): Promise<Build[]> {
  const named = sameCommit(reader.dialect, sql`e.commit_sha`, sha);
  return reader.select(
    "builds_of_commit",
    Build,
    sql`WHERE ${named} AND e.repository = ${repository} ORDER BY e.position`,
  );
}

/**
 * The status of a build for each context that was reported on its commit. An abbreviated hash may match several
 * commits. Then the worst report on any of them counts, and SUCCESS requires a SUCCESS on each.
 */
export async function combineStatuses(
  reader: Reader,
  build: Build,
): Promise<{ readonly statuses: readonly CommitStatus[]; readonly ambiguous: boolean }> {
  const reports = await findReports(reader, build);
  const contexts = new Map<string, CommitStatus[]>();
  for (const report of reports) contexts.set(report.context, [...(contexts.get(report.context) ?? []), report]);
  const commits = countCommits(reports);
  const statuses = [...contexts.values()].flatMap((same) => {
    const combined = combineState(same);
    if (combined === null) return [];
    if (combined.state !== "SUCCESS" || countCommits(same) === commits) return [combined];
    const description = `Several commits begin with ${build.commitSha}, and not all of them have this check.`;
    return [Object.assign(new CommitStatus(), combined, { state: "PENDING", description })];
  });
  return { statuses, ambiguous: commits > 1 };
}

function countCommits(reports: readonly CommitStatus[]): number {
  return new Set(reports.map((report) => report.commitSha)).size;
}

/** Gives a new build the statuses that its commit already has: all required ones, and the latest 1,000 others. */
export async function inheritStatuses(tx: Tx, actor: Actor, build: Build, now: Date): Promise<ReleaseStatus[]> {
  const { statuses: combined } = await combineStatuses(tx, build);
  const kept = combined.length <= LIMITS.optionalContexts ? combined : await keepLatest(tx, build, combined);
  const statuses = kept.map(({ context, state, name, description, targetUrl, imageUrl }) =>
    Object.assign(new ReleaseStatus(), {
      ...{ context, state, name, description, targetUrl, imageUrl },
      id: newId(),
      releaseId: null,
      buildId: build.id,
      ...toActorColumns("reportedBy", actor),
      createdAt: now,
      updatedAt: now,
    }),
  );
  await tx.insert(ReleaseStatus, statuses);
  return statuses;
}

async function keepLatest(reader: Reader, build: Build, statuses: readonly CommitStatus[]): Promise<CommitStatus[]> {
  const required = await requiredContexts(reader, build);
  const optional = statuses.filter((status) => !required.has(status.context));
  optional.sort((a, b) => b.receivedAt.getTime() - a.receivedAt.getTime());
  return [...statuses.filter((status) => required.has(status.context)), ...optional.slice(0, LIMITS.optionalContexts)];
}

async function findReports(reader: Reader, { repository, commitSha }: Build): Promise<CommitStatus[]> {
  if (commitSha.length < MIN_SHA_LENGTH) return [];
  const named = isLongerHash(sql`e.commit_sha`, commitSha);
  return reader.select(
    "reports_on_commit",
    CommitStatus,
    sql`WHERE e.repository = ${repository} AND ${named} ORDER BY e.context`,
  );
}
