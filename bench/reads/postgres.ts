import { BOARD } from "../support/board.js";
import { Connection, request } from "../support/client.js";
import { fillPostgres } from "../support/data/fill.js";
import { pipelineName, sourceName, TARGET_COUNTS } from "../support/data/sizes.js";
import { type BenchmarkOptions, createComparison, interleave, percentile, type Result } from "../support/figures.js";
import { Child, Server } from "../support/processes.js";
import type { Statement } from "../support/statement-recorder.js";
import { PROMOTE } from "../writes/promote.js";

/** Board queries or promotions per round. */
const ITERATIONS = 100;
/** Requests of a cached board per round. */
const CACHED_ITERATIONS = 500;
/** Pipelines relative to SQLite. A tenth is enough: this measures the path to the database, not the database. */
const SIZE_RATIO = 0.1;

interface Operation {
  readonly what: string;
  readonly query: string;
  readonly variables: Readonly<Record<string, unknown>>;
}

interface Recording extends Operation {
  readonly statements: readonly Statement[];
  /** When recording began, in milliseconds since the Unix epoch. */
  readonly at: number;
}

/**
 * Latency of a board query and of a promotion on PostgreSQL, one at a time. The baseline sends the same statements
 * through one bare connection.
 */
export async function measure({ databases, pipelines, rounds }: BenchmarkOptions): Promise<readonly Result[]> {
  const filled = await databases.createPostgres();
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
  const [server] = await Server.launch(await databases.createPostgres(filled));
  const bare = Child.start("support/baselines/postgres.js", filled);
  const http = Child.start("support/baselines/http.js");
  const connection = new Connection(server.port);
  try {
    const results: Result[] = [await measureCached(connection, http, rounds)];
    for (const { what, query, variables, statements, at } of recordings) {
      const asked = () => measureLatency(connection, query, variables);
      const sent = async () => median(await bare.call<number[]>("measure", what, statements, at, ITERATIONS));
      const against = `its ${statements.length} statements through pg`;
      results.push(createComparison(`PostgreSQL: ${what}`, "ms", against, await interleave(rounds, asked, sent), null));
    }
    return results;
  } finally {
    connection.close();
    await Promise.all([server.stop(), bare.stop(), http.stop()]);
  }
}

/**
 * Throughput of repeated queries of one board, from the response cache. The baseline is a bare HTTP server that sends
 * the same bytes.
 */
async function measureCached(connection: Connection, http: Child, rounds: number): Promise<Result> {
  const bytes = request(BOARD, { pipeline: pipelineName(0) });
  const body = await connection.send(bytes);
  const bare = new Connection(await http.call<number>("listen", body.toString()));
  const rate = async (to: Connection) => {
    const startedAt = performance.now();
    for (let iteration = 0; iteration < CACHED_ITERATIONS; iteration += 1) await to.send(bytes);
    return (CACHED_ITERATIONS / (performance.now() - startedAt)) * 1000;
  };
  try {
    const rates = await interleave(
      rounds,
      () => rate(connection),
      () => rate(bare),
    );
    const against = "a bare node:http process that sends the same bytes";
    return createComparison("PostgreSQL: board asked again", "responses/s", against, rates, null);
  } finally {
    bare.close();
  }
}

/** Executes each operation and records the statements that it sends to the database. */
async function recordOperations(url: string, operations: readonly Operation[]): Promise<readonly Recording[]> {
  const execution = Child.start("support/execution.js", url);
  try {
    const recordings: Recording[] = [];
    for (const operation of operations) {
      // The first execution sends statements that later ones do not, for example to load types.
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

let requests = 0;

/** The median latency of a request, in milliseconds. */
async function measureLatency(connection: Connection, query: string, variables: object): Promise<number> {
  const measured: number[] = [];
  for (let iteration = 0; iteration < ITERATIONS; iteration += 1) {
    requests += 1;
    // An unused variable makes every cache key unique.
    const bytes = request(query, { ...variables, requests });
    const startedAt = performance.now();
    const response = await connection.send(bytes);
    measured.push(performance.now() - startedAt);
    if (response.includes('"errors"')) throw new Error(response.toString());
  }
  return median(measured);
}

function median(values: readonly number[]): number {
  return percentile(
    [...values].sort((a, b) => a - b),
    0.5,
  );
}
