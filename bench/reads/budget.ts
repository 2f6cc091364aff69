import { Connection, request } from "../support/client.js";
import { type BenchmarkOptions, createComparison, interleave, type Result } from "../support/figures.js";
import { Server } from "../support/processes.js";

/** Requests per round. */
const REQUESTS = 400;
const SMALLEST = request("{ viewer { name } }", {});

/**
 * Cost of the rate limit that instances share through PostgreSQL: the smallest query on an instance with
 * COST_PER_MINUTE and on one without. Commits reach the disk. All requests use one token, which is the worst case: they
 * all update the same row.
 */
export async function measure({ databases, rounds }: BenchmarkOptions): Promise<readonly Result[]> {
  const url = await databases.createPostgres();
  const servers: Server[] = [];
  try {
    const [counted] = await Server.launch(url, { COST_PER_MINUTE: "999999999" });
    servers.push(counted);
    const [unlimited] = await Server.launch(url);
    servers.push(unlimited);
    const results: Result[] = [];
    for (const clients of [1, 16]) {
      const measured = await interleave(
        rounds,
        () => measureLatency(counted, clients),
        () => measureLatency(unlimited, clients),
      );
      const name = `rate limit: a counted request, ${clients} at a time`;
      results.push(createComparison(name, "ms", "the same without a rate limit", measured, null));
    }
    return results;
  } finally {
    await Promise.all(servers.map((server) => server.stop()));
  }
}

/** Milliseconds per request at a given number of concurrent clients. */
async function measureLatency(server: Server, clients: number): Promise<number> {
  const startedAt = performance.now();
  let remaining = REQUESTS;
  await Promise.all(
    Array.from({ length: clients }, async () => {
      const connection = new Connection(server.port);
      while (remaining-- > 0) await connection.send(SMALLEST);
      connection.close();
    }),
  );
  return (performance.now() - startedAt) / REQUESTS;
}
