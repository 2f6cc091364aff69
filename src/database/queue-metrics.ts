/** How long transactions wait in the queue or for a connection, and how many wait now. */
export class QueueMetrics {
  readonly #waiting = new Set<object>();
  readonly #listeners = new Set<(milliseconds: number) => void>();

  get waiting(): number {
    return this.#waiting.size;
  }

  add(listener: (milliseconds: number) => void): void {
    this.#listeners.add(listener);
  }

  /** @param write runs a transaction, and calls `begun` when it begins; a retry calls it again */
  async measure<T>(write: (begun: () => void) => Promise<T>): Promise<T> {
    const entry = {};
    const arrivedAt = performance.now();
    this.#waiting.add(entry);
    const begun = () => {
      if (!this.#waiting.delete(entry)) return;
      for (const listener of this.#listeners) listener(performance.now() - arrivedAt);
    };
    try {
      return await write(begun);
    } finally {
      this.#waiting.delete(entry);
    }
  }
}
