import { LRUCache } from "lru-cache";
import { Temporal } from "temporal-polyfill";

/*
 * Converts local times of a time zone to instants. Temporal takes 10 to 100 µs for each, and a gate may need thousands.
 * So the offset between two transitions of the zone is cached, and Temporal is used only near transitions.
 */

export const DAY_MS = 86_400_000;

/** A period with a constant offset, in milliseconds since the Unix epoch; `end` is exclusive. */
interface Steady {
  readonly start: number;
  readonly end: number;
  /** Local time − UTC, in milliseconds. */
  readonly offset: number;
}

/** Near a transition, a local time may have two instants or none. Transitions change an offset by at most a day. */
const MARGIN_MS = 2 * DAY_MS;
/** The most cached periods of a time zone: 32 years with two transitions each. */
const MAX_STEADY = 64;
const MAX_ZONES = 100;

const CLOCKS = new LRUCache<string, ZoneClock>({ max: MAX_ZONES });

/** The clock of a valid IANA time zone. */
export function getClock(timeZone: string): ZoneClock {
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
    // Plus 1, because `previous` is strictly before its instant.
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
