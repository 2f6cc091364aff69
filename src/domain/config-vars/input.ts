import { LIMITS, optional, parseText } from "../core/input.js";
import { quote } from "../core/references.js";
import { badInput } from "../core/refusal.js";

/* Validates config vars. No error message contains a value. */

export const CONFIG_LIMITS = {
  keyLength: 128,
  valueBytes: 32 * 1024,
  varsOfApp: 200,
  bytesOfApp: 256 * 1024,
  requiredOfBuild: 200,
} as const;

/** One config var of setConfig. */
export interface SetConfigVarInput {
  readonly key: string;
  /** Undefined or null keeps the value. Then the var must have one, unless the key is only marked as required. */
  readonly value?: string | null;
  /** Applies to a value that is given. Undefined or null keeps what the var has; a new var is secret. */
  readonly secret?: boolean | null;
  /** Undefined or null keeps it; false for a new var. */
  readonly required?: boolean | null;
  /** Undefined keeps it. */
  readonly description?: string | null;
}

/** The changes of setConfig by key: null unsets the value. */
export type ConfigChanges = ReadonlyMap<string, SetConfigVarInput | null>;

const KEY = /^[A-Za-z_][A-Za-z0-9_]{0,127}$/;

export function parseConfigKey(field: string, key: string): string {
  if (KEY.test(key)) return key;
  throw badInput(
    field,
    `${field} must be 1 to ${CONFIG_LIMITS.keyLength} letters, digits and underscores, and not begin with a digit; got ${quote(key)}.`,
  );
}

/** @throws Refusal BAD_USER_INPUT, without any value */
export function parseConfigChanges(set: readonly SetConfigVarInput[], unset: readonly string[]): ConfigChanges {
  const changes = new Map<string, SetConfigVarInput | null>();
  const add = (field: string, key: string, change: SetConfigVarInput | null) => {
    if (changes.has(key)) throw badInput(field, `${field} repeats ${key}; name each key once, in set or in unset.`);
    changes.set(key, change);
  };
  const most = CONFIG_LIMITS.varsOfApp;
  for (const [field, { length }] of Object.entries({ set, unset })) {
    if (length > most) throw badInput(field, `${field} must have at most ${most} keys; it has ${length}.`);
  }
  for (const [index, change] of set.entries()) {
    const field = `set.${index}`;
    const key = parseConfigKey(`${field}.key`, change.key);
    if (change.value != null) parseValue(`${field}.value`, change.value);
    const description = optional(change.description, (text) =>
      parseText(`${field}.description`, text, LIMITS.description),
    );
    add(`${field}.key`, key, { ...change, key, ...(change.description !== undefined && { description }) });
  }
  for (const [index, key] of unset.entries()) add(`unset.${index}`, parseConfigKey(`unset.${index}`, key), null);
  return changes;
}

function parseValue(field: string, value: string): void {
  const bytes = Buffer.byteLength(value);
  if (bytes > CONFIG_LIMITS.valueBytes) {
    throw badInput(field, `${field} must have at most ${CONFIG_LIMITS.valueBytes} bytes; it has ${bytes}.`);
  }
  if (value.includes("\0"))
    throw badInput(field, `${field} must not contain a NUL character: no environment can hold it.`);
  if (!value.isWellFormed()) throw badInput(field, `${field} must be well-formed Unicode text.`);
}

/** The keys that a build requires: sorted, without duplicates. */
export function parseRequiredConfig(field: string, keys: readonly string[]): string[] {
  const most = CONFIG_LIMITS.requiredOfBuild;
  if (keys.length > most) throw badInput(field, `${field} must name at most ${most} keys; it has ${keys.length}.`);
  return [...new Set(keys.map((key, index) => parseConfigKey(`${field}.${index}`, key)))].sort();
}

/** @throws Refusal BAD_USER_INPUT if an app would have too many config vars, or their values would be too large */
export function checkTotals(keys: number, bytes: number): void {
  const { varsOfApp, bytesOfApp } = CONFIG_LIMITS;
  if (keys > varsOfApp) throw badInput("set", `An app has at most ${varsOfApp} config vars; it would have ${keys}.`);
  if (bytes > bytesOfApp) {
    throw badInput("set", `The values of an app have at most ${bytesOfApp} bytes together; they would have ${bytes}.`);
  }
}
