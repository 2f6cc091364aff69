import { copyFileSync } from "node:fs";
import { Connection } from "../support/client.js";
import { sourceName, TARGET_COUNTS } from "../support/data/sizes.js";
import { type BenchmarkOptions, createComparison, interleave, percentile, type Result } from "../support/figures.js";
import { Child, Server } from "../support/processes.js";

/** Promotions per round. */
const ITERATIONS = 200;

export const PROMOTE = `mutation Promote($app: ID!) {
  promote(input: { app: $app }) { promotion { id phase targets { phase } } }
}`;

/**
 * Latency of a promotion, from the request to the response, with a durable commit. The baseline is one transaction that
 * writes the same number of rows.
 */
export async function measure({ databases, pipelines, rounds }: BenchmarkOptions): Promise<readonly Result[]> {
  const path = await databases.createSqlite(pipelines);
  await promoteEachSource(path);
  const other = `${path}.raw`;
  copyFileSync(path, other);
  const [server] = await Server.launch(path);
  const raw = Child.start("support/baselines/promote.js", other);
  const connection = new Connection(server.port);
  try {
    const results: Result[] = [];
    for (const targets of TARGET_COUNTS) {
      const app = sourceName(targets, 0);
      const promoted = async () => {
        const times: number[] = [];
        for (let iteration = 0; iteration < ITERATIONS; iteration += 1) {
          const start = performance.now();
          await connection.query(PROMOTE, { app });
          times.push(performance.now() - start);
        }
        return times.sort((a, b) => a - b);
      };
      const written = async () => (await raw.call<number[]>("measure", app, ITERATIONS)).sort((a, b) => a - b);
      const measured = await interleave(rounds, promoted, written);
      const what = targets === 1 ? "promote to 1 target" : `promote to ${targets} targets`;
      for (const [name, share] of [
        ["median", 0.5],
        ["p99", 0.99],
      ] as const) {
        const at = {
          subject: measured.subject.map((times) => percentile(times, share)),
          baseline: measured.baseline.map((times) => percentile(times, share)),
        };
        const target = targets === 12 && share === 0.5 ? { max: 3 } : null;
        results.push(
          createComparison(`${what}: ${name}`, "ms", "one transaction with the same number of rows", at, target),
        );
      }
    }
    return results;
  } finally {
    connection.close();
    await Promise.all([server.stop(), raw.stop()]);
  }
}

/** Promotes each source once, so that the baseline has rows to copy. */
async function promoteEachSource(path: string): Promise<void> {
  const [server] = await Server.launch(path);
  const connection = new Connection(server.port);
  for (const targets of TARGET_COUNTS) await connection.query(PROMOTE, { app: sourceName(targets, 0) });
  connection.close();
  await server.stop();
}
