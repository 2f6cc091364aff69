import { type BigIntStats, realpathSync, statfsSync, statSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { DatabaseOpenError } from "../database.js";
import { DatabaseFault } from "./errors.js";

/*
 * Which file a database is. A name is not enough: several names can lead to one file, and a name can lead to another
 * file later. SQLite's write-ahead log is beside the file, under the name that the file was opened with. So two names
 * mean two logs, and lost writes.
 */

/** The file behind a path. */
export class FileIdentity {
  /** Its path without symbolic links, for SQLite. */
  readonly path: string;
  readonly #name: string;
  readonly #file: BigIntStats;
  #log: BigIntStats | null = null;

  /** @throws DatabaseOpenError if the file has a second name, as a hard link */
  constructor(name: string) {
    this.#name = name;
    this.path = realpathSync(name);
    this.#file = statSync(this.path, { bigint: true });
    if (this.#file.nlink > 1n) {
      throw new DatabaseOpenError(
        `The database ${name} is a file with ${this.#file.nlink} names (hard links). Its log is beside one of them only, and another process may use it. Remove the others, or copy the file.`,
      );
    }
  }

  /** Identifies the file under every name: its device and inode. */
  get key(): string {
    return `${this.#file.dev}:${this.#file.ino}`;
  }

  /** Whether the disk has free space again after it was full. */
  get hasRoom(): boolean {
    const { bavail, bsize } = statfsSync(this.path);
    return bavail * bsize >= MIN_ROOM_BYTES;
  }

  /**
   * Checks that the path still leads to this file, and that its write-ahead log is still there. Takes a few
   * microseconds.
   *
   * @throws DatabaseFault if not: further writes would be lost at the next start
   */
  check(): void {
    if (!isSame(find(this.#name), this.#file))
      throw new DatabaseFault(
        `The database file ${this.#name} was deleted or replaced. Restart the service.`,
        "transient",
      );
    const log = find(`${this.path}-wal`);
    this.#log ??= log;
    if (this.#log !== null && !isSame(log, this.#log))
      throw new DatabaseFault(`The log ${this.#name}-wal was deleted or replaced. Restart the service.`, "transient");
  }
}

/** Free bytes that a disk must have again after it was full. With less, small writes succeed and larger ones fail. */
const MIN_ROOM_BYTES = 1024 * 1024;

function find(path: string): BigIntStats | null {
  return statSync(path, { bigint: true, throwIfNoEntry: false }) ?? null;
}

function isSame(one: BigIntStats | null, other: BigIntStats): boolean {
  return one !== null && one.dev === other.dev && one.ino === other.ino;
}

/**
 * Reserves the file for this process by its device and inode, with an abstract socket of Linux. So the reservation
 * works under every name of the file, for example in another mount. The system releases it when the process ends, even
 * after a crash.
 *
 * @returns null on other systems
 * @throws DatabaseOpenError if another process has reserved it
 */
export async function reserveFile(file: FileIdentity): Promise<Server | null> {
  if (process.platform !== "linux") return null;
  const server = createServer();
  const error = await new Promise<NodeJS.ErrnoException | null>((resolve) => {
    server.once("error", resolve);
    server.listen({ path: `\0railyard:sqlite:${file.key}` }, () => resolve(null));
  });
  if (error?.code === "EADDRINUSE") throw inUse(file.path, error);
  if (error !== null) return null;
  server.unref();
  return server;
}

export function inUse(path: string, cause: unknown): DatabaseOpenError {
  return new DatabaseOpenError(
    `The database ${path} is in use by another Railyard process. One process at a time may open it; stop the other one, or use PostgreSQL for several.`,
    { cause },
  );
}
