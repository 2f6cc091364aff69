import { type ChangeListener, ChangeNotifier } from "./changes.js";
import type { Database } from "./database.js";
import { QueueMetrics } from "./queue-metrics.js";
import type { Transaction } from "./rows/transaction.js";
import type { Tx } from "./rows/tx.js";

/** How an engine runs transactions. */
export interface WriteEngine {
  /** Runs a transaction. Calls `work` again if it is retried. */
  transact<T>(work: (transaction: Transaction) => Promise<T>): Promise<T>;
  /** @param retried whether an earlier attempt was given up */
  createTx(transaction: Transaction, retried: boolean): Tx;
  /** Called after each write that succeeded. */
  written?(): void;
}

/**
 * The common part of both engines: measures the wait of each transaction, reports its changes, and lets `close` wait
 * for it.
 */
export class Writes {
  readonly #engine: WriteEngine;
  readonly #queue = new QueueMetrics();
  readonly #changes = new ChangeNotifier();
  readonly #pending = new Set<Promise<unknown>>();

  constructor(engine: WriteEngine) {
    this.#engine = engine;
  }

  /** How many transactions wait to begin. */
  get waiting(): number {
    return this.#queue.waiting;
  }

  readonly write: Database["write"] = (work) => {
    const { transact, createTx, written } = this.#engine;
    let attempts = 0;
    const result = this.#changes.notifyAfter((started) =>
      this.#queue.measure((begun) =>
        transact((transaction) => {
          const tx = createTx(transaction, attempts > 0);
          attempts += 1;
          begun();
          started(tx);
          return work(tx);
        }),
      ),
    );
    const settled: Promise<unknown> = result.then(
      () => {
        this.#pending.delete(settled);
        written?.();
      },
      () => this.#pending.delete(settled),
    );
    this.#pending.add(settled);
    return result;
  };

  readonly onCommitted = (listener: ChangeListener) => this.#changes.add(listener);
  readonly onTransactionStart = (listener: (milliseconds: number) => void) => this.#queue.add(listener);

  /** Resolves when no write is running. */
  async idle(): Promise<void> {
    while (this.#pending.size > 0) await Promise.all(this.#pending);
  }
}
