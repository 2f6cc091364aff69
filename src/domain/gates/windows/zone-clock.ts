import { LRUCache } from "lru-cache";
import { Temporal } from "temporal-polyfill";

/*
 * Turns local times of a time zone into instants. Temporal takes 10 to 100 µs for each; a gate may need thousands. So the
 * offset is kept for the whole time between two changes of the clock, and Temporal is asked only near those.
 */

export const DAY_MS = 86_400_000;

/** A time without a change of the clock, in milliseconds since the Unix epoch; `end` is not part of it. */
interface Steady {
  readonly start: number;
  readonly end: number;
  /** Local time − UTC, in milliseconds. */
  readonly offset: number;
}

/** Around a change of the clock, a local time may have two instants, or none. No offset differs from another by more than a day. */
const MARGIN_MS = 2 * DAY_MS;
/** Of one time zone: 32 years with two changes. */
const MAX_STEADY = 64;
const MAX_ZONES = 100;

const CLOCKS = new LRUCache<string, ZoneClock>({ max: MAX_ZONES });

/** The clock of a time zone. @param timeZone a valid IANA name */
export function clockOf(timeZone: string): ZoneClock {
  let clock = CLOCKS.get(timeZone);
  if (clock === undefined) {
    clock = new ZoneClock(timeZone);
    CLOCKS.set(timeZone, clock);
  }
  return clock;
}

/** Days are counted since 1970-01-01. */
export class ZoneClock {
  readonly #timeZone: string;
  #known: Steady[] = [];

  constructor(timeZone: string) {
    this.#timeZone = timeZone;
  }

  /** The local day at an instant. */
  dayAt(instant: number): number {
    return Math.floor((instant + this.#find(instant).offset) / DAY_MS);
  }

  /**
   * The instant of a local time.
   *
   * @param time in milliseconds since midnight on the wall clock
   * @param disambiguation what to take where the clock shows the time twice or skips it, as in Temporal
   */
  toInstant(day: number, time: number, disambiguation: "earlier" | "later"): number {
    const local = day * DAY_MS + time;
    const { start, end, offset } = this.#find(local);
    const instant = local - offset;
    if (instant >= start + MARGIN_MS && instant < end - MARGIN_MS) return instant;
    return toPlainDate(day)
      .toPlainDateTime(Temporal.PlainTime.from("00:00").add({ milliseconds: time }))
      .toZonedDateTime(this.#timeZone, { disambiguation }).epochMilliseconds;
  }

  #find(instant: number): Steady {
    const found = this.#known.find(({ start, end }) => instant >= start && instant < end);
    if (found !== undefined) return found;
    const at = (milliseconds: number) =>
      Temporal.Instant.fromEpochMilliseconds(milliseconds).toZonedDateTimeISO(this.#timeZone);
    // The previous change is strictly before the given instant.
    const start = at(instant + 1).getTimeZoneTransition("previous")?.epochMilliseconds ?? Number.NEGATIVE_INFINITY;
    const end = at(instant).getTimeZoneTransition("next")?.epochMilliseconds ?? Number.POSITIVE_INFINITY;
    const steady = { start, end, offset: at(instant).offsetNanoseconds / 1e6 };
    this.#known = [steady, ...this.#known].slice(0, MAX_STEADY);
    return steady;
  }
}

export function toDay(date: Temporal.PlainDate): number {
  return date.toZonedDateTime("UTC").epochMilliseconds / DAY_MS;
}

function toPlainDate(day: number): Temporal.PlainDate {
  return Temporal.Instant.fromEpochMilliseconds(day * DAY_MS)
    .toZonedDateTimeISO("UTC")
    .toPlainDate();
}
