import assert from "node:assert/strict";
import { BOARD } from "../support/board.js";
import { Connection, request } from "../support/client.js";
import { pipelineName } from "../support/data/sizes.js";
import { type BenchmarkOptions, createComparison, interleave, type Result } from "../support/figures.js";
import { Child, Server } from "../support/processes.js";

/** Requests per round. Enough to make the millisecond resolution of CPU time irrelevant. */
const ITERATIONS = 1000;

/**
 * CPU time of a board query that misses the response cache. The baseline reads the same rows through prepared
 * statements and assembles the response by hand.
 */
export async function measure({ databases, pipelines, rounds }: BenchmarkOptions): Promise<readonly Result[]> {
  const path = await databases.createSqlite(pipelines);
  const [server] = await Server.launch(path);
  const execution = Child.start("support/execution.js", await databases.createSqlite(pipelines));
  const raw = Child.start("support/baselines/board.js", path);
  const connection = new Connection(server.port);
  try {
    const name = pipelineName(pipelines - 1);
    const { data } = JSON.parse(await raw.call<string>("board", name));
    assert.deepEqual(await connection.query(BOARD, { pipeline: name }), data, "the baseline returns the same response");
    assert.deepEqual(JSON.parse(await execution.call<string>("board", name)).data, data);

    // An unused variable makes every cache key unique.
    let requests = 0;
    const next = () => {
      requests += 1;
      return request(BOARD, { pipeline: pipelineName(requests % pipelines), requests });
    };
    const overHttp = async () => {
      const before = await server.usage();
      for (let iteration = 0; iteration < ITERATIONS; iteration += 1) await connection.send(next());
      return ((await server.usage()).cpu - before.cpu) / ITERATIONS;
    };
    const executed = () => execution.call<number>("measure", pipelines, ITERATIONS);
    const baseline = () => raw.call<number>("measure", pipelines, ITERATIONS);
    const baselineName = "the same rows through prepared statements, and JSON.stringify";
    const target = { max: 4 };
    return [
      createComparison(
        "board, cache miss: execution",
        "µs CPU",
        baselineName,
        await interleave(rounds, executed, baseline),
        target,
      ),
      createComparison(
        "board, cache miss: whole request",
        "µs CPU",
        baselineName,
        await interleave(rounds, overHttp, baseline),
        null,
      ),
    ];
  } finally {
    connection.close();
    await Promise.all([server.stop(), execution.stop(), raw.stop()]);
  }
}
