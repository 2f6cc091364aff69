/** A clock that stands still until a test moves it. */
export class Clock {
  #time = Date.parse("2030-01-01T00:00:00Z");

  /** Handed to the server: what time it is. */
  readonly now = (): Date => new Date(this.#time);

  /** Moves on by so many milliseconds. */
  advance(milliseconds: number): void {
    this.#time += milliseconds;
  }
}

export const MINUTE = 60_000;
export const HOUR = 60 * MINUTE;
