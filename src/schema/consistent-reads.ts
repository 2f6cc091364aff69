import type { Database, Snapshot } from "../database/database.js";
import type { Runner } from "../database/rows/reader.js";

/**
 * Gives the reads of one operation a consistent snapshot. After `begin`, they all see the same state of the database
 * while other operations and instances write, so no query sees half of a promotion.
 *
 * On SQLite it does nothing: the statements of a query run without yielding the event loop to writers.
 */
export class ConsistentReads {
  readonly #database: Database;
  #snapshot: Snapshot | null = null;

  constructor(database: Database) {
    this.#database = database;
  }

  /** Sends the statements of a reader to the snapshot, once it has begun. */
  readonly wrap = (runner: Runner): Runner => ({
    query: (text, parameters) => (this.#snapshot ?? runner).query(text, parameters),
  });

  /** Not for a mutation, whose result shows what it wrote. */
  begin(): void {
    if (!this.#database.exclusive) this.#snapshot ??= this.#database.snapshot();
  }

  /** Call it when the operation has ended. */
  end(): void {
    this.#snapshot?.end();
  }
}
