import type { Logger } from "./telemetry/log.js";

/** A difference between the clocks that is an adjustment, not a step, in milliseconds. */
const TOLERANCE_MS = 60_000;
/** How long a clock that has stepped must be steady before it is trusted, in milliseconds. */
const STEADY_MS = 60_000;
/** A clock that is further ahead of the newest event at start was wrong, or the service was stopped for so long. */
const MAX_PAUSE_MS = 24 * 60 * 60 * 1000;

export interface Clocks {
  /** The system clock, which may step. */
  now(): Date;
  /** Milliseconds since some moment, on a clock that never steps. */
  elapsed(): number;
}

interface Reading {
  readonly now: number;
  readonly elapsed: number;
}

/**
 * Tells whether the system clock can be trusted with work that destroys: pruning, expiry and timeouts. A clock that was a year
 * ahead for some seconds would prune the whole log.
 *
 * Two readings must agree: between them, the system clock and a clock that never steps must have advanced by the same time. After
 * a step, readings must agree for a minute.
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

  /** Reads the clocks. Call it before each round of such work, and skip the round if it returns false. */
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
