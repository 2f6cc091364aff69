import { Temporal } from "temporal-polyfill";
import { badInput } from "../../core/refusal.js";
import { parseRecurrence, type Recurrence } from "./recurrence.js";

/*
 * When a window is active. Days recur on the calendar; each day's start and end are then read on the wall clock of the
 * window's time zone. Where a wall clock shows a time twice or skips it, a DENY window takes the longer reading and an ALLOW
 * window the shorter one, so that in doubt the gate is closed.
 */

/** When a window is active, as it is stored. */
export interface Schedule {
  readonly kind: "ALLOW" | "DENY";
  /** An IANA name, for example `Europe/Berlin`. */
  readonly timeZone: string;
  /** A rule of RFC 5545 on days; null for every day. */
  readonly recurrence: string | null;
  /** The first day, `YYYY-MM-DD`. */
  readonly startDate: string;
  /** The last day on which it may begin; null if it has no end. */
  readonly endDate: string | null;
  /** `HH:MM` or `HH:MM:SS`. */
  readonly startTime: string;
  /** If it is not after `startTime`, the window ends on the next day. */
  readonly endTime: string;
}

/** In milliseconds since the Unix epoch; `end` is not part of it. */
export interface Interval {
  readonly start: number;
  readonly end: number;
}

export interface Activity {
  readonly active: boolean;
  /** When that changes, in milliseconds since the Unix epoch; null if it does not change within `HORIZON_DAYS`. */
  readonly until: number | null;
}

export interface Timetable {
  /** The times at which the window is active, in order, from the first that ends after `from`. Those that touch are one. */
  intervals(from: number): Iterable<Interval>;
  activityAt(now: number): Activity;
}

/** How far ahead the end of a window that is always active is looked for. */
const HORIZON_DAYS = 730;
const DAY_MS = 86_400_000;

/**
 * @throws Refusal BAD_USER_INPUT that names the field: an unknown time zone, a date or time that does not exist, a rule that
 * is not valid, or a schedule without a single interval
 */
export function compileSchedule(schedule: Schedule): Timetable {
  const { kind } = schedule;
  const timeZone = parseTimeZone(schedule.timeZone);
  const startDate = parseDate("startDate", schedule.startDate);
  const endDate = schedule.endDate === null ? null : parseDate("endDate", schedule.endDate);
  if (endDate !== null && Temporal.PlainDate.compare(endDate, startDate) < 0) {
    throw badInput("endDate", "endDate must not be before startDate.");
  }
  const startTime = parseTime("startTime", schedule.startTime);
  const endTime = parseTime("endTime", schedule.endTime);
  const recurrence = parseRecurrence(schedule.recurrence, startDate);
  const endsNextDay = Temporal.PlainTime.compare(endTime, startTime) <= 0;

  const toInstant = (date: Temporal.PlainDate, time: Temporal.PlainTime, disambiguation: "earlier" | "later") =>
    date.toPlainDateTime(time).toZonedDateTime(timeZone, { disambiguation }).epochMilliseconds;
  const intervalOf = (date: Temporal.PlainDate): Interval => {
    const end = endsNextDay ? date.add({ days: 1 }) : date;
    return kind === "DENY"
      ? { start: toInstant(date, startTime, "earlier"), end: toInstant(end, endTime, "later") }
      : { start: toInstant(date, startTime, "later"), end: toInstant(end, endTime, "earlier") };
  };
  const days = daysOf(recurrence, endDate);

  function* intervals(from: number): Generator<Interval> {
    // An interval that lasts over midnight began a day earlier; one more day covers zones that move by a day.
    const first = Temporal.Instant.fromEpochMilliseconds(from).toZonedDateTimeISO(timeZone).toPlainDate();
    let pending: Interval | null = null;
    for (const day of days(first.subtract({ days: 2 }))) {
      const next = intervalOf(day);
      if (next.end <= next.start || next.end <= from) continue;
      if (pending !== null && next.start <= pending.end && !isBeyondHorizon(pending.end, from)) {
        pending = { start: pending.start, end: Math.max(pending.end, next.end) };
        continue;
      }
      if (pending !== null) yield pending;
      pending = next;
    }
    if (pending !== null) yield pending;
  }

  const activityAt = (now: number): Activity => {
    for (const { start, end } of intervals(now)) {
      if (start > now) return { active: false, until: start };
      return { active: true, until: isBeyondHorizon(end, now) ? null : end };
    }
    return { active: false, until: null };
  };

  if (intervals(startDate.toZonedDateTime(timeZone).epochMilliseconds).next().done) {
    throw badInput("endDate", "The window is never active between startDate and endDate.");
  }
  return { intervals, activityAt: remember(activityAt) };
}

function isBeyondHorizon(end: number, from: number): boolean {
  return end > from + HORIZON_DAYS * DAY_MS;
}

/** The days on which a window begins, from a day on. */
function daysOf(recurrence: Recurrence, endDate: Temporal.PlainDate | null) {
  return function* (from: Temporal.PlainDate): Generator<Temporal.PlainDate> {
    for (let day = recurrence.next(from); day !== null; day = recurrence.next(day.add({ days: 1 }))) {
      if (endDate !== null && Temporal.PlainDate.compare(day, endDate) > 0) return;
      yield day;
    }
  };
}

/** How many answers of a timetable are kept: a gate asks about now, and about the next few changes. */
const MAX_REMEMBERED = 8;

/** Keeps the latest answers as long as they hold, at most a day: a gate asks about the same minutes again and again. */
function remember(activityAt: (now: number) => Activity): (now: number) => Activity {
  let known: { readonly from: number; readonly to: number; readonly activity: Activity }[] = [];
  return (now) => {
    const found = known.find(({ from, to }) => now >= from && now < to);
    if (found !== undefined) return found.activity;
    const activity = activityAt(now);
    const to = Math.min(activity.until ?? Number.POSITIVE_INFINITY, now + DAY_MS);
    known = [{ from: now, to, activity }, ...known].slice(0, MAX_REMEMBERED);
    return activity;
  };
}

function parseTimeZone(value: string): string {
  const message = `timeZone must be the name of an IANA time zone, such as Europe/Berlin; ${JSON.stringify(value)} is none.`;
  // Offsets such as +02:00 do not know daylight saving time.
  if (!/^[A-Za-z]/.test(value)) throw badInput("timeZone", message);
  try {
    return new Intl.DateTimeFormat("en", { timeZone: value }).resolvedOptions().timeZone;
  } catch {
    throw badInput("timeZone", message);
  }
}

function parseDate(field: string, value: string): Temporal.PlainDate {
  try {
    if (/^\d{4}-\d{2}-\d{2}$/.test(value)) return Temporal.PlainDate.from(value, { overflow: "reject" });
  } catch {
    // Refused below.
  }
  throw badInput(field, `${field} must be a date, such as 2026-12-24; ${JSON.stringify(value)} is none.`);
}

function parseTime(field: string, value: string): Temporal.PlainTime {
  if (/^([01]\d|2[0-3]):[0-5]\d(:[0-5]\d)?$/.test(value)) return Temporal.PlainTime.from(value);
  throw badInput(field, `${field} must be a time of day, such as 09:30; ${JSON.stringify(value)} is none.`);
}
