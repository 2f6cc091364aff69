import { keysOfEvent } from "../match.js";
import type { Follower, RecentEvent } from "./follower.js";

/** How many followers are woken in one turn of the event loop. Each takes tens of microseconds. */
const WOKEN_AT_ONCE = 64;

/**
 * The followers of a process, indexed by keys of their filters. So only the followers that an event may concern are
 * checked, regardless of how many others there are.
 */
export class FollowerIndex {
  readonly #all = new Set<Follower>();
  readonly #byKey = new Map<string, Set<Follower>>();
  /** Followers that are woken next, in the order in which events came for them. */
  readonly #due = new Set<Follower>();
  #waking = false;

  get size(): number {
    return this.#all.size;
  }

  /** A copy of the set of all followers, which may leave during an iteration. */
  all(): readonly Follower[] {
    return [...this.#all];
  }

  add(follower: Follower): void {
    this.#all.add(follower);
    for (const key of follower.keys) {
      const known = this.#byKey.get(key);
      if (known === undefined) this.#byKey.set(key, new Set([follower]));
      else known.add(follower);
    }
  }

  delete(follower: Follower): void {
    this.#all.delete(follower);
    this.#due.delete(follower);
    for (const key of follower.keys) {
      const known = this.#byKey.get(key);
      known?.delete(follower);
      if (known?.size === 0) this.#byKey.delete(key);
    }
  }

  /** Wakes the sleeping followers that match new events: the first batch immediately, the others in later turns. */
  wake(fresh: readonly RecentEvent[]): void {
    for (const recent of fresh) {
      for (const key of keysOfEvent(recent.event, recent.apps)) {
        for (const follower of this.#byKey.get(key) ?? []) if (follower.awaits(recent)) this.#due.add(follower);
      }
    }
    if (!this.#waking) void this.#wakeDue();
  }

  async #wakeDue(): Promise<void> {
    this.#waking = true;
    while (this.#due.size > 0) {
      let woken = 0;
      for (const follower of this.#due) {
        if (woken === WOKEN_AT_ONCE) break;
        this.#due.delete(follower);
        follower.wake();
        woken += 1;
      }
      await new Promise((resolve) => setImmediate(resolve));
    }
    this.#waking = false;
  }
}
