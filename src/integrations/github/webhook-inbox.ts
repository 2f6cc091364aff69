import { setImmediate } from "node:timers/promises";
import type { Tx } from "../../database/rows/reader.js";
import { Lane } from "../../database/rows/transactions.js";
import { isOvertaken } from "../../domain/builds/code-host.js";
import type { Ctx } from "../../domain/core/context.js";
import { Refusal } from "../../domain/core/refusal.js";
import { WebhookDelivery } from "../../entities/github/webhook-delivery.js";
import type { EventDraft } from "../../events/draft.js";
import { append } from "../../events/log.js";
import { type Delivery, type Effect, effectFor } from "./effects.js";

/** What became of a delivery: `repeated` had its effect before, `ignored` needs none. */
export interface Outcome {
  readonly outcome: "done" | "repeated" | "ignored";
  readonly refusals: readonly Refusal[];
}

const IGNORED: Outcome = { outcome: "ignored", refusals: [] };

/** How many deliveries are carried out at once where several transactions write at the same time. */
const CONCURRENT_TRANSACTIONS = 4;

/** How long one transaction goes on taking in what waits, in milliseconds: for so long it holds up others that write. */
const BATCH_TIME_MS = 15;

interface QueuedDelivery {
  readonly delivery: Delivery;
  readonly effect: Effect;
  resolve(outcome: Outcome): void;
  reject(error: unknown): void;
  /** Whether it was tried already, and failed for no reason of its own. */
  failed: boolean;
}

interface AppliedDelivery {
  readonly outcome: Outcome;
  readonly events: readonly EventDraft[];
}

/**
 * Gives every delivery its effect, once. Where one transaction writes at a time, one after the other: what comes while a
 * transaction is under way waits, and then shares the next one, so that a burst costs a commit every few milliseconds and
 * not one each. Where several do, each has a transaction of its own, for it takes locks, and in no order that two
 * deliveries would have in common.
 */
export class WebhookInbox {
  readonly #ctx: Ctx;
  readonly #forks: boolean;
  readonly #batchTime: number;
  readonly #queues = Array.from({ length: CONCURRENT_TRANSACTIONS }, () => new Lane());
  #lastQueue = 0;
  readonly #queued: QueuedDelivery[] = [];
  /** How many of those that wait shared a transaction that failed: each now has one of its own. */
  #isolated = 0;
  #draining = false;

  /** @param ctx acts as the service itself */
  constructor(ctx: Ctx, options: { readonly forks: boolean; readonly batchTime?: number }) {
    this.#ctx = ctx;
    this.#forks = options.forks;
    this.#batchTime = options.batchTime ?? BATCH_TIME_MS;
  }

  /**
   * Resolves once the effect is durable.
   *
   * @throws Refusal BAD_USER_INPUT where the payload is not of its event's shape; nothing has then been written
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
    const lane = this.#queues[this.#lastQueue] as Lane;
    return lane.run(() =>
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
      // A transaction runs without once going back to the event loop: everybody else gets their turn in between.
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
          const one = this.#queued.shift();
          if (one === undefined) break;
          taken.push(one);
          try {
            const given = await this.#ctx.db.write((inner) => this.#apply(inner, one.delivery, one.effect));
            events.push(...given.events);
            settle.push(() => one.resolve(given.outcome));
          } catch (error) {
            if (error instanceof Refusal || one.failed) {
              settle.push(() => one.reject(error));
              continue;
            }
            // Another instance may have written the same row just now. GitHub does not deliver again by itself.
            one.failed = true;
            this.#queued.push(one);
            taken.pop();
          }
        } while (this.#isolated === 0 && performance.now() < end);
        await append(tx, this.#ctx.viewer, this.#ctx.now(), events);
      });
      for (const answer of settle) answer();
      this.#isolated = Math.max(this.#isolated - 1, 0);
    } catch (error) {
      // Where no transaction begins, none of them has its turn: each would wait for the database to come back.
      if (taken.length === 0) for (const one of this.#queued.splice(0)) one.reject(error);
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

  async #apply(tx: Tx, { id }: Delivery, { subject, apply: follow }: Effect): Promise<AppliedDelivery> {
    if (subject !== undefined) await tx.lockName(subject.name);
    if ((await tx.first(WebhookDelivery, { id })) !== null) {
      return { outcome: { outcome: "repeated", refusals: [] }, events: [] };
    }
    const late = subject !== undefined && !subject.always && (await isOvertaken(tx, subject.name, subject.at));
    const { events, refusals } = late ? { events: [], refusals: [] } : await follow(tx, this.#ctx);
    // One that was refused is not remembered: GitHub can deliver it again once what stood in its way is gone.
    if (refusals.length === 0) {
      const about = { subject: subject?.name ?? null, subjectAt: subject?.at ?? null };
      await tx.insert(WebhookDelivery, [{ id, ...about, receivedAt: this.#ctx.now() }]);
    }
    return { outcome: { outcome: late ? "ignored" : "done", refusals }, events };
  }
}
