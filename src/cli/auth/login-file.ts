import {
  chmodSync,
  closeSync,
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

/** Where somebody is signed in, and the secret that they carry there. */
export interface Login {
  readonly url: string;
  readonly token: string;
}

/** The file in the user's configuration folder (`XDG_CONFIG_HOME`, or else `~/.config`) that keeps the login. */
export function loginFile(environment: NodeJS.ProcessEnv): string {
  // The XDG specification has relative paths ignored.
  const given = environment.XDG_CONFIG_HOME;
  return join(given?.startsWith("/") ? given : join(homedir(), ".config"), "railyard", "login.json");
}

/**
 * The login that a file keeps; null where there is no such file.
 *
 * @throws Error where the file cannot be read, or holds something else
 */
export function readLogin(file: string): Login | null {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw error;
  }
  const kept = parseLogin(text);
  if (typeof kept?.url === "string" && typeof kept.token === "string") return { url: kept.url, token: kept.token };
  throw new Error(`${file} is not what \`railyard login\` writes; sign in again, or remove it.`);
}

/** Keeps a login in the place of any earlier one, readable by its owner alone (mode 0600). */
export function writeLogin(file: string, login: Login): void {
  putFile(file, login, (draft) => renameSync(draft, file));
}

/**
 * Keeps a login where there is none.
 *
 * @returns whether it was kept; a file that is there already stays as it is
 */
export function writeFirstLogin(file: string, login: Login): boolean {
  let kept = true;
  putFile(file, login, (draft) => {
    try {
      // Unlike a rename, a link never replaces what is there, whoever comes in between.
      linkSync(draft, file);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
      kept = false;
    }
  });
  return kept;
}

/** Writes a draft beside the file, so that nobody ever reads half a login or one that is open to others. */
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
