/** A clock that only a test advances. */
export class Clock {
  #time = Date.parse("2030-01-01T00:00:00Z");

  /** Passed to the server as its clock. */
  readonly now = (): Date => new Date(this.#time);

  /** Advances the clock. */
  advance(milliseconds: number): void {
    this.#time += milliseconds;
  }
}

export const MINUTE = 60_000;
export const HOUR = 60 * MINUTE;
