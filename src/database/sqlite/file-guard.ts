import type { CommitGuard } from "./group-commit.js";
import type { SqliteHealth } from "./health.js";
import type { SqliteRunner } from "./runner.js";

/**
 * Checks before and after commits that the file is still the same. If it was replaced, empties the write-ahead log, so
 * that it is not applied to the new file.
 */
export class FileGuard implements CommitGuard {
  readonly #health: SqliteHealth;
  readonly #connection: SqliteRunner;
  #emptied = false;

  constructor(health: SqliteHealth, connection: SqliteRunner) {
    this.#health = health;
    this.#connection = connection;
  }

  check(): void {
    try {
      this.#health.check();
      this.#emptied = false;
    } catch (error) {
      if (this.#health.isMoved && !this.#emptied) this.#empty();
      throw error;
    }
  }

  succeeded(): void {
    this.#health.succeeded();
  }

  #empty(): void {
    try {
      this.#connection.checkpoint();
      this.#emptied = true;
    } catch {
      // A reader blocks the checkpoint. The next check tries again.
    }
  }
}
