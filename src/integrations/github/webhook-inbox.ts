import { setImmediate } from "node:timers/promises";
import { SerialQueue } from "../../async/serial-queue.js";
import type { Tx } from "../../database/rows/reader.js";
import { findOrder, storedSubject } from "../../domain/builds/delivery-order.js";
import type { Ctx } from "../../domain/core/context.js";
import { Refusal } from "../../domain/core/refusal.js";
import { WebhookDelivery } from "../../entities/github/webhook-delivery.js";
import { append } from "../../events/append.js";
import type { EventDraft } from "../../events/draft.js";
import { type Delivery, type Effect, effectFor } from "./effects.js";

/** The outcome of a delivery. `repeated`: it was applied before. `ignored`: it needs no change. */
export interface Outcome {
  readonly outcome: "done" | "repeated" | "ignored";
  readonly refusals: readonly Refusal[];
}

const IGNORED: Outcome = { outcome: "ignored", refusals: [] };

/** Number of concurrent transactions, on an engine with concurrent writers. */
const CONCURRENT_TRANSACTIONS = 4;

/** Maximum time that one transaction collects deliveries, in milliseconds. It blocks other writers for that long. */
const BATCH_TIME_MS = 15;

interface QueuedDelivery {
  readonly delivery: Delivery;
  readonly effect: Effect;
  resolve(outcome: Outcome): void;
  reject(error: unknown): void;
  /** Whether it has failed before with an error that may be transient. */
  failed: boolean;
}

interface AppliedDelivery {
  readonly outcome: Outcome;
  readonly events: readonly EventDraft[];
}

/**
 * Applies every delivery exactly once. On an engine with a single writer, deliveries that arrive during a transaction
 * share the next one, so that a burst costs one commit every few milliseconds. With concurrent writers each delivery
 * has its own transaction: each takes locks, in no order common to two deliveries.
 */
export class WebhookInbox {
  readonly #ctx: Ctx;
  readonly #forks: boolean;
  readonly #batchTime: number;
  readonly #queues = Array.from({ length: CONCURRENT_TRANSACTIONS }, () => new SerialQueue());
  #lastQueue = 0;
  readonly #queued: QueuedDelivery[] = [];
  /** Number of queued deliveries whose shared transaction failed. Each of them now gets its own transaction. */
  #isolated = 0;
  #draining = false;

  /** @param ctx acts as the service itself */
  constructor(ctx: Ctx, options: { readonly forks: boolean; readonly batchTime?: number }) {
    this.#ctx = ctx;
    this.#forks = options.forks;
    this.#batchTime = options.batchTime ?? BATCH_TIME_MS;
  }

  /**
   * Applies a delivery. Resolves once the effect is durable.
   *
   * @throws Refusal BAD_USER_INPUT if the payload does not match the event's schema; nothing is written
   */
  async take(delivery: Delivery): Promise<Outcome> {
    const effect = effectFor(delivery, { forks: this.#forks, now: this.#ctx.now() });
    if (effect === null) return IGNORED;
    if (this.#ctx.db.reader.dialect.concurrent) return this.#takeConcurrently(delivery, effect);
    return new Promise((resolve, reject) => {
      this.#queued.push({ delivery, effect, resolve, reject, failed: false });
      if (!this.#draining) void this.#drainQueue();
    });
  }

  #takeConcurrently(delivery: Delivery, effect: Effect): Promise<Outcome> {
    this.#lastQueue = (this.#lastQueue + 1) % CONCURRENT_TRANSACTIONS;
    const queue = this.#queues[this.#lastQueue] as SerialQueue;
    return queue.run(() =>
      this.#ctx.db.write(async (tx) => {
        const { outcome, events } = await this.#apply(tx, delivery, effect);
        await append(tx, this.#ctx.viewer, this.#ctx.now(), events);
        return outcome;
      }),
    );
  }

  async #drainQueue(): Promise<void> {
    this.#draining = true;
    while (this.#queued.length > 0) {
      // A transaction does not yield to the event loop, so yield between transactions.
      await setImmediate();
      await this.#applyBatch();
    }
    this.#draining = false;
  }

  async #applyBatch(): Promise<void> {
    const taken: QueuedDelivery[] = [];
    const settle: (() => void)[] = [];
    try {
      await this.#ctx.db.write(async (tx) => {
        const events: EventDraft[] = [];
        const end = performance.now() + this.#batchTime;
        do {
          const item = this.#queued.shift();
          if (item === undefined) break;
          taken.push(item);
          try {
            const applied = await this.#ctx.db.write((inner) => this.#apply(inner, item.delivery, item.effect));
            events.push(...applied.events);
            settle.push(() => item.resolve(applied.outcome));
          } catch (error) {
            if (error instanceof Refusal || item.failed) {
              settle.push(() => item.reject(error));
              continue;
            }
            // The failure may be transient, and GitHub does not redeliver by itself: retry once.
            item.failed = true;
            this.#queued.push(item);
            taken.pop();
          }
        } while (this.#isolated === 0 && performance.now() < end);
        await append(tx, this.#ctx.viewer, this.#ctx.now(), events);
      });
      for (const callback of settle) callback();
      this.#isolated = Math.max(this.#isolated - 1, 0);
    } catch (error) {
      // If no transaction can start, reject all: each would wait for the database in turn.
      if (taken.length === 0) for (const item of this.#queued.splice(0)) item.reject(error);
      const [only, ...others] = taken;
      if (others.length === 0) {
        only?.reject(error);
        this.#isolated = Math.max(this.#isolated - 1, 0);
        return;
      }
      this.#queued.unshift(...taken);
      this.#isolated = taken.length;
    }
  }

  async #apply(tx: Tx, { id }: Delivery, { subject, apply }: Effect): Promise<AppliedDelivery> {
    if (subject !== undefined) await tx.lockName(subject.name);
    if ((await tx.first(WebhookDelivery, { id })) !== null) {
      return { outcome: { outcome: "repeated", refusals: [] }, events: [] };
    }
    const order = subject === undefined ? "IN_ORDER" : await findOrder(tx, subject);
    const stale = order === "STALE";
    const { events, refusals } = stale ? { events: [], refusals: [] } : await apply(tx, this.#ctx, order === "LATE");
    // A refused delivery is not recorded, so that it can be redelivered once the cause is fixed.
    if (refusals.length === 0) {
      const about = { subject: subject === undefined ? null : storedSubject(subject), subjectAt: subject?.at ?? null };
      await tx.insert(WebhookDelivery, [{ id, ...about, receivedAt: this.#ctx.now() }]);
    }
    return { outcome: { outcome: stale ? "ignored" : "done", refusals }, events };
  }
}
