import { setTimeout as delay } from "node:timers/promises";
import { DatabaseUnavailable } from "./database.js";

/** How long to wait for a database at start, in milliseconds. */
const START_TIMEOUT_MS = 30_000;
/** An attempt without a response is reported after this time, in milliseconds. */
const SLOW_MS = 2_000;
/** The pause between two attempts, in milliseconds. */
const RETRY_INTERVAL_MS = 500;

/** Options for waiting until a database can be opened. */
export interface StartUpOptions {
  /** How long to wait for a database that cannot be reached or is locked, in milliseconds. @default 30_000 */
  readonly startTimeout?: number | undefined;
  /** Ends the wait. */
  readonly signal?: AbortSignal | undefined;
  /** Called with the reason for the wait, once for each reason. */
  readonly onWait?: ((reason: string) => void) | undefined;
}

/** The start was aborted by its signal. */
export class StartAborted extends Error {
  override readonly name = "StartAborted";
}

/** An attempt took longer than the time that was left. */
class NoResponse extends DatabaseUnavailable {}

/** An attempt to open the database. */
export interface Attempt {
  /** The time that is left, in milliseconds. */
  readonly remaining: number;
  /** Call it once the database has responded. Then the attempt has no time limit, for example to migrate. */
  proceed(): void;
}

/**
 * Runs `attempt` until it succeeds. Retries if it fails with DatabaseUnavailable or gets no response, until the time is
 * up. A database that is opened too late is closed.
 *
 * @throws StartAborted; an error that is not DatabaseUnavailable; or, when the time is up, the last reason
 */
export async function untilOpen<T extends { close(): Promise<void> }>(
  attempt: (attempt: Attempt) => Promise<T>,
  { startTimeout = START_TIMEOUT_MS, signal, onWait }: StartUpOptions,
): Promise<T> {
  const end = performance.now() + startTimeout;
  let last: DatabaseUnavailable | null = null;
  const reported = new Set<string>();
  const report = (reason: string) => {
    if (!reported.has(reason)) onWait?.(reason);
    reported.add(reason);
  };
  for (;;) {
    const slow = setTimeout(() => report("The database has not responded yet."), SLOW_MS);
    try {
      return await limit(attempt, end - performance.now(), { signal, proceeds: () => clearTimeout(slow) });
    } catch (error) {
      if (signal?.aborted) throw new StartAborted("The start was aborted.", { cause: error });
      if (!(error instanceof DatabaseUnavailable)) throw error;
      // The last attempt may have had too little time. Then the previous error is the better reason.
      if (!(error instanceof NoResponse) || last === null) last = error;
      if (performance.now() + RETRY_INTERVAL_MS > end) throw last;
      report(error.message);
      await delay(RETRY_INTERVAL_MS, undefined, { signal }).catch(() => undefined);
    } finally {
      clearTimeout(slow);
    }
  }
}

/** Runs an attempt that fails after `remaining` milliseconds unless it proceeds, and when the signal aborts. */
async function limit<T extends { close(): Promise<void> }>(
  attempt: (attempt: Attempt) => Promise<T>,
  remaining: number,
  { signal, proceeds }: { readonly signal: AbortSignal | undefined; readonly proceeds: () => void },
): Promise<T> {
  signal?.throwIfAborted();
  let over: (error: Error) => void = () => undefined;
  const interrupted = new Promise<never>((_, reject) => {
    over = reject;
  });
  const abort = () => over(new StartAborted("The start was aborted."));
  signal?.addEventListener("abort", abort, { once: true });
  const timer = setTimeout(() => over(new NoResponse("It did not respond in time.")), Math.max(0, remaining));
  const proceed = () => {
    clearTimeout(timer);
    proceeds();
  };
  const opening = attempt({ remaining, proceed });
  try {
    return await Promise.race([opening, interrupted]);
  } catch (error) {
    opening.then((late) => late.close()).catch(() => undefined);
    throw error;
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", abort);
  }
}
