import { Refusal } from "../../../domain/core/refusal.js";
import type { Viewer } from "../../../entities/access/token.js";
import type { Budget } from "../admission/rate-limit.js";
import { getOwner } from "./limits.js";

interface Account {
  /** Cost that has not been charged yet. */
  owed: number;
  charging: boolean;
  /**
   * The refusal of further deliveries, and when it ends in milliseconds of `performance.now()`; null while there is
   * budget left.
   */
  refused: { readonly until: number; readonly refusal: Refusal } | null;
}

/**
 * Charges the delivered events of subscriptions to the budgets of their tokens. Charging a shared budget takes a
 * database statement. Deliveries during a statement are charged together by the next one, so slightly more events than
 * the budget allows can be delivered.
 */
export class DeliveryCharges {
  readonly #budget: Budget;
  readonly #accounts = new Map<string, Account>();

  constructor(budget: Budget) {
    this.#budget = budget;
  }

  /**
   * Call before an event is delivered.
   *
   * @throws Refusal RATE_LIMITED if the token's budget is spent; the subscription must end
   */
  charge(viewer: Viewer, cost: number): void {
    const owner = getOwner(viewer);
    const account = this.#accounts.get(owner) ?? { owed: 0, charging: false, refused: null };
    if (account.refused !== null && account.refused.until > performance.now()) throw account.refused.refusal;
    account.refused = null;
    account.owed += cost;
    this.#accounts.set(owner, account);
    if (!account.charging) void this.#settle(owner, viewer, account);
  }

  async #settle(owner: string, viewer: Viewer, account: Account): Promise<void> {
    account.charging = true;
    try {
      while (account.owed > 0) {
        const cost = account.owed;
        account.owed = 0;
        await this.#budget.spend(viewer, cost);
      }
    } catch (error) {
      // The limit fails closed: without a count, nothing is delivered for a second.
      const refusal =
        error instanceof Refusal ? error : new Refusal("UNAVAILABLE", "The budget cannot be counted now.");
      const { retryAfter = 1 } = refusal.details as { retryAfter?: number };
      account.refused = { until: performance.now() + retryAfter * 1000, refusal };
      setTimeout(() => this.#forget(owner, account), retryAfter * 1000).unref();
    } finally {
      account.charging = false;
      this.#forget(owner, account);
    }
  }

  #forget(owner: string, account: Account): void {
    const isRefused = account.refused !== null && account.refused.until > performance.now();
    if (!account.charging && !isRefused && account.owed === 0) this.#accounts.delete(owner);
  }
}
