import { DatabaseUnavailable } from "../database.js";

/** Another connection has locked the file. Nothing was done, and a retry may succeed. */
export class DatabaseLocked extends DatabaseUnavailable {}

/** The file or its disk fails. */
export class DatabaseFault extends DatabaseUnavailable {
  /**
   * @param kind `permanent` if only a restart with another file helps; `full` if the disk needs free space; `transient` if
   *   the next successful commit ends it
   */
  constructor(
    message: string,
    readonly kind: "permanent" | "full" | "transient",
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** SQLite's primary codes of a file or disk that fails: https://sqlite.org/rescode.html */
const FAULTS: Readonly<Record<string, { readonly message: string; readonly kind: DatabaseFault["kind"] }>> = {
  SQLITE_FULL: { message: "The disk is full.", kind: "full" },
  SQLITE_IOERR: { message: "The disk reports an error.", kind: "transient" },
  SQLITE_READONLY: { message: "The database file is read-only.", kind: "transient" },
  SQLITE_CANTOPEN: { message: "A file of the database cannot be opened.", kind: "transient" },
  SQLITE_CORRUPT: { message: "The database file is damaged. Restore a backup.", kind: "permanent" },
  SQLITE_NOTADB: { message: "The database file is damaged. Restore a backup.", kind: "permanent" },
};

/** Converts the errors of a locked, full or damaged database to DatabaseUnavailable, and returns others unchanged. */
export function translateError(error: unknown): unknown {
  const { code } = error as { code?: unknown };
  if (typeof code !== "string") return error;
  if (code === "SQLITE_BUSY" || code === "SQLITE_LOCKED")
    return new DatabaseLocked("Another process has locked the database.", { cause: error });
  const fault = FAULTS[code];
  return fault === undefined ? error : new DatabaseFault(fault.message, fault.kind, { cause: error });
}
