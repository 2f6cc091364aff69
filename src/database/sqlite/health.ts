import type { ProblemListener } from "../database.js";
import { DatabaseFault } from "./errors.js";
import type { FileIdentity } from "./file-identity.js";

/** Tracks whether the database can be used, from failed statements and from checks of the file. */
export class SqliteHealth {
  readonly #file: FileIdentity;
  readonly #onProblem: ProblemListener;
  #fault: DatabaseFault | null = null;
  /** Whether the fault is that the file was deleted or replaced. */
  #moved = false;

  constructor(file: FileIdentity, onProblem: ProblemListener = () => undefined) {
    this.#file = file;
    this.#onProblem = onProblem;
  }

  /** Why the database cannot be used; null if it can. */
  get fault(): DatabaseFault | null {
    return this.#fault;
  }

  /** Whether the file was deleted or replaced. */
  get isMoved(): boolean {
    return this.#moved;
  }

  /**
   * Call it before and after every commit, so that no commit is lost.
   *
   * @throws DatabaseFault if the file is damaged, or was deleted or replaced
   */
  check(): void {
    if (this.#fault?.kind === "permanent") throw this.#fault;
    try {
      this.#file.check();
    } catch (error) {
      this.#moved = true;
      this.failed(error);
      throw error;
    }
    if (this.#moved) this.#recover();
    this.#moved = false;
  }

  /** Call it with the error of every statement. */
  failed(error: unknown): void {
    if (!(error instanceof DatabaseFault)) return;
    const changed = this.#fault?.message !== error.message;
    if (this.#fault?.kind === "permanent") return;
    this.#fault = error;
    if (changed) this.#onProblem(error.message);
  }

  /** Call it after every commit. */
  succeeded(): void {
    if (this.#fault === null || this.#fault.kind === "permanent" || this.#moved) return;
    if (this.#fault.kind === "transient" || this.#file.hasRoom) this.#recover();
  }

  #recover(): void {
    this.#fault = null;
    this.#onProblem(null);
  }
}
