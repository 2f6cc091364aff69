import { DatabaseUnavailable } from "../database.js";
import { savepoint, Transaction, type TransactionStatements, type WriteConnection } from "../rows/transaction.js";
import { untilUnlocked } from "./lock-wait.js";

/**
 * How many turns of the event loop a group waits for further transactions. In an idle process, a turn takes
 * microseconds. In a busy one, clients whose requests complete in it write again.
 */
const IDLE_TURNS = 2;
/** The most transactions that are committed together. */
const MAX_GROUP_SIZE = 64;
/** A group is committed after this time, so that its first transactions do not wait long for the rest. */
const MAX_GROUP_MS = 5;

/** The first transaction of a group, which `GroupCommit` has begun. */
const FIRST_STATEMENTS: TransactionStatements = { begin: null, commit: null, rollback: ["ROLLBACK"] };
/** Each of the others: it can be rolled back separately. */
const NEXT_STATEMENTS = savepoint("joined");

/**
 * How long writes wait behind one transaction, in milliseconds. The same as the timeout of statements on PostgreSQL.
 */
const TRANSACTION_TIMEOUT_MS = 10_000;

/** The one connection that may write. */
export interface SingleWriter extends WriteConnection {
  /** Whether a transaction is open: the engine may roll back on its own, for example if the disk is full. */
  readonly inTransaction: boolean;
}

/** Checks that commits reach the database file. */
export interface CommitGuard {
  /** Called before a group begins, and before its commit is acknowledged. May throw DatabaseUnavailable. */
  check(): void;
  /** Called after a commit. */
  succeeded(): void;
}

/** A transaction that waits, or that is not committed yet. */
interface Job {
  /** When it arrived, on the clock of `performance.now()`. */
  readonly since: number;
  run(statements: TransactionStatements): Promise<void>;
  committed(): void;
  failed(error: unknown): void;
}

/**
 * Group commit. All transactions share one connection, so they run one at a time, in order of arrival.
 *
 * The cost of a commit is the flush to disk, and one flush can serve many transactions: those that arrive within a few
 * turns of the event loop are committed together, and acknowledged when the commit is durable. Each succeeds or fails
 * separately, unless the commit fails: then all of them do.
 */
export class GroupCommit {
  readonly #writer: SingleWriter;
  readonly #waiting: Job[] = [];
  readonly #transactionTimeout: number;
  readonly #guard: CommitGuard | null;
  #watchdog: NodeJS.Timeout | null = null;
  #draining = false;

  /** @param transactionTimeout in milliseconds */
  constructor(writer: SingleWriter, transactionTimeout = TRANSACTION_TIMEOUT_MS, guard: CommitGuard | null = null) {
    this.#guard = guard;
    this.#writer = writer;
    this.#transactionTimeout = transactionTimeout;
  }

  /**
   * Runs a transaction. Resolves when its commit is durable.
   *
   * @throws DatabaseUnavailable if another process locks the file for too long, or if the running transaction does not
   *   end in time. Work waits only for its own statements, so that is a bug: for example, it waits for another
   *   `transact`, which waits for it. All waiting transactions fail then, which ends such a deadlock.
   */
  transact<T>(work: (transaction: Transaction) => Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      let result: T;
      this.#waiting.push({
        since: performance.now(),
        run: async (statements) => {
          result = await Transaction.run(this.#writer, statements, work);
        },
        committed: () => resolve(result),
        failed: reject,
      });
      if (!this.#draining) void this.#drain();
    });
  }

  async #drain(): Promise<void> {
    this.#draining = true;
    while (this.#waiting.length > 0) await this.#commitGroup();
    clearTimeout(this.#watchdog ?? undefined);
    this.#watchdog = null;
    this.#draining = false;
  }

  /** Restarts the watchdog for the next transaction. */
  #watch(): void {
    this.#watchdog = this.#watchdog?.refresh() ?? setInterval(() => this.#failWaiting(), this.#transactionTimeout);
  }

  #failWaiting(): void {
    const message = `Another transaction has not ended within ${this.#transactionTimeout} ms.`;
    for (const job of this.#waiting.splice(0)) job.failed(new DatabaseUnavailable(message));
  }

  /** Begins a group: waits for the lock of another process, but not longer than its first transaction may wait. */
  async #begin(first: Job): Promise<void> {
    this.#guard?.check();
    await untilUnlocked(() => this.#writer.query("BEGIN IMMEDIATE"), first.since);
  }

  async #commitGroup(): Promise<void> {
    const done: Job[] = [];
    const deadline = performance.now() + MAX_GROUP_MS;
    for (let job = this.#waiting.shift(); job !== undefined; job = this.#waiting.shift()) {
      try {
        this.#watch();
        if (done.length === 0) await this.#begin(job);
        await job.run(done.length === 0 ? FIRST_STATEMENTS : NEXT_STATEMENTS);
        done.push(job);
      } catch (error) {
        job.failed(error);
        // The engine has rolled back everything that was not committed.
        if (!this.#writer.inTransaction) for (const lost of done.splice(0)) lost.failed(error);
      }
      if (done.length === MAX_GROUP_SIZE || performance.now() > deadline) break;
      for (let turn = 0; this.#waiting.length === 0 && turn < IDLE_TURNS; turn++) await new Promise(setImmediate);
    }
    if (done.length === 0) return;
    try {
      await this.#writer.query("COMMIT");
      this.#guard?.check();
      this.#guard?.succeeded();
      for (const job of done) job.committed();
    } catch (error) {
      if (this.#writer.inTransaction) await this.#writer.query("ROLLBACK").catch(() => undefined);
      for (const job of done) job.failed(error);
    }
  }
}
