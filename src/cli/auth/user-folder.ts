import { homedir } from "node:os";
import { join } from "node:path";

/**
 * The user's folders by the XDG Base Directory Specification: the variable that moves each, and its default below home.
 */
const FOLDERS = {
  config: { variable: "XDG_CONFIG_HOME", fallback: ".config" },
  cache: { variable: "XDG_CACHE_HOME", fallback: ".cache" },
} as const;

/**
 * The path of a file of Railyard in a folder of the user. Relative paths in the variables are ignored, as specified.
 */
export function userFile(kind: keyof typeof FOLDERS, name: string, environment: NodeJS.ProcessEnv): string {
  const { variable, fallback } = FOLDERS[kind];
  const configured = environment[variable];
  return join(configured?.startsWith("/") ? configured : join(homedir(), fallback), "railyard", name);
}
