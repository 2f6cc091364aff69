import { createHash } from "node:crypto";
import { LIMITS } from "../input.js";

/*
 * Normalizes values of other systems to the rules of `input.ts`, because the sender of a webhook cannot correct them.
 * No function throws. A value that cannot be normalized becomes null.
 */

/** The number of hexadecimal digits that distinguish shortened names. */
const HASH_LENGTH = 8;

/**
 * The name of a check as `parseContext` accepts it: control characters become spaces, and a name of more than 255
 * characters is shortened and ends in a hash, so that different names stay different.
 */
export function normalizeContext(value: string): string {
  const context = value
    .toWellFormed()
    .replace(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, " ")
    .trim()
    .normalize("NFC");
  if (context === "") return "check";
  const characters = [...context];
  if (characters.length <= LIMITS.context) return context;
  const hash = createHash("sha256").update(context).digest("hex").slice(0, HASH_LENGTH);
  return `${characters.slice(0, LIMITS.context - HASH_LENGTH - 1).join("")}#${hash}`;
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
