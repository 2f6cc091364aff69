import type { Scope } from "../entities/access/token.js";
import type { ChangeListener } from "./changes.js";
import type { Reader, Runner } from "./rows/reader.js";
import type { Tx } from "./rows/tx.js";

/** An open database. A process has one. */
export type Database = BaseDatabase & (ExclusiveDatabase | SharedDatabase);

/** A database that only this process uses. So the process knows every change. */
interface ExclusiveDatabase {
  readonly exclusive: true;
}

/** A database that other processes may use at the same time. They may change rows without notice. */
interface SharedDatabase {
  readonly exclusive: false;
  /** Runs single statements that commit immediately, for counters that the instances share. */
  readonly shared: Runner;
  /**
   * Reads one state of the database, from its first statement on, while other connections commit. Call `end` after use.
   */
  snapshot(): Snapshot;
}

/** Statements that all see the same state of the database. */
export interface Snapshot extends Runner {
  /** Releases its connection. Later statements fail. */
  end(): void;
}

interface BaseDatabase {
  /** Reads what is committed. */
  readonly reader: Reader;
  /**
   * Runs `work` in one transaction. Its writes are durable when the promise resolves, and rolled back if `work` throws.
   *
   * `work` passes its `tx` on; `tx.savepoint(…)` runs a part that may fail separately. It must not call `write`, which
   * begins another transaction. On SQLite that one waits for this one, and fails with DatabaseUnavailable after 10
   * seconds. On PostgreSQL it commits independently, or fails in the same way if it waits for a lock of this one.
   */
  write<T>(work: (tx: Tx) => Promise<T>): Promise<T>;
  /**
   * Calls `listener` soon after a commit of any instance, to wake followers of the log. It may be called once for
   * several commits, or without one.
   *
   * @param listener receives the log's head if it is known. A follower that has read up to it has nothing more to read.
   * @returns a function that removes the listener
   */
  onWakeUp(listener: (head?: number) => void): () => void;
  /**
   * Calls `listener` with the changes of each write of this process, before the write is acknowledged. If a commit
   * fails, its changes are reported too, since it may have taken effect.
   *
   * @returns a function that removes the listener
   */
  onCommitted(listener: ChangeListener): () => void;
  /**
   * Calls `listener` for every transaction that begins, with the milliseconds that it waited in the queue.
   */
  onTransactionStart(listener: (milliseconds: number) => void): void;
  /**
   * Checks that the database can be read and written.
   *
   * @throws DatabaseUnavailable with the reason if not
   */
  check(): Promise<void>;
  /** How many tasks wait for a connection, or in the transaction queue. */
  readonly waiting: number;
  /** How many statements have run since it was opened. */
  readonly statements: number;
  /**
   * Fails running and later statements with DatabaseUnavailable, so that an unresponsive database does not delay a
   * shutdown.
   */
  interrupt(): void;
  /** Waits for running writes, then closes every connection. */
  close(): Promise<void>;
}

/** Called with the reason when the database cannot be used any more, and with null when it can again. */
export type ProblemListener = (problem: string | null) => void;

/** The same database, restricted to a token's scope; null if unrestricted. */
export function limitedTo(database: Database, scope: Scope | null): Database {
  if (scope === null) return database;
  const write: Database["write"] = (work) => database.write((tx) => work(tx.limitedTo(scope)));
  return Object.create(database, {
    reader: { value: database.reader.limitedTo(scope) },
    write: { value: write },
  }) as Database;
}

/** The database cannot be opened. The message tells the operator why, and how to fix it. */
export class DatabaseOpenError extends Error {
  override readonly name = "DatabaseOpenError";

  /** @param message on one line; line breaks in the message of an engine become spaces */
  constructor(message: string, options?: ErrorOptions) {
    super(message.trim().replace(/\s*\n\s*/g, " "), options);
  }
}

/** The database cannot be reached, or did not respond in time. It is unknown whether a running commit took effect. */
export class DatabaseUnavailable extends Error {
  override readonly name = "DatabaseUnavailable";
}

/** Rows changed between reading and locking them. The transaction is retried from its start. */
export class StaleRead extends Error {
  override readonly name = "StaleRead";
}

/** Every retry of the transaction met a concurrent modification of the same rows. */
export class WriteConflict extends Error {
  override readonly name = "WriteConflict";
}
