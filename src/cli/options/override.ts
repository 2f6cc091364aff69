import type { Option } from "commander";
import { option } from "../command.js";
import { wrongUsage } from "../exit.js";

/** The options that override gates. */
export interface OverrideFlags {
  readonly force?: boolean | undefined;
  readonly reason?: string | undefined;
}

export const overrideOptions = (): Option[] => [
  option("--force", "override required checks and other gates; requires the ADMIN role and --reason"),
  option("--reason <text>", "reason for --force"),
];

/**
 * @param what the object that stores the reason, for example `promotion`
 * @throws Failure if `--force` comes without a reason
 */
export function requireReason({ force, reason }: OverrideFlags, what: string): void {
  if (force === true && !reason?.trim())
    throw wrongUsage(`--force requires --reason TEXT; it is stored with the ${what}.`);
}
