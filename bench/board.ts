import { BOARD } from "./support/board.js";
import { Connection, request } from "./support/client.js";
import { pipelineName } from "./support/data.js";
import { type BenchmarkOptions, compareWithBaseline, interleave, type Result } from "./support/figures.js";
import { Child, Server } from "./support/processes.js";

const CONNECTIONS = 16;
/** How long a turn takes, in milliseconds. */
const ROUND_MS = 1500;
/** How many boards are looked at, by many people each. */
const BOARDS = 20;
/** How often another pipeline is written, a second. */
const WRITES_PER_SECOND = 20;
/** Of so many requests, one is asked for after a write to the very same pipeline. */
const REQUESTS_PER_WRITE = 10;

const DESCRIBE = `mutation Describe($pipeline: ID!, $description: String!) {
  updatePipeline(input: { pipeline: $pipeline, description: $description }) { pipeline { id } }
}`;

/** Boards that many are looking at, against a bare HTTP server that sends the same bytes. */
export async function measure({
  databases: workshop,
  pipelines,
  rounds,
}: BenchmarkOptions): Promise<readonly Result[]> {
  const path = await workshop.createSqlite(pipelines);
  const [server] = await Server.launch(path);
  const bare = Child.start("support/http-baseline.js");
  const load = Child.start("support/load-generator.js");
  const author = new Connection(server.port);
  try {
    const boards = Array.from({ length: Math.min(BOARDS, pipelines - 1) }, (_, index) => pipelineName(index));
    const body = await author.send(request(BOARD, { pipeline: boards[0] }));
    const barePort = await bare.call<number>("listen", body.toString());
    const run = (port: number) => load.call<number>("run", port, boards, CONNECTIONS, ROUND_MS);
    const baseline = () => run(barePort);
    const against = "a bare node:http process that sends the same bytes";
    const results: Result[] = [];

    const quiet = await interleave(rounds, () => run(server.port), baseline);
    results.push(compareWithBaseline("board: nothing written", "answers/s", against, quiet, { min: 0.3 }));

    const elsewhere = async () => {
      const stop = repeat(1000 / WRITES_PER_SECOND, (turn) =>
        describe(author, pipelineName(pipelines - 1), `Written ${turn} times`),
      );
      const answered = await run(server.port);
      await stop();
      return answered;
    };
    const busy = await interleave(rounds, elsewhere, baseline);
    results.push(
      compareWithBaseline(
        `board: another pipeline written ${WRITES_PER_SECOND} times a second`,
        "answers/s",
        against,
        busy,
        { min: 0.3 },
      ),
    );

    const fresh = await interleave(rounds, () => writeAndRead(server.port, boards[0] as string), baseline);
    const what = `board: the same pipeline written before each ${REQUESTS_PER_WRITE}th request`;
    results.push(compareWithBaseline(what, "answers/s", against, fresh, { min: 0.1 }));
    return results;
  } finally {
    author.close();
    await Promise.all([server.stop(), bare.stop(), load.stop()]);
  }
}

async function describe(connection: Connection, pipeline: string, description: string): Promise<void> {
  await connection.query(DESCRIBE, { pipeline, description });
}

/** Does something again and again, as long as it is not stopped. */
function repeat(milliseconds: number, task: (turn: number) => Promise<void>): () => Promise<void> {
  let running: Promise<void> = Promise.resolve();
  let turn = 0;
  const timer = setInterval(() => {
    turn += 1;
    running = running.then(() => task(turn));
  }, milliseconds);
  return () => {
    clearInterval(timer);
    return running;
  };
}

let writes = 0;

/**
 * Sixteen connections ask for one board, and before each tenth request its description is changed. That the
 * next answer tells of that change, or of one that came after it, is checked: the figure is of answers that are right.
 */
async function writeAndRead(port: number, pipeline: string): Promise<number> {
  const connections = Array.from({ length: CONNECTIONS }, () => new Connection(port));
  const bytes = request(BOARD, { pipeline });
  const start = performance.now();
  let asked = 0;
  /** The writes that were acknowledged, and how many were before each. */
  const acknowledged = new Map<number, number>();
  const one = async (connection: Connection) => {
    while (performance.now() - start < ROUND_MS) {
      asked += 1;
      if (asked % REQUESTS_PER_WRITE !== 0) {
        await connection.send(bytes);
        continue;
      }
      // Whatever was acknowledged before this write was sent is older than it.
      const before = acknowledged.size;
      writes += 1;
      const mine = writes;
      await describe(connection, pipeline, `Written ${mine} times`);
      acknowledged.set(mine, acknowledged.size);
      const answer = await connection.send(bytes);
      const seen = Number(/"description":"Written (\d+) times"/.exec(answer.toString())?.[1]);
      if (seen !== mine && ((acknowledged.get(seen) ?? before) < before || !(seen > 0)))
        throw new Error("A board was answered as it was before a write.");
    }
  };
  await Promise.all(connections.map(one));
  const answered = (asked / (performance.now() - start)) * 1000;
  for (const connection of connections) connection.close();
  return answered;
}
