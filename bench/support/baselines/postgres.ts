import pg from "pg";
import { newId } from "../../../src/domain/core/values/id.js";
import { handleCalls } from "../child-process.js";
import { type FreshValues, withFreshIds } from "../data/fresh-ids.js";
import type { Statement } from "../statement-recorder.js";

/* The lower bound for an operation on PostgreSQL: sends its statements through one bare `pg` connection. */

const client = new pg.Client({ connectionString: process.argv[2] ?? "", pipeline: true });
await client.connect();

/** The newest position of a row: above those of the recordings. */
let position = 1_000_000;
const fresh: FreshValues = {
  newId,
  newPosition: () => {
    position += 1;
    return position;
  },
};

/** Number of times each recording was sent, so that every repetition inserts new rows. */
const sent = new Map<string, number>();

async function send(statements: readonly Statement[]): Promise<number> {
  const startedAt = performance.now();
  const results: Promise<pg.QueryResult>[] = [];
  for (const { text, values, pipelined: together } of statements) {
    if (!together) await results.at(-1);
    results.push(client.query(text, values as unknown[]));
  }
  const answered = await Promise.all(results);
  const time = performance.now() - startedAt;
  answered.forEach(({ rowCount }, index) => {
    const expected = statements[index];
    if (expected?.rows !== (rowCount ?? 0))
      throw new Error(`${expected?.text} returned ${rowCount} rows; the recording had ${expected?.rows}.`);
  });
  return time;
}

handleCalls({
  /** Sends a recording repeatedly, one after another. Returns the duration of each, in milliseconds. */
  measure: async (name: string, statements: readonly Statement[], recordedAt: number, times: number) => {
    const before = sent.get(name) ?? 0;
    sent.set(name, before + times);
    // Prepared before the measurement starts.
    const all = Array.from({ length: times }, (_, iteration) =>
      withFreshIds(statements, recordedAt, before + iteration + 1, fresh),
    );
    const measured: number[] = [];
    for (const one of all) measured.push(await send(one));
    return measured;
  },
});
