/** Runs tasks until it is interrupted. Running tasks then fail immediately, and so do all later ones. */
export class Interruptible {
  readonly #running = new Set<(error: Error) => void>();
  readonly #ended = new AbortController();
  #error: Error | null = null;

  /** Resolves when it is interrupted. */
  readonly interruption = new Promise<void>((resolve) => {
    this.#ended.signal.addEventListener("abort", () => resolve(), { once: true });
  });

  run<T>(task: () => Promise<T>): Promise<T> {
    if (this.#error !== null) return Promise.reject(this.#error);
    return new Promise((resolve, reject) => {
      this.#running.add(reject);
      task()
        .then(resolve, reject)
        .finally(() => this.#running.delete(reject));
    });
  }

  /** The tasks themselves continue, but their results are ignored. */
  interrupt(error: Error): void {
    this.#error ??= error;
    for (const reject of this.#running) reject(this.#error);
    this.#running.clear();
    this.#ended.abort();
  }
}
