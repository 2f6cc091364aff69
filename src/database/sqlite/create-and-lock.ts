import { closeSync, existsSync, mkdirSync, openSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { DatabaseOpenError } from "../database.js";
import { SqliteFile } from "./file.js";
import { inUse } from "./file-identity.js";

/* Prepares the database file before it is opened: creates its folder and the file, and locks it for this process. */

/**
 * Locks the database for this process, with an open transaction on a file beside it. The operating system releases the
 * lock when the process ends, even after a crash, so there are no stale locks.
 */
export function lockFile(path: string): SqliteFile {
  const file = openLock(`${path}.lock`);
  try {
    // In memory, so that there is no journal file beside the lock.
    file.pragma("journal_mode = MEMORY");
    file.exec("BEGIN EXCLUSIVE");
    return file;
  } catch (error) {
    file.close();
    if ((error as { code?: string }).code !== "SQLITE_BUSY") throw lockError(`${path}.lock`, error);
    throw inUse(path, error);
  }
}

function openLock(path: string): SqliteFile {
  try {
    return new SqliteFile(path, { timeout: 0 });
  } catch (error) {
    throw lockError(path, error);
  }
}

function lockError(path: string, error: unknown): DatabaseOpenError {
  return new DatabaseOpenError(`The lock file ${path} cannot be used: ${(error as Error).message}`, { cause: error });
}

/**
 * Creates the file, readable and writable by its owner only. SQLite gives its -wal and -shm files the mode of the file.
 * An existing file keeps its mode.
 */
export function createFile(path: string): void {
  try {
    closeSync(openSync(path, "a", 0o600));
  } catch (error) {
    throw new DatabaseOpenError(`The database ${path} cannot be opened: ${(error as Error).message}`, { cause: error });
  }
}

/**
 * Creates the folder and its parents one at a time. On a file system without new folders, such as `/proc`, Node's
 * recursive `mkdir` never returns.
 */
export function createFolder(path: string): void {
  const missing: string[] = [];
  try {
    for (let folder = resolve(dirname(path)); !existsSync(folder); folder = dirname(folder)) missing.unshift(folder);
    for (const folder of missing) makeFolder(folder);
  } catch (error) {
    throw new DatabaseOpenError(`The folder of the database ${path} cannot be created: ${(error as Error).message}`);
  }
}

function makeFolder(path: string): void {
  try {
    mkdirSync(path);
  } catch (error) {
    // Another process made it in the meantime.
    if ((error as { code?: string }).code !== "EEXIST") throw error;
  }
}
