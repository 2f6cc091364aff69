import { setTimeout as delay } from "node:timers/promises";
import { DatabaseLocked } from "./errors.js";

/** How long a statement waits for the lock of another process, in milliseconds. */
export const LOCK_TIMEOUT_MS = 5_000;
/**
 * The longest pause between two attempts, in milliseconds. The first pause is 1 ms, and each further one is twice as
 * long.
 */
const MAX_PAUSE_MS = 50;

/**
 * Retries a statement while another process has locked the file. SQLite's own wait would block the event loop.
 *
 * @param since when the wait began, on the clock of `performance.now()`
 * @throws DatabaseLocked if it is still locked after `LOCK_TIMEOUT_MS`
 */
export async function untilUnlocked<T>(run: () => Promise<T>, since = performance.now()): Promise<T> {
  for (let pause = 1; ; pause = Math.min(2 * pause, MAX_PAUSE_MS)) {
    try {
      return await run();
    } catch (error) {
      if (!(error instanceof DatabaseLocked) || performance.now() + pause > since + LOCK_TIMEOUT_MS) throw error;
      await delay(pause);
    }
  }
}
