import type { Stage } from "../../gql/graphql";

export const STAGE_NAMES: Readonly<Record<Stage, string>> = {
  REVIEW: "Review",
  DEVELOPMENT: "Development",
  STAGING: "Staging",
  PRODUCTION: "Production",
};

/** Where a promotion goes: to the next stage only. */
export const NEXT_STAGE: Readonly<Record<Stage, Stage | null>> = {
  REVIEW: "DEVELOPMENT",
  DEVELOPMENT: "STAGING",
  STAGING: "PRODUCTION",
  PRODUCTION: null,
};

/** The first seven digits, as Git shows them. */
export function shortSha(sha: string): string {
  return sha.slice(0, 7);
}

/** The first line of a commit message. */
export function firstLine(message: string | null): string {
  return message?.split("\n", 1)[0] ?? "";
}

const UNITS = [
  ["d", 86_400_000],
  ["h", 3_600_000],
  ["m", 60_000],
  ["s", 1_000],
] as const;

/** A duration in its largest unit: `45 s`, `3 m`, `2 h`, `12 d`. */
export function formatDuration(ms: number): string {
  const [unit, size] = UNITS.find(([, size]) => ms >= size) ?? ["s", 1_000];
  return `${Math.max(0, Math.floor(ms / size))} ${unit}`;
}

/** How long ago something happened. Below ten seconds, `now`: the time on the page advances in steps of five. */
export function formatAge(time: string, now: number): string {
  const ms = now - Date.parse(time);
  return ms < 10_000 ? "now" : formatDuration(ms);
}

// Creating a format takes longer than rendering a row.
const NUMBERS = new Intl.NumberFormat("en");

/** `1 app`, `2 apps`. */
export function count(number: number, noun: string): string {
  return `${NUMBERS.format(number)} ${noun}${number === 1 ? "" : "s"}`;
}

/** A moment near `now`: `at 14:03`, or with the day where it is another. */
export function formatMoment(time: string, now: number): string {
  const date = new Date(time);
  const clock = date.toLocaleTimeString(undefined, { hour: "2-digit", minute: "2-digit" });
  if (date.toDateString() === new Date(now).toDateString()) return `at ${clock}`;
  return `on ${date.toLocaleDateString(undefined, { weekday: "short", day: "numeric", month: "short" })} at ${clock}`;
}

/** A time in the viewer's time zone: `14:03:22`. */
export function formatClock(time: number): string {
  return new Date(time).toLocaleTimeString(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit" });
}

const TIME = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });
const DATE = new Intl.DateTimeFormat(undefined, { dateStyle: "medium" });

/** An exact time in the viewer's time zone: `Nov 30, 2026, 2:03 PM`. */
export function formatTime(time: string | number | Date): string {
  return TIME.format(new Date(time));
}

/** A day in the viewer's time zone: `Nov 30, 2026`. */
export function formatDate(time: string | number | Date): string {
  return DATE.format(new Date(time));
}

const INSTANTS = /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z/g;

/** Names of the API in a text of the service, and what a person reads instead. Other words in capitals are left alone. */
const API_NAMES = /\b(is|are|in|into|of|to) ([A-Z]{6,}(?:_[A-Z]+)*)\b/g;
const WORDS: Readonly<Record<string, string>> = {
  ...{ REVIEW: "review", DEVELOPMENT: "development", STAGING: "staging", PRODUCTION: "production" },
  ...{ QUEUED: "queued", DEPLOYING: "deploying", VERIFYING: "verifying", WAITING: "waiting" },
};

/** A text of the service for a person, in the viewer's time zone: `frozen until Wed, Dec 2, 04:28 PM`. */
export function readable(text: string): string {
  return text
    .replace(INSTANTS, (instant) =>
      new Date(instant).toLocaleString(undefined, {
        ...{ weekday: "short", month: "short", day: "numeric", hour: "2-digit", minute: "2-digit" },
      }),
    )
    .replace(API_NAMES, (found, before: string, name: string) => {
      const word = WORDS[name];
      return word === undefined ? found : `${before} ${word}`;
    });
}
