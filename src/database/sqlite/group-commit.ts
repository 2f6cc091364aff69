import type { Tx } from "../rows/reader.js";
import { savepoint, type TransactionStatements, Transactions } from "../rows/transactions.js";

/**
 * How many turns of the event loop a group waits for further transactions. A turn of an idle process takes microseconds;
 * in a busy one, clients whose requests complete in it write again.
 */
const IDLE_TURNS = 2;
/** The most transactions that are committed together. */
const MAX_GROUP_SIZE = 64;
/** After this time a group is committed, so that the first do not wait long for the rest. */
const MAX_GROUP_MS = 5;

/** The first transaction of a group. */
const FIRST_STATEMENTS: TransactionStatements = { begin: "BEGIN IMMEDIATE", commit: null, rollback: ["ROLLBACK"] };
/** Each of the others: it can be rolled back separately. */
const NEXT_STATEMENTS = savepoint("joined");

/** The one connection that may write. */
export interface SingleWriter {
  /** The transaction that is passed to the work. */
  tx(): Tx;
  execute(statement: string): Promise<unknown>;
  /** Whether a transaction is open: the engine may roll back on its own, for example if the disk is full. */
  readonly open: boolean;
}

/** A transaction that waits, or that is not committed yet. */
interface Job {
  run(bracket: TransactionStatements): Promise<void>;
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
export class GroupCommit extends Transactions {
  constructor(writer: SingleWriter) {
    const queue = new CommitQueue(writer);
    const execute = (statement: string) => writer.execute(statement);
    super((use) => queue.run((bracket) => use({ tx: writer.tx(), execute }, bracket)));
  }
}

class CommitQueue {
  readonly #writer: SingleWriter;
  readonly #waiting: Job[] = [];
  #draining = false;

  constructor(writer: SingleWriter) {
    this.#writer = writer;
  }

  /** @param use runs one transaction, with the given statements to begin and end it */
  run<T>(use: (bracket: TransactionStatements) => Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      let result: T;
      this.#waiting.push({
        run: async (bracket) => {
          result = await use(bracket);
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
    this.#draining = false;
  }

  async #commitGroup(): Promise<void> {
    const done: Job[] = [];
    const late = performance.now() + MAX_GROUP_MS;
    for (let job = this.#waiting.shift(); job !== undefined; job = this.#waiting.shift()) {
      try {
        await job.run(done.length === 0 ? FIRST_STATEMENTS : NEXT_STATEMENTS);
        done.push(job);
      } catch (error) {
        job.failed(error);
        // The engine has rolled back everything that was not committed.
        if (!this.#writer.open) for (const lost of done.splice(0)) lost.failed(error);
      }
      if (done.length === MAX_GROUP_SIZE || performance.now() > late) break;
      for (let turn = 0; this.#waiting.length === 0 && turn < IDLE_TURNS; turn++) await new Promise(setImmediate);
    }
    if (done.length === 0) return;
    try {
      await this.#writer.execute("COMMIT");
      for (const job of done) job.committed();
    } catch (error) {
      if (this.#writer.open) await this.#writer.execute("ROLLBACK").catch(() => undefined);
      for (const job of done) job.failed(error);
    }
  }
}
