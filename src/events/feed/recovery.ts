import { setTimeout as delay } from "node:timers/promises";
import { eventually } from "../../async/eventually.js";
import type { Reader } from "../../database/rows/reader.js";
import { logBounds } from "../bounds.js";

/** How long subscriptions wait for an unreachable database, in milliseconds. Then their connections are closed. */
const GIVE_UP_MS = 10_000;
/** The time between two attempts, in milliseconds. */
const RETRY_MS = 100;

/** Waits for an unreachable database, with one attempt at a time for all waiting subscriptions. */
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
   * Resolves to true, after a pause, when the database can be read again; to false after `giveUpMs`.
   *
   * @param since when the caller's first read failed, on the clock of `performance.now()`. False if that is longer ago
   *   than `giveUpMs`
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
