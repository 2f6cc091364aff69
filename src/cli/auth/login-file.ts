import { existsSync, linkSync, readFileSync, rmSync } from "node:fs";
import { writePrivateFile } from "./private-file.js";
import { userFile } from "./user-folder.js";

/** A stored login: the service and the token. */
export interface Login {
  readonly url: string;
  readonly token: string;
}

/** The path of the login file in the user's configuration directory (`XDG_CONFIG_HOME`, default `~/.config`). */
export function loginFile(environment: NodeJS.ProcessEnv): string {
  return userFile("config", "login.json", environment);
}

/**
 * Reads the login file; returns null if it does not exist.
 *
 * @throws Error if the file cannot be read or is not a login file
 */
export function readLogin(file: string): Login | null {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw error;
  }
  const login = parseLogin(text);
  if (typeof login?.url === "string" && typeof login.token === "string") return { url: login.url, token: login.token };
  throw new Error(`${file} is not a valid login file; run \`railyard login\`, or remove the file.`);
}

/**
 * Deletes the login file.
 *
 * @returns whether there was one
 */
export function deleteLogin(file: string): boolean {
  const exists = existsSync(file);
  rmSync(file, { force: true });
  return exists;
}

/** Stores a login, replacing an existing one. Only the owner can read the file (mode 0600). */
export function writeLogin(file: string, login: Login): void {
  writePrivateFile(file, toText(login));
}

/**
 * Stores a login unless a login file exists.
 *
 * @returns whether the login was stored
 */
export function writeFirstLogin(file: string, login: Login): boolean {
  let stored = true;
  writePrivateFile(file, toText(login), (draft) => {
    try {
      // Unlike rename, link fails atomically if the file exists.
      linkSync(draft, file);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
      stored = false;
    }
  });
  return stored;
}

function toText(login: Login): string {
  return `${JSON.stringify(login, null, 2)}\n`;
}

function parseLogin(text: string): Partial<Login> | null {
  try {
    return JSON.parse(text) as Partial<Login> | null;
  } catch {
    return null;
  }
}
