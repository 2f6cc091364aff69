import type { Scope } from "../entities/access/token.js";
import type { Reader, Runner, Tx } from "./rows/reader.js";

/** An open database. There is one a process; everything that reads or writes rows is handed it, or a part of it. */
export interface Database {
  /** Reads what is committed. */
  readonly reader: Reader;
  /**
   * Runs `work` in one transaction: all that it wrote is durable when the promise resolves, and nothing of it is left
   * where `work` throws. A write inside a write joins it as a savepoint.
   */
  write<T>(work: (tx: Tx) => Promise<T>): Promise<T>;
  /**
   * Runs single statements that commit by themselves, at once, for what instances count together; null where this process
   * is the only one that the database has.
   */
  readonly shared: Runner | null;
  /**
   * Calls `listener` soon after something was committed, by whomever: a wake-up to look for what is new, which tells
   * nothing of what it was and may come once for several commits, or for none.
   *
   * @returns what takes the listener away again
   */
  onCommit(listener: () => void): () => void;
  /**
   * Tells `listener` of every transaction that begins how long it waited for its turn, in milliseconds. One inside
   * another counts as one that waited for nobody.
   */
  onTransactionStart(listener: (milliseconds: number) => void): void;
  /** How many tasks wait for a connection, or for their turn to write. */
  readonly waiting: number;
  /** How many statements have been run since it was opened. */
  readonly statements: number;
  /** Waits for the writes under way, then closes every connection. */
  close(): Promise<void>;
}

/** The same database, as whoever has this scope may use it; null limits nothing. */
export function limitedTo(database: Database, scope: Scope | null): Database {
  if (scope === null) return database;
  const write: Database["write"] = (work) => database.write((tx) => work(tx.limitedTo(scope)));
  return Object.create(database, {
    reader: { value: database.reader.limitedTo(scope) },
    write: { value: write },
  }) as Database;
}

/** A reason for which a database cannot be opened that is the operator's to remove; its message is for them. */
export class DatabaseOpenError extends Error {
  override readonly name = "DatabaseUnusable";
}

/** The database cannot be reached now, or did not answer in time. Whether a commit that was under way took is not known. */
export class DatabaseUnavailable extends Error {
  override readonly name = "DatabaseUnavailable";
}

/** What a transaction went by has changed before it was locked: the transaction is run again from its start. */
export class StaleRead extends Error {
  override readonly name = "Overtaken";
}

/** Others kept writing the same thing at the same moment, each time that it was tried. */
export class WriteConflict extends Error {
  override readonly name = "WriteConflict";
}
