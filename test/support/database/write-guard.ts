import { AsyncLocalStorage } from "node:async_hooks";
import type { Database } from "../../../src/database/database.js";
import { type DatabaseOptions, openDatabase } from "../../../src/database/open.js";

export const NESTED_WRITE =
  "A write began inside the work of another one. Pass the tx of the outer write on, or use tx.savepoint(…).";

/**
 * Opens databases that refuse a write inside another write. The service has no such check, because it would cost every
 * transaction: there, a nested write waits for its outer one on SQLite, and commits by itself on PostgreSQL.
 */
export class WriteGuard {
  readonly #refused: Error[] = [];

  readonly open = async (url: string, options?: DatabaseOptions): Promise<Database> => {
    const database = await openDatabase(url, options);
    const work = new AsyncLocalStorage<{ running: boolean }>();
    const write: Database["write"] = async (task) => {
      // A task may outlive the work that it was started in.
      if (work.getStore()?.running === true) {
        const error = new Error(NESTED_WRITE);
        this.#refused.push(error);
        throw error;
      }
      return database.write((tx) => {
        const current = { running: true };
        return work
          .run(current, () => task(tx))
          .finally(() => {
            current.running = false;
          });
      });
    };
    return Object.create(database, { write: { value: write } }) as Database;
  };

  /** @throws Error the first nested write, also if the code that tried it ignored the error */
  check(): void {
    const [first] = this.#refused;
    if (first !== undefined) throw first;
  }
}
