import sql, { raw, type Sql } from "sql-template-tag";
import { StaleRead } from "../../../database/database.js";
import type { Reader } from "../../../database/rows/reader.js";
import type { Tx } from "../../../database/rows/tx.js";
import { Promotion } from "../../../entities/releases/promotion.js";
import { PromotionTarget } from "../../../entities/releases/promotion-target.js";
import type { EventDraft } from "../../../events/draft.js";
import type { TxCtx } from "../../core/context.js";
import { DUE } from "../../rollouts/update-progress.js";
import { dropTargets, endWaiting } from "./ending.js";
import { lockPromotions } from "./lock-promotions.js";
import { settle } from "./settle.js";

/*
 * Changes that may unblock waiting promotions. Such a change calls `clearWaiting` in its transaction, after it has
 * written its rows, so that the same commit admits the promotions. Changes that can only block do not need to.
 */

/**
 * Which waiting promotions a change may unblock:
 * - builds: those of these builds, after a change of a status or release.
 * - pipelines: those in these pipelines, after a change of a policy, check or rule; null for all.
 * - gatesOf: those in these pipelines, after a change of a window or freeze; null for all.
 * - promotion: this one, after a vote.
 * - token: those that this token requested, after it was revoked.
 * - configOf: those from or to this app, after a change of its config.
 */
export type Cleared =
  | { readonly builds: readonly string[] }
  | { readonly pipelines: readonly string[] | null }
  | { readonly gatesOf: readonly string[] | null }
  | { readonly promotion: string }
  | { readonly token: string }
  | { readonly configOf: string };

/** The most promotions that a transaction evaluates. The others become due, and the periodic job evaluates them. */
const MOST_AT_ONCE = 10;

/**
 * Evaluates again the waiting promotions that a change may have unblocked, and admits those without blockers. Costs one
 * indexed read if there are none. Call it in the transaction of the change, after the change was written.
 *
 * @returns events, which the caller appends after those of the change
 */
export async function clearWaiting(tx: Tx, ctx: TxCtx, cleared: Cleared): Promise<EventDraft[]> {
  const first = await findCleared(tx, cleared);
  if (first.length === 0) return [];
  if (needsLocksFirst(tx, cleared) && !tx.retried) {
    throw new StaleRead("Promotions wait for this change, whose rows must be locked before those of the change.");
  }
  await lockPromotions(tx, first);
  if (first.length === MOST_AT_ONCE) await wakeLater(tx, cleared, first);
  const events: EventDraft[] = [];
  for (const { id } of first) events.push(...(await settle(tx, ctx, id)));
  return events;
}

/**
 * Locks the promotions that a change may unblock. Call it before the change locks a build, a release, an app for its
 * config, or windows and freezes. Does nothing in the first attempt of a transaction: `clearWaiting` retries the
 * transaction if there are such promotions. So a change that unblocks nothing does not read twice.
 */
export async function lockCleared(tx: Tx, cleared: Cleared): Promise<void> {
  if (!tx.dialect.concurrent || !tx.retried) return;
  await lockPromotions(tx, await findCleared(tx, cleared));
}

/** Whether the caller holds locks that come after those of promotions and their apps in the lock order. */
function needsLocksFirst(tx: Tx, cleared: Cleared): boolean {
  return tx.dialect.concurrent && ("builds" in cleared || "gatesOf" in cleared || "configOf" in cleared);
}

/**
 * The first promotions that a change may unblock, in the order in which they were requested; at most `MOST_AT_ONCE`.
 */
function findCleared(reader: Reader, cleared: Cleared): Promise<Promotion[]> {
  const condition = toCondition(reader, cleared);
  return reader.select(
    "waiting_promotions",
    Promotion,
    // The unary plus keeps query planners from reading all promotions in order to find the few that wait.
    sql`WHERE e.wake_at IS NOT NULL AND ${condition} ORDER BY +e.position LIMIT ${MOST_AT_ONCE}`,
  );
}

function toCondition({ dialect }: Reader, cleared: Cleared): Sql {
  if ("builds" in cleared) {
    const [first, ...others] = cleared.builds;
    return others.length === 0 ? sql`e.build_id = ${first ?? null}` : dialect.oneOf(sql`e.build_id`, cleared.builds);
  }
  if ("promotion" in cleared) return sql`e.id = ${cleared.promotion}`;
  if ("token" in cleared) return sql`e.asked_by = ${cleared.token}`;
  if ("configOf" in cleared) {
    const { configOf } = cleared;
    return sql`(e.source_app_id = ${configOf} OR e.id IN (SELECT t.promotion_id FROM promotion_targets t
      WHERE t.app_id = ${configOf} AND t.phase = 'WAITING'))`;
  }
  const pipelines = "gatesOf" in cleared ? cleared.gatesOf : cleared.pipelines;
  return pipelines === null ? sql`1 = 1` : dialect.oneOf(sql`e.pipeline_id`, pipelines);
}

/**
 * Makes the promotions that a change may unblock due, for the periodic job. The caller holds the locks of the change. A
 * promotion whose row is locked is skipped. The transaction that holds that lock evaluates the promotion after this one
 * has ended, because it needs the same locks; or it ends the promotion; or it can only block it.
 */
export async function wakeLater(tx: Tx, cleared: Cleared, except: readonly Promotion[] = []): Promise<void> {
  const condition = toCondition(tx, cleared);
  const others = sql`NOT ${tx.dialect.oneOf(
    sql`e.id`,
    except.map((one) => one.id),
  )}`;
  const free = tx.dialect.concurrent ? raw("ORDER BY e.id FOR NO KEY UPDATE SKIP LOCKED") : raw("");
  await tx.execute(
    "wake_waiting_promotions",
    sql`UPDATE promotions SET wake_at = ${DUE.getTime()}
      WHERE id IN (SELECT e.id FROM promotions e WHERE e.wake_at IS NOT NULL AND ${condition} AND ${others} ${free})`,
  );
}

/**
 * Call it if an app leaves its stage. Ends waiting promotions from the app, and removes the app from waiting promotions
 * to it. The caller holds the app's lock.
 *
 * @param reason a sentence for people
 */
export async function endWaitingOf(tx: Tx, ctx: TxCtx, appId: string, reason: string): Promise<EventDraft[]> {
  const end = { phase: "CANCELLED", by: ctx.viewer, reason } as const;
  const [target] = await tx.find(PromotionTarget, { appId, ownPhase: "WAITING" });
  const fromIt = await tx.select(
    "waiting_promotions_from_app",
    Promotion,
    sql`WHERE e.wake_at IS NOT NULL AND e.source_app_id = ${appId} ORDER BY e.position`,
  );
  await tx.lock(
    Promotion,
    fromIt.map((one) => one.id),
    "change",
  );
  const events: EventDraft[] = [];
  for (const { id } of fromIt) {
    const promotion = await findWaiting(tx, id);
    if (promotion !== null) events.push(...(await endWaiting(tx, ctx, promotion, end)));
  }
  const toIt = target === undefined ? null : await findWaiting(tx, target.promotionId);
  if (toIt !== null) events.push(...(await dropTargets(tx, ctx, toIt, [appId], end)));
  return events;
}

/** A promotion with waiting targets; null if it has none. */
async function findWaiting(tx: Tx, id: string): Promise<Promotion | null> {
  const promotion = await tx.first(Promotion, { id });
  return promotion?.wakeAt == null ? null : promotion;
}
