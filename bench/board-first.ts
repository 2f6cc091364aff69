import assert from "node:assert/strict";
import { BOARD } from "./support/board.js";
import { Connection, request } from "./support/client.js";
import { pipelineName } from "./support/data.js";
import { type BenchmarkOptions, compareWithBaseline, interleave, type Result } from "./support/figures.js";
import { Child, Server } from "./support/processes.js";

/** Answers of one turn: enough that the clock of the processor, which ticks in milliseconds, does not show. */
const ITERATIONS = 1000;

/**
 * The board query where nothing is remembered of the answer: the processor time that one costs the server, against the
 * same rows through prepared statements, put together by hand.
 */
export async function measure({
  databases: workshop,
  pipelines,
  rounds,
}: BenchmarkOptions): Promise<readonly Result[]> {
  const path = await workshop.createSqlite(pipelines);
  const [server] = await Server.launch(path);
  const execution = Child.start("support/execution.js", await workshop.createSqlite(pipelines));
  const raw = Child.start("support/board-baseline.js", path);
  const connection = new Connection(server.port);
  try {
    const name = pipelineName(pipelines - 1);
    const { data } = JSON.parse(await raw.call<string>("board", name));
    assert.deepEqual(await connection.query(BOARD, { pipeline: name }), data, "the baseline gives the same answer");
    assert.deepEqual(JSON.parse(await execution.call<string>("board", name)).data, data);

    // A variable that is not asked for makes every question one that was never answered before.
    let asked = 0;
    const next = () => {
      asked += 1;
      return request(BOARD, { pipeline: pipelineName(asked % pipelines), asked });
    };
    const overHttp = async () => {
      const before = await server.usage();
      for (let turn = 0; turn < ITERATIONS; turn++) await connection.send(next());
      return ((await server.usage()).cpu - before.cpu) / ITERATIONS;
    };
    const executed = () => execution.call<number>("measure", pipelines, ITERATIONS);
    const baseline = () => raw.call<number>("measure", pipelines, ITERATIONS);
    const against = "the same rows through prepared statements, and JSON.stringify";
    const target = { max: 4 };
    return [
      compareWithBaseline(
        "board, first time: execution",
        "µs CPU",
        against,
        await interleave(rounds, executed, baseline),
        target,
      ),
      compareWithBaseline(
        "board, first time: the whole request",
        "µs CPU",
        against,
        await interleave(rounds, overHttp, baseline),
        null,
      ),
    ];
  } finally {
    connection.close();
    await Promise.all([server.stop(), execution.stop(), raw.stop()]);
  }
}
