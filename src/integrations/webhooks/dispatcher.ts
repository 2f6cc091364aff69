import type { Logger } from "pino";
import sql from "sql-template-tag";
import { atMostEvery } from "../../async/at-most-every.js";
import { type Ticker, ticker } from "../../async/ticker.js";
import { describeEnd } from "../../domain/access/credentials.js";
import { findEndedTokens } from "../../domain/access/tokens.js";
import type { Ctx } from "../../domain/core/context.js";
import { newId } from "../../domain/core/values/id.js";
import { pruneDeliveries, skip, stopWebhook } from "../../domain/webhooks/deliveries.js";
import type { Attempt } from "../../domain/webhooks/sender.js";
import { Webhook } from "../../entities/webhooks/webhook.js";
import type { Feed } from "../../events/feed/feed.js";
import { Leases } from "./leases.js";
import { OrderedWorker } from "./ordered-worker.js";
import { UnorderedWorker } from "./unordered-worker.js";
import type { Worker } from "./worker.js";

/** The time between two rounds, in milliseconds. A retry may be late by this much. */
const INTERVAL_MS = 1_000;
/** How often old deliveries are deleted, in milliseconds. */
const PRUNE_INTERVAL_MS = 3_600_000;

export interface DispatcherParts {
  /** Acts as the service itself. */
  readonly ctx: Ctx;
  readonly feed: Feed;
  readonly log: Logger;
  /** Called with the result of every request for an event. */
  sent(result: Attempt): void;
}

/** Sends the events of all webhooks: one worker for each, until it is stopped. */
export function startDispatcher(parts: DispatcherParts): Ticker {
  const { ctx, log } = parts;
  const { db } = ctx;
  const leases = new Leases(db, newId());
  const workers = new Map<string, Worker>();
  let asked = false;
  const again = () => {
    if (asked) return;
    asked = true;
    setImmediate(() => {
      asked = false;
      void rounds.tick();
    });
  };
  const prune = atMostEvery(PRUNE_INTERVAL_MS, ctx.now, (stopped: AbortSignal) =>
    pruneDeliveries(db, ctx.now(), stopped),
  );
  const unlisten = db.onCommitted(({ events }) => {
    const changed = events.filter(({ type }) => type.startsWith("WEBHOOK_") || type === "TOKEN_REVOKED");
    if (changed.length === 0) return;
    // Their filters may have changed. Requests in progress are completed.
    for (const worker of workers.values()) worker.restart();
    again();
  });
  const rounds = ticker(INTERVAL_MS, async (stopped) => {
    try {
      await leases.renew();
      const webhooks = await disableEnded(ctx, await findSending(ctx, leases.owner), leases.owner);
      if (stopped.aborted) return;
      const found = new Map(webhooks.map((webhook) => [webhook.id, webhook]));
      for (const [id, worker] of workers) {
        const webhook = found.get(id);
        if (webhook?.ordered === worker instanceof OrderedWorker) continue;
        workers.delete(id);
        await worker.stop();
      }
      await moveCursors(ctx, workers, leases.owner);
      for (const [id, webhook] of found) {
        const Kind = webhook.ordered ? OrderedWorker : UnorderedWorker;
        const worker = workers.get(id) ?? new Kind({ ...parts, leases, again }, id);
        workers.set(id, worker);
        worker.wake(webhook);
        if (worker instanceof UnorderedWorker) await worker.retryDue(stopped);
      }
      await prune(stopped);
    } catch (error) {
      if (!stopped.aborted) log.error({ err: error }, "webhooks could not be checked; will retry");
    }
  });
  return {
    tick: rounds.tick,
    async stop() {
      unlisten();
      const ended = Promise.all([...workers.values()].map((worker) => worker.stop()));
      await Promise.all([rounds.stop(), ended]);
      await leases.release().catch((error: unknown) => log.warn({ err: error }, "webhook leases were not released"));
    },
  };
}

function findSending(ctx: Ctx, owner: string | null): Promise<Webhook[]> {
  const isMine = owner === null ? sql`1 = 1` : sql`e.lease_owner = ${owner}`;
  return ctx.db.reader.select("sending_webhooks", Webhook, sql`WHERE e.state IN ('ACTIVE', 'FAILING') AND ${isMine}`);
}

/** Disables the webhooks whose token was revoked or has expired. @returns the others */
async function disableEnded(ctx: Ctx, webhooks: readonly Webhook[], owner: string | null): Promise<Webhook[]> {
  const ids = webhooks.flatMap(({ tokenId }) => tokenId ?? []);
  if (ids.length === 0) return [...webhooks];
  const ended = await findEndedTokens(ctx.db.reader, [...new Set(ids)], ctx.now());
  const valid: Webhook[] = [];
  for (const webhook of webhooks) {
    const how = webhook.tokenId === null ? undefined : ended.get(webhook.tokenId);
    if (how === undefined) valid.push(webhook);
    else {
      const problem = `The token that made it ${describeEnd(how)}. Resume it with another one.`;
      await ctx.db.write((tx) => stopWebhook(tx, ctx, webhook.id, "DISABLED", problem, owner));
    }
  }
  return valid;
}

/** Moves the cursors of webhooks that wait at the end of the log past the events that they do not send. */
async function moveCursors(ctx: Ctx, workers: ReadonlyMap<string, Worker>, owner: string | null): Promise<void> {
  const moves = [...workers].flatMap(([id, worker]) => {
    const { skipped } = worker;
    return skipped === null ? [] : [{ id, worker, skipped }];
  });
  if (moves.length === 0) return;
  const written = ctx.db.write(async (tx) => {
    const moved = new Set<string>();
    for (const { id, skipped } of moves) if (await skip(tx, id, skipped, owner)) moved.add(id);
    return moved;
  });
  await Promise.all(
    moves.map(({ id, worker, skipped }) =>
      worker.flush(
        skipped.to,
        written.then((moved) => moved.has(id)),
      ),
    ),
  );
}
