import { existsSync } from "node:fs";

/**
 * Returns the reason to skip tests that need a program of a Debian package; false if it is installed. CI must not skip them
 * by accident: there, only WITHOUT_DEBIAN_PACKAGES allows it. `.ci/run` sets it if the packages cannot be installed.
 *
 * @param program its path when installed
 */
export function skipWithoutPackage(program: string, packageName: string): string | false {
  if (existsSync(program)) return false;
  if (process.env.CI && !process.env.WITHOUT_DEBIAN_PACKAGES) {
    throw new Error(`There is no ${program}: .ci/run must install the package ${packageName}.`);
  }
  return `there is no ${program}: install the package ${packageName}`;
}
