import { RRuleTemporal } from "rrule-temporal";
import { Temporal } from "temporal-polyfill";
import { badInput } from "../../core/refusal.js";
import { DAY_MS, toDay } from "./zone-clock.js";

/*
 * Recurrence rules of RFC 5545 on calendar days. The library receives only dates at midnight UTC, so time zones and the
 * host's clock do not matter. It ignores unknown parts and values, which could open a gate, so all of them are checked
 * here.
 */

/** The longest rule that is accepted, in characters. */
export const MAX_RECURRENCE_LENGTH = 500;

const FREQUENCIES = ["DAILY", "WEEKLY", "MONTHLY", "YEARLY"];
const DAY = /^([+-]?\d{1,2})?(MO|TU|WE|TH|FR|SA|SU)$/;

/** The parts of a rule, each with the test that its value must pass. */
const PARTS: Readonly<Record<string, (value: string) => boolean>> = {
  FREQ: (value) => FREQUENCIES.includes(value),
  INTERVAL: (value) => isInteger(value, 1, 1000),
  COUNT: (value) => isInteger(value, 1, 10_000),
  UNTIL: (value) => isDate(value),
  WKST: (value) => /^(MO|TU|WE|TH|FR|SA|SU)$/.test(value),
  BYDAY: (value) => isListWith(value, isWeekday),
  BYMONTH: (value) => isListWith(value, (one) => isInteger(one, 1, 12)),
  BYMONTHDAY: (value) => isListWith(value, (one) => isSigned(one, 31)),
  BYYEARDAY: (value) => isListWith(value, (one) => isSigned(one, 366)),
  BYWEEKNO: (value) => isListWith(value, (one) => isSigned(one, 53)),
  BYSETPOS: (value) => isListWith(value, (one) => isSigned(one, 366)),
};

/** Days on which something recurs, counted since 1970-01-01. */
export interface Recurrence {
  /** The first day at or after the given one; null if the rule has no further day. */
  next(from: number): number | null;
}

/**
 * Parses a rule, for example `FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR`.
 *
 * @param rule null for every day; `UNTIL` is a day, which is included
 * @param startDate the day before which nothing recurs, and from which INTERVAL and COUNT count
 * @throws Refusal BAD_USER_INPUT with the field `recurrence` if the rule is not valid, finer than days, or has no day
 */
export function parseRecurrence(rule: string | null, startDate: Temporal.PlainDate): Recurrence {
  const first = toDay(startDate);
  if (rule === null) return { next: (from) => Math.max(from, first) };
  const text = checkParts(rule);
  try {
    const dates = new RRuleTemporal({
      rruleString: text,
      dtstart: startDate.toZonedDateTime("UTC"),
      strict: true,
      cache: false,
      temporal: Temporal,
    });
    const next = (from: number) => {
      const found = dates.next(new Date(from * DAY_MS), true);
      return found === null ? null : Math.floor(found.epochMilliseconds / DAY_MS);
    };
    if (next(first) === null) throw new Error("it has no day");
    return rememberDays(next);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw refuse(`recurrence has no day, or is not a valid rule: ${why}.`);
  }
}

/** How many days of a rule are cached: more than two years, which is as far as gates look ahead. */
const MAX_DAYS = 1000;
/** How many days are skipped to reach a later day. Beyond that, the cache starts again from that day. */
const MAX_SKIPPED = 8;

/** Caches consecutive days of a rule, because finding one takes 0.1 to 5 ms. */
function rememberDays(next: Recurrence["next"]): Recurrence {
  let from = Number.POSITIVE_INFINITY;
  let days: number[] = [];
  const find = (start: number): number | null => {
    const found = next(start);
    if (found !== null) days.push(found);
    return found;
  };
  return {
    next(wanted) {
      const last = days.at(-1);
      if (wanted >= from && last !== undefined) {
        if (wanted <= last) return days[findFirst(days, wanted)] ?? null;
        for (let known = last, skipped = 0; days.length < MAX_DAYS && skipped <= MAX_SKIPPED; skipped += 1) {
          const found = find(known + 1);
          if (found === null || found >= wanted) return found;
          known = found;
        }
      }
      [from, days] = [wanted, []];
      return find(wanted);
    },
  };
}

/** The index of the first of the ascending `days` at or after `wanted`. */
function findFirst(days: readonly number[], wanted: number): number {
  let [low, high] = [0, days.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((days[middle] as number) < wanted) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Checks every part of a rule, and returns it in the form that the library reads. */
function checkParts(rule: string): string {
  if (rule.length > MAX_RECURRENCE_LENGTH) {
    throw refuse(`recurrence has at most ${MAX_RECURRENCE_LENGTH} characters; this one has ${rule.length}.`);
  }
  const seen = new Set<string>();
  const parts = rule
    .trim()
    .toUpperCase()
    .replace(/^RRULE:/, "")
    .split(";");
  for (const part of parts) {
    const [name = "", value = "", ...rest] = part.split("=");
    const check = Object.hasOwn(PARTS, name) ? PARTS[name] : undefined;
    if (/^BY(HOUR|MINUTE|SECOND)$/.test(name)) {
      throw refuse(`recurrence selects days; times come from startTime and endTime, so ${name} is not allowed.`);
    }
    if (check === undefined) throw refuse(`recurrence has an unknown part ${JSON.stringify(part)}.`);
    if (seen.has(name)) throw refuse(`recurrence has ${name} twice.`);
    if (rest.length > 0 || !check(value)) throw refuse(`recurrence has a value that ${name} cannot have: ${part}.`);
    seen.add(name);
  }
  if (!seen.has("FREQ")) throw refuse(`recurrence needs FREQ, one of ${FREQUENCIES.join(", ")}.`);
  if (seen.has("COUNT") && seen.has("UNTIL")) throw refuse("recurrence may have COUNT or UNTIL, not both.");
  return parts.map((part) => part.replace(/^(UNTIL=\d{8}).*$/, "$1T235959Z")).join(";");
}

function isInteger(value: string, min: number, max: number): boolean {
  return /^\d{1,5}$/.test(value) && Number(value) >= min && Number(value) <= max;
}

/** From 1 to `max`, or counted from the end. */
function isSigned(value: string, max: number): boolean {
  return /^[+-]?\d{1,3}$/.test(value) && Number(value) !== 0 && Math.abs(Number(value)) <= max;
}

function isWeekday(value: string): boolean {
  const match = DAY.exec(value);
  return match !== null && (match[1] === undefined || isSigned(match[1], 53));
}

function isListWith(value: string, check: (one: string) => boolean): boolean {
  return value.split(",").every(check);
}

/** `YYYYMMDD`, optionally with a time of day in UTC, which is ignored. */
function isDate(value: string): boolean {
  const match = /^(\d{4})(\d{2})(\d{2})(T\d{6}Z)?$/.exec(value);
  if (match === null) return false;
  try {
    Temporal.PlainDate.from(`${match[1]}-${match[2]}-${match[3]}`, { overflow: "reject" });
    return true;
  } catch {
    return false;
  }
}

function refuse(message: string): Error {
  return badInput("recurrence", message);
}
