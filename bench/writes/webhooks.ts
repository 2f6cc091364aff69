import { once } from "node:events";
import { copyFileSync } from "node:fs";
import { createServer } from "node:net";
import { Connection } from "../support/client.js";
import { sourceName } from "../support/data/sizes.js";
import { type BenchmarkOptions, createComparison, interleave, percentile, type Result } from "../support/figures.js";
import { freePort, Server } from "../support/processes.js";
import { PROMOTE } from "./promote.js";

/** Promotions per round. */
const ITERATIONS = 200;
const WEBHOOKS = 50;
const TARGETS = 12;

const CREATE = `mutation Create($input: CreateWebhookInput!) { createWebhook(input: $input) { webhook { id } } }`;

/**
 * Latency of a promotion while 50 webhooks have receivers that do not work: half of them refuse connections, half of
 * them accept them and never answer. The baseline is the same service without webhooks.
 */
export async function measure({ databases, pipelines, rounds }: BenchmarkOptions): Promise<readonly Result[]> {
  const path = await databases.createSqlite(pipelines);
  const other = `${path}.without`;
  copyFileSync(path, other);
  const silent = createServer((socket) => socket.on("error", () => undefined)).listen(0, "127.0.0.1");
  await once(silent, "listening");
  const { port } = silent.address() as { port: number };
  const settings = { WEBHOOK_ALLOW_HTTP: "true", WEBHOOK_NETWORKS: "127.0.0.0/8" };
  const [dead] = await Server.launch(path, settings);
  const [without] = await Server.launch(other, settings);
  const connections = [new Connection(dead.port), new Connection(without.port)] as const;
  try {
    const urls = [`http://127.0.0.1:${port}/`, `http://127.0.0.1:${await freePort()}/`];
    for (let index = 0; index < WEBHOOKS; index += 1) {
      const input = { name: `dead-${index}`, url: urls[index % 2], ordered: index % 4 < 2 };
      await connections[0].query(CREATE, { input });
    }
    const promoteOn = (connection: Connection) => async () => {
      const times: number[] = [];
      for (let iteration = 0; iteration < ITERATIONS; iteration += 1) {
        const start = performance.now();
        await connection.query(PROMOTE, { app: sourceName(TARGETS, 0) });
        times.push(performance.now() - start);
      }
      return times.sort((a, b) => a - b);
    };
    const measured = await interleave(rounds, promoteOn(connections[0]), promoteOn(connections[1]));
    return [
      ["median", 0.5],
      ["p99", 0.99],
    ].map(([name, share]) => {
      const at = {
        subject: measured.subject.map((times) => percentile(times, share as number)),
        baseline: measured.baseline.map((times) => percentile(times, share as number)),
      };
      const what = `promote to ${TARGETS} targets with ${WEBHOOKS} dead webhooks: ${name}`;
      return createComparison(what, "ms", "without webhooks", at, name === "median" ? { max: 1.1 } : null);
    });
  } finally {
    for (const connection of connections) connection.close();
    await Promise.all([dead.stop(), without.stop()]);
    silent.close();
  }
}
