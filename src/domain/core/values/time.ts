import { columns } from "../../../database/rows/raw-rows.js";
import type { Reader } from "../../../database/rows/reader.js";
import { Tx } from "../../../database/rows/tx.js";
import type { TxCtx } from "../context.js";

const TIME = columns({ now: "integer" });

/** The times of transactions, which do not change. */
const times = new WeakMap<Reader, Promise<Date>>();

/**
 * The time at which gates are evaluated. On PostgreSQL it is the start of the transaction by the database's clock, so
 * that instances with different clocks agree. On SQLite, and with the clock of a test, it is `ctx.now()`.
 *
 * @param reader the transaction, or a reader for the current time
 */
export function transactionTime(reader: Reader, ctx: Pick<TxCtx, "now" | "hasTestClock">): Promise<Date> {
  if (reader.dialect.transactionTime === null || ctx.hasTestClock === true) return Promise.resolve(ctx.now());
  const known = times.get(reader);
  if (known !== undefined) return known;
  const time = readTime(reader);
  if (reader instanceof Tx) times.set(reader, time);
  return time;
}

async function readTime(reader: Reader): Promise<Date> {
  const { transactionTime } = reader.dialect;
  const [row] = transactionTime === null ? [] : await reader.query("transaction_time", TIME, transactionTime);
  if (row === undefined) throw new Error("The database did not return its time.");
  return new Date(row.now);
}
