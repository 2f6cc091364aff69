import { setTimeout as delay } from "node:timers/promises";
import pg from "pg";
import { Client } from "../test/support/client.js";
import { startCluster } from "../test/support/cluster.js";
import { ServerProcess } from "../test/support/process.js";
import { Seed } from "../test/support/seed.js";

/*
 * Promotions per second on PostgreSQL, with one instance and with two, and how much of the time somebody holds the lock
 * that makes cursor order commit order: what that leaves is how far one database can be driven further.
 *
 *   npm run build && node dist/bench/postgres.js [seconds per run]
 *
 * Everything runs on this machine: the database (its commits reach the disk), the instances and the clients.
 */

const SECONDS = Number(process.argv[2] ?? 10);
/** Promotions under way at any time. */
const CLIENTS = 16;
/** Each with an app in development and so many in staging: nobody waits for anybody else's apps. */
const PIPELINES = 32;
const TARGETS = 4;
const SECRET = "an-administrator-of-the-benchmark";

const cluster = await startCluster(["-c", "fsync=on", "-c", "full_page_writes=on", "-c", "autovacuum=on"]);
try {
  const rows = [];
  for (const instances of [1, 2]) rows.push(await measure(instances));
  console.table(rows);
} finally {
  await cluster.remove();
}

async function measure(instances: number) {
  const processes = [];
  for (let index = 0; index < instances; index += 1) processes.push(await startInstance());
  const clients = processes.map((one) => one.client) as [Client, ...Client[]];
  const sources = await seed(clients[0]);
  const watch = await watchLocks();
  const latencies: number[] = [];
  const begun = performance.now();
  const end = begun + SECONDS * 1000;
  await Promise.all(
    Array.from({ length: CLIENTS }, async (_, index) => {
      const client = clients[index % clients.length] as Client;
      for (let turn = index; performance.now() < end; turn += CLIENTS) {
        const from = performance.now();
        await client.mutate("promote", { app: sources[turn % PIPELINES] }, "promotion { id }");
        latencies.push(performance.now() - from);
      }
    }),
  );
  const elapsed = (performance.now() - begun) / 1000;
  const { held, waiting } = await watch.stop();
  for (const { process } of processes) {
    process.signal("SIGTERM");
    await process.exit();
  }
  latencies.sort((a, b) => a - b);
  const percentile = (share: number) => Math.round(latencies[Math.floor(latencies.length * share)] ?? 0);
  return {
    instances,
    "promotions/s": Math.round(latencies.length / elapsed),
    "median ms": percentile(0.5),
    "p99 ms": percentile(0.99),
    "log lock held": `${Math.round(held * 100)} %`,
    "transactions waiting for it": `${Math.round(waiting * 100)} %`,
  };
}

/** Makes the pipelines, each with a release to promote; gives back the names of their sources. */
async function seed(client: Client): Promise<string[]> {
  const make = new Seed(client);
  const build = await make.build();
  const sources: string[] = [];
  for (let index = 0; index < PIPELINES; index += 1) {
    const pipeline = await make.pipeline();
    const source = await make.coupled(pipeline, "DEVELOPMENT", { autoDeploy: false });
    await make.release(source, build);
    for (let target = 0; target < TARGETS; target += 1) await make.coupled(pipeline, "STAGING");
    sources.push(source.name);
  }
  return sources;
}

/** Looks every few milliseconds who holds the log's lock, and which share of the open transactions waits for it. */
async function watchLocks() {
  const client = new pg.Client({ connectionString: cluster.url });
  await client.connect();
  let watching = true;
  let looks = 0;
  let held = 0;
  let open = 0;
  let waiting = 0;
  const look = `SELECT
    (SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND granted)::int AS held,
    (SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted)::int AS waiting,
    (SELECT count(*) FROM pg_stat_activity WHERE application_name = 'railyard' AND xact_start IS NOT NULL)::int AS open`;
  const done = (async () => {
    while (watching) {
      const [row] = (await client.query<{ held: number; waiting: number; open: number }>(look)).rows;
      looks += 1;
      held += Math.min(row?.held ?? 0, 1);
      waiting += row?.waiting ?? 0;
      open += row?.open ?? 0;
      await delay(5);
    }
  })();
  return {
    async stop() {
      watching = false;
      await done;
      await client.end();
      return { held: held / looks, waiting: open === 0 ? 0 : waiting / open };
    },
  };
}

async function startInstance(): Promise<{ process: ServerProcess; client: Client }> {
  const process = new ServerProcess({ DATABASE_URL: cluster.url, ADMIN_TOKEN: SECRET, LOG_LEVEL: "silent" });
  return { process, client: new Client(await process.ready(), SECRET) };
}
