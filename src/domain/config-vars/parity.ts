import type { ConfigVar } from "../../entities/config-vars/config-var.js";
import type { ConfigParity } from "../../entities/core/enums.js";

/*
 * Compares the config vars of a source and a target: by keys, and by fingerprints, which show which values are equal.
 * Pure.
 */

/** The config of an app without its values. */
export interface AppConfig {
  /** The fingerprints of the values that are set, by key. */
  readonly set: ReadonlyMap<string, string>;
  /** The keys that the app requires, set or not. */
  readonly required: ReadonlySet<string>;
}

export const NO_CONFIG: AppConfig = { set: new Map(), required: new Set() };

export function toAppConfig(vars: readonly ConfigVar[]): AppConfig {
  return {
    set: new Map(vars.flatMap(({ key, fingerprint }) => (fingerprint === null ? [] : [[key, fingerprint] as const]))),
    required: new Set(vars.filter((one) => one.required).map((one) => one.key)),
  };
}

/** How the config of a target differs from that of its source. All lists are sorted. */
export interface ConfigComparison {
  /** Set on the source only. */
  readonly missing: string[];
  /** Set on the target only. */
  readonly extra: string[];
  readonly same: string[];
  readonly different: string[];
}

export function compareConfig(source: AppConfig, target: AppConfig): ConfigComparison {
  const both = [...source.set.keys()].filter((key) => target.set.has(key)).sort();
  return {
    missing: [...source.set.keys()].filter((key) => !target.set.has(key)).sort(),
    extra: [...target.set.keys()].filter((key) => !source.set.has(key)).sort(),
    same: both.filter((key) => source.set.get(key) === target.set.get(key)),
    different: both.filter((key) => source.set.get(key) !== target.set.get(key)),
  };
}

/** The keys that block a promotion to a target. */
export interface ParityGap {
  /** The keys that the target must set, sorted. */
  readonly missing: readonly string[];
  /** The keys that the target must not have, sorted. */
  readonly extra: readonly string[];
}

/**
 * Applies the rule of a stage:
 * - OFF: nothing.
 * - REQUIRED: the keys that the build or the target requires must be set.
 * - SUPERSET: also every key that the source has.
 * - EXACT: also, the target must not have a key that the source lacks, so both have the same keys, as in Akkeris.
 *
 * @param source null for a direct release, which has no source
 */
export function findParityGap(
  parity: ConfigParity,
  buildRequires: readonly string[],
  source: AppConfig | null,
  target: AppConfig,
): ParityGap {
  if (parity === "OFF") return { missing: [], extra: [] };
  const ofSource = parity === "REQUIRED" || source === null ? [] : source.set.keys();
  const expected = new Set([...buildRequires, ...target.required, ...ofSource]);
  const extra =
    parity !== "EXACT" || source === null ? [] : [...target.set.keys()].filter((key) => !source.set.has(key));
  return { missing: [...expected].filter((key) => !target.set.has(key)).sort(), extra: extra.sort() };
}

/** From loosest to strictest. */
export const PARITIES: readonly ConfigParity[] = ["OFF", "REQUIRED", "SUPERSET", "EXACT"];

/** The stricter of two rules. */
export function stricterParity(a: ConfigParity, b: ConfigParity): ConfigParity {
  return PARITIES.indexOf(a) >= PARITIES.indexOf(b) ? a : b;
}
