import { RateLimiterMemory, RateLimiterPostgres, RateLimiterRes } from "rate-limiter-flexible";
import type { Database } from "../../database/database.js";
import type { Runner } from "../../database/rows/reader.js";
import { Refusal } from "../../domain/core/refusal.js";
import type { Viewer } from "../../entities/access/token.js";

/** How long a budget is for, in seconds: from the first thing that is paid out of it. */
const WINDOW_SECONDS = 60;

/** How a token stands in its minute, after something was paid. */
export interface Balance {
  readonly limit: number;
  readonly remaining: number;
  /** Whole seconds until there is the whole budget again. */
  readonly resetsIn: number;
}

/**
 * What each token may spend in a minute, whatever it asks by. Where several instances share a database they share the
 * count as well: one statement for each thing that is paid for, and none for a token that is known to have spent it all.
 * With one instance the count is kept in memory.
 */
export class Budget {
  readonly #limit: number;
  readonly #spent: RateLimiterMemory | RateLimiterPostgres;

  /** @param limit above 0 */
  constructor(limit: number, { shared }: Pick<Database, "shared">) {
    this.#limit = limit;
    const options = { points: limit, duration: WINDOW_SECONDS, keyPrefix: "" };
    if (shared === null) this.#spent = new RateLimiterMemory(options);
    else {
      this.#spent = new RateLimiterPostgres({
        ...options,
        storeClient: clientOf(shared),
        storeType: "client",
        tableName: "budgets",
        // A migration makes it, and housekeeping prunes it.
        tableCreated: true,
        clearExpiredByTimeout: false,
        inMemoryBlockOnConsumed: limit,
      });
    }
  }

  /**
   * Pays for one thing. What is refused is paid for as well: whoever goes on asking is not let in any earlier.
   *
   * @param cost above 0
   * @throws Refusal RATE_LIMITED with the figure, the limit and `retryAfter` in seconds
   * @throws DatabaseUnavailable where the count is shared and cannot be reached: nothing is given away meanwhile, and
   *   nothing that is asked for could be answered
   */
  async spend(viewer: Viewer, cost: number): Promise<Balance> {
    const limit = this.#limit;
    try {
      const { remainingPoints, msBeforeNext } = await this.#spent.consume(viewer.tokenId ?? viewer.name, cost);
      return { limit, remaining: remainingPoints, resetsIn: Math.ceil(msBeforeNext / 1000) };
    } catch (result) {
      if (!(result instanceof RateLimiterRes)) throw result;
      const retryAfter = Math.max(1, Math.ceil(result.msBeforeNext / 1000));
      const message = `This token has spent its ${limit} for this minute; the operation costs ${cost}. Try again in ${retryAfter} s.`;
      throw new Refusal("RATE_LIMITED", message, { figure: cost, limit, retryAfter });
    }
  }
}

/** The database as the limiter knows one: `pg`'s client, of which it uses this much. */
function clientOf(shared: Runner) {
  return {
    query: async ({ text, values }: { text: string; values: unknown[] }) => {
      const rows = (await shared.query(text, values)) as { points: unknown; expire: unknown }[];
      // `bigint` comes as text. Both are whole numbers far below 2^53.
      return { rows: rows.map(({ points, expire }) => ({ points: Number(points), expire: Number(expire) })) };
    },
  };
}
