import { Temporal } from "temporal-polyfill";
import { badInput } from "../../core/refusal.js";
import { parseRecurrence } from "./recurrence.js";
import { DAY_MS, getClock, toDay } from "./zone-clock.js";

/*
 * When a window is active. Days recur on the calendar; each day's start and end are then read on the wall clock of the
 * window's time zone. If a wall clock shows a time twice or skips it, a DENY window uses the longer interpretation and
 * an ALLOW window the shorter one, so that in doubt the gate is closed.
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

/** In milliseconds since the Unix epoch; `end` is exclusive. */
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
  /**
   * The intervals in which the window is active, in order, from the first one that ends after `from`. Adjacent ones are
   * merged.
   */
  intervals(from: number): Iterable<Interval>;
  activityAt(now: number): Activity;
}

/** How far ahead the end of a window without a break is searched for. */
const HORIZON_DAYS = 730;

/**
 * @throws Refusal BAD_USER_INPUT that names the field: an unknown time zone, a date or time that does not exist, a rule
 * that is not valid, or a schedule without a single interval
 */
export function compileSchedule(schedule: Schedule): Timetable {
  const { kind } = schedule;
  const clock = getClock(parseTimeZone(schedule.timeZone));
  const startDate = parseDate("startDate", schedule.startDate);
  const endDate = schedule.endDate === null ? null : parseDate("endDate", schedule.endDate);
  const lastDay = endDate === null ? Number.POSITIVE_INFINITY : toDay(endDate);
  if (lastDay < toDay(startDate)) throw badInput("endDate", "endDate must not be before startDate.");
  const startTime = parseTime("startTime", schedule.startTime);
  const endTime = parseTime("endTime", schedule.endTime);
  const recurrence = parseRecurrence(schedule.recurrence, startDate);
  const daysLong = endTime <= startTime ? 1 : 0;

  const toInterval = (day: number): Interval => ({
    start: clock.toInstant(day, startTime, kind === "DENY" ? "earlier" : "later"),
    end: clock.toInstant(day + daysLong, endTime, kind === "DENY" ? "later" : "earlier"),
  });

  function* intervals(from: number): Generator<Interval> {
    // An overnight interval began a day earlier. One more day covers zones that skip a day.
    let day = recurrence.next(clock.dayAt(from) - 2);
    let pending: Interval | null = null;
    for (; day !== null && day <= lastDay; day = recurrence.next(day + 1)) {
      const next = toInterval(day);
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

  if (intervals(clock.toInstant(toDay(startDate), 0, "earlier")).next().done) {
    throw badInput("endDate", "The window is never active between startDate and endDate.");
  }
  return { intervals, activityAt: remember(activityAt) };
}

function isBeyondHorizon(end: number, from: number): boolean {
  return end > from + HORIZON_DAYS * DAY_MS;
}

/** How many results of a timetable are cached: a gate evaluates now, and the next few changes. */
const MAX_REMEMBERED = 8;

/**
 * Caches the latest results while they are valid, at most for a day, because gates evaluate the same times repeatedly.
 */
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
  // Offsets such as +02:00 have no daylight saving time.
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

/** In milliseconds since midnight. */
function parseTime(field: string, value: string): number {
  if (/^([01]\d|2[0-3]):[0-5]\d(:[0-5]\d)?$/.test(value)) {
    const [hours = 0, minutes = 0, seconds = 0] = value.split(":").map(Number);
    return ((hours * 60 + minutes) * 60 + seconds) * 1000;
  }
  throw badInput(field, `${field} must be a time of day, such as 09:30; ${JSON.stringify(value)} is none.`);
}
