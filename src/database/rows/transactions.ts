import { AsyncLocalStorage } from "node:async_hooks";
import { SerialQueue } from "../../async/serial-queue.js";
import type { Tx } from "./reader.js";

/** A connection that a transaction runs on. */
export interface WriteConnection {
  readonly tx: Tx;
  execute(statement: string): Promise<unknown>;
  /**
   * Runs the statements that were deferred to the end, and commits. If one fails, nothing is committed. Undefined if
   * statements are never deferred.
   */
  commit?(last: readonly Statement[]): Promise<unknown>;
}

export interface Statement {
  readonly text: string;
  readonly values: readonly unknown[];
}

/** The statements that begin and end a transaction. */
export interface TransactionStatements {
  readonly begin: string;
  /** Null if the owner of the connection commits later. */
  readonly commit: string | null;
  readonly rollback: readonly string[];
}

/**
 * Calls `use` with a connection, which it has to itself for one transaction, and with the statements to begin and end it
 * if they differ from `BEGIN … COMMIT`.
 */
export type WithConnection = <T>(
  use: (writer: WriteConnection, bracket?: TransactionStatements) => Promise<T>,
) => Promise<T>;

const WHOLE_TRANSACTION: TransactionStatements = { begin: "BEGIN", commit: "COMMIT", rollback: ["ROLLBACK"] };

/** A part of a transaction that can be rolled back separately. */
export function savepoint(name: string): TransactionStatements {
  return {
    begin: `SAVEPOINT ${name}`,
    commit: `RELEASE ${name}`,
    rollback: [`ROLLBACK TO ${name}`, `RELEASE ${name}`],
  };
}

interface Scope {
  open: boolean;
  readonly depth: number;
  readonly parent: Scope | undefined;
  readonly writer: WriteConnection;
  /** Serializes the statements of this transaction and of the transactions nested in it. */
  readonly queue: SerialQueue;
  /** Deferred to the end of the outermost transaction. A rollback discards those of its transaction. */
  readonly last: Statement[];
}

/**
 * Transactions and nested transactions. A nested transaction is a savepoint of the outer one on the same connection. It
 * commits with the outer one, and can be rolled back separately.
 */
export class Transactions {
  readonly #scope = new AsyncLocalStorage<Scope>();
  readonly #withConnection: WithConnection;

  constructor(lend: WithConnection) {
    this.#withConnection = lend;
  }

  /**
   * Runs a statement of the caller's transaction, after the nested transactions that began before: between their
   * statements, it would be rolled back with them.
   *
   * @throws Error outside a transaction, and after the caller's transaction has ended
   */
  async statement<T>(run: () => Promise<T>): Promise<T> {
    const scope = this.#scope.getStore();
    if (scope === undefined) throw new Error("The writer was used outside a transaction.");
    return scope.queue.run(() => {
      if (!scope.open) throw new Error("The writer was used after its transaction had ended.");
      return run();
    });
  }

  /**
   * Defers a statement to the end of the caller's transaction. Nothing else may read or write its rows.
   *
   * @throws Error as `statement` does
   */
  last(statement: Statement): void {
    const scope = this.#scope.getStore();
    if (scope === undefined) throw new Error("The writer was used outside a transaction.");
    if (!scope.open) throw new Error("The writer was used after its transaction had ended.");
    scope.last.push(statement);
  }

  /** The innermost open transaction around the caller. A task may outlive the transaction that it was started in. */
  #findOpenScope(): Scope | undefined {
    let scope = this.#scope.getStore();
    while (scope !== undefined && !scope.open) scope = scope.parent;
    return scope;
  }

  /**
   * Runs `work` in a transaction and commits it, or rolls it back if `work` throws. The promise resolves when the commit is
   * durable, or when the savepoint is released into the outer transaction.
   */
  write<T>(work: (tx: Tx) => Promise<T>): Promise<T> {
    const outer = this.#findOpenScope();
    if (outer === undefined) {
      return this.#withConnection((writer, bracket = WHOLE_TRANSACTION) =>
        this.#transaction(writer, undefined, bracket, work),
      );
    }
    return outer.queue.run(() => {
      if (!outer.open) throw new Error("The outer transaction ended before this one began.");
      return this.#transaction(outer.writer, outer, savepoint(`nested_${outer.depth + 1}`), work);
    });
  }

  async #transaction<T>(
    writer: WriteConnection,
    parent: Scope | undefined,
    { begin, commit, rollback: undo }: TransactionStatements,
    work: (tx: Tx) => Promise<T>,
  ): Promise<T> {
    const scope: Scope = {
      open: true,
      depth: (parent?.depth ?? 0) + 1,
      parent,
      writer,
      queue: new SerialQueue(),
      last: [],
    };
    await writer.execute(begin);
    try {
      const result = await this.#scope.run(scope, () => work(writer.tx));
      // Statements that were started but not awaited belong to this transaction too.
      await scope.queue.idle();
      scope.open = false;
      if (commit !== null) await commitScope(scope, commit);
      return result;
    } catch (error) {
      scope.open = false;
      await scope.queue.idle();
      // If the engine has rolled back already (full disk, lost connection), these fail. The cause is `error`.
      for (const statement of undo) await writer.execute(statement).catch(() => undefined);
      throw error;
    }
  }
}

/** Commits. A nested transaction passes its deferred statements to its parent. */
async function commitScope({ parent, writer, last }: Scope, commit: string): Promise<void> {
  if (parent === undefined && writer.commit !== undefined) {
    await writer.commit(last);
    return;
  }
  await writer.execute(commit);
  parent?.last.push(...last);
}
