import { setTimeout as delay } from "node:timers/promises";

export interface EventuallyOptions {
  /** @default 20_000 */
  readonly timeoutMs?: number;
  /** The time between two checks. 0 checks at each turn of the event loop. @default 5 */
  readonly intervalMs?: number;
  /** Ends the wait with an AbortError. */
  readonly signal?: AbortSignal;
}

/**
 * Waits until a condition holds.
 *
 * @returns whether it did before the timeout
 */
export async function eventually(
  condition: () => boolean | Promise<boolean>,
  { timeoutMs = 20_000, intervalMs = 5, signal }: EventuallyOptions = {},
): Promise<boolean> {
  const deadline = performance.now() + timeoutMs;
  while (!(await condition())) {
    if (performance.now() >= deadline) return false;
    await delay(intervalMs, undefined, { signal });
  }
  return true;
}
