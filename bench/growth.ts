import { PROMOTE } from "./promote.js";
import { BOARD } from "./support/board.js";
import { Connection, request } from "./support/client.js";
import { pipelineName, sourceName } from "./support/data.js";
import { type BenchmarkOptions, compareWithBaseline, interleave, percentile, type Result } from "./support/figures.js";
import { Server } from "./support/processes.js";

/** The sizes that are compared, as shares of the largest; at scale 1 they are 100, 1,000 and 10,000 pipelines. */
const SIZES = [0.1, 1, 10] as const;
/** Boards and promotions of one turn. */
const ITERATIONS = 200;
/** How many different boards are asked for: the same number at every size, so that no cache is larger at one of them. */
const BOARDS = 50;

/** What a board and a promotion cost as the database grows, against the same on the smallest one. */
export async function measure({
  databases: workshop,
  pipelines,
  rounds,
}: BenchmarkOptions): Promise<readonly Result[]> {
  const servers: Subject[] = [];
  try {
    for (const share of SIZES) {
      const size = Math.round(pipelines * share);
      const [server] = await Server.launch(await workshop.createSqlite(size));
      servers.push({ size, server });
    }
    const [smallest, ...larger] = servers;
    if (smallest === undefined) return [];
    const results: Result[] = [];
    for (const one of larger) {
      const against = `the same with ${smallest.size.toLocaleString("en")} pipelines`;
      const at = `with ${one.size.toLocaleString("en")} pipelines`;
      const target = one === larger.at(-1) ? { max: 1.3 } : null;
      const boards = await interleave(
        rounds,
        () => board(one),
        () => board(smallest),
      );
      results.push(compareWithBaseline(`growth: board ${at}`, "µs CPU", against, boards, target));
      const promotions = await interleave(
        rounds,
        () => promote(one),
        () => promote(smallest),
      );
      results.push(compareWithBaseline(`growth: promote to 12 targets ${at}`, "ms", against, promotions, target));
    }
    return results;
  } finally {
    await Promise.all(servers.map(({ server }) => server.stop()));
  }
}

interface Subject {
  readonly size: number;
  readonly server: Server;
}

let asked = 0;

/** Boards from all over the database, each asked for as it was never before: none is answered from what was kept. */
async function board({ size, server }: Subject): Promise<number> {
  const connection = new Connection(server.port);
  const before = await server.usage();
  for (let turn = 0; turn < ITERATIONS; turn++) {
    asked += 1;
    const pipeline = pipelineName(Math.floor(((turn % BOARDS) * size) / BOARDS));
    await connection.send(request(BOARD, { pipeline, asked }));
  }
  const after = await server.usage();
  connection.close();
  return (after.cpu - before.cpu) / ITERATIONS;
}

async function promote({ server }: Subject): Promise<number> {
  const connection = new Connection(server.port);
  const times: number[] = [];
  for (let turn = 0; turn < ITERATIONS / 4; turn++) {
    const start = performance.now();
    await connection.query(PROMOTE, { app: sourceName(12, turn % 10) });
    times.push(performance.now() - start);
  }
  connection.close();
  return percentile(
    times.sort((a, b) => a - b),
    0.5,
  );
}
