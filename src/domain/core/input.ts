import { validate as isUuidText } from "uuid";
import { badInput } from "./refusal.js";

/*
 * What text may be, each rule with the numbers of the design. Every function takes the field's path, so that a refusal can
 * say which one was wrong, and returns the value as it is kept.
 */

export const LIMITS = {
  name: 256,
  description: 1024,
  url: 2048,
  commitMessage: 8192,
  idempotencyKey: 256,
  requiredChecks: 50,
  targets: 200,
  appsOfPipeline: 500,
  contextsOfRelease: 100,
  pipelinesOfToken: 100,
} as const;

const NAME = /^[a-z]([a-z0-9-]{0,61}[a-z0-9])?$/;
const CONTEXT = /^[A-Za-z0-9][A-Za-z0-9 ._:/\\+()@#-]{0,99}$/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it is there to find.
const CONTROL = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f]/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: here line breaks and tabs are not wanted either.
const CONTROL_OR_BREAK = /[\u0000-\u001f\u007f]/;

/** Whether text is a UUID, in either case. */
export function isUuid(text: string): boolean {
  return isUuidText(text);
}

/** Whether text could be the name of a pipeline or app. */
export function isName(text: string): boolean {
  return NAME.test(text) && !isUuid(text);
}

/** The name of a pipeline or app: 1–63 lower-case letters, digits and dashes, and nothing that looks like an id. */
export function parseName(field: string, value: string): string {
  if (isUuid(value)) throw badInput(field, `${field} must not look like a UUID: ids and names are told apart by it.`);
  if (NAME.test(value)) return value;
  throw badInput(
    field,
    `${field} must be 1 to 63 lower-case letters, digits and dashes, begin with a letter and not end with a dash.`,
  );
}

/** The name of a check. The rule is the same wherever one is given: nothing can be required that cannot be reported. */
export function parseContext(field: string, value: string): string {
  if (CONTEXT.test(value)) return value;
  throw badInput(
    field,
    `${field} must be 1 to 100 letters, digits, spaces and ._:/\\+()@#- characters, and begin with a letter or digit.`,
  );
}

/** Text of several lines, of at most `most` characters. */
export function parseText(field: string, value: string, most: number): string {
  return checkText(field, value, most, CONTROL);
}

/** Text of one line that says something: 1 to `most` characters. */
export function parseLine(field: string, value: string, most: number = LIMITS.name): string {
  if (value.trim() === "") throw badInput(field, `${field} must not be empty.`);
  return checkText(field, value, most, CONTROL_OR_BREAK);
}

/** An http or https address of at most 2,048 characters. */
export function parseUrl(field: string, value: string): string {
  const text = checkText(field, value, LIMITS.url, CONTROL_OR_BREAK);
  const parsed = URL.canParse(text) ? new URL(text) : null;
  if (parsed !== null && /^https?:$/.test(parsed.protocol) && !/\s/.test(text)) return text;
  throw badInput(field, `${field} must be an address that begins with http:// or https://.`);
}

/** Applies a rule to a value that may be left out or null. */
export function optional<R>(value: string | null | undefined, rule: (value: string) => R): R | null {
  return value == null ? null : rule(value);
}

/** A commit's hash: 4 to 64 hexadecimal digits, kept in lower case. */
export function parseSha(field: string, value: string): string {
  if (/^[0-9a-f]{4,64}$/i.test(value)) return value.toLowerCase();
  throw badInput(field, `${field} must be the hash of a commit: 4 to 64 hexadecimal digits.`);
}

/** A branch as git allows it, roughly: one line without spaces. */
export function parseBranch(field: string, value: string): string {
  const text = parseLine(field, value);
  if (/\s/.test(text)) throw badInput(field, `${field} must be the name of a branch, without spaces.`);
  return text;
}

/**
 * A codebase as `host/owner/name` in lower case, from any of the forms that people paste: `https://github.com/acme/shop.git`,
 * `git@github.com:acme/shop`, `ssh://git@host/…`, `github.com/acme/shop`, or `acme/shop` (on GitHub).
 */
export function parseRepository(field: string, value: string): string {
  const text = parseLine(field, value, LIMITS.url).trim().toLowerCase();
  const path = text
    .replace(/^[a-z+]+:\/\//, "")
    .replace(/^[^@/]+@/, "")
    .replace(/^([^/:]+):(?=[^/\d])/, "$1/")
    .replace(/[?#].*$/, "")
    .replace(/\/+$/, "")
    .replace(/\.git$/, "");
  const parts = path.split("/");
  const host = parts.length === 2 ? ["github.com", ...parts] : parts;
  const fits = /^[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:\d{1,5})?$/.test(host[0] ?? "") && (host[0] as string).length <= 253;
  if (host.length >= 3 && fits && host.slice(1).every((part) => /^[\w.~-]+$/.test(part) && !/^\.+$/.test(part))) {
    const kept = host.join("/");
    if (kept.length <= LIMITS.name) return kept;
  }
  throw badInput(field, `${field} must name a codebase, as github.com/acme/shop, its address, or acme/shop.`);
}

/** An id where only an id will do, in lower case. */
export function parseId(field: string, value: string): string {
  if (isUuid(value)) return value.toLowerCase();
  throw badInput(field, `${field} must be an id: a UUID, as the API gave it.`);
}

function checkText(field: string, value: string, most: number, unwanted: RegExp): string {
  if (value.length > most)
    throw badInput(field, `${field} must be at most ${most} characters; it has ${value.length}.`);
  if (unwanted.test(value)) throw badInput(field, `${field} must not contain control characters.`);
  if (!value.isWellFormed()) throw badInput(field, `${field} must be well-formed Unicode.`);
  return value;
}
