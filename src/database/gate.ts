import { Lane, Transactions, type Writer } from "./transactions.js";

export { Lane, type Writer } from "./transactions.js";

/**
 * The write gate: all transactions share one connection, so they go through one at a time, in the order of their coming.
 * A transaction inside another is a savepoint of it: it commits with the outer one or not at all, and may fail alone.
 */
export class WriteGate extends Transactions {
  /** @param writer the one connection that may write */
  constructor(writer: Writer) {
    const lane = new Lane();
    super((use) => lane.run(() => use(writer)), "BEGIN IMMEDIATE");
  }
}
