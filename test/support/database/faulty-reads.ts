import { type Database, DatabaseUnavailable } from "../../../src/database/database.js";
import type { Runner } from "../../../src/database/rows/reader.js";

/** A database whose reads fail on demand, as if it could not be reached: for `wrap` of `startServer`. */
export class FaultyReads {
  /** Whether a statement fails. */
  fails: (text: string) => boolean = () => false;
  /** Called before each statement that does not fail, which waits for it. */
  before: (text: string) => Promise<void> = async () => undefined;
  /** Number of statements that failed. */
  failures = 0;

  readonly wrap = (database: Database): Database => {
    const reader = database.reader.withRunner((runner) => this.#disturb(runner));
    const disturbed: PropertyDescriptorMap = { reader: { value: reader } };
    if (!database.exclusive)
      disturbed.snapshot = {
        value: () => {
          const snapshot = database.snapshot();
          return { ...this.#disturb(snapshot), end: () => snapshot.end() };
        },
      };
    return Object.create(database, disturbed) as Database;
  };

  #disturb(runner: Runner): Runner {
    return {
      query: async (text, parameters) => {
        if (!this.fails(text)) {
          await this.before(text);
          return runner.query(text, parameters);
        }
        this.failures += 1;
        throw new DatabaseUnavailable("The test makes this statement fail.");
      },
    };
  }
}
