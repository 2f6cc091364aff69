/*
 * The rules of rollbacks, late reports and the order of builds, written a second time from their description, to compare the
 * service with.
 */

export interface ModelRelease {
  readonly id: string;
  readonly version: number;
  readonly phase: string;
  readonly trigger: string;
  readonly build: { readonly id: string };
}

export interface ModelBuild {
  readonly id: string;
  readonly phase: string;
  readonly repository: string;
  readonly branch: string | null;
  readonly sequence: number | null;
  readonly commit: {
    readonly sha: string;
    readonly parents: readonly string[] | null;
    readonly committedAt: string | null;
  };
}

const byVersion = (releases: readonly ModelRelease[]) => [...releases].sort((a, b) => a.version - b.version);

/**
 * The build that a rollback without a name goes to: the newest that succeeded on the app, is not on it now, and was not
 * rolled back from since it was last released; null if there is none.
 */
export function findRollbackBuild(releases: readonly ModelRelease[]): string | null {
  const deployed = byVersion(releases).filter(({ phase }) => !["QUEUED", "SUPERSEDED"].includes(phase));
  const effective = deployed.filter(({ phase, trigger }) => !(phase === "FAILED" && trigger === "ROLLBACK"));
  const current = effective.at(-1)?.build.id;
  const isAbandoned = (id: string) => {
    const last = effective.findLastIndex(({ build }) => build.id === id);
    return effective[last + 1]?.trigger === "ROLLBACK";
  };
  const candidates = deployed.filter(({ phase, build }) => phase === "SUCCEEDED" && build.id !== current);
  return candidates.findLast(({ build }) => !isAbandoned(build.id))?.build.id ?? null;
}

/** Whether a report of success is accepted for a release that timed out: unless a newer release has succeeded. */
export function acceptsLateSuccess(releases: readonly ModelRelease[], id: string): boolean {
  const version = releases.find((release) => release.id === id)?.version ?? 0;
  return !releases.some((release) => release.phase === "SUCCEEDED" && release.version > version);
}

/** @param builds all builds, in the order in which they were registered */
export function isNewerBuild(builds: readonly ModelBuild[], a: ModelBuild, b: ModelBuild): boolean {
  if (a.sequence !== null && b.sequence !== null && a.sequence !== b.sequence) return a.sequence > b.sequence;
  if (a.commit.sha !== b.commit.sha) {
    if (a.commit.parents?.includes(b.commit.sha)) return true;
    if (b.commit.parents?.includes(a.commit.sha)) return false;
    const [timeA, timeB] = [a.commit.committedAt, b.commit.committedAt];
    if (timeA !== null && timeB !== null && timeA !== timeB) return timeA > timeB;
    const first = (one: ModelBuild) =>
      builds.findIndex((build) => isSameBranch(build, one) && build.commit.sha === one.commit.sha);
    return first(a) > first(b);
  }
  return builds.indexOf(a) > builds.indexOf(b);
}

export function isSameBranch(a: ModelBuild, b: ModelBuild): boolean {
  return a.repository === b.repository && a.branch === b.branch;
}

/** What `Build.autoDeploys` says of a build and an app that follows its branch. WAITING may also be NOT_NEWER. */
export function findOutcome(
  builds: readonly ModelBuild[],
  build: ModelBuild,
  releases: readonly ModelRelease[],
): "DEPLOYED" | "SUPERSEDED" | "NOT_NEWER" | "HELD" | "WAITING" {
  const ordered = byVersion(releases);
  if (ordered.some((release) => release.build.id === build.id)) return "DEPLOYED";
  const newer = ordered
    .map((release) => builds.find(({ id }) => id === release.build.id) as ModelBuild)
    .findLast((other) => isSameBranch(other, build) && !isNewerBuild(builds, build, other));
  if (newer !== undefined) return builds.indexOf(newer) > builds.indexOf(build) ? "SUPERSEDED" : "NOT_NEWER";
  return ordered.at(-1)?.trigger === "ROLLBACK" ? "HELD" : "WAITING";
}
