import { ConcurrencyLimit } from "../../async/concurrency-limit.js";
import { DatabaseUnavailable } from "../../database/database.js";
import type { Tx } from "../../database/rows/reader.js";
import { findOrder, storedSubject } from "../../domain/builds/delivery-order.js";
import type { Ctx } from "../../domain/core/context.js";
import type { Refusal } from "../../domain/core/refusal.js";
import { WebhookDelivery } from "../../entities/github/webhook-delivery.js";
import { append } from "../../events/append.js";
import { type Delivery, type Effect, effectFor } from "./effects.js";

/** The outcome of a delivery. `repeated`: it was applied before. `ignored`: it needs no change. */
export interface Outcome {
  readonly outcome: "done" | "repeated" | "ignored";
  readonly refusals: readonly Refusal[];
}

const IGNORED: Outcome = { outcome: "ignored", refusals: [] };

/**
 * Number of concurrent transactions. On PostgreSQL, a burst of deliveries leaves the other connections to users. On SQLite,
 * these share a commit, and requests are served before the next group.
 */
const CONCURRENT_TRANSACTIONS = 4;

/** Applies every delivery exactly once, each in its own transaction. */
export class WebhookInbox {
  readonly #ctx: Ctx;
  readonly #forks: boolean;
  readonly #limit = new ConcurrencyLimit(CONCURRENT_TRANSACTIONS);

  /** @param ctx acts as the service itself */
  constructor(ctx: Ctx, options: { readonly forks: boolean }) {
    this.#ctx = ctx;
    this.#forks = options.forks;
  }

  /**
   * Applies a delivery. Resolves once the effect is durable.
   *
   * @throws Refusal BAD_USER_INPUT if the payload does not match the event's schema; nothing is written
   */
  async take(delivery: Delivery): Promise<Outcome> {
    const effect = effectFor(delivery, { forks: this.#forks, now: this.#ctx.now() });
    if (effect === null) return IGNORED;
    const attempt = () => this.#ctx.db.write((tx) => this.#apply(tx, delivery, effect));
    return this.#limit.run(async () => {
      try {
        return await attempt();
      } catch (error) {
        // GitHub does not redeliver by itself. While the database is unavailable, each attempt would wait for it in turn.
        if (error instanceof DatabaseUnavailable) throw error;
        return attempt();
      }
    });
  }

  async #apply(tx: Tx, { id }: Delivery, { subject, apply }: Effect): Promise<Outcome> {
    if (subject !== undefined) await tx.lockName(subject.name);
    if ((await tx.first(WebhookDelivery, { id })) !== null) return { outcome: "repeated", refusals: [] };
    const order = subject === undefined ? "IN_ORDER" : await findOrder(tx, subject);
    const stale = order === "STALE";
    const { events, refusals } = stale ? { events: [], refusals: [] } : await apply(tx, this.#ctx, order === "LATE");
    // A refused delivery is not recorded, so that it can be redelivered once the cause is fixed.
    if (refusals.length === 0) {
      const about = { subject: subject === undefined ? null : storedSubject(subject), subjectAt: subject?.at ?? null };
      await tx.insert(WebhookDelivery, [{ id, ...about, receivedAt: this.#ctx.now() }]);
    }
    await append(tx, this.#ctx.viewer, this.#ctx.now(), events);
    return { outcome: stale ? "ignored" : "done", refusals };
  }
}
