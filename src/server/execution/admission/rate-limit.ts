import { RateLimiterMemory, RateLimiterPostgres, RateLimiterRes } from "rate-limiter-flexible";
import type { Database } from "../../../database/database.js";
import type { Runner } from "../../../database/rows/reader.js";
import { Refusal } from "../../../domain/core/refusal.js";
import type { Viewer } from "../../../entities/access/token.js";

/** Length of the window, in seconds. It starts with the first operation that is charged. */
const WINDOW_SECONDS = 60;

/** The state of a token's budget after a charge. */
export interface Balance {
  readonly limit: number;
  readonly remaining: number;
  /** Whole seconds until the budget is restored. */
  readonly resetsIn: number;
}

/**
 * Limits what each token may spend per minute, over all APIs. Instances that share a database also share the counts:
 * each charge is one statement, and none for a token known to have spent its budget. A single instance counts in
 * memory.
 */
export class Budget {
  readonly #limit: number;
  readonly #spent: RateLimiterMemory | RateLimiterPostgres;

  /** @param limit above 0 */
  constructor(limit: number, database: Database) {
    this.#limit = limit;
    const options = { points: limit, duration: WINDOW_SECONDS, keyPrefix: "" };
    if (database.exclusive) this.#spent = new RateLimiterMemory(options);
    else {
      this.#spent = new RateLimiterPostgres({
        ...options,
        storeClient: toPgClient(database.shared),
        storeType: "client",
        tableName: "budgets",
        // The table is created by a migration and pruned by housekeeping.
        tableCreated: true,
        clearExpiredByTimeout: false,
        inMemoryBlockOnConsumed: limit,
      });
    }
  }

  /**
   * Charges an operation. Refused operations are charged too, so retrying does not help.
   *
   * @param cost above 0
   * @throws Refusal RATE_LIMITED with the figure, the limit and `retryAfter` in seconds
   * @throws DatabaseUnavailable if the shared count cannot be reached. The limit fails closed.
   */
  async spend(viewer: Viewer, cost: number): Promise<Balance> {
    const limit = this.#limit;
    try {
      const { remainingPoints, msBeforeNext } = await this.#spent.consume(viewer.tokenId ?? viewer.name, cost);
      return { limit, remaining: remainingPoints, resetsIn: Math.ceil(msBeforeNext / 1000) };
    } catch (result) {
      if (!(result instanceof RateLimiterRes)) throw result;
      const retryAfter = Math.max(1, Math.ceil(result.msBeforeNext / 1000));
      const message = `Rate limit exceeded: ${limit} cost points per minute. The operation costs ${cost}. Retry after ${retryAfter} s.`;
      throw new Refusal("RATE_LIMITED", message, { figure: cost, limit, retryAfter });
    }
  }
}

/** Adapts the database to the part of `pg`'s client that the limiter uses. */
function toPgClient(shared: Runner) {
  return {
    query: async ({ text, values }: { text: string; values: unknown[] }) => {
      const rows = (await shared.query(text, values)) as { points: unknown; expire: unknown }[];
      // `bigint` is returned as text. Both are integers far below 2^53.
      return { rows: rows.map(({ points, expire }) => ({ points: Number(points), expire: Number(expire) })) };
    },
  };
}
