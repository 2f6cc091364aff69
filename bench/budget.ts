import { Connection, request } from "./support/client.js";
import { type BenchmarkOptions, compareWithBaseline, interleave, type Result } from "./support/figures.js";
import { Server } from "./support/processes.js";

/** Requests of one turn. */
const REQUESTS = 400;
const SMALLEST = request("{ viewer { name } }", {});

/**
 * What a request pays for being counted against a budget that instances share: the smallest query, asked of an instance
 * with COST_PER_MINUTE and of one without, on a PostgreSQL whose commits reach the disk. All requests carry the same
 * token, which is the worst case: they all write the same row.
 */
export async function measure({ databases: workshop, rounds }: BenchmarkOptions): Promise<readonly Result[]> {
  const url = await workshop.createPostgres();
  const servers: Server[] = [];
  try {
    const [counted] = await Server.launch(url, { COST_PER_MINUTE: "999999999" });
    servers.push(counted);
    const [free] = await Server.launch(url);
    servers.push(free);
    const results: Result[] = [];
    for (const clients of [1, 16]) {
      const measured = await interleave(
        rounds,
        () => measureLatency(counted, clients),
        () => measureLatency(free, clients),
      );
      const what = `budget: a request that is counted, ${clients} at a time`;
      results.push(compareWithBaseline(what, "ms", "the same without a budget", measured, null));
    }
    return results;
  } finally {
    await Promise.all(servers.map((server) => server.stop()));
  }
}

/** How long one of these requests takes, in milliseconds, where so many are under way at any time. */
async function measureLatency(server: Server, clients: number): Promise<number> {
  const begun = performance.now();
  let left = REQUESTS;
  await Promise.all(
    Array.from({ length: clients }, async () => {
      const connection = new Connection(server.port);
      while (left-- > 0) await connection.send(SMALLEST);
      connection.close();
    }),
  );
  return (performance.now() - begun) / REQUESTS;
}
