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
 * Facts that may let promotions through that wait. A change of such a fact calls `clearWaiting` in its own transaction, after
 * it has written what it changes: then the promotion is admitted by the same commit. Facts that can only block need not.
 */

/**
 * The promotions that a fact may let through: those of a build, for its statuses and the releases of it; of pipelines, for
 * their policies and checks, null for all of them; of pipelines, for their windows and freezes; one promotion, for its
 * approvals; those that a token asked for; those from an app or to it, for its config.
 */
export type Cleared =
  | { readonly builds: readonly string[] }
  | { readonly pipelines: readonly string[] | null }
  | { readonly gatesOf: readonly string[] | null }
  | { readonly promotion: string }
  | { readonly token: string }
  | { readonly configOf: string };

/** How many promotions a transaction evaluates at most. The others are due at once, and the clock evaluates them. */
const MOST_AT_ONCE = 10;

/**
 * Evaluates again the promotions that wait and that a change may have let through, and admits those whose last blocker it
 * was. Costs one indexed read if there are none. To be called after the change was written, in its transaction.
 *
 * @returns events, for the caller to append behind those of the change
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
 * Locks the promotions that a change may let through, before what the change itself locks: a build, a release, an app for
 * its config, or windows and freezes. Only if an attempt has found that there are some, so that a change that lets nothing through does not read
 * twice.
 */
export async function lockCleared(tx: Tx, cleared: Cleared): Promise<void> {
  if (!tx.dialect.concurrent || !tx.retried) return;
  await lockPromotions(tx, await findCleared(tx, cleared));
}

/** Whether the caller holds locks that come behind those of promotions and their apps. */
function needsLocksFirst(tx: Tx, cleared: Cleared): boolean {
  return tx.dialect.concurrent && ("builds" in cleared || "gatesOf" in cleared || "configOf" in cleared);
}

/** The first promotions that a fact may let through, in the order in which they were asked for: at most `MOST_AT_ONCE`. */
function findCleared(reader: Reader, cleared: Cleared): Promise<Promotion[]> {
  const condition = conditionOf(reader, cleared);
  return reader.select(
    "waiting_promotions",
    Promotion,
    // The sign keeps planners from reading all promotions in their order to find the few that wait.
    sql`WHERE e.wake_at IS NOT NULL AND ${condition} ORDER BY +e.position LIMIT ${MOST_AT_ONCE}`,
  );
}

function conditionOf({ dialect }: Reader, cleared: Cleared): Sql {
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
 * Makes the promotions that a fact may let through due, for the clock. The caller has locked the fact for a change. A promotion
 * whose row is locked is left out: the transaction that has it locked evaluates it after this one, whose locks it needs for
 * that, or ends it, or can only block it.
 */
export async function wakeLater(tx: Tx, cleared: Cleared, except: readonly Promotion[] = []): Promise<void> {
  const condition = conditionOf(tx, cleared);
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
 * Ends what waits for an app, or comes from it, because the app leaves its stage: promotions from it, and its part of those
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

/** A promotion of which targets wait; null if none does any more. */
async function findWaiting(tx: Tx, id: string): Promise<Promotion | null> {
  const promotion = await tx.first(Promotion, { id });
  return promotion?.wakeAt == null ? null : promotion;
}
