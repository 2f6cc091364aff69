import { setTimeout as delay } from "node:timers/promises";
import { eventually } from "../async/eventually.js";
import type { Reader } from "../database/rows/reader.js";
import { logBounds } from "./bounds.js";

/** How long subscriptions wait for a database that cannot be reached, in milliseconds. Then their sockets are closed. */
const GIVE_UP_MS = 10_000;
/** The time between two attempts, in milliseconds. */
const RETRY_MS = 100;

/** Waits for a database that cannot be reached: with one attempt at a time, however many subscriptions wait. */
export class Recovery {
  readonly #reader: Reader;
  readonly #giveUpMs: number;
  #waiting: Promise<boolean> | null = null;

  /** @param giveUpMs in milliseconds. @default 10_000 */
  constructor(reader: Reader, giveUpMs = GIVE_UP_MS) {
    this.#reader = reader;
    this.#giveUpMs = giveUpMs;
  }

  /**
   * Resolves after a pause, when the database can be read again; with false if it cannot for `giveUpMs`.
   *
   * @param since when the caller failed first, on the clock of `performance.now()`; false too if that was longer ago
   */
  async wait(since: number): Promise<boolean> {
    if (performance.now() - since > this.#giveUpMs) return false;
    this.#waiting ??= this.#untilReadable().finally(() => {
      this.#waiting = null;
    });
    return this.#waiting;
  }

  async #untilReadable(): Promise<boolean> {
    await delay(RETRY_MS);
    return eventually(() => this.#isReadable(), { timeoutMs: this.#giveUpMs, intervalMs: RETRY_MS });
  }

  async #isReadable(): Promise<boolean> {
    try {
      await logBounds(this.#reader);
      return true;
    } catch {
      return false;
    }
  }
}
