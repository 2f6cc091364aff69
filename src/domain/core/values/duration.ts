import { badInput } from "../refusal.js";

/* Durations as text: a whole number and a unit, as in the settings and in the API: `90s`, `10m`, `72h`, `30d`. */

const UNITS: Readonly<Record<string, number>> = { d: 86_400_000, h: 3_600_000, m: 60_000, s: 1000, ms: 1 };

/** Returns milliseconds, or NaN if the text is not a duration. */
export function readDuration(text: string): number {
  const match = /^(\d{1,9})(ms|s|m|h|d)$/.exec(text.trim());
  return Number(match?.[1]) * (UNITS[match?.[2] ?? ""] ?? Number.NaN);
}

/**
 * Writes a duration in the largest unit without a fraction: `90s`, `10m`. `readDuration` reads it again.
 *
 * @param milliseconds a whole number above 0
 */
export function formatDuration(milliseconds: number): string {
  const [unit, size] = Object.entries(UNITS).find(([, length]) => milliseconds % length === 0) ?? ["ms", 1];
  return `${milliseconds / size}${unit}`;
}

/**
 * Parses a duration of an input.
 *
 * @param min the shortest that is allowed, and `max` the longest, as durations
 * @returns milliseconds
 * @throws Refusal BAD_USER_INPUT
 */
export function parseDuration(field: string, value: string, min: string, max: string): number {
  const milliseconds = readDuration(value);
  if (milliseconds >= readDuration(min) && milliseconds <= readDuration(max)) return milliseconds;
  throw badInput(field, `${field} must be a duration from ${min} to ${max}, for example 90s, 10m or 2h.`);
}
