import { LIMITS } from "./input.js";

/*
 * What other systems say, made to fit the rules of `input.ts`: a webhook cannot be asked to word it otherwise. Nothing here
 * refuses; what cannot be made to fit becomes null.
 */

/**
 * The name of a check, as it can be required here: `-` for what is not allowed, cut at 100 characters. What comes before
 * the first letter or digit is left out, since a context begins with one.
 */
export function normalizeContext(value: string): string {
  const fitted = value
    .replace(/[^A-Za-z0-9 ._:/\\+()@#-]/gu, "-")
    .replace(/^[^A-Za-z0-9]+/, "")
    .slice(0, 100);
  return fitted === "" ? "check" : fitted;
}

/** Text of at most `most` characters without control characters; null where that leaves nothing. */
export function normalizeText(value: string | null | undefined, most: number): string | null {
  const printable = (value ?? "")
    .toWellFormed()
    .replace(/\p{Cc}+/gu, " ")
    .trim();
  // Cut between characters, not through one.
  const text = printable.length > most ? `${printable.slice(0, most - 1).replace(/[\ud800-\udbff]$/, "")}…` : printable;
  return text === "" ? null : text;
}

/** An http or https address; null where it is none, or too long to be kept. */
export function normalizeUrl(value: string | null | undefined): string | null {
  const text = (value ?? "").trim();
  if (text.length > LIMITS.url || /[\s\p{Cc}]/u.test(text) || !text.isWellFormed() || !URL.canParse(text)) return null;
  return /^https?:$/.test(new URL(text).protocol) ? text : null;
}
