import { Connection } from "../support/client.js";
import { createScenario } from "../support/data/scenario.js";
import { type BenchmarkOptions, createResult, type Result } from "../support/figures.js";
import { Server } from "../support/processes.js";
import { SUBSCRIPTION_COUNT, Subscribers } from "../support/subscribers.js";

/**
 * Memory per idle subscription: the memory in use after a thousand identical subscriptions received one event, minus
 * the memory in use before, both after garbage collection. It includes what all subscriptions share.
 */
export async function measure({ databases, rounds }: BenchmarkOptions): Promise<readonly Result[]> {
  const sizes: number[] = [];
  for (let round = 0; round < rounds; round += 1)
    sizes.push(await measureBytesPerSubscription(await databases.createSqlite(1)));
  return [createResult("idle subscribers: memory per subscription, of 1,000", "bytes", sizes, { max: 20_000 })];
}

async function measureBytesPerSubscription(path: string): Promise<number> {
  const [server] = await Server.launch(path);
  const connection = new Connection(server.port);
  let subscribers: Subscribers | null = null;
  try {
    const { release } = await createScenario(connection, "idle", 0);
    const before = await server.call<number>("inUse");
    subscribers = await Subscribers.connect(server.port);
    await subscribers.waitUntilSubscribed(release);
    return ((await server.call<number>("inUse")) - before) / SUBSCRIPTION_COUNT;
  } finally {
    subscribers?.close();
    connection.close();
    await server.stop();
  }
}
