import sql from "sql-template-tag";
import { isRolledBack, latestReleases } from "../../database/queries/latest-releases.js";
import { columns } from "../../database/rows/raw-rows.js";
import type { Reader } from "../../database/rows/reader.js";
import { AutoDeploy } from "../../entities/builds/auto-deploy.js";
import type { Build } from "../../entities/builds/build.js";
import type { AutoDeployOutcome } from "../../entities/core/enums.js";
import { App } from "../../entities/pipelines/app.js";
import { Pipeline } from "../../entities/pipelines/pipeline.js";
import type { CheckResult } from "../../entities/releases/check-result.js";
import { Release } from "../../entities/releases/release.js";
import { byId } from "../core/by-id.js";
import { describeState } from "../gates/checks/checks.js";
import { evaluateGates, type Verdict } from "../gates/evaluate.js";
import type { Subject } from "../gates/gate.js";
import { findReleasedBuilds, isNewer, type ReleasedBuild, toOrdered } from "./build-order.js";
import { type Follower, findFollowers } from "./followers.js";

/*
 * Whether a build is deployed automatically to an app that follows it. One function decides for the deploy itself and
 * for `Build.autoDeploys`, so that the explanation cannot differ from the decision.
 */

/** A build, and an app that follows it. */
export interface Candidate extends Follower {
  readonly build: Build;
  /**
   * Whether the head of the pull request has just moved to the build's commit. Then an earlier release of the build
   * does not count: only the latest release of the app does.
   */
  readonly isNewHead?: boolean;
}

/** DUE: the build must be deployed now. Otherwise as `AutoDeploy` shows it. */
export interface Decision {
  readonly candidate: Candidate;
  readonly outcome: AutoDeployOutcome | "DUE";
  /** One sentence or two. */
  readonly message: string;
  /**
   * Set if it waits only for gates such as windows and freezes; null otherwise. `retryAt` is when time opens them, or
   * null.
   */
  readonly held: { readonly retryAt: Date | null } | null;
}

/** What a decision depends on, besides the candidate. */
interface Facts {
  /** The release of the build on the app; null if there is none that counts. */
  readonly own: Release | null;
  /** The latest release of the app. */
  readonly latest: Release | undefined;
  /** The latest release whose build is at least as new as this one; undefined if every release is older. */
  readonly newer: ReleasedBuild | undefined;
  /**
   * Whether a person released something on the review app after the head moved to this commit. That release stays until
   * the head moves again.
   */
  readonly isChosen: boolean;
  /** Whether the build may belong to an earlier pull request with a branch of the same name. */
  readonly isOfClosedApp: boolean;
  /** The result of the app's gates for the build. */
  readonly verdict: Verdict;
}

/** Pure. The rule that explains most comes first: a build that is too old does not need to wait for checks. */
function decide(
  { build }: Candidate,
  { own, latest, newer, isChosen, isOfClosedApp, verdict }: Facts,
): Omit<Decision, "candidate" | "held"> {
  if (own !== null) return { outcome: "DEPLOYED", message: `Released as v${own.version}.` };
  if (newer !== undefined) {
    const { sequence, commitSha, position } = newer.build;
    const run = sequence === null ? "" : ` of run ${sequence}`;
    const message = `The newer build${run} of commit ${commitSha.slice(0, 7)} was released as v${newer.version}.`;
    return { outcome: position > build.position ? "SUPERSEDED" : "NOT_NEWER", message };
  }
  if (isChosen && latest?.trigger === "DEPLOY") {
    const message = `${latest.createdByName} released v${latest.version} since the head of the pull request moved here. It stays until the head moves.`;
    return { outcome: "NOT_NEWER", message };
  }
  if (isOfClosedApp) {
    const message = "It ran on a review app that is closed, so it may be of an earlier pull request of this branch.";
    return { outcome: "NOT_NEWER", message };
  }
  if (isRolledBack(latest)) {
    const message = `${latest.createdByName} rolled the app back with v${latest.version}. Automatic deploys are held until the next release or promotion to the app.`;
    return { outcome: "HELD", message };
  }
  const awaited = [
    ...(build.phase === "SUCCEEDED" ? [] : [`the build, which ${build.phase === "FAILED" ? "failed" : "is pending"}`]),
    ...openChecks(verdict).map((check) => `${check.context}, which ${describeState(check.state)[1]}`),
  ];
  const others = verdict.blockers.filter(({ context }) => context === null).map(({ message }) => message);
  if (awaited.length > 0) others.unshift(`Waits for ${awaited.join("; ")}.`);
  if (others.length > 0) return { outcome: "WAITING", message: others.join(" ") };
  return {
    outcome: "DUE",
    message:
      "It passed while the app did not follow it, or while automatic deploys were held. Only builds that pass later are deployed; createRelease deploys this one.",
  };
}

/** Null while a report is awaited, because the report triggers the next decision. */
function findHold(verdict: Verdict): Decision["held"] {
  if (openChecks(verdict).length > 0) return null;
  const times = verdict.blockers.map(({ clearsAt }) => clearsAt?.getTime() ?? Number.POSITIVE_INFINITY);
  const last = Math.max(...times);
  return { retryAt: Number.isFinite(last) ? new Date(last) : null };
}

function openChecks({ checks: [ofTarget = []] }: Verdict): CheckResult[] {
  return ofTarget.filter((check) => !check.passed);
}

/** What happens to each build on every app that follows it, and why; aligned with `builds`. */
export async function explainAutoDeploys(reader: Reader, builds: readonly Build[], now: Date): Promise<AutoDeploy[][]> {
  const followers = await findFollowers(reader, builds);
  const candidates = builds.map((build, index) => (followers[index] ?? []).map((one) => ({ ...one, build })));
  const decisions = new Map((await decideAll(reader, candidates.flat(), now)).map((one) => [one.candidate, one]));
  return candidates.map((list) => list.flatMap((candidate) => toAutoDeploy(decisions.get(candidate))));
}

/** DUE is shown as NOT_NEWER: the build was not deployed when it passed, and no later event deploys it. */
function toAutoDeploy(decision: Decision | undefined): AutoDeploy[] {
  if (decision === undefined) return [];
  const { candidate, outcome, message } = decision;
  const { coupling } = candidate;
  return [Object.assign(new AutoDeploy(), { coupling, message, outcome: outcome === "DUE" ? "NOT_NEWER" : outcome })];
}

/** Decides for several builds and apps at once. The number of statements does not depend on how many there are. */
export async function decideAll(reader: Reader, candidates: readonly Candidate[], now: Date): Promise<Decision[]> {
  if (candidates.length === 0) return [];
  const builds = [...new Map(candidates.map(({ build }) => [build.id, build])).values()];
  const buildIds = builds.map((build) => build.id);
  const appIds = [...new Set(candidates.map(({ coupling }) => coupling.appId))];
  const verdicts = await evaluateGates(reader, now, await toSubjects(reader, candidates));
  const latest = await latestReleases(reader, appIds);
  const releases = await reader.find(Release, { buildId: buildIds, appId: appIds }, { order: "version" });
  const own = new Map(releases.map((release) => [releaseKey(release), release]));
  const rivals = await findRivals(reader, candidates);
  const closed = await findBuildsOfClosedApps(reader, candidates);
  return candidates.map((candidate, index) => {
    const { build, coupling, isNewHead = false } = candidate;
    const last = latest.get(coupling.appId);
    const key = releaseKey({ appId: coupling.appId, buildId: build.id });
    const isRunning = last !== undefined && releaseKey(last) === key;
    const rival = rivals.get(candidate);
    const facts: Facts = {
      own: (isNewHead && !isRunning ? undefined : own.get(key)) ?? null,
      latest: last,
      newer: rival?.newer,
      isChosen: rival?.hasHead === true && !isNewHead && last?.trigger === "DEPLOY",
      isOfClosedApp: closed.has(candidate),
      verdict: verdicts[index] as Verdict,
    };
    const decision = decide(candidate, facts);
    const held = decision.outcome === "WAITING" && build.phase === "SUCCEEDED" ? findHold(facts.verdict) : null;
    return { candidate, ...decision, held };
  });
}

async function toSubjects(reader: Reader, candidates: readonly Candidate[]): Promise<Subject[]> {
  const couplings = candidates.map(({ coupling }) => coupling);
  const pipelineIds = [...new Set(couplings.map(({ pipelineId }) => pipelineId))];
  const pipelines = await byId(reader.find(Pipeline, { id: pipelineIds }));
  const appIds = [...new Set(couplings.map(({ appId }) => appId))];
  const apps = await byId(reader.find(App, { id: appIds }));
  return candidates.map(({ build, coupling }) => {
    const [pipeline, app] = [pipelines.get(coupling.pipelineId), apps.get(coupling.appId)];
    if (pipeline === undefined || app === undefined) throw new Error(`Coupling ${coupling.id} has lost its app.`);
    return { way: "AUTO_DEPLOY", pipeline, build, release: null, to: coupling.stage, targets: [{ coupling, app }] };
  });
}

/** How a build compares with the earlier releases of an app. */
interface Rivals {
  /** The latest release of a build that the build is not newer than. */
  readonly newer: ReleasedBuild | undefined;
  /** Whether a build of the head commit was released on the review app. */
  readonly hasHead: boolean;
}

/**
 * Compares each candidate with the released builds of its branch or, for a head commit, of its commit. If the head has
 * just moved, there is nothing to compare: the build always replaces the current one.
 */
async function findRivals(reader: Reader, candidates: readonly Candidate[]): Promise<ReadonlyMap<Candidate, Rivals>> {
  const released = await findReleasedBuilds(
    reader,
    candidates.map(({ build, coupling, by }) => ({
      build,
      appId: coupling.appId,
      of: by === "HEAD" ? "COMMIT" : "BRANCH",
    })),
  );
  const builds = [...new Set(candidates.filter((_, index) => released[index]?.length).map(({ build }) => build))];
  const ordered = new Map((await toOrdered(reader, builds)).map((one) => [one.build, one]));
  const rivals = new Map<Candidate, Rivals>();
  for (const [index, candidate] of candidates.entries()) {
    const one = ordered.get(candidate.build);
    if (one === undefined || candidate.isNewHead === true) continue;
    const others = released[index] ?? [];
    const notOlder = others.filter((other) => !isNewer(one, other));
    const newer = notOlder.toSorted((a, b) => b.version - a.version)[0];
    rivals.set(candidate, { newer, hasHead: candidate.by === "HEAD" && others.length > 0 });
  }
  return rivals;
}

function releaseKey({ appId, buildId }: Pick<Release, "appId" | "buildId">): string {
  return `${appId} ${buildId}`;
}

const BUILD_IDS = columns({ build_id: "text" });

/** The candidates that follow the branch of a pull request, and whose build was released on a deleted app. */
async function findBuildsOfClosedApps(
  reader: Reader,
  candidates: readonly Candidate[],
): Promise<ReadonlySet<Candidate>> {
  const ofBranch = candidates.filter(({ by }) => by === "PULL_REQUEST_BRANCH");
  if (ofBranch.length === 0) return new Set();
  const ids = [...new Set(ofBranch.map(({ build }) => build.id))];
  const rows = await reader.query(
    "builds_of_closed_apps",
    BUILD_IDS,
    sql`SELECT DISTINCT r.build_id FROM releases r JOIN apps a ON a.id = r.app_id
      WHERE ${reader.dialect.oneOf(sql`r.build_id`, ids)} AND a.deleted_at IS NOT NULL`,
  );
  const found = new Set(rows.map((row) => row.build_id));
  return new Set(ofBranch.filter(({ build }) => found.has(build.id)));
}
