import { Connection } from "./support/client.js";
import { type BenchmarkOptions, measureOnly, type Result } from "./support/figures.js";
import { Server } from "./support/processes.js";
import { createScenario } from "./support/scenario.js";
import { SUBSCRIPTION_COUNT, Subscribers } from "./support/subscribers.js";

/**
 * What a subscription costs that has nothing to tell: the memory in use after a thousand identical ones have been told of
 * one event, less that before them, each after collecting garbage. Whatever the first subscription makes that later ones
 * only use is part of it.
 */
export async function measure({ databases: workshop, rounds }: BenchmarkOptions): Promise<readonly Result[]> {
  const sizes: number[] = [];
  for (let round = 0; round < rounds; round += 1)
    sizes.push(await measureBytesPerSubscription(await workshop.createSqlite(1)));
  return [measureOnly("idle subscribers: memory of each of 1,000", "bytes", sizes, { max: 20_000 })];
}

async function measureBytesPerSubscription(path: string): Promise<number> {
  const [server] = await Server.launch(path);
  const connection = new Connection(server.port);
  let audience: Subscribers | null = null;
  try {
    const { release } = await createScenario(connection, "idle", 0);
    const before = await server.call<number>("inUse");
    audience = await Subscribers.at(server.port);
    await audience.waitUntilSubscribed(release);
    return ((await server.call<number>("inUse")) - before) / SUBSCRIPTION_COUNT;
  } finally {
    audience?.close();
    connection.close();
    await server.stop();
  }
}
