import { setTimeout as delay } from "node:timers/promises";
import type { Pool, PoolClient, QueryResult } from "pg";
import { DatabaseUnavailable, WriteConflict } from "../database.js";
import type { Runner, Tx } from "../rows/reader.js";
import type { Lend, Writer } from "../rows/transactions.js";
import { isRetryable, translateError, UNIQUE_VIOLATION } from "./errors.js";

/** How often a transaction is run again that met another one. */
const MAX_ATTEMPTS = 10;
/** At most so long before the second attempt, twice as long before the third, and so on: 5, 10, 20 … 1280 ms. */
const FIRST_PAUSE_MS = 5;

/**
 * Lends connections of a pool, each for one transaction. One that met another transaction is run again from its start,
 * which is why the work of a transaction must do nothing but read and write rows.
 */
export function withTransaction(pool: Pool, txOn: (query: Runner["query"]) => Tx): Lend {
  return async <T>(use: (writer: Writer) => Promise<T>): Promise<T> => {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await withConnection(pool, (client) => use(writerOn(client, txOn)));
      } catch (error) {
        if (!isRetryable(error)) throw error;
        if (attempt === MAX_ATTEMPTS) throw retriesExhausted(error);
        // Two that met must not come back at the same moment.
        await delay(Math.random() * FIRST_PAUSE_MS * 2 ** (attempt - 1));
      }
    }
  };
}

/** A connection as a transaction uses it. Once it is lost, nothing more is sent on it. */
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

function writerOn(borrowed: PooledConnection, txOn: (query: Runner["query"]) => Tx): Writer {
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
    tx: txOn(async (text, values) => (await run(text, values)).rows),
    execute: (statement) => run(statement),
    async commit(last) {
      // Sent together, one behind the other: nobody waits for this process between what takes the log's lock and the COMMIT
      // that gives it back. Behind a statement that failed, PostgreSQL takes a COMMIT for a ROLLBACK.
      const sent = last.map(({ text, values }) => run(text, values));
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
 * PostgreSQL takes no null byte in a text, and refuses the statement. What is written never holds one; what is looked for
 * may, and finds nothing once there is a character in its place that no text holds.
 */
function replaceNulBytes(value: unknown): unknown {
  if (typeof value === "string") return value.includes("\u0000") ? value.replaceAll("\u0000", "\uffff") : value;
  return Array.isArray(value) ? value.map(replaceNulBytes) : value;
}

function retriesExhausted(error: unknown): Error {
  const cause = { cause: error };
  return (error as { code?: unknown }).code === UNIQUE_VIOLATION
    ? new WriteConflict(
        "Others were writing the same at this moment. Look again, and repeat it if it is still due.",
        cause,
      )
    : new DatabaseUnavailable("The database is too busy with the same rows.", cause);
}
