import sql from "sql-template-tag";
import type { Database } from "../../database/database.js";
import type { Tx } from "../../database/rows/tx.js";
import { Webhook } from "../../entities/webhooks/webhook.js";
import { QueuedEvent, WebhookDelivery } from "../../entities/webhooks/webhook-delivery.js";
import type { TxCtx } from "../core/context.js";
import { newId } from "../core/values/id.js";
import { FAILING_FROM, GIVE_UP_MS, retryDelay } from "./schedule.js";
import type { Attempt } from "./sender.js";
import { NO_FAILURES, saveChange } from "./webhooks.js";

/* Records the results of requests: the delivery and, in the same transaction, the cursor and state of the webhook. */

/** How long deliveries are kept, in milliseconds: 30 days. */
export const DELIVERY_RETENTION_MS = 30 * 24 * 60 * 60 * 1000;
/** How many deliveries are deleted in one transaction. */
const PRUNE_BATCH_SIZE = 1_000;

/** A request that was made. */
export interface Sent {
  readonly webhookId: string;
  /** The position of the event; null for a test. */
  readonly eventPosition: number | null;
  readonly attempt: number;
  readonly sentAt: Date;
  readonly result: Attempt;
}

/** Writes a delivery. */
export async function insertDelivery(tx: Tx, sent: Sent, nextAttemptAt: Date | null): Promise<WebhookDelivery> {
  const { webhookId, eventPosition, attempt, sentAt, result } = sent;
  const { duration, statusCode, responseStart, problem } = result;
  const delivery = Object.assign(new WebhookDelivery(), {
    ...{ id: newId(), webhookId, eventPosition, attempt, sentAt },
    ...{ duration, statusCode, responseStart, problem, nextAttemptAt },
  });
  await tx.insert(WebhookDelivery, [delivery]);
  return delivery;
}

/**
 * The id of this instance if there may be several. Nothing is recorded for a webhook that another instance sends for.
 */
export type Owner = string | null;

/** Locks a webhook that this instance sends for; null if it no longer does, or the webhook was deleted. */
export async function lockOwned(tx: Tx, id: string, owner: Owner): Promise<Webhook | null> {
  const webhook = await tx.first(Webhook, { id }, { lock: "change" });
  return webhook === null || (owner !== null && webhook.leaseOwner !== owner) ? null : webhook;
}

/**
 * Records a request of an ordered webhook. Moves the cursor to the event if it was delivered, unless the cursor was
 * moved meanwhile.
 *
 * @param from the position of the cursor when the event was read
 * @returns the updated webhook; null if the result was not recorded
 */
export async function recordOrdered(
  tx: Tx,
  ctx: TxCtx,
  sent: Sent & { readonly eventPosition: number },
  from: number,
  owner: Owner,
  random = Math.random(),
): Promise<Webhook | null> {
  const webhook = await lockOwned(tx, sent.webhookId, owner);
  if (webhook === null) return null;
  const isCurrent = webhook.position === from;
  const { problem } = sent.result;
  if (!isCurrent || !isSending(webhook)) {
    await insertDelivery(tx, sent, null);
    if (isCurrent && problem === null) await moveCursor(tx, webhook, sent.eventPosition);
    return webhook;
  }
  const failures = webhook.failures + 1;
  const retriesAt = problem === null ? null : later(ctx, retryDelay(failures, sent.result.retryAfter, random));
  const patch = problem === null ? succeeded() : failed(ctx, webhook, sent, retriesAt);
  await insertDelivery(tx, sent, patch.retriesAt ?? null);
  await applyResult(tx, ctx, webhook, problem === null ? { ...patch, position: sent.eventPosition } : patch);
  return webhook;
}

/** Records a request of an unordered webhook. A delivered event is removed from the queue. */
export async function recordQueued(
  tx: Tx,
  ctx: TxCtx,
  sent: Sent & { readonly eventPosition: number },
  owner: Owner,
  random = Math.random(),
): Promise<Webhook | null> {
  const webhook = await lockOwned(tx, sent.webhookId, owner);
  if (webhook === null) return null;
  const { result, webhookId, eventPosition } = sent;
  const key = { webhookId, eventPosition };
  const queued = await tx.first(QueuedEvent, key);
  if (result.problem === null || queued === null) {
    await insertDelivery(tx, sent, null);
    await tx.delete(QueuedEvent, key);
    if (result.problem === null && isSending(webhook)) await applyResult(tx, ctx, webhook, succeeded());
    return webhook;
  }
  const attempts = queued.attempts + 1;
  const dueAt = later(ctx, retryDelay(attempts, result.retryAfter, random));
  const isGivenUp = ctx.now().getTime() - queued.queuedAt.getTime() >= GIVE_UP_MS;
  await insertDelivery(tx, sent, isGivenUp ? null : dueAt);
  if (isGivenUp) await tx.delete(QueuedEvent, key);
  else await tx.update(QueuedEvent, key, { attempts, dueAt });
  // If the receiver asks to wait, no event is sent until then.
  const heldUntil = result.retryAfter === null ? webhook.retriesAt : later(ctx, result.retryAfter);
  if (isSending(webhook)) await applyResult(tx, ctx, webhook, failed(ctx, webhook, sent, heldUntil));
  return webhook;
}

/** Events that need no request, because the webhook does not send them. */
export interface Skipped {
  readonly from: number;
  readonly to: number;
  /** The settings that excluded them; see `settingsOf`. */
  readonly settings: string;
}

/**
 * Moves the cursor over events that need no request.
 *
 * @returns whether it moved. It does not if the cursor or the settings have changed meanwhile.
 */
export async function skip(tx: Tx, id: string, { from, to, settings }: Skipped, owner: Owner): Promise<boolean> {
  const webhook = await lockOwned(tx, id, owner);
  if (webhook === null || webhook.position !== from || toSettings(webhook) !== settings) return false;
  await moveCursor(tx, webhook, to);
  return true;
}

/** The settings that decide which events a webhook sends, and how. */
export function toSettings({ types, pipelineIds, appId, tokenId, format }: Webhook): string {
  return JSON.stringify([types, pipelineIds, appId, tokenId, format]);
}

/** Queues events of an unordered webhook, and moves its cursor to the last of them. */
export async function enqueue(
  tx: Tx,
  ctx: TxCtx,
  id: string,
  from: number,
  positions: readonly number[],
  owner: Owner,
): Promise<boolean> {
  const webhook = await lockOwned(tx, id, owner);
  const last = positions.at(-1);
  if (webhook === null || last === undefined || webhook.position !== from || !isSending(webhook)) return false;
  // This process sends them immediately. `dueAt` matters only if it is killed; see `returnUnsent`.
  const times = { attempts: 0, dueAt: later(ctx, GIVE_UP_MS), queuedAt: ctx.now() };
  await tx.insert(
    QueuedEvent,
    positions.map((eventPosition) => Object.assign(new QueuedEvent(), { webhookId: id, eventPosition, ...times })),
  );
  await moveCursor(tx, webhook, last);
  return true;
}

/** Makes queued events due that were never sent. Call it while none of them is being sent. */
export async function returnUnsent(tx: Tx, ctx: TxCtx, id: string, owner: Owner): Promise<void> {
  const webhook = await lockOwned(tx, id, owner);
  if (webhook !== null) await tx.update(QueuedEvent, { webhookId: id, attempts: 0 }, { dueAt: ctx.now() });
}

/** Stops a webhook, with the reason. */
export async function stopWebhook(
  tx: Tx,
  ctx: TxCtx,
  id: string,
  state: "PAUSED" | "DISABLED",
  problem: string,
  owner: Owner,
): Promise<void> {
  const webhook = await lockOwned(tx, id, owner);
  if (webhook !== null && isSending(webhook)) await applyResult(tx, ctx, webhook, { state, problem, retriesAt: null });
}

/** Whether a webhook sends events. */
export function isSending({ state }: Pick<Webhook, "state">): boolean {
  return state === "ACTIVE" || state === "FAILING";
}

async function moveCursor(tx: Tx, webhook: Webhook, position: number): Promise<void> {
  webhook.position = position;
  await tx.update(Webhook, { id: webhook.id }, { position });
}

/** Applies a result to a webhook. A change of its state appends an event. */
async function applyResult(tx: Tx, ctx: TxCtx, webhook: Webhook, patch: Partial<Webhook>): Promise<void> {
  const { state = webhook.state } = patch;
  if (state !== webhook.state) {
    const reason = patch.problem == null ? "" : `: ${patch.problem}`;
    await saveChange(tx, ctx, webhook, patch, `Webhook ${webhook.name} is ${state}${reason}`);
    return;
  }
  const isUnchanged = Object.entries(patch).every(([key, value]) => webhook[key as keyof Webhook] === value);
  if (!isUnchanged) await tx.update(Webhook, { id: webhook.id }, patch);
  Object.assign(webhook, patch);
}

function succeeded(): Partial<Webhook> {
  return { state: "ACTIVE", ...NO_FAILURES };
}

function failed(ctx: TxCtx, webhook: Webhook, { result }: Sent, retriesAt: Date | null): Partial<Webhook> {
  const { problem, statusCode } = result;
  const now = ctx.now();
  const failures = webhook.failures + 1;
  const failingSince = webhook.failingSince ?? now;
  const counted = { failures, failingSince };
  if (statusCode === 410)
    return { ...counted, state: "DISABLED", retriesAt: null, problem: "The receiver answered 410 Gone." };
  if (now.getTime() - failingSince.getTime() >= GIVE_UP_MS)
    return { ...counted, state: "PAUSED", retriesAt: null, problem: `No request succeeded for 5 days. ${problem}` };
  return { ...counted, state: failures >= FAILING_FROM ? "FAILING" : webhook.state, retriesAt, problem };
}

function later(ctx: TxCtx, milliseconds: number): Date {
  return new Date(ctx.now().getTime() + milliseconds);
}

/** Deletes old deliveries, in batches. */
export async function pruneDeliveries(db: Database, now: Date, signal: AbortSignal): Promise<void> {
  const oldest = now.getTime() - DELIVERY_RETENTION_MS;
  for (let more = true; more && !signal.aborted; ) {
    const rows = await db.reader.select(
      "outdated_outgoing_deliveries",
      WebhookDelivery,
      sql`WHERE e.sent_at < ${oldest} ORDER BY e.sent_at LIMIT ${PRUNE_BATCH_SIZE}`,
    );
    if (rows.length > 0) await db.write((tx) => tx.delete(WebhookDelivery, { id: rows.map(({ id }) => id) }));
    more = rows.length === PRUNE_BATCH_SIZE;
  }
}
