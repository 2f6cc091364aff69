import { AsyncLocalStorage } from "node:async_hooks";
import type { Tx } from "./reader.js";

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

/** A connection that a transaction runs on: what its work is handed, and the statements that it begins and ends with. */
export interface Writer {
  readonly tx: Tx;
  execute(statement: string): Promise<unknown>;
  /**
   * Runs statements that were kept for the end, and commits; where one of them fails, nothing is committed. Left out
   * where none is ever kept.
   */
  commit?(last: readonly Statement[]): Promise<unknown>;
}

export interface Statement {
  readonly text: string;
  readonly values: readonly unknown[];
}

/** The statements that stand around the work of a transaction. */
export interface Bracket {
  readonly begin: string;
  /** Null where what was done is committed later, by whoever lends the connection. */
  readonly commit: string | null;
  readonly undo: readonly string[];
}

/**
 * Hands a connection to `use` for as long as that takes: a transaction from its beginning to its end. Where the
 * transaction is to stand in another bracket than `BEGIN … COMMIT`, that is handed along.
 */
export type Lend = <T>(use: (writer: Writer, bracket?: Bracket) => Promise<T>) => Promise<T>;

const WHOLE: Bracket = { begin: "BEGIN", commit: "COMMIT", undo: ["ROLLBACK"] };

/** A part of a transaction that may fail alone. */
export function savepoint(name: string): Bracket {
  return {
    begin: `SAVEPOINT ${name}`,
    commit: `RELEASE ${name}`,
    undo: [`ROLLBACK TO ${name}`, `RELEASE ${name}`],
  };
}

interface Scope {
  open: boolean;
  readonly depth: number;
  readonly parent: Scope | undefined;
  readonly writer: Writer;
  /** The statements of this transaction and the transactions nested in it, one after the other like everything else. */
  readonly lane: Lane;
  /** Kept for the end of the outermost transaction: those of a transaction that was rolled back are not among them. */
  readonly last: Statement[];
}

/**
 * Transactions, and transactions inside transactions: an inner one is a savepoint of the outer one on the same
 * connection. It commits with the outer one or not at all, and may fail alone.
 */
export class Transactions {
  readonly #scope = new AsyncLocalStorage<Scope>();
  readonly #lend: Lend;

  constructor(lend: Lend) {
    this.#lend = lend;
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

  /**
   * Keeps a statement of the caller's transaction for its end. Nothing else may be asked of the rows that it writes.
   *
   * @throws Error as `statement` does
   */
  last(statement: Statement): void {
    const scope = this.#scope.getStore();
    if (scope === undefined) throw new Error("The writer was used outside the write gate.");
    if (!scope.open) throw new Error("The writer was used after its transaction had ended.");
    scope.last.push(statement);
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
      return this.#lend((writer, bracket = WHOLE) => this.#transaction(writer, undefined, bracket, work));
    }
    return outer.lane.run(() => {
      if (!outer.open) throw new Error("The outer transaction ended before this one began.");
      return this.#transaction(outer.writer, outer, savepoint(`nested_${outer.depth + 1}`), work);
    });
  }

  async #transaction<T>(
    writer: Writer,
    parent: Scope | undefined,
    { begin, commit, undo }: Bracket,
    work: (tx: Tx) => Promise<T>,
  ): Promise<T> {
    const scope: Scope = { open: true, depth: (parent?.depth ?? 0) + 1, parent, writer, lane: new Lane(), last: [] };
    await writer.execute(begin);
    try {
      const result = await this.#scope.run(scope, () => work(writer.tx));
      // What was started inside and not waited for belongs to this transaction all the same.
      await scope.lane.idle();
      scope.open = false;
      if (commit !== null) await end(scope, commit);
      return result;
    } catch (error) {
      scope.open = false;
      await scope.lane.idle();
      // Where the engine has rolled back by itself (a full disk, a lost connection) there is nothing left to undo; what
      // went wrong is `error`.
      for (const statement of undo) await writer.execute(statement).catch(() => undefined);
      throw error;
    }
  }
}

/** A nested transaction hands on what it has kept for the end; only an outermost one has an end of its own. */
async function end({ parent, writer, last }: Scope, commit: string): Promise<void> {
  if (parent === undefined && writer.commit !== undefined) {
    await writer.commit(last);
    return;
  }
  await writer.execute(commit);
  parent?.last.push(...last);
}
