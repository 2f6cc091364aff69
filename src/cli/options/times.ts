import { wrongUsage } from "../exit.js";

const UNITS_MS: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** Converts a duration such as `4h` or `30m` to the time at which it ends, counted from now. */
export function parseLength(flag: string, text: string): string {
  const [, count = "", unit = ""] = /^(\d{1,6})([smhd])$/.exec(text) ?? [];
  const length = Number(count) * (UNITS_MS[unit] ?? 0);
  if (length > 0) return new Date(Date.now() + length).toISOString();
  throw wrongUsage(`${flag} must be a length of time, such as 4h, 90m or 2d; got "${text}".`);
}

/** A date or a point in time, such as `2027-01-01` or `2027-01-01T12:00:00Z`. */
export function parseTime(flag: string, text: string): string {
  const time = new Date(text);
  if (!Number.isNaN(time.getTime())) return time.toISOString();
  throw wrongUsage(`${flag} must be a time, such as 2027-01-01T12:00:00Z; got "${text}".`);
}
