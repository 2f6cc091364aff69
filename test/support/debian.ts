import { existsSync } from "node:fs";

/**
 * Why tests that need a program of a Debian package are skipped; false if they run. CI must not skip them by accident:
 * there only WITHOUT_DEBIAN_PACKAGES allows it, which `.ci/run` sets if the packages cannot be reached.
 *
 * @param program where the package has it
 */
export function skipWithoutPackage(program: string, packageName: string): string | false {
  if (existsSync(program)) return false;
  if (process.env.CI && !process.env.WITHOUT_DEBIAN_PACKAGES) {
    throw new Error(`There is no ${program}: .ci/run must install the package ${packageName}.`);
  }
  return `there is no ${program}: install the package ${packageName}`;
}
