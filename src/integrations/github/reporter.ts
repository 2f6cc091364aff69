import type { Logger } from "pino";
import sql from "sql-template-tag";
import { type Ticker, ticker } from "../../async/ticker.js";
import type { Database } from "../../database/database.js";
import { Build } from "../../entities/builds/build.js";
import { GithubReport } from "../../entities/github/github-report.js";
import { App } from "../../entities/pipelines/app.js";
import { Coupling } from "../../entities/pipelines/coupling.js";
import { ReviewApp } from "../../entities/pipelines/review-app.js";
import { Release } from "../../entities/releases/release.js";
import { type GithubApi, isPermanent, PermanentFailure, RateLimited } from "./api.js";
import { createDeployment, type Deployment, findDeployment, reportState, toDeployment } from "./deployments.js";
import { collect, enableQueue } from "./queue.js";

/** How often the queue is looked at, in milliseconds. */
const INTERVAL_MS = 1000;
/** Attempts come after 1 s, 2 s, 4 s … and at most an hour, each shortened by up to half at random; 35 take about a day. */
const FIRST_DELAY_MS = 1000;
const MAX_DELAY_MS = 3_600_000;
const MAX_ATTEMPTS = 35;
/** After this long an attempt that was begun and never ended is made again, in milliseconds: the process was lost. */
const LEASE_MS = 60_000;

export interface ReporterParts {
  readonly db: Database;
  readonly api: GithubApi;
  readonly log: Logger;
  now(): Date;
}

/** Tells GitHub of releases, one request at a time, as GitHub asks for, until it is stopped. */
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
      // What is queued stays so, and is due again with the next look.
      if (!stopped.aborted) log.error({ err: error }, "GitHub could not be told of releases");
    }
  });
}

/** Takes the report that has been due the longest, and leaves word of it: should this process be lost, it is made again. */
async function claim({ db, now }: ReporterParts): Promise<GithubReport | null> {
  const due = sql`WHERE e.state = 'PENDING' AND e.next_attempt_at <= ${now().getTime()}
    ORDER BY e.next_attempt_at, e.release_id LIMIT 1`;
  if ((await db.reader.select(GithubReport, due)).length === 0) return null;
  return db.write(async (tx) => {
    const [report] = await tx.select(GithubReport, sql`${due} ${tx.dialect.lock("change")}`);
    if (report === undefined) return null;
    const claimed = { attempts: report.attempts + 1, nextAttemptAt: new Date(now().getTime() + LEASE_MS) };
    await tx.update(GithubReport, { releaseId: report.releaseId }, claimed);
    return Object.assign(report, claimed);
  });
}

/** Makes one attempt. Where GitHub wants to be left alone, tells until when. */
async function attempt(parts: ReporterParts, report: GithubReport, signal: AbortSignal): Promise<Date | null> {
  const { db, log, now } = parts;
  const { releaseId } = report;
  try {
    await deliver(parts, report, signal);
    return null;
  } catch (error) {
    // The service stops: the next start goes on from here, and looks whether this attempt had its effect.
    if (signal.aborted) {
      await settle(db, releaseId, { nextAttemptAt: now(), attempts: report.attempts - 1, updatedAt: now() });
      return null;
    }
    const problem = error instanceof Error ? error.message : String(error);
    const told = { release: releaseId, attempts: report.attempts, problem };
    if (error instanceof RateLimited) {
      const waiting = { nextAttemptAt: error.until, attempts: report.attempts - 1, problem };
      await settle(db, releaseId, { ...waiting, uncertain: report.uncertain, updatedAt: now() });
      log.warn(told, "GitHub's rate limit was reached");
      return error.until;
    }
    const { uncertain } = report;
    const given = error instanceof PermanentFailure || report.attempts >= MAX_ATTEMPTS;
    const nextAttemptAt = new Date(now().getTime() + retryDelay(report.attempts));
    const state = given ? "FAILED" : "PENDING";
    await settle(db, releaseId, { state, problem, uncertain, nextAttemptAt, updatedAt: now() });
    if (given) log.error(told, "GitHub was not told of a release, and will not be");
    else log.warn({ ...told, nextAttemptAt }, "GitHub was not told of a release; it will be tried again");
    return null;
  }
}

/** Tells GitHub how a release stands: makes its deployment where there is none yet, then says its state. */
async function deliver(parts: ReporterParts, report: GithubReport, signal: AbortSignal): Promise<void> {
  const { db, api, now } = parts;
  const { releaseId } = report;
  const deployment = await loadDeployment(db, releaseId);
  if (needsReport(report, deployment)) {
    report.deploymentId ??= await findDeploymentId(parts, report, deployment, signal);
    await reportState(api, deployment, report.deploymentId, signal);
    report.told = deployment.state;
  }
  await db.write(async (tx) => {
    const { state } = await loadDeployment({ reader: tx }, releaseId);
    const told = { told: report.told, problem: null, updatedAt: now() };
    // It may have moved on while GitHub was told of where it stood.
    const next = state === deployment.state ? { state: "DELIVERED" as const } : { nextAttemptAt: now(), attempts: 0 };
    await tx.update(GithubReport, { releaseId }, { ...told, ...next });
  });
}

/** What never ran as far as GitHub knows need not be told to have ended. */
function needsReport(report: GithubReport, { state }: Deployment): boolean {
  const unknown = report.deploymentId === null && !report.uncertain;
  return state !== report.told && !(unknown && state === "inactive");
}

/** Finds the deployment that an attempt whose answer was lost has made, or makes it. */
async function findDeploymentId(
  { db, api }: ReporterParts,
  report: GithubReport,
  deployment: Deployment,
  signal: AbortSignal,
): Promise<string> {
  const { releaseId } = report;
  let deploymentId = report.uncertain ? await findDeployment(api, deployment, signal) : null;
  if (deploymentId === null) {
    // Kept before it is asked for: were the answer lost, the next attempt looks before it makes another.
    if (!report.uncertain) await settle(db, releaseId, { uncertain: true });
    report.uncertain = true;
    try {
      deploymentId = await createDeployment(api, deployment, signal);
    } catch (error) {
      // An answer that says no has made none; anything else may have.
      report.uncertain = !isPermanent(error);
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
  if (release === null || build === null || app === null) throw new Error(`Release ${releaseId} has lost a part.`);
  const coupling = await reader.first(Coupling, { appId: app.id });
  const reviewApp = await reader.first(ReviewApp, { appId: app.id });
  return toDeployment(release, build, app, { stage: coupling?.stage ?? null, isReviewApp: reviewApp !== null });
}

/** @param attempts 1 after the first that failed */
function retryDelay(attempts: number): number {
  const longest = Math.min(FIRST_DELAY_MS * 2 ** (attempts - 1), MAX_DELAY_MS);
  return longest * (0.5 + Math.random() / 2);
}
