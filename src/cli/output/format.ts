import type {
  AppReleasesFragment,
  BuildFragment,
  PromotionPhase,
  PromotionTargetPhase,
  ReleasePhase,
  StatusState,
} from "../api/generated.js";
import type { Paint } from "./paint.js";

/* Formats API values for people. */

/** `PARTIALLY_SUCCEEDED` → `partially succeeded`. */
export function lower(value: string): string {
  return value.toLowerCase().replaceAll("_", " ");
}

/** The name of an app with its symbol. */
export function appLabel(app: { readonly name: string } | null, paint: Paint): string {
  return `${paint.magenta("⬢")} ${app === null ? "(deleted)" : paint.cyan(singleLine(app.name))}`;
}

export function shortSha(build: { readonly commit: Pick<BuildFragment["commit"], "sha"> }): string {
  return build.commit.sha.slice(0, 7);
}

/** `github.com/acme/shop`, or with a part of a monorepo `github.com/acme/shop: api`. */
export function formatRepository(repository: string | null, component: string | null): string {
  return singleLine([repository, component].filter((part) => part !== null).join(": "));
}

const MARKS = { SUCCESS: "✓", FAILURE: "✗", ERROR: "✗", PENDING: "•" } as const;

/** A check with the symbol of its state; null if not reported. */
export function check(context: string, state: StatusState | null, paint: Paint): string {
  const mark = state === null ? "?" : MARKS[state];
  const colour = state === "SUCCESS" ? paint.green : state === "PENDING" || state === null ? paint.yellow : paint.red;
  return `${colour(mark)} ${singleLine(context)}`;
}

/** The newest release of an app if it is not the current one: queued, deploying or failed. */
export function newerRelease({ currentRelease, releases }: AppReleasesFragment) {
  const latest = releases.nodes[0];
  return latest !== undefined && latest.version > (currentRelease?.version ?? 0) ? latest : null;
}

/** The phase of a release, build or promotion, coloured. */
export function phase(
  value: ReleasePhase | PromotionPhase | PromotionTargetPhase | BuildFragment["phase"],
  paint: Paint,
): string {
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

/** `3 minutes ago`, `in 2 days`; `just now` or `in a moment` if less than a minute. */
export function relativeTime(instant: string, now: number): string {
  const seconds = (Date.parse(instant) - now) / 1000;
  for (const [unit, size] of UNITS) {
    const count = Math.trunc(seconds / size);
    if (count !== 0) return new Intl.RelativeTimeFormat("en").format(count, unit);
  }
  return seconds > 0 ? "in a moment" : "just now";
}

/**
 * Replaces control characters and line breaks with spaces. Text from users must not move the cursor of a terminal or
 * break the columns of a script.
 */
export function singleLine(text: string): string {
  return text.replace(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, " ");
}

/** Breaks a text into lines of the given width at spaces. Further lines are indented. */
export function wrapWords(text: string, width: number): string {
  const lines: string[] = [];
  let line = /^ */.exec(text)?.[0] ?? "";
  for (const word of text.trimStart().split(" ")) {
    if (line.trim() !== "" && line.length + 1 + word.length > width) {
      lines.push(line);
      line = "    ";
    }
    line += line.trim() === "" ? word : ` ${word}`;
  }
  return [...lines, line].join("\n");
}

/** Quotes a word for a shell if necessary. A leading `=` has a meaning in zsh. */
export function shellQuote(word: string): string {
  return /^[\w./:@%+,-][\w./:@%+,=-]*$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
