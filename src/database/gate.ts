import { AsyncLocalStorage } from "node:async_hooks";
import type { Tx } from "./session.js";

/** Runs tasks one after the other, in the order in which they came. */
export class Lane {
  #tail: Promise<unknown> = Promise.resolve();

  run<T>(task: () => Promise<T>): Promise<T> {
    const result = this.#tail.then(task);
    this.#tail = result.catch(() => undefined);
    return result;
  }

  /** Resolves once nothing is running and nothing waits. */
  async idle(): Promise<void> {
    for (let seen: unknown; seen !== this.#tail; ) {
      seen = this.#tail;
      await seen;
    }
  }
}

/** The statements that a transaction begins and ends with, on the one connection that may write. */
export interface Writer {
  readonly tx: Tx;
  execute(statement: string): Promise<unknown>;
}

interface Scope {
  open: boolean;
  readonly depth: number;
  readonly parent: Scope | undefined;
  /** The statements of this transaction and the transactions nested in it, one after the other like everything else. */
  readonly lane: Lane;
}

/**
 * The write gate: all transactions share one connection, so they go through one at a time, in the order of their coming.
 * A transaction inside another is a savepoint of it: it commits with the outer one or not at all, and may fail alone.
 */
export class WriteGate {
  readonly #lane = new Lane();
  readonly #scope = new AsyncLocalStorage<Scope>();
  readonly #writer: Writer;

  constructor(writer: Writer) {
    this.#writer = writer;
  }

  /**
   * Runs a statement of the caller's transaction. It waits for the transactions nested in that one which were begun
   * before: run among theirs, it would be undone with them.
   *
   * @throws Error outside of any transaction, and once the one that the caller was started in has ended
   */
  async statement<T>(run: () => Promise<T>): Promise<T> {
    const scope = this.#scope.getStore();
    if (scope === undefined) throw new Error("The writer was used outside the write gate.");
    return scope.lane.run(() => {
      if (!scope.open) throw new Error("The writer was used after its transaction had ended.");
      return run();
    });
  }

  /** The innermost open transaction around the caller: a task may outlive the one that it was started in. */
  #enclosing(): Scope | undefined {
    let scope = this.#scope.getStore();
    while (scope !== undefined && !scope.open) scope = scope.parent;
    return scope;
  }

  /**
   * Runs `work` in a transaction of its own and commits it, or rolls it back where `work` throws. The promise resolves
   * once the commit is durable, or once the outer transaction has taken the savepoint over.
   */
  write<T>(work: (tx: Tx) => Promise<T>): Promise<T> {
    const outer = this.#enclosing();
    if (outer === undefined) {
      return this.#lane.run(() => this.#transaction(undefined, "BEGIN IMMEDIATE", "COMMIT", ["ROLLBACK"], work));
    }
    return outer.lane.run(() => {
      if (!outer.open) throw new Error("The outer transaction ended before this one began.");
      const name = `nested_${outer.depth + 1}`;
      const undo = [`ROLLBACK TO ${name}`, `RELEASE ${name}`];
      return this.#transaction(outer, `SAVEPOINT ${name}`, `RELEASE ${name}`, undo, work);
    });
  }

  async #transaction<T>(
    parent: Scope | undefined,
    begin: string,
    commit: string,
    undo: readonly string[],
    work: (tx: Tx) => Promise<T>,
  ): Promise<T> {
    const scope: Scope = { open: true, depth: (parent?.depth ?? 0) + 1, parent, lane: new Lane() };
    await this.#writer.execute(begin);
    try {
      const result = await this.#scope.run(scope, () => work(this.#writer.tx));
      // What was started inside and not waited for belongs to this transaction all the same.
      await scope.lane.idle();
      scope.open = false;
      await this.#writer.execute(commit);
      return result;
    } catch (error) {
      scope.open = false;
      await scope.lane.idle();
      // Where the disk is full SQLite has rolled back by itself, and has nothing left to undo; what went wrong is `error`.
      for (const statement of undo) await this.#writer.execute(statement).catch(() => undefined);
      throw error;
    }
  }
}
