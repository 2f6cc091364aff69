import { BOARD } from "../support/board.js";
import { Connection, request } from "../support/client.js";
import { pipelineName, sourceName } from "../support/data/sizes.js";
import { type BenchmarkOptions, createComparison, interleave, percentile, type Result } from "../support/figures.js";
import { Server } from "../support/processes.js";
import { PROMOTE } from "../writes/promote.js";

/** The compared database sizes. At scale 1 they are 100, 1,000 and 10,000 pipelines. */
const SIZES = [0.1, 1, 10] as const;
/** Board queries per round. A round has a quarter as many promotions. */
const ITERATIONS = 200;
/** Number of different boards: the same at every size, so that caches hold the same number of entries. */
const BOARDS = 50;

/** Cost of a board query and of a promotion as the database grows. The baseline is the smallest database. */
export async function measure({ databases, pipelines, rounds }: BenchmarkOptions): Promise<readonly Result[]> {
  const servers: Subject[] = [];
  try {
    for (const share of SIZES) {
      const size = Math.round(pipelines * share);
      const [server] = await Server.launch(await databases.createSqlite(size));
      servers.push({ size, server });
    }
    const [smallest, ...larger] = servers;
    if (smallest === undefined) return [];
    const results: Result[] = [];
    for (const one of larger) {
      const baselineName = `the same with ${smallest.size.toLocaleString("en")} pipelines`;
      const at = `with ${one.size.toLocaleString("en")} pipelines`;
      const target = one === larger.at(-1) ? { max: 1.3 } : null;
      const boards = await interleave(
        rounds,
        () => board(one),
        () => board(smallest),
      );
      results.push(createComparison(`growth: board ${at}`, "µs CPU", baselineName, boards, target));
      const promotions = await interleave(
        rounds,
        () => promote(one),
        () => promote(smallest),
      );
      results.push(createComparison(`growth: promote to 12 targets ${at}`, "ms", baselineName, promotions, target));
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

let requests = 0;

/** Requests boards from the whole database. A unique variable in each request avoids the response cache. */
async function board({ size, server }: Subject): Promise<number> {
  const connection = new Connection(server.port);
  const before = await server.usage();
  for (let iteration = 0; iteration < ITERATIONS; iteration += 1) {
    requests += 1;
    const pipeline = pipelineName(Math.floor(((iteration % BOARDS) * size) / BOARDS));
    await connection.send(request(BOARD, { pipeline, requests }));
  }
  const after = await server.usage();
  connection.close();
  return (after.cpu - before.cpu) / ITERATIONS;
}

async function promote({ server }: Subject): Promise<number> {
  const connection = new Connection(server.port);
  const times: number[] = [];
  for (let iteration = 0; iteration < ITERATIONS / 4; iteration += 1) {
    const start = performance.now();
    await connection.query(PROMOTE, { app: sourceName(12, iteration % 10) });
    times.push(performance.now() - start);
  }
  connection.close();
  return percentile(
    times.sort((a, b) => a - b),
    0.5,
  );
}
