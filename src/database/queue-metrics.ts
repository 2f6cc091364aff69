/** How long transactions wait for their turn to write, or for a connection to write on, and how many do now. */
export class QueueMetrics {
  readonly #waiting = new Set<object>();
  readonly #listeners = new Set<(milliseconds: number) => void>();

  get waiting(): number {
    return this.#waiting.size;
  }

  add(listener: (milliseconds: number) => void): void {
    this.#listeners.add(listener);
  }

  /** @param write begins a transaction, and calls `begun` as soon as it has its turn; again, where it is tried again */
  async measure<T>(write: (begun: () => void) => Promise<T>): Promise<T> {
    const one = {};
    const came = performance.now();
    this.#waiting.add(one);
    const begun = () => {
      if (!this.#waiting.delete(one)) return;
      for (const listener of this.#listeners) listener(performance.now() - came);
    };
    try {
      return await write(begun);
    } finally {
      this.#waiting.delete(one);
    }
  }
}
