import pg from "pg";
import { newId } from "../../src/domain/core/id.js";
import { handleCalls } from "./child-process.js";
import { withFreshIds } from "./fresh-ids.js";
import type { Statement } from "./statement-recorder.js";

/* The least that an operation costs on PostgreSQL: its statements through one bare connection of `pg`, and nothing else. */

const client = new pg.Client({ connectionString: process.argv[2] ?? "", pipeline: true });
await client.connect();

/** How often each recording was sent, for what it makes to be new each time. */
const sent = new Map<string, number>();

async function send(statements: readonly Statement[]): Promise<number> {
  const begun = performance.now();
  const results: Promise<pg.QueryResult>[] = [];
  for (const { text, values, pipelined: together } of statements) {
    if (!together) await results.at(-1);
    results.push(client.query(text, values as unknown[]));
  }
  const answered = await Promise.all(results);
  const time = performance.now() - begun;
  answered.forEach(({ rowCount }, index) => {
    const expected = statements[index];
    if (expected?.rows !== (rowCount ?? 0))
      throw new Error(`${expected?.text} gave ${rowCount} rows, and ${expected?.rows} when it was recorded.`);
  });
  return time;
}

handleCalls({
  /** Sends what was recorded under a name so many times, one after the other; how long each took, in milliseconds. */
  measure: async (name: string, statements: readonly Statement[], recordedAt: number, times: number) => {
    const before = sent.get(name) ?? 0;
    sent.set(name, before + times);
    // Made before the clock runs.
    const all = Array.from({ length: times }, (_, turn) =>
      withFreshIds(statements, recordedAt, before + turn + 1, newId),
    );
    const measured: number[] = [];
    for (const one of all) measured.push(await send(one));
    return measured;
  },
});
