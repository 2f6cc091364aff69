import { SerialQueue } from "../../async/serial-queue.js";

export interface Statement {
  readonly text: string;
  readonly values: readonly unknown[];
}

/** A connection, for one transaction at a time. */
export interface WriteConnection {
  query(text: string, values?: readonly unknown[]): Promise<unknown>;
  /**
   * Runs the deferred statements, and commits. If one fails, nothing is committed. Undefined if the connection does not
   * defer statements.
   */
  commit?(deferred: readonly Statement[]): Promise<unknown>;
}

/** The statements that begin and end a transaction. */
export interface TransactionStatements {
  /** Null if the owner of the connection has already begun it. */
  readonly begin: string | null;
  /** Null if the owner of the connection commits later. */
  readonly commit: string | null;
  readonly rollback: readonly string[];
}

export const WHOLE_TRANSACTION: TransactionStatements = { begin: "BEGIN", commit: "COMMIT", rollback: ["ROLLBACK"] };

/** A part of a transaction that can be rolled back separately. */
export function savepoint(name: string): TransactionStatements {
  return {
    begin: `SAVEPOINT ${name}`,
    commit: `RELEASE ${name}`,
    rollback: [`ROLLBACK TO ${name}`, `RELEASE ${name}`],
  };
}

const SAVEPOINT_OPEN =
  "A savepoint of this transaction is open. Use the tx that its work receives, or await the savepoint first.";

/**
 * A transaction, or a savepoint in one: its statements run one after the other. A savepoint commits with the
 * transaction around it, and can be rolled back separately.
 */
export class Transaction {
  readonly #connection: WriteConnection;
  readonly #parent: Transaction | null;
  readonly #depth: number;
  readonly #queue = new SerialQueue();
  /** Statements for the end of the whole transaction. A rollback discards those of its savepoint. */
  readonly #deferred: Statement[] = [];
  #ended = false;
  #savepointOpen = false;

  private constructor(connection: WriteConnection, parent: Transaction | null) {
    this.#connection = connection;
    this.#parent = parent;
    this.#depth = parent === null ? 0 : parent.#depth + 1;
  }

  /**
   * Runs `work` in a transaction and commits it, or rolls it back if `work` throws. Statements that `work` started but
   * did not await belong to the transaction.
   */
  static run<T>(
    connection: WriteConnection,
    statements: TransactionStatements,
    work: (transaction: Transaction) => Promise<T>,
  ): Promise<T> {
    return new Transaction(connection, null).#run(statements, work);
  }

  /** @throws Error if the transaction has ended, or while a savepoint of it is open */
  query(text: string, values: readonly unknown[]): Promise<unknown> {
    return this.#enqueue(() => this.#connection.query(text, values));
  }

  /**
   * Runs a statement at the end of the whole transaction, right before COMMIT, if the connection defers statements;
   * otherwise immediately. Nothing else in the transaction may read or write its rows.
   *
   * @throws Error as `query` does
   */
  beforeCommit(text: string, values: readonly unknown[]): Promise<unknown> {
    if (this.#connection.commit === undefined) return this.query(text, values);
    return this.#enqueue(async () => this.#deferred.push({ text, values }));
  }

  /**
   * Runs `work` in a savepoint: if it throws, only its own statements are undone. Until it ends, this transaction
   * refuses statements: they would be rolled back with the savepoint, or wait for it while it waits for them.
   *
   * @throws Error as `query` does
   */
  async savepoint<T>(work: (inner: Transaction) => Promise<T>): Promise<T> {
    const result = this.#enqueue(() => {
      const inner = new Transaction(this.#connection, this);
      return inner.#run(savepoint(`nested_${inner.#depth}`), work);
    });
    if (this.#savepointOpen) return result;
    this.#savepointOpen = true;
    try {
      return await result;
    } finally {
      this.#savepointOpen = false;
    }
  }

  #enqueue<T>(task: () => Promise<T>): Promise<T> {
    if (this.#savepointOpen) return Promise.reject(new Error(SAVEPOINT_OPEN));
    return this.#queue.run(() => {
      if (this.#ended) throw new Error("The transaction has ended.");
      return task();
    });
  }

  async #run<T>(
    { begin, commit, rollback }: TransactionStatements,
    work: (transaction: Transaction) => Promise<T>,
  ): Promise<T> {
    if (begin !== null) await this.#connection.query(begin);
    try {
      const result = await work(this);
      await this.#queue.idle();
      this.#ended = true;
      if (commit !== null) await this.#commit(commit);
      return result;
    } catch (error) {
      this.#ended = true;
      await this.#queue.idle();
      // These fail if the engine has already rolled back (full disk, lost connection). `error` is the cause.
      for (const statement of rollback) await this.#connection.query(statement).catch(() => undefined);
      throw error;
    }
  }

  async #commit(statement: string): Promise<void> {
    if (this.#parent === null && this.#connection.commit !== undefined) {
      await this.#connection.commit(this.#deferred);
      return;
    }
    await this.#connection.query(statement);
    if (this.#parent !== null) this.#parent.#deferred.push(...this.#deferred);
  }
}
