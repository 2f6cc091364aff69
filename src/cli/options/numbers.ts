import { wrongUsage } from "../exit.js";

/** A whole number, such as `2`. */
export function parseCount(flag: string, text: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw wrongUsage(`${flag} must be a whole number, such as 2; got "${text}".`);
}

/** A whole number, or null for `none`. */
export function parseLimit(flag: string, text: string): number | null {
  return text === "none" ? null : parseCount(flag, text);
}
