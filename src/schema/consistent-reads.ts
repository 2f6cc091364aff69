import type { Database, Snapshot } from "../database/database.js";
import type { Runner } from "../database/rows/reader.js";

/**
 * The reads of one operation. After `begin`, all of them see the same state of the database, although other instances and
 * other operations write meanwhile. So no query sees half of a promotion.
 *
 * On SQLite nothing is needed: the statements of a query run without giving the event loop back to writers.
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
