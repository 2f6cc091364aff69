import { setTimeout as delay } from "node:timers/promises";
import type { Pool, PoolClient, QueryResult } from "pg";
import { DatabaseUnavailable, type Snapshot, WriteConflict } from "../database.js";
import { Transaction, WHOLE_TRANSACTION, type WriteConnection } from "../rows/transaction.js";
import { isRetryable, translateError, UNIQUE_VIOLATION } from "./errors.js";

/** The most attempts of a transaction that conflicts with others. */
const MAX_ATTEMPTS = 10;
/**
 * The longest pause before the second attempt, in milliseconds. It doubles for each further one: 5, 10, 20 … 1280 ms.
 */
const FIRST_PAUSE_MS = 5;

/**
 * Runs a transaction on a connection of the pool. Retries on deadlock, serialization failure, unique violation or stale
 * read, so `work` must do nothing but read and write rows.
 */
export async function transact<T>(pool: Pool, work: (transaction: Transaction) => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await withConnection(pool, (client) => Transaction.run(writerOn(client), WHOLE_TRANSACTION, work));
    } catch (error) {
      if (!isRetryable(error)) throw error;
      if (attempt === MAX_ATTEMPTS) throw retriesExhausted(error);
      // Random, so that the same transactions do not conflict again.
      await delay(Math.random() * FIRST_PAUSE_MS * 2 ** (attempt - 1));
    }
  }
}

/** A connection of the pool. Once it is lost, statements fail without being sent. */
interface PooledConnection {
  readonly client: PoolClient;
  lost: unknown;
  /** Returns it to the pool, or closes it if it is lost. */
  release(): void;
}

function borrow(pool: Pool): Promise<PooledConnection> {
  // The callback of `connect` instead of its promise: the server may close the connection in the packet that opens it.
  // The client then emits an error before code that awaits the promise can add a listener, which would end the process.
  return new Promise((resolve, reject) => {
    pool.connect((error, client) => {
      if (client === undefined) reject(translateError(error));
      else resolve(toConnection(client));
    });
  });
}

function toConnection(client: PoolClient): PooledConnection {
  const onError = (error: Error) => {
    borrowed.lost ??= translateError(error);
  };
  const borrowed: PooledConnection = {
    client,
    lost: undefined,
    release() {
      client.off("error", onError);
      client.release(borrowed.lost !== undefined);
    },
  };
  client.on("error", onError);
  return borrowed;
}

async function withConnection<T>(pool: Pool, use: (borrowed: PooledConnection) => Promise<T>): Promise<T> {
  const borrowed = await borrow(pool);
  try {
    return await use(borrowed);
  } finally {
    borrowed.release();
  }
}

async function runOn(borrowed: PooledConnection, text: string, values?: readonly unknown[]): Promise<QueryResult> {
  if (borrowed.lost !== undefined) throw borrowed.lost;
  try {
    return await runStatement(borrowed.client, text, values);
  } catch (error) {
    if (error instanceof DatabaseUnavailable) borrowed.lost = error;
    throw error;
  }
}

/**
 * Reads on one connection of the pool, in one transaction. It begins with the first statement, without an additional
 * round trip if the pool pipelines.
 */
export class PooledSnapshot implements Snapshot {
  readonly #pool: Pool;
  #connection: Promise<PooledConnection> | null = null;
  #ended = false;

  constructor(pool: Pool) {
    this.#pool = pool;
  }

  async query(text: string, values: readonly unknown[]): Promise<unknown[]> {
    // Some fields may still be resolving after another one has failed the whole operation.
    if (this.#ended) throw new DatabaseUnavailable("The operation has ended.");
    this.#connection ??= this.#begin();
    return (await runOn(await this.#connection, text, values)).rows;
  }

  end(): void {
    this.#ended = true;
    // COMMIT is not awaited: the transaction wrote nothing.
    this.#connection?.then(
      (borrowed) =>
        runOn(borrowed, "COMMIT")
          .catch(() => undefined)
          .finally(() => borrowed.release()),
      () => undefined,
    );
  }

  async #begin(): Promise<PooledConnection> {
    const borrowed = await borrow(this.#pool);
    // If BEGIN fails, the statements after it must fail too.
    runOn(borrowed, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").catch((error: unknown) => {
      borrowed.lost ??= error;
    });
    return borrowed;
  }
}

function writerOn(borrowed: PooledConnection): WriteConnection {
  const run = (text: string, values?: readonly unknown[]) => runOn(borrowed, text, values);
  return {
    query: async (text, values) => (await run(text, values)).rows,
    async commit(deferred) {
      // Pipelined: no round trip passes between the statement that locks the log and the COMMIT that unlocks it. After
      // a failed statement, PostgreSQL treats COMMIT as ROLLBACK.
      const sent = deferred.map(({ text, values }) => run(text, values));
      const [end] = (await Promise.allSettled([run("COMMIT"), ...sent])) as [PromiseSettledResult<QueryResult>];
      await Promise.all(sent);
      if (end.status === "rejected") throw end.reason;
      if (end.value.command !== "COMMIT")
        throw new Error("The transaction was rolled back, because a statement had failed.");
    },
  };
}

export async function readRows(
  connection: Pool | PoolClient,
  text: string,
  values?: readonly unknown[],
): Promise<unknown[]> {
  return (await runStatement(connection, text, values)).rows;
}

async function runStatement(connection: Pool | PoolClient, text: string, values: readonly unknown[] = []) {
  try {
    return await connection.query(text, values.map(replaceNulBytes));
  } catch (error) {
    throw translateError(error);
  }
}

/**
 * PostgreSQL refuses NUL bytes in text. Stored text never contains one, but a search may: it finds nothing with U+FFFF
 * instead, which stored text never contains either.
 */
function replaceNulBytes(value: unknown): unknown {
  if (typeof value === "string") return value.includes("\u0000") ? value.replaceAll("\u0000", "\uffff") : value;
  return Array.isArray(value) ? value.map(replaceNulBytes) : value;
}

function retriesExhausted(error: unknown): Error {
  const cause = { cause: error };
  return (error as { code?: unknown }).code === UNIQUE_VIOLATION
    ? new WriteConflict("Concurrent modification. Read again and retry.", cause)
    : new DatabaseUnavailable("Too many concurrent modifications of the same rows.", cause);
}
