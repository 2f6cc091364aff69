import {
  chmodSync,
  closeSync,
  existsSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from "node:fs";
import { homedir } from "node:os";
import { dirname, join } from "node:path";

/** A stored login: the service and the token. */
export interface Login {
  readonly url: string;
  readonly token: string;
}

/** The path of the login file in the user's configuration directory (`XDG_CONFIG_HOME`, default `~/.config`). */
export function loginFile(environment: NodeJS.ProcessEnv): string {
  // The XDG specification requires ignoring relative paths.
  const configured = environment.XDG_CONFIG_HOME;
  return join(configured?.startsWith("/") ? configured : join(homedir(), ".config"), "railyard", "login.json");
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
  putFile(file, login, (draft) => renameSync(draft, file));
}

/**
 * Stores a login unless a login file exists.
 *
 * @returns whether the login was stored
 */
export function writeFirstLogin(file: string, login: Login): boolean {
  let stored = true;
  putFile(file, login, (draft) => {
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

/** Writes a temporary file with mode 0600 first, so that the login file is never partial or readable by others. */
function putFile(file: string, login: Login, put: (draft: string) => void): void {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  const draft = `${file}.${process.pid}`;
  const descriptor = openSync(draft, "w", 0o600);
  try {
    chmodSync(draft, 0o600);
    writeSync(descriptor, `${JSON.stringify(login, null, 2)}\n`);
    put(draft);
  } finally {
    closeSync(descriptor);
    rmSync(draft, { force: true });
  }
}

function parseLogin(text: string): Partial<Login> | null {
  try {
    return JSON.parse(text) as Partial<Login> | null;
  } catch {
    return null;
  }
}
