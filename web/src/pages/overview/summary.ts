import type { PipelineSummaryFragment, Stage } from "../../gql/graphql";
import type { StateName } from "../../ui/icons/icons";
import { count, shortSha } from "../../ui/text/format";
import type { WaitingCount } from "../approvals/use-waiting";

type Coupling = PipelineSummaryFragment["stages"][number]["couplings"][number];

/** One stage of a pipeline in a few words. */
export interface StageSummary {
  readonly stage: Stage;
  readonly icon: StateName;
  /** The commit that runs there; empty if nothing does. */
  readonly text: string;
  /** The number of different builds. */
  readonly builds: number;
  readonly apps: number;
}

export interface Summary {
  readonly id: string;
  readonly name: string;
  readonly description: string;
  readonly repository: string | null;
  readonly stages: readonly StageSummary[];
  /** Why it needs attention; null if it does not. */
  readonly attention: string | null;
  /** 0 needs attention, 1 something is under way, 2 nothing happens, 3 has no apps. */
  readonly rank: number;
  readonly busy: boolean;
  /** That promotions wait for the viewer's approval; null if none does. */
  readonly vote: string | null;
  /** What happens there, if it does not need attention; null if nothing does. */
  readonly note: string | null;
}

/** Adds the promotions that wait in the pipeline. */
export function withWaiting(summary: Summary, waiting: WaitingCount | undefined): Summary {
  if (waiting === undefined) return summary;
  const { mine, all } = waiting;
  if (mine === 0) {
    const note = [summary.note, `${count(all, "promotion")} ${all === 1 ? "waits" : "wait"}`];
    return { ...summary, note: note.filter((part) => part !== null).join(", "), rank: Math.min(summary.rank, 1) };
  }
  return {
    ...summary,
    vote: `${count(mine, "promotion")} ${mine === 1 ? "waits" : "wait"} for your approval`,
    rank: 0,
  };
}

export function summarize(pipeline: PipelineSummaryFragment): Summary {
  const couplings = pipeline.stages.flatMap((stage) => stage.couplings);
  const failed = couplings.filter((one) => latestPhase(one) === "FAILED");
  const busy = couplings.some(isBusy);
  const verifying = couplings.some(({ app }) => app.currentRelease?.verifyBy != null);
  const checks = couplings.filter(hasFailedChecks);
  const unverified = couplings.filter(isUnverified);
  const held = pipeline.stages.flatMap(({ stage, couplings }) =>
    couplings.filter((one) => one.automationHeld !== null && (stage !== "DEVELOPMENT" || one.autoDeploy)),
  );
  const reasons = [
    failed.length > 0 && `${count(failed.length, "deployment")} failed`,
    checks.length > 0 && `checks failed on ${count(checks.length, "app")}`,
    unverified.length > 0 && `verification failed on ${count(unverified.length, "app")}`,
    held.length > 0 && `automation held on ${count(held.length, "app")}`,
  ].filter((reason) => reason !== false);
  const attention = reasons.length === 0 ? null : reasons.join(", ");
  const { id, name, description, repository, component } = pipeline;
  return {
    id,
    name,
    description,
    repository: repository === null || component === null ? repository : `${repository} (${component})`,
    stages: pipeline.stages.map(({ stage, couplings }) => summarizeStage(stage, couplings)),
    attention,
    busy,
    vote: null,
    note: busy ? "deploying" : verifying ? "verifying" : null,
    rank: attention !== null ? 0 : busy || verifying ? 1 : couplings.length > 0 ? 2 : 3,
  };
}

/** Those that need attention first, then those where something happens, then by name. */
export function compareSummaries(a: Summary, b: Summary): number {
  return a.rank - b.rank || (a.name < b.name ? -1 : 1);
}

function summarizeStage(stage: Stage, couplings: readonly Coupling[]): StageSummary {
  const builds = new Map(
    couplings.flatMap(({ app: { currentRelease } }) =>
      currentRelease === null ? [] : [[currentRelease.build.id, currentRelease] as const],
    ),
  );
  const [only] = builds.values();
  const text = only === undefined ? "" : shortSha(only.build.commit.sha);
  return { stage, icon: findIcon(couplings), text, builds: builds.size, apps: couplings.length };
}

function findIcon(couplings: readonly Coupling[]): StateName {
  if (couplings.some((one) => latestPhase(one) === "FAILED" || hasFailedChecks(one) || isUnverified(one))) return "bad";
  if (couplings.some(isBusy)) return "busy";
  return couplings.some(({ app }) => app.currentRelease !== null) ? "good" : "none";
}

function latestPhase({ app }: Coupling) {
  return app.releases.nodes[0]?.phase;
}

function isBusy(coupling: Coupling): boolean {
  const phase = latestPhase(coupling);
  return phase === "DEPLOYING" || phase === "QUEUED";
}

function isUnverified({ app: { currentRelease } }: Coupling): boolean {
  return currentRelease != null && currentRelease.verificationProblem !== null;
}

function hasFailedChecks({ app: { currentRelease } }: Coupling): boolean {
  return currentRelease?.state === "FAILURE" || currentRelease?.state === "ERROR";
}
