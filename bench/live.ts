import { setTimeout as delay } from "node:timers/promises";
import pg from "pg";
import { Client } from "../test/support/client.js";
import { startCluster } from "../test/support/cluster.js";
import { ServerProcess } from "../test/support/process.js";
import { Seed } from "../test/support/seed.js";
import { Socket } from "../test/support/socket.js";

/*
 * How long an event takes from a mutation at one instance to a subscriber at another, on PostgreSQL, next to what
 * PostgreSQL itself takes: a transaction that writes a row and notifies, until a listening connection hears of it.
 *
 *   npm run build && node dist/bench/live.js [times]
 *
 * Everything runs on this machine; the database's commits reach the disk. Both are measured in turns.
 */

const TIMES = Number(process.argv[2] ?? 300);
const SECRET = "an-administrator-of-the-benchmark";
const undo: (() => Promise<unknown> | unknown)[] = [];
const t = { after: (step: () => Promise<unknown> | unknown) => undo.push(step) };

const cluster = await startCluster(["-c", "fsync=on", "-c", "full_page_writes=on", "-c", "autovacuum=on"]);
t.after(() => cluster.remove());
try {
  const environment = { DATABASE_URL: cluster.url, ADMIN_TOKEN: SECRET, LOG_LEVEL: "silent" };
  const instances = [new ServerProcess(environment), new ServerProcess(environment)] as const;
  for (const one of instances) t.after(() => stop(one));
  const [a, b] = [await instances[0].ready(), await instances[1].ready()];
  const event = await eventsThrough(new Client(a, SECRET), b);
  const bare = await notifications();
  const figures = { answer: [] as number[], event: [] as number[], bare: [] as number[] };
  for (let turn = 0; turn < TIMES; turn += 1) {
    const { answered, told } = await event();
    figures.answer.push(answered);
    figures.event.push(told);
    figures.bare.push(await bare());
    // Not in step with anything that happens at an interval.
    await delay(Math.random() * 10);
  }
  console.table([
    row("mutation at A until its answer", figures.answer),
    row("mutation at A until the event at B", figures.event),
    row("bare commit until its notification", figures.bare),
  ]);
} finally {
  for (const step of undo.reverse()) await step();
}

/** Makes apps through one instance; both times count from the mutation's sending. */
async function eventsThrough(client: Client, url: string) {
  const socket = await Socket.open(t, url, SECRET);
  const watch = socket.run("subscription { events { cursor } }", {});
  const seed = new Seed(client);
  // Told of one, it follows the log.
  while (watch.results.length === 0) {
    await seed.app();
    await delay(50);
  }
  await delay(1000);
  return async () => {
    const expected = watch.results.length + 1;
    const begun = performance.now();
    const told = watch.until(({ results }) => results.length >= expected).then(() => performance.now() - begun);
    await seed.app();
    return { answered: performance.now() - begun, told: await told };
  };
}

async function notifications() {
  const [writer, listener] = [await connect(), await connect()];
  await writer.query("CREATE TABLE bare (at bigint)");
  await listener.query("LISTEN bare");
  return async () => {
    const heard = new Promise((resolve) => listener.once("notification", resolve));
    const begun = performance.now();
    await writer.query("BEGIN");
    await writer.query("INSERT INTO bare SELECT 1 FROM pg_notify('bare', '')");
    await Promise.all([heard, writer.query("COMMIT")]);
    return performance.now() - begun;
  };
}

async function connect(): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: cluster.url });
  await client.connect();
  t.after(() => client.end());
  return client;
}

async function stop(process: ServerProcess): Promise<void> {
  process.signal("SIGTERM");
  await process.exit();
}

function row(what: string, times: number[]) {
  times.sort((x, y) => x - y);
  const percentile = (share: number) => Number((times[Math.floor(times.length * share)] ?? 0).toFixed(1));
  return { what, "median ms": percentile(0.5), "p99 ms": percentile(0.99) };
}
