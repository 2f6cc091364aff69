/** @see FairQueue */
export interface FairQueueOptions {
  /** Maximum number of tasks in progress, including those that wait for I/O. At least 1. */
  readonly concurrency: number;
  /** How long tasks may run before they yield to the event loop, in milliseconds. A task is not interrupted. */
  readonly sliceMs: number;
}

/**
 * Runs the tasks of several owners without blocking the event loop. The owners take turns (round robin), and after each
 * time slice the queue yields to the event loop. A task starts when the previous one has ended or waits for I/O.
 */
export class FairQueue {
  readonly #options: FairQueueOptions;
  /** The tasks of each owner, in order of arrival. The first owner has the next turn. */
  readonly #waiting = new Map<string, (() => Promise<void>)[]>();
  #active = 0;
  #ended: (() => void) | null = null;
  #running = false;
  /**
   * When the first task of this turn of the event loop started, in milliseconds of `performance.now()`; null without
   * one.
   */
  #sliceStart: number | null = null;

  constructor(options: FairQueueOptions) {
    this.#options = options;
  }

  /** Runs a task, at once if the queue is idle. */
  run<T>(owner: string, task: () => Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const start = () => task().then(resolve, reject);
      const tasks = this.#waiting.get(owner);
      if (tasks === undefined) this.#waiting.set(owner, [start]);
      else tasks.push(start);
      if (!this.#running) void this.#run();
    });
  }

  /** Resolves when a task may start, with the function to call when it has ended. */
  enter(owner: string): Promise<() => void> {
    return new Promise((resolve) => void this.run(owner, () => new Promise<void>((end) => resolve(end))));
  }

  async #run(): Promise<void> {
    this.#running = true;
    while (this.#waiting.size > 0) {
      if (this.#isSliceOver) await nextTurn();
      this.#beginSlice();
      const task = this.#take();
      this.#active += 1;
      const ended = task().then(() => this.#end());
      // A task that does not wait for I/O ends in this turn of the event loop.
      await Promise.race([ended, nextTurn()]);
      while (this.#active >= this.#options.concurrency) await this.#untilOneEnds();
    }
    this.#running = false;
  }

  get #isSliceOver(): boolean {
    return this.#sliceStart !== null && performance.now() - this.#sliceStart > this.#options.sliceMs;
  }

  #beginSlice(): void {
    if (this.#sliceStart !== null) return;
    this.#sliceStart = performance.now();
    setImmediate(() => {
      this.#sliceStart = null;
    });
  }

  /** Removes the next task. Its owner goes to the end. */
  #take(): () => Promise<void> {
    for (const [owner, tasks] of this.#waiting) {
      this.#waiting.delete(owner);
      const task = tasks.shift();
      if (tasks.length > 0) this.#waiting.set(owner, tasks);
      if (task !== undefined) return task;
    }
    throw new Error("The queue is empty.");
  }

  #end(): void {
    this.#active -= 1;
    this.#ended?.();
    this.#ended = null;
  }

  #untilOneEnds(): Promise<void> {
    return new Promise((resolve) => {
      this.#ended = resolve;
    });
  }
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
