import { validate as isUuidText } from "uuid";
import { badInput } from "./refusal.js";

/*
 * Validates and normalizes input. Every function takes the path of the field, for the error, and returns the value as
 * it is stored.
 */

export const LIMITS = {
  name: 256,
  description: 1024,
  url: 2048,
  commitMessage: 8192,
  idempotencyKey: 256,
  requiredChecks: 50,
  targets: 200,
  waitingPromotions: 100,
  appsOfPipeline: 500,
  context: 255,
  optionalContexts: 1000,
  contextsOfSubscription: 100,
  pipelinesOfToken: 100,
  groupsOfToken: 100,
  nodes: 100,
  pipelinesOfScope: 100,
  appsOfScope: 200,
  approvalRules: 50,
  waves: 20,
  verificationChecks: 20,
} as const;

const NAME = /^[a-z]([a-z0-9-]{0,61}[a-z0-9])?$/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: it must find control characters.
const CONTROL = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f]/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: it must also find line breaks and tabs.
const CONTROL_OR_BREAK = /[\u0000-\u001f\u007f]/;

/** Also the line and paragraph separators of Unicode. */
const CONTROL_OR_SEPARATOR = /[\p{Cc}\p{Zl}\p{Zp}]/u;

/** Whether text is a UUID, in either case. */
export function isUuid(text: string): boolean {
  return isUuidText(text);
}

/** Whether text could be the name of a pipeline or app. */
export function isName(text: string): boolean {
  return NAME.test(text) && !isUuid(text);
}

/** The name of a pipeline or app: 1 to 63 lower-case letters, digits and dashes; not a UUID. */
export function parseName(field: string, value: string): string {
  if (isUuid(value))
    throw badInput(field, `${field} must not look like a UUID: this is how ids and names are distinguished.`);
  if (NAME.test(value)) return value;
  throw badInput(
    field,
    `${field} must be 1 to 63 lower-case letters, digits and dashes, begin with a letter and not end with a dash.`,
  );
}

/**
 * The name of a check, trimmed and in Unicode normalization form C: 1 to 255 characters without control characters. The
 * same rule applies to required and to reported checks, so that every reported check can be required.
 */
export function parseContext(field: string, value: string): string {
  requireWellFormed(field, value);
  const context = value.trim().normalize("NFC");
  const length = [...context].length;
  if (length < 1 || length > LIMITS.context) {
    throw badInput(field, `${field} must be 1 to ${LIMITS.context} characters; it has ${length}.`);
  }
  refuseCharacters(field, context, CONTROL_OR_SEPARATOR);
  return context;
}

/** The component of a monorepo, trimmed: 1 to 256 characters. */
export function parseComponent(field: string, value: string): string {
  return parseLine(field, value).trim().normalize("NFC");
}

/** Text of several lines, of at most `most` characters. */
export function parseText(field: string, value: string, most: number): string {
  return checkText(field, value, most, CONTROL);
}

/** Text of one line that is not blank: 1 to `most` characters. */
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

/** `refs/heads/main` and `main` are the same branch; CI reports either. */
export function withoutRefPrefix(branch: string): string {
  return branch.replace(/^refs\/heads\//, "");
}

/**
 * A branch name that git allows, of 1 to 256 characters, without `refs/heads/`. The owner of a fork may precede it:
 * `owner:branch`.
 *
 * https://git-scm.com/docs/git-check-ref-format
 */
export function parseBranch(field: string, value: string): string {
  const branch = parseLine(field, withoutRefPrefix(value));
  const forbidden = /[ ~^?*[\\]|\.\.|@\{|\/\/|^\/|\/$|\.$|^@$|(^|\/)\.|\.lock(\/|$)/;
  if (forbidden.test(branch)) throw badInput(field, `${field} must be the name of a branch that git allows.`);
  return branch;
}

/** A whole number between `min` and `max`. */
export function parseWhole(field: string, value: number, min: number, max: number): number {
  if (Number.isInteger(value) && value >= min && value <= max) return value;
  throw badInput(field, `${field} must be a whole number between ${min} and ${max}; got ${value}.`);
}

/** An id, in lower case, for arguments that accept no name. */
export function parseId(field: string, value: string): string {
  if (isUuid(value)) return value.toLowerCase();
  throw badInput(field, `${field} must be an id: a UUID, as the API returned it.`);
}

function checkText(field: string, value: string, most: number, unwanted: RegExp): string {
  if (value.length > most)
    throw badInput(field, `${field} must be at most ${most} characters; it has ${value.length}.`);
  refuseCharacters(field, value, unwanted);
  requireWellFormed(field, value);
  return value;
}

function refuseCharacters(field: string, value: string, unwanted: RegExp): void {
  if (unwanted.test(value)) throw badInput(field, `${field} must not contain control characters.`);
}

function requireWellFormed(field: string, value: string): void {
  if (!value.isWellFormed()) throw badInput(field, `${field} must be well-formed Unicode.`);
}
