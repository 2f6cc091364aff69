/* Lists of checks in one word, as in `-c ci/build,qa/smoke`. A name may contain commas: `test (ubuntu-latest, 18)`. */

/** Splits a list at each comma that no space follows. `\,` is a comma within a name. Items may be empty. */
export function splitChecks(list: string): string[] {
  return list.split(/(?<!\\),(?!\s)/).map((item) => item.replaceAll("\\,", ",").trim());
}

/**
 * Joins names to a list that `splitChecks` splits into the same names, unless a backslash precedes a comma or ends a
 * name.
 */
export function joinChecks(names: readonly string[]): string {
  return names.map((name) => name.replace(/,(?!\s)/g, "\\,")).join(",");
}
