import type { Logger } from "./telemetry/log.js";

/** Maximum difference between the clocks that counts as an adjustment instead of a step, in milliseconds. */
const TOLERANCE_MS = 60_000;
/** How long a clock that has stepped must be steady before it is trusted, in milliseconds. */
const STEADY_MS = 60_000;
/**
 * If the clock differs from the newest event by more than this at start, in milliseconds, it is not trusted yet: it may
 * be wrong, or the service was stopped for longer.
 */
const MAX_PAUSE_MS = 24 * 60 * 60 * 1000;

export interface Clocks {
  /** The system clock, which may step. */
  now(): Date;
  /** Milliseconds of a monotonic clock. */
  elapsed(): number;
}

interface Reading {
  readonly now: number;
  readonly elapsed: number;
}

/**
 * Decides whether the system clock can be trusted for destructive work: pruning, expiry and timeouts. A clock that was
 * a year ahead for a few seconds would prune the whole log.
 *
 * Two readings agree if the system clock and a monotonic clock have advanced by the same time between them. After a
 * step, readings must agree for a minute.
 */
export class ClockGuard {
  readonly #clocks: Clocks;
  readonly #log: Logger;
  #last: Reading;
  #steadySince: number;
  #trusted: boolean;

  /** @param newestEvent when the newest event occurred: the first reading; null if the log is empty */
  constructor(clocks: Clocks, log: Logger, newestEvent: Date | null) {
    this.#clocks = clocks;
    this.#log = log;
    this.#last = this.#read();
    this.#steadySince = this.#last.elapsed;
    this.#trusted = newestEvent === null || Math.abs(this.#last.now - newestEvent.getTime()) <= MAX_PAUSE_MS;
  }

  /** Reads the clocks. Call it before each run of such work, and skip the run if it returns false. */
  isSteady(): boolean {
    const reading = this.#read();
    const elapsed = reading.elapsed - this.#last.elapsed;
    const step = reading.now - this.#last.now - elapsed;
    this.#last = reading;
    if (Math.abs(step) > TOLERANCE_MS) {
      this.#steadySince = reading.elapsed;
      this.#trusted = false;
      this.#log.warn(
        { stepMs: Math.round(step) },
        "clock stepped: scheduled work waits until it is steady for a minute",
      );
    } else if (!this.#trusted && reading.elapsed - this.#steadySince >= STEADY_MS) {
      this.#trusted = true;
      this.#log.info("clock is steady");
    }
    return this.#trusted;
  }

  #read(): Reading {
    return { now: this.#clocks.now().getTime(), elapsed: this.#clocks.elapsed() };
  }
}
