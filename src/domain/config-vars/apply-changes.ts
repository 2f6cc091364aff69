import type { ConfigVar } from "../../entities/config-vars/config-var.js";
import { badInput } from "../core/refusal.js";
import type { ConfigChanges, SetConfigVarInput } from "./input.js";

/** What a config var is, without its value. */
export type VarFields = Pick<ConfigVar, "secret" | "required" | "description">;

/** A config var before or after a change. */
export interface VarState extends VarFields {
  /** Null if the key is only marked as required. */
  readonly value: string | null;
}

/** Represents a value that cannot be read. Every new value counts as a change of it. */
export const UNREADABLE: unique symbol = Symbol("unreadable");

/** The current state of a config var. */
export interface KnownVar extends VarFields {
  readonly value: string | null | typeof UNREADABLE;
}

/** The change of a config var. `after` is null if it is removed. */
export interface VarChange {
  readonly key: string;
  readonly after: VarFields | null;
  /** The new value; null to remove it; undefined if it stays. */
  readonly value: string | null | undefined;
}

/**
 * Computes what setConfig changes. Pure. Unchanged keys are left out.
 *
 * @throws Refusal BAD_USER_INPUT, without any value
 */
export function applyChanges(known: ReadonlyMap<string, KnownVar>, changes: ConfigChanges): VarChange[] {
  const applied: VarChange[] = [];
  let index = 0;
  for (const [key, change] of changes) {
    const before = known.get(key) ?? null;
    const made = change === null ? unsetVar(key, before) : setVar(`set.${index}`, before, change);
    if (change !== null) index += 1;
    if (made !== null) applied.push(made);
  }
  return applied;
}

/** A required key stays required when its value is removed. Promotions to the app are then blocked. */
function unsetVar(key: string, before: KnownVar | null): VarChange | null {
  if (before === null || before.value === null) return null;
  const { secret, description } = before;
  return { key, after: before.required ? { secret, required: true, description } : null, value: null };
}

function setVar(field: string, before: KnownVar | null, change: SetConfigVarInput): VarChange | null {
  const { key } = change;
  const value = change.value ?? null;
  const required = change.required ?? before?.required ?? false;
  const isSet = value !== null || (before !== null && before.value !== null);
  if (!isSet && !required) {
    // Without a value, the row only marked the key as required. It is removed with the mark.
    if (before !== null) return { key, after: null, value: undefined };
    throw badInput(`${field}.value`, `${field}.value must be given: ${key} is not set.`);
  }
  // Otherwise a viewer who may write but not read could make a secret public, and read it.
  if (value === null && change.secret === false && before?.secret !== false) {
    throw badInput(`${field}.secret`, `${field}.secret can be false only together with a value.`);
  }
  const secret = value === null ? (before?.secret ?? true) : (change.secret ?? before?.secret ?? true);
  const given = change.description === undefined ? before?.description : change.description;
  const after = { secret, required, description: given || null };
  const stays =
    before !== null &&
    (value === null || value === before.value) &&
    secret === before.secret &&
    required === before.required &&
    after.description === before.description;
  return stays ? null : { key, after, value: value === null || value === before?.value ? undefined : value };
}
