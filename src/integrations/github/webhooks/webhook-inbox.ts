import { ConcurrencyLimit } from "../../../async/concurrency-limit.js";
import { DatabaseUnavailable } from "../../../database/database.js";
import type { Ctx } from "../../../domain/core/context.js";
import { append } from "../../../events/append.js";
import type { Delivery } from "./effects.js";
import { type ProcessedDelivery, processDelivery, type Reading, readDelivery } from "./process-delivery.js";

/**
 * Maximum number of concurrent transactions. On PostgreSQL, this leaves connections to users during a burst of
 * deliveries. On SQLite, these transactions share a commit, and requests are served before the next group.
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

  /** Applies a delivery and records it. Resolves once that is durable. */
  take(delivery: Delivery): Promise<ProcessedDelivery> {
    const reading = this.#read(delivery);
    return this.#limit.run(async () => {
      try {
        return await this.#process(delivery, reading, false);
      } catch (error) {
        // GitHub does not redeliver by itself. While the database is unavailable, each attempt would wait for it in
        // turn.
        if (error instanceof DatabaseUnavailable) throw error;
        return this.#process(delivery, reading, false);
      }
    });
  }

  /** Applies a PENDING delivery that was recorded before, unless it was applied meanwhile. */
  retake(delivery: Delivery): Promise<ProcessedDelivery> {
    return this.#process(delivery, this.#read(delivery), true);
  }

  #read(delivery: Delivery): Reading {
    return readDelivery(delivery, { forks: this.#forks, now: this.#ctx.now() });
  }

  #process(delivery: Delivery, reading: Reading, again: boolean): Promise<ProcessedDelivery> {
    return this.#ctx.db.write(async (tx) => {
      const processed = await processDelivery(tx, this.#ctx, delivery, reading, again);
      await append(tx, this.#ctx.viewer, this.#ctx.now(), processed.events);
      return processed;
    });
  }
}
