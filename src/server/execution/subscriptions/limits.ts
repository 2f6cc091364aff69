import { Refusal } from "../../../domain/core/refusal.js";
import type { Viewer } from "../../../entities/access/token.js";

/** Maximum cost of all different subscriptions of a token, as a multiple of the cost limit of one operation. */
const MAX_COST_FACTOR = 20;

export interface SubscriptionLimitsOptions {
  /** Maximum number of different subscriptions of one token. */
  readonly perToken: number;
  /** Maximum cost of an operation. */
  readonly cost: number;
}

/** The different subscriptions of one token by key. */
type Held = Map<string, { count: number; readonly cost: number }>;

/**
 * Limits the different subscriptions that each token has at once, and their cost: each is executed for every event.
 * Those with the same key share executions and count once.
 */
export class SubscriptionLimits {
  readonly #options: SubscriptionLimitsOptions;
  readonly #held = new Map<string, Held>();

  constructor(options: SubscriptionLimitsOptions) {
    this.#options = options;
  }

  /**
   * Adds a subscription.
   *
   * @param cost of one event
   * @returns a function to call once, when the subscription ends
   * @throws Refusal RATE_LIMITED with the limit
   */
  add(viewer: Pick<Viewer, "tokenId" | "name">, key: string, cost: number): () => void {
    const owner = getOwner(viewer);
    const held: Held = this.#held.get(owner) ?? new Map();
    const known = held.get(key);
    if (known === undefined) this.#check(held, cost);
    const entry = known ?? { count: 0, cost };
    entry.count += 1;
    held.set(key, entry);
    this.#held.set(owner, held);
    return () => {
      entry.count -= 1;
      if (entry.count > 0) return;
      held.delete(key);
      if (held.size === 0) this.#held.delete(owner);
    };
  }

  #check(held: Held, cost: number): void {
    const { perToken } = this.#options;
    if (held.size >= perToken) {
      const message = `Too many different subscriptions: at most ${perToken} at a time per token. Pass filters as variables: subscriptions that differ only in those count once.`;
      throw new Refusal("RATE_LIMITED", message, { limit: perToken });
    }
    const limit = MAX_COST_FACTOR * this.#options.cost;
    const total = [...held.values()].reduce((sum, entry) => sum + entry.cost, cost);
    if (total <= limit) return;
    const message = `The different subscriptions of this token cost up to ${total} for each event; at most ${limit} is allowed. Select fewer fields or smaller pages.`;
    throw new Refusal("RATE_LIMITED", message, { figure: total, limit });
  }
}

/** The key that limits and budgets are counted by: the token, or the name for a viewer without one. */
export function getOwner({ tokenId, name }: Pick<Viewer, "tokenId" | "name">): string {
  return tokenId ?? `name:${name}`;
}
