import { PROMOTE } from "./promote.js";
import { BOARD } from "./support/board.js";
import { Connection, request } from "./support/client.js";
import { pipelineName, sourceName, TARGET_COUNTS } from "./support/data.js";
import { type BenchmarkOptions, compareWithBaseline, interleave, percentile, type Result } from "./support/figures.js";
import { fillPostgres } from "./support/fill.js";
import { Child, Server } from "./support/processes.js";
import type { Statement } from "./support/statement-recorder.js";

/** Boards or promotions of one turn. */
const ITERATIONS = 100;
/** Of the pipelines that SQLite is filled with a tenth: what is measured is the way to the database, not the database. */
const SIZE_RATIO = 0.1;

interface Operation {
  readonly what: string;
  readonly query: string;
  readonly variables: Readonly<Record<string, unknown>>;
}

interface Recording extends Operation {
  readonly statements: readonly Statement[];
  /** In milliseconds since 1970. */
  readonly at: number;
}

/**
 * A board and a promotion on PostgreSQL as whoever asks waits for them, one at a time, against the very statements that
 * the product sends for them, through one bare connection.
 */
export async function measure({
  databases: workshop,
  pipelines,
  rounds,
}: BenchmarkOptions): Promise<readonly Result[]> {
  const filled = await workshop.createPostgres();
  await fillPostgres(filled, Math.max(1, Math.round(pipelines * SIZE_RATIO)));
  const operations: readonly Operation[] = [
    { what: "board", query: BOARD, variables: { pipeline: pipelineName(0) } },
    ...TARGET_COUNTS.map((targets) => ({
      what: targets === 1 ? "promote to 1 target" : `promote to ${targets} targets`,
      query: PROMOTE,
      variables: { app: sourceName(targets, 0) },
    })),
  ];
  const recordings = await recordOperations(filled, operations);
  const [server] = await Server.launch(await workshop.createPostgres(filled));
  const bare = Child.start("support/postgres-baseline.js", filled);
  const connection = new Connection(server.port);
  try {
    const results: Result[] = [];
    for (const { what, query, variables, statements, at } of recordings) {
      const asked = () => measureLatency(connection, query, variables);
      const sent = async () => median(await bare.call<number[]>("measure", what, statements, at, ITERATIONS));
      const against = `its ${statements.length} statements through pg`;
      results.push(
        compareWithBaseline(`PostgreSQL: ${what}`, "ms", against, await interleave(rounds, asked, sent), null),
      );
    }
    return results;
  } finally {
    connection.close();
    await Promise.all([server.stop(), bare.stop()]);
  }
}

/** Executes each of the operations, and keeps what was sent to the database for it. */
async function recordOperations(url: string, operations: readonly Operation[]): Promise<readonly Recording[]> {
  const execution = Child.start("support/execution.js", url);
  try {
    const recordings: Recording[] = [];
    for (const operation of operations) {
      // What is only asked for the first time, as by the loading of types, is not part of it.
      await execution.call("statements", operation.query, operation.variables);
      const at = Date.now();
      const statements = await execution.call<readonly Statement[]>("statements", operation.query, operation.variables);
      recordings.push({ ...operation, statements, at });
    }
    await execution.call("close");
    return recordings;
  } finally {
    await execution.stop();
  }
}

let asked = 0;

/** The median of so many requests, in milliseconds. */
async function measureLatency(connection: Connection, query: string, variables: object): Promise<number> {
  const measured: number[] = [];
  for (let turn = 0; turn < ITERATIONS; turn += 1) {
    asked += 1;
    // A variable that is not asked for makes every request one that was never answered before.
    const bytes = request(query, { ...variables, asked });
    const begun = performance.now();
    const answer = await connection.send(bytes);
    measured.push(performance.now() - begun);
    if (answer.includes('"errors"')) throw new Error(answer.toString());
  }
  return median(measured);
}

function median(values: readonly number[]): number {
  return percentile(
    [...values].sort((a, b) => a - b),
    0.5,
  );
}
