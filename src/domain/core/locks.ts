import sql from "sql-template-tag";
import type { Tx } from "../../database/rows/reader.js";
import { App } from "../../entities/pipelines/app.js";
import type { Coupling } from "../../entities/pipelines/coupling.js";
import { Pipeline } from "../../entities/pipelines/pipeline.js";
import { Promotion } from "../../entities/releases/promotion.js";
import { requireApp, requireCoupling } from "./references.js";

/*
 * What holds still while something is judged. Where several instances write at the same time (PostgreSQL, at READ
 * COMMITTED), a verb locks the rows that its judgement rests on, then reads, then writes; where one transaction goes in at
 * a time (SQLite) all of this costs nothing.
 *
 * - Whoever brings in what a code host says of a commit or a pull request, or goes by all that was said of a commit, locks
 *   its name: there may be no row yet.
 * - Whoever changes what a pipeline is made of locks the pipeline's row, and whoever goes by that shares it.
 * - Whoever changes what an app runs, or the rules for that, locks the app's row.
 * - Whoever changes what is said of a build or its releases locks the build's row, and whoever goes by that shares it.
 *
 * Always in this order, and among one kind in the order of ids, so that nobody waits for somebody who waits for them:
 * names, pipelines, apps, the promotions that are under way on them, builds, and last the log. Whoever finds then that it
 * goes by something else begins anew (`Overtaken`).
 *
 * Explicit locks and not SERIALIZABLE: every change moves the log's head, so that of any two at once one would fail and be
 * run again, whatever they are about; and PostgreSQL watches pages of indexes there, on which ids made at the same time lie
 * side by side.
 */

/** Locks what is said of a commit. Its first seven digits are its name: a build may know it by no more. */
export function lockCommit(tx: Tx, repository: string, sha: string): Promise<void> {
  return tx.lockName(`${repository}@${sha.slice(0, 7)}`);
}

/**
 * Locks apps, and with them the promotions whose releases are under way there: as one of those ends, so may its promotion.
 *
 * @returns whether what was read of them before may have changed
 */
export async function lockApps(tx: Tx, appIds: readonly string[]): Promise<boolean> {
  if (!(await tx.lock(App, appIds, "change"))) return false;
  const mine = tx.dialect.oneOf(sql`app_id`, appIds);
  const underWay = await tx.query<{ promotion_id: string | null }>(
    sql`SELECT promotion_id FROM releases WHERE ${mine} AND phase = 'DEPLOYING'
      UNION SELECT promotion_id FROM releases WHERE ${mine} AND phase = 'QUEUED'`,
  );
  const promotions = underWay.map((row) => row.promotion_id).filter((id) => id !== null);
  await tx.lock(Promotion, promotions, "change");
  return true;
}

/** An app that an argument names, locked. */
export async function lockApp(tx: Tx, field: string, reference: string): Promise<App> {
  const app = await requireApp(tx, field, reference);
  return (await lockApps(tx, [app.id])) ? requireApp(tx, field, app.id) : app;
}

/** A coupling that an argument names, locked with its pipeline and its app, which it never changes. */
export async function lockCoupling(tx: Tx, field: string, id: string): Promise<Coupling> {
  const coupling = await requireCoupling(tx, field, id);
  await tx.lock(Pipeline, [coupling.pipelineId], "change");
  return (await lockApps(tx, [coupling.appId])) ? requireCoupling(tx, field, id) : coupling;
}
