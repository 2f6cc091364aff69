/** Runs tasks until it is interrupted: then those that are running fail at once, and so do all later ones. */
export class Interruptible {
  readonly #running = new Set<(error: Error) => void>();
  #error: Error | null = null;

  get interrupted(): boolean {
    return this.#error !== null;
  }

  run<T>(task: () => Promise<T>): Promise<T> {
    if (this.#error !== null) return Promise.reject(this.#error);
    return new Promise((resolve, reject) => {
      this.#running.add(reject);
      task()
        .then(resolve, reject)
        .finally(() => this.#running.delete(reject));
    });
  }

  /** The tasks themselves go on; their results are ignored. */
  interrupt(error: Error): void {
    this.#error ??= error;
    for (const reject of this.#running) reject(this.#error);
    this.#running.clear();
  }
}
