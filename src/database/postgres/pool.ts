import { setTimeout as delay } from "node:timers/promises";
import type { Pool, PoolClient, QueryResult } from "pg";
import { DatabaseUnavailable, WriteConflict } from "../database.js";
import { Transaction, WHOLE_TRANSACTION, type WriteConnection } from "../rows/transaction.js";
import { isRetryable, translateError, UNIQUE_VIOLATION } from "./errors.js";

/** How often a transaction is attempted that conflicts with others. */
const MAX_ATTEMPTS = 10;
/** The longest pause before the second attempt. It doubles for each further one: 5, 10, 20 … 1280 ms. */
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
      // Random, so that transactions that conflicted do not conflict again.
      await delay(Math.random() * FIRST_PAUSE_MS * 2 ** (attempt - 1));
    }
  }
}

/** A connection of the pool. After it is lost, nothing more is sent on it. */
interface PooledConnection {
  readonly client: PoolClient;
  lost: unknown;
}

async function withConnection<T>(pool: Pool, use: (borrowed: PooledConnection) => Promise<T>): Promise<T> {
  const client = await pool.connect().catch((error: unknown) => {
    throw translateError(error);
  });
  const borrowed: PooledConnection = { client, lost: undefined };
  const onError = (error: Error) => {
    borrowed.lost ??= translateError(error);
  };
  client.on("error", onError);
  try {
    return await use(borrowed);
  } finally {
    client.off("error", onError);
    client.release(borrowed.lost !== undefined);
  }
}

function writerOn(borrowed: PooledConnection): WriteConnection {
  const run = async (text: string, values?: readonly unknown[]) => {
    if (borrowed.lost !== undefined) throw borrowed.lost;
    try {
      return await resultOf(borrowed.client, text, values);
    } catch (error) {
      if (error instanceof DatabaseUnavailable) borrowed.lost = error;
      throw error;
    }
  };
  return {
    query: async (text, values) => (await run(text, values)).rows,
    async commit(deferred) {
      // Pipelined: no round trip passes between the statement that locks the log and the COMMIT that unlocks it. After a
      // failed statement, PostgreSQL treats COMMIT as ROLLBACK.
      const sent = deferred.map(({ text, values }) => run(text, values));
      const [end] = (await Promise.allSettled([run("COMMIT"), ...sent])) as [PromiseSettledResult<QueryResult>];
      await Promise.all(sent);
      if (end.status === "rejected") throw end.reason;
      if (end.value.command !== "COMMIT")
        throw new Error("A transaction in which a statement had failed was committed.");
    },
  };
}

export async function rowsOf(
  connection: Pool | PoolClient,
  text: string,
  values?: readonly unknown[],
): Promise<unknown[]> {
  return (await resultOf(connection, text, values)).rows;
}

async function resultOf(connection: Pool | PoolClient, text: string, values: readonly unknown[] = []) {
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
