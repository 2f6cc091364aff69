import sql from "sql-template-tag";
import { CommitStatus } from "../../entities/builds/commit-status.js";
import { IdempotencyKey } from "../../entities/core/idempotency-key.js";
import { GithubReport } from "../../entities/github/github-report.js";
import { Pipeline } from "../../entities/pipelines/pipeline.js";
import { ReviewApp } from "../../entities/pipelines/review-app.js";
import { Promotion } from "../../entities/releases/promotion.js";
import { Release } from "../../entities/releases/release.js";
import { append } from "../../events/append.js";
import { pruneStep } from "../../events/prune.js";
import { readEvents } from "../../events/read.js";
import type { Ctx } from "../core/context.js";
import { KEY_LIFETIME_MS } from "../core/idempotency.js";
import { lockApps } from "../core/locks.js";
import { formatDuration } from "../core/values/duration.js";
import { transactionTime } from "../core/values/time.js";
import { removeReviewApp } from "../pipelines/review-apps.js";
import { lockPromotions } from "../promotions/waiting/lock-promotions.js";
import { settle } from "../promotions/waiting/settle.js";
import { updatePhase } from "../releases/deployments.js";
import { deployTimeout, requireReleasedApp } from "../releases/release-app.js";

/*
 * Periodic jobs, for a context whose viewer is the service. Each step is a transaction that checks again what is due.
 * They may run at any time.
 */

/** Fails the deployments whose deadline passed without a report. */
export async function failOverdueDeployments(ctx: Ctx): Promise<void> {
  const due = await ctx.db.reader.select(
    "overdue_deployments",
    Release,
    sql`WHERE e.deploy_deadline IS NOT NULL AND e.deploy_deadline <= ${ctx.now().getTime()} ORDER BY e.deploy_deadline`,
  );
  for (const { id, appId } of due) {
    await ctx.db.write(async (tx) => {
      await lockApps(tx, [appId]);
      const release = await tx.first(Release, { id, phase: "DEPLOYING" });
      if (release === null || release.deployDeadline === null || release.deployDeadline > ctx.now()) return;
      const timeout = deployTimeout(ctx, await requireReleasedApp(tx, release));
      const reason = `No report of the deployment arrived within ${formatDuration(timeout)}.`;
      await append(
        tx,
        ctx.viewer,
        ctx.now(),
        await updatePhase(tx, ctx, release, "FAILED", { failureReason: reason, timedOut: true }),
      );
    });
  }
}

/** How many due promotions are read at once. */
const DUE_PROMOTIONS = 100;

/**
 * Evaluates the waiting promotions that are due, in the order in which they were requested: each in a separate
 * transaction, so that other transactions do not wait for long. Every instance does this. The lock of the promotion
 * decides which instance admits it.
 */
export async function settleDuePromotions(ctx: Ctx, stopped: AbortSignal): Promise<void> {
  let after = 0;
  for (;;) {
    const now = await transactionTime(ctx.db.reader, ctx);
    const due = await ctx.db.reader.select(
      "due_promotions",
      Promotion,
      // The unary plus keeps query planners from reading all promotions in order to find the few that are due.
      sql`WHERE e.wake_at <= ${now.getTime()} AND +e.position > ${after} ORDER BY +e.position LIMIT ${DUE_PROMOTIONS}`,
    );
    const failures: unknown[] = [];
    for (const promotion of due) {
      if (stopped.aborted) return;
      after = promotion.position;
      await ctx.db
        .write(async (tx) => {
          await lockPromotions(tx, [promotion]);
          await append(tx, ctx.viewer, ctx.now(), await settle(tx, ctx, promotion.id));
        })
        // It stays due, and must not delay the next ones.
        .catch((error: unknown) => failures.push(error));
    }
    if (failures.length > 0)
      throw new AggregateError(failures, `${failures.length} promotions could not be evaluated.`);
    if (due.length < DUE_PROMOTIONS) return;
  }
}

/** Removes review apps without activity on their pull requests. */
export async function closeExpiredReviewApps(ctx: Ctx): Promise<void> {
  const due = await ctx.db.reader.select(
    "expired_review_apps",
    ReviewApp,
    sql`WHERE e.expires_at <= ${ctx.now().getTime()} ORDER BY e.expires_at`,
  );
  for (const { appId, pipelineId } of due) {
    await ctx.db.write(async (tx) => {
      await tx.lock(Pipeline, [pipelineId], "change");
      await lockApps(tx, [appId]);
      const reviewApp = await tx.first(ReviewApp, { appId });
      if (reviewApp === null || reviewApp.expiresAt > ctx.now()) return;
      await append(tx, ctx.viewer, ctx.now(), await removeReviewApp(tx, ctx, reviewApp));
    });
  }
}

/**
 * The most that one run prunes, in milliseconds of the log: 24 hours. A clock that is temporarily wrong does not delete
 * the whole log.
 */
const MAX_PRUNED_MS = 24 * 60 * 60 * 1000;

/** Prunes expired events in batches, so that other transactions do not wait, and expired keys and budgets. */
export async function pruneHistory(ctx: Ctx, signal: AbortSignal): Promise<void> {
  const horizon = await pruneHorizon(ctx);
  while (!signal.aborted && (await ctx.db.write((tx) => pruneStep(tx, horizon)))) {
    // The next batch waits in the queue behind other transactions.
  }
  const oldest = ctx.now().getTime() - KEY_LIFETIME_MS;
  if (!signal.aborted) await ctx.db.write((tx) => tx.deleteWhere(IdempotencyKey, sql`e.created_at < ${oldest}`));
  if (!signal.aborted)
    await ctx.db.write((tx) =>
      tx.execute("prune_budgets", sql`DELETE FROM budgets WHERE expire < ${ctx.now().getTime()}`),
    );
  if (!signal.aborted) await pruneReports(ctx, horizon);
}

/** Events before this time are pruned now: expired ones, at most a day of them. */
async function pruneHorizon(ctx: Ctx): Promise<Date> {
  const due = ctx.now().getTime() - ctx.durations.eventRetention;
  const [oldest] = await readEvents(ctx.db.reader, {}, null, 1);
  return new Date(oldest === undefined ? due : Math.min(due, oldest.occurredAt.getTime() + MAX_PRUNED_MS));
}

/** Prunes commit statuses and GitHub reports as old as pruned events. */
async function pruneReports(ctx: Ctx, horizon: Date): Promise<void> {
  const before = horizon.getTime();
  await ctx.db.write(async (tx) => {
    await tx.deleteWhere(CommitStatus, sql`e.received_at < ${before}`);
    await tx.deleteWhere(GithubReport, sql`e.state <> 'PENDING' AND e.updated_at < ${before}`);
  });
}
