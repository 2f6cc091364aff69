import type { Logger } from "pino";
import sql from "sql-template-tag";
import { type Ticker, ticker } from "../../../async/ticker.js";
import type { Database } from "../../../database/database.js";
import { Build } from "../../../entities/builds/build.js";
import { GithubReport } from "../../../entities/github/github-report.js";
import { App } from "../../../entities/pipelines/app.js";
import { Coupling } from "../../../entities/pipelines/coupling.js";
import { ReviewApp } from "../../../entities/pipelines/review-app.js";
import { Release } from "../../../entities/releases/release.js";
import { type GithubApi, PermanentFailure, provesNoEffect, RateLimited } from "./api.js";
import { createDeployment, type Deployment, findDeployment, reportState, toDeployment } from "./deployments.js";
import { collect, enableQueue } from "./queue.js";

/** Polling interval of the queue, in milliseconds. */
const INTERVAL_MS = 1000;
/**
 * Delays between attempts: 1 s, 2 s, 4 s … up to an hour, each reduced at random by up to half. 35 attempts take about
 * a day.
 */
const FIRST_DELAY_MS = 1000;
const MAX_DELAY_MS = 3_600_000;
const MAX_ATTEMPTS = 35;
/** Lease of an attempt, in milliseconds. An attempt that has not finished by then is retried: its process has died. */
const LEASE_MS = 60_000;

export interface ReporterParts {
  readonly db: Database;
  readonly api: GithubApi;
  readonly log: Logger;
  now(): Date;
}

/** Reports releases to GitHub until stopped, one request at a time as GitHub recommends. */
export async function startReporter(parts: ReporterParts): Promise<Ticker> {
  const { db, api, log } = parts;
  let limitedUntil = new Date(0);
  await enableQueue(db);
  return ticker(INTERVAL_MS, async (stopped) => {
    try {
      await collect(db, api.host, parts.now);
      while (!stopped.aborted && parts.now() >= limitedUntil) {
        const report = await claim(parts);
        if (report === null) return;
        limitedUntil = (await attempt(parts, report, stopped)) ?? limitedUntil;
      }
    } catch (error) {
      // The queue is unchanged and is retried on the next run.
      if (!stopped.aborted) log.error({ err: error }, "reporting releases to GitHub failed");
    }
  });
}

/**
 * Claims the report that has been due the longest. If this process dies, the report becomes due again after the lease.
 */
async function claim({ db, now }: ReporterParts): Promise<GithubReport | null> {
  const due = sql`WHERE e.state = 'PENDING' AND e.next_attempt_at <= ${now().getTime()}
    ORDER BY e.next_attempt_at, e.position LIMIT 1`;
  if ((await db.reader.select("due_report", GithubReport, due)).length === 0) return null;
  return db.write(async (tx) => {
    const [report] = await tx.select("claim_report", GithubReport, sql`${due} ${tx.dialect.lock("change")}`);
    if (report === undefined) return null;
    const claimed = { attempts: report.attempts + 1, nextAttemptAt: new Date(now().getTime() + LEASE_MS) };
    await tx.update(GithubReport, { releaseId: report.releaseId }, claimed);
    return Object.assign(report, claimed);
  });
}

/** Makes one attempt. Returns when to resume if GitHub's rate limit was exceeded; null otherwise. */
async function attempt(parts: ReporterParts, report: GithubReport, signal: AbortSignal): Promise<Date | null> {
  const { db, log, now } = parts;
  const { releaseId } = report;
  try {
    await deliver(parts, report, signal);
    return null;
  } catch (error) {
    // The service is stopping. After the restart the report is retried, and checks whether this attempt took effect.
    if (signal.aborted) {
      await settle(db, releaseId, { nextAttemptAt: now(), attempts: report.attempts - 1, updatedAt: now() });
      return null;
    }
    const failureReason = error instanceof Error ? error.message : String(error);
    const logFields = { release: releaseId, attempts: report.attempts, problem: failureReason };
    if (error instanceof RateLimited) {
      const waiting = { nextAttemptAt: error.until, attempts: report.attempts - 1, failureReason };
      await settle(db, releaseId, { ...waiting, uncertain: report.uncertain, updatedAt: now() });
      log.warn(logFields, "GitHub rate limit exceeded");
      return error.until;
    }
    const { uncertain } = report;
    const final = error instanceof PermanentFailure || report.attempts >= MAX_ATTEMPTS;
    const nextAttemptAt = new Date(now().getTime() + retryDelay(report.attempts));
    const phase = final ? "FAILED" : "PENDING";
    await settle(db, releaseId, { phase, failureReason, uncertain, nextAttemptAt, updatedAt: now() });
    if (final) log.error(logFields, "release report to GitHub failed permanently");
    else log.warn({ ...logFields, nextAttemptAt }, "release report to GitHub failed; will retry");
    return null;
  }
}

/** Reports the state of a release. Creates its deployment first if there is none. */
async function deliver(parts: ReporterParts, report: GithubReport, signal: AbortSignal): Promise<void> {
  const { db, api, now } = parts;
  const { releaseId } = report;
  const deployment = await loadDeployment(db, releaseId);
  if (needsReport(report, deployment)) {
    report.deploymentId ??= await findDeploymentId(parts, report, deployment, signal);
    await reportState(api, deployment, report.deploymentId, signal);
    report.lastReportedState = deployment.state;
  }
  await db.write(async (tx) => {
    const { state } = await loadDeployment({ reader: tx }, releaseId);
    const reported = { lastReportedState: report.lastReportedState, failureReason: null, updatedAt: now() };
    // The release may have changed during the request.
    const next = state === deployment.state ? { phase: "DELIVERED" as const } : { nextAttemptAt: now(), attempts: 0 };
    await tx.update(GithubReport, { releaseId }, { ...reported, ...next });
  });
}

/** A release unknown to GitHub need not be reported as inactive. */
function needsReport(report: GithubReport, { state }: Deployment): boolean {
  const unknown = report.deploymentId === null && !report.uncertain;
  return state !== report.lastReportedState && !(unknown && state === "INACTIVE");
}

/** Finds the deployment created by an attempt whose response was lost, or creates it. */
async function findDeploymentId(
  { db, api }: ReporterParts,
  report: GithubReport,
  deployment: Deployment,
  signal: AbortSignal,
): Promise<string> {
  const { releaseId } = report;
  let deploymentId = report.uncertain ? await findDeployment(api, deployment, signal) : null;
  if (deploymentId === null) {
    // Recorded before the request: if the response is lost, the next attempt searches before it creates another.
    if (!report.uncertain) await settle(db, releaseId, { uncertain: true });
    report.uncertain = true;
    try {
      deploymentId = await createDeployment(api, deployment, signal);
    } catch (error) {
      // A rejection proves that nothing was created. Without a response, that is unknown.
      report.uncertain = !provesNoEffect(error);
      throw error;
    }
  }
  report.uncertain = false;
  await settle(db, releaseId, { deploymentId, uncertain: false });
  return deploymentId;
}

async function settle(db: Database, releaseId: string, patch: Partial<GithubReport>): Promise<void> {
  await db.write((tx) => tx.update(GithubReport, { releaseId }, patch));
}

async function loadDeployment({ reader }: Pick<Database, "reader">, releaseId: string): Promise<Deployment> {
  const release = await reader.first(Release, { id: releaseId });
  const build = release && (await reader.first(Build, { id: release.buildId }));
  const app = release && (await reader.first(App, { id: release.appId }));
  if (release === null || build === null || app === null)
    throw new Error(`The build or app of release ${releaseId} is missing.`);
  const coupling = await reader.first(Coupling, { appId: app.id });
  const reviewApp = await reader.first(ReviewApp, { appId: app.id });
  return toDeployment(release, build, app, { stage: coupling?.stage ?? null, isReviewApp: reviewApp !== null });
}

/** @param attempts 1 after the first failure */
function retryDelay(attempts: number): number {
  const delay = Math.min(FIRST_DELAY_MS * 2 ** (attempts - 1), MAX_DELAY_MS);
  return delay * (0.5 + Math.random() / 2);
}
