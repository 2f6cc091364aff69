import { BOARD } from "../support/board.js";
import { Connection, request } from "../support/client.js";
import { pipelineName } from "../support/data/sizes.js";
import { type BenchmarkOptions, createComparison, interleave, type Result } from "../support/figures.js";
import { Child, Server } from "../support/processes.js";

const CONNECTIONS = 16;
const ROUND_MS = 1500;
/** Number of different boards that the clients request. */
const BOARDS = 20;
/** Rate of writes to another pipeline. */
const WRITES_PER_SECOND = 20;
/** Every tenth request follows a write to the requested pipeline. */
const REQUESTS_PER_WRITE = 10;

const DESCRIBE = `mutation Describe($pipeline: ID!, $description: String!) {
  updatePipeline(input: { pipeline: $pipeline, description: $description }) { pipeline { id } }
}`;

/** Throughput of board queries from many clients. The baseline is a bare HTTP server that sends the same bytes. */
export async function measure({ databases, pipelines, rounds }: BenchmarkOptions): Promise<readonly Result[]> {
  const path = await databases.createSqlite(pipelines);
  const [server] = await Server.launch(path);
  const bare = Child.start("support/baselines/http.js");
  const load = Child.start("support/load-generator.js");
  const author = new Connection(server.port);
  try {
    const boards = Array.from({ length: Math.min(BOARDS, pipelines - 1) }, (_, index) => pipelineName(index));
    const body = await author.send(request(BOARD, { pipeline: boards[0] }));
    const barePort = await bare.call<number>("listen", body.toString());
    const run = (port: number) => load.call<number>("run", port, boards, CONNECTIONS, ROUND_MS);
    const baseline = () => run(barePort);
    const baselineName = "a bare node:http process that sends the same bytes";
    const results: Result[] = [];

    const quiet = await interleave(rounds, () => run(server.port), baseline);
    results.push(createComparison("board: no writes", "responses/s", baselineName, quiet, { min: 0.3 }));

    const runWithWrites = async () => {
      const stop = repeat(1000 / WRITES_PER_SECOND, (iteration) =>
        describe(author, pipelineName(pipelines - 1), `Written ${iteration} times`),
      );
      const responsesPerSecond = await run(server.port);
      await stop();
      return responsesPerSecond;
    };
    const busy = await interleave(rounds, runWithWrites, baseline);
    results.push(
      createComparison(
        `board: ${WRITES_PER_SECOND} writes per second to another pipeline`,
        "responses/s",
        baselineName,
        busy,
        { min: 0.3 },
      ),
    );

    const fresh = await interleave(rounds, () => writeAndRead(server.port, boards[0] as string), baseline);
    const name = `board: a write to the same pipeline before each ${REQUESTS_PER_WRITE}th request`;
    results.push(createComparison(name, "responses/s", baselineName, fresh, { min: 0.1 }));
    return results;
  } finally {
    author.close();
    await Promise.all([server.stop(), bare.stop(), load.stop()]);
  }
}

async function describe(connection: Connection, pipeline: string, description: string): Promise<void> {
  await connection.query(DESCRIBE, { pipeline, description });
}

/** Runs a task at an interval. Returns a function that stops it. */
function repeat(intervalMs: number, task: (iteration: number) => Promise<void>): () => Promise<void> {
  let running: Promise<void> = Promise.resolve();
  let iteration = 0;
  const timer = setInterval(() => {
    iteration += 1;
    running = running.then(() => task(iteration));
  }, intervalMs);
  return () => {
    clearInterval(timer);
    return running;
  };
}

let writes = 0;

/**
 * Sixteen connections request one board. Every tenth request is preceded by a write: its connection changes the
 * description and then checks that the response has this change or a later one. A stale response fails the benchmark.
 */
async function writeAndRead(port: number, pipeline: string): Promise<number> {
  const connections = Array.from({ length: CONNECTIONS }, () => new Connection(port));
  const bytes = request(BOARD, { pipeline });
  const start = performance.now();
  let requests = 0;
  /** Acknowledged writes, each with the number of writes acknowledged before it. */
  const acknowledged = new Map<number, number>();
  const one = async (connection: Connection) => {
    while (performance.now() - start < ROUND_MS) {
      requests += 1;
      if (requests % REQUESTS_PER_WRITE !== 0) {
        await connection.send(bytes);
        continue;
      }
      // Writes acknowledged before this one is sent are older than it.
      const before = acknowledged.size;
      writes += 1;
      const mine = writes;
      await describe(connection, pipeline, `Written ${mine} times`);
      acknowledged.set(mine, acknowledged.size);
      const response = await connection.send(bytes);
      const seen = Number(/"description":"Written (\d+) times"/.exec(response.toString())?.[1]);
      if (seen !== mine && ((acknowledged.get(seen) ?? before) < before || !(seen > 0)))
        throw new Error("A response was older than a write acknowledged before its request.");
    }
  };
  await Promise.all(connections.map(one));
  const responsesPerSecond = (requests / (performance.now() - start)) * 1000;
  for (const connection of connections) connection.close();
  return responsesPerSecond;
}
