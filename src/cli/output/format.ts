import type { Build, PromotionPhase, ReleasePhase, StatusState } from "../api/model.js";
import type { Paint } from "./screen.js";

/* How the API's values are said to people: the marks of the product, short hashes, relative times. */

/** `PARTIALLY_SUCCEEDED` → `partially succeeded`. */
export function lower(value: string): string {
  return value.toLowerCase().replaceAll("_", " ");
}

/** An app, with its mark. */
export function appLabel(app: { readonly name: string } | null, paint: Paint): string {
  return `${paint.magenta("⬢")} ${app === null ? "(deleted)" : paint.cyan(singleLine(app.name))}`;
}

export function shortSha(build: { readonly commit: Pick<Build["commit"], "sha"> }): string {
  return build.commit.sha.slice(0, 7);
}

const MARKS = { SUCCESS: "✓", FAILURE: "✗", ERROR: "✗", PENDING: "•" } as const;

/** A check and what was said of it; null where nothing was. */
export function check(context: string, state: StatusState | null, paint: Paint): string {
  const mark = state === null ? "?" : MARKS[state];
  const colour = state === "SUCCESS" ? paint.green : state === "PENDING" || state === null ? paint.yellow : paint.red;
  return `${colour(mark)} ${singleLine(context)}`;
}

/** A phase of a release, a build or a promotion, in its colour. */
export function phase(value: ReleasePhase | PromotionPhase | Build["phase"], paint: Paint): string {
  const colour = value === "SUCCEEDED" ? paint.green : /^(FAILED|PARTIALLY)/.test(value) ? paint.red : paint.yellow;
  return colour(lower(value));
}

const UNITS: readonly (readonly [Intl.RelativeTimeFormatUnit, number])[] = [
  ["year", 31_557_600],
  ["month", 2_629_800],
  ["day", 86_400],
  ["hour", 3600],
  ["minute", 60],
];

/** `3 minutes ago`, `in 2 days`; under a minute `just now` or `in a moment`. */
export function relativeTime(instant: string, now: number): string {
  const seconds = (Date.parse(instant) - now) / 1000;
  for (const [unit, size] of UNITS) {
    const count = Math.trunc(seconds / size);
    if (count !== 0) return new Intl.RelativeTimeFormat("en").format(count, unit);
  }
  return seconds > 0 ? "in a moment" : "just now";
}

/**
 * Text from the service as one line without control characters: what somebody wrote into a description must neither move
 * a reader's cursor nor break a script's columns.
 */
export function singleLine(text: string): string {
  return text.replace(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, " ");
}
