/** Runs tasks one after the other, in order of arrival. */
export class SerialQueue {
  #tail: Promise<unknown> = Promise.resolve();

  run<T>(task: () => Promise<T>): Promise<T> {
    const result = this.#tail.then(task);
    this.#tail = result.catch(() => undefined);
    return result;
  }

  /** Resolves when no task is running or waiting. */
  async idle(): Promise<void> {
    for (let seen: unknown; seen !== this.#tail; ) {
      seen = this.#tail;
      await seen;
    }
  }
}
