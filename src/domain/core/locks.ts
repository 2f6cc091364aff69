import sql from "sql-template-tag";
import { StaleRead } from "../../database/database.js";
import type { LockMode } from "../../database/rows/dialect.js";
import { columns } from "../../database/rows/raw-rows.js";
import type { Tx } from "../../database/rows/tx.js";
import { App } from "../../entities/pipelines/app.js";
import { Coupling } from "../../entities/pipelines/coupling.js";
import { Pipeline } from "../../entities/pipelines/pipeline.js";
import { Promotion } from "../../entities/releases/promotion.js";
import { requireApp, requireCoupling } from "./references.js";
import { commitKey } from "./values/commits.js";

/*
 * Lock order. A mutation locks every row that its decision depends on before it reads it, in this order, and rows of
 * one kind in the order of their ids:
 *
 * 1. Names: of a repository, then of a commit or pull request whose reports are applied or read. There may be no row
 *    yet.
 * 2. Pipelines: exclusively to change a pipeline or its couplings, shared to depend on them.
 * 3. Apps: exclusively to change what an app runs, or the rules for it.
 * 4. Promotions in progress on these apps, and those that wait for them.
 * 5. Builds: exclusively to change the statuses of a build or its releases, shared to depend on them.
 * 6. Tokens: exclusively to revoke one, shared to evaluate a promotion that was requested with it or to vote with it.
 * 7. Windows and freezes, as one name: exclusively to change them, shared to evaluate them.
 * 8. Webhooks: exclusively to change a webhook or to record a delivery. Such a transaction locks nothing else except
 *    the log.
 * 9. The event log.
 *
 * A mutation that finds that it depends on other rows after locking throws `StaleRead`, and is retried. On SQLite,
 * where transactions run one at a time, none of this costs anything.
 *
 * Explicit locks at READ COMMITTED are used instead of SERIALIZABLE for two reasons. Every mutation moves the log's
 * head, so one of any two concurrent mutations would fail. And PostgreSQL detects conflicts by index pages, on which
 * ids of the same time are neighbors.
 */

/** Locks the statuses of a commit by the beginning of its hash, because a build may have only an abbreviated hash. */
export function lockCommit(tx: Tx, repository: string, sha: string): Promise<void> {
  return tx.lockName(`${repository}@${commitKey(sha)}`);
}

const PROMOTION_IDS = columns({ promotion_id: "text or null" });

/**
 * Locks apps, the promotions in progress on them, which may end with a release, and the promotions that wait for them.
 *
 * @returns whether rows that were read before may have changed
 */
export async function lockApps(tx: Tx, appIds: readonly string[]): Promise<boolean> {
  if (!(await tx.lock(App, appIds, "change"))) return false;
  const mine = tx.dialect.oneOf(sql`app_id`, appIds);
  const underWay = await tx.query(
    "promotions_on_apps",
    PROMOTION_IDS,
    sql`SELECT promotion_id FROM releases WHERE ${mine} AND phase = 'DEPLOYING'
      UNION SELECT promotion_id FROM releases WHERE ${mine} AND phase = 'QUEUED'
      UNION SELECT promotion_id FROM promotion_targets WHERE ${mine} AND phase IN ('WAITING', 'VERIFYING')`,
  );
  const promotions = underWay.map((row) => row.promotion_id).filter((id) => id !== null);
  await tx.lock(Promotion, promotions, "change");
  return true;
}

/** Finds the app of an argument, and locks it. */
export async function lockApp(tx: Tx, field: string, reference: string): Promise<App> {
  const app = await requireApp(tx, field, reference);
  return (await lockApps(tx, [app.id])) ? requireApp(tx, field, app.id) : app;
}

/** A locked app, with its coupling and pipeline; both are null if it is in no pipeline. */
export type LockedApp = { readonly app: App } & (
  | { readonly coupling: Coupling; readonly pipeline: Pipeline }
  | { readonly coupling: null; readonly pipeline: null }
);

/** Finds the app of an argument, and locks it exclusively and its pipeline shared. */
export async function lockAppInPipeline(tx: Tx, field: string, reference: string): Promise<LockedApp> {
  const found = await requireApp(tx, field, reference);
  const before = await tx.first(Coupling, { appId: found.id });
  if (before !== null) await tx.lock(Pipeline, [before.pipelineId], "share");
  const locked = await lockApps(tx, [found.id]);
  const app = locked ? await requireApp(tx, field, found.id) : found;
  const coupling = locked ? await tx.first(Coupling, { appId: app.id }) : before;
  if (coupling?.pipelineId !== before?.pipelineId) throw new StaleRead(`${app.name} has changed its pipeline.`);
  if (coupling === null) return { app, coupling, pipeline: null };
  const pipeline = await tx.first(Pipeline, { id: coupling.pipelineId });
  if (pipeline === null) throw new Error(`Coupling ${coupling.id} has lost its pipeline.`);
  return { app, coupling, pipeline };
}

/** Finds the coupling of an argument, and locks its pipeline and app exclusively. A coupling never changes either. */
export async function lockCoupling(tx: Tx, field: string, id: string): Promise<Coupling> {
  const coupling = await requireCoupling(tx, field, id);
  await tx.lock(Pipeline, [coupling.pipelineId], "change");
  return (await lockApps(tx, [coupling.appId])) ? requireCoupling(tx, field, id) : coupling;
}

/** Locks the windows and freezes against changes (`share`), or to change them. Only the log is locked after it. */
export function lockGates(tx: Tx, mode: LockMode): Promise<void> {
  return tx.lockName("gates", mode);
}
