import type { Tx } from "../rows/reader.js";
import { type Bracket, savepoint, Transactions } from "../rows/transactions.js";

/**
 * So many turns of the event loop are waited for others, after the last that came. Where nothing else goes on a turn takes
 * microseconds; where much does, those who are answered in it write again.
 */
const IDLE_TURNS = 2;
/** How many transactions are committed together at most. */
const MAX_GROUP_SIZE = 64;
/** After this time no more are taken in, in milliseconds: none of those that are done may wait long for the rest. */
const MAX_GROUP_MS = 5;

/** The first transaction of those that are committed together. */
const FIRST: Bracket = { begin: "BEGIN IMMEDIATE", commit: null, undo: ["ROLLBACK"] };
/** Each of the others: it may fail without the rest. */
const JOINED = savepoint("joined");

/** The one connection that may write. */
export interface SingleWriter {
  /** What the work of one transaction is handed. */
  tx(): Tx;
  execute(statement: string): Promise<unknown>;
  /** Whether a transaction is open on it: an engine may roll back by itself, on a full disk for example. */
  readonly open: boolean;
}

/** A transaction that waits, or was done and is not committed yet. */
interface Job {
  run(bracket: Bracket): Promise<void>;
  committed(): void;
  failed(error: unknown): void;
}

/**
 * The write gate: all transactions share one connection, so they go through one at a time, in the order of their coming.
 * A transaction inside another is a savepoint of it: it commits with the outer one or not at all, and may fail alone.
 *
 * What a commit costs is the disk's confirmation, and one confirmation serves many: those that come within a few
 * turns of the event loop are committed together, and acknowledged when all of that is durable. Each still succeeds or fails by
 * itself, unless the commit fails: then all of them do.
 */
export class GroupCommit extends Transactions {
  constructor(writer: SingleWriter) {
    const queue = new CommitQueue(writer);
    const execute = (statement: string) => writer.execute(statement);
    super((use) => queue.take((bracket) => use({ tx: writer.tx(), execute }, bracket)));
  }
}

class CommitQueue {
  readonly #writer: SingleWriter;
  readonly #waiting: Job[] = [];
  #working = false;

  constructor(writer: SingleWriter) {
    this.#writer = writer;
  }

  /** @param use one whole transaction, in the bracket that it is given */
  take<T>(use: (bracket: Bracket) => Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      let result: T;
      this.#waiting.push({
        run: async (bracket) => {
          result = await use(bracket);
        },
        committed: () => resolve(result),
        failed: reject,
      });
      if (!this.#working) void this.#work();
    });
  }

  async #work(): Promise<void> {
    this.#working = true;
    while (this.#waiting.length > 0) await this.#commitTogether();
    this.#working = false;
  }

  async #commitTogether(): Promise<void> {
    const done: Job[] = [];
    const late = performance.now() + MAX_GROUP_MS;
    for (let job = this.#waiting.shift(); job !== undefined; job = this.#waiting.shift()) {
      try {
        await job.run(done.length === 0 ? FIRST : JOINED);
        done.push(job);
      } catch (error) {
        job.failed(error);
        // With it the engine has undone all that was not committed.
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
