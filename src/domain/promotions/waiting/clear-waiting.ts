import sql from "sql-template-tag";
import { StaleRead } from "../../../database/database.js";
import type { Reader } from "../../../database/rows/reader.js";
import type { Tx } from "../../../database/rows/tx.js";
import { Promotion } from "../../../entities/releases/promotion.js";
import { PromotionTarget } from "../../../entities/releases/promotion-target.js";
import type { EventDraft } from "../../../events/draft.js";
import type { TxCtx } from "../../core/context.js";
import { dropTargets, endWaiting } from "./ending.js";
import { lockPromotions } from "./lock-promotions.js";
import { settle } from "./settle.js";
import { type Cleared, toCondition, wakeLater } from "./wake-later.js";

/*
 * Changes that may unblock waiting promotions. Such a change calls `clearWaiting` in its transaction, after it has
 * written its rows, so that the same commit admits the promotions. Changes that can only block do not need to.
 */

/** The most promotions that a transaction evaluates. The others become due, and the periodic job evaluates them. */
const MOST_AT_ONCE = 5;

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
  return tx.dialect.concurrent && ("builds" in cleared || "gates" in cleared || "config" in cleared);
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

/**
 * Call it if an app leaves its stage. Ends waiting promotions from the app, and removes the app from waiting promotions
 * to it. The caller holds the app's lock.
 *
 * @param reason a sentence for people
 */
export async function endWaitingFor(tx: Tx, ctx: TxCtx, appId: string, reason: string): Promise<EventDraft[]> {
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
