/*
 * Fan-out: 1,000 identical subscriptions on 50 sockets, against a bare `ws` server that broadcasts the same bytes in the
 * same run, from the same kind of process to the same clients.
 *
 *   npm run build && node dist/bench/fanout.js [--json]
 */
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pino } from "pino";
import { WebSocket, WebSocketServer } from "ws";
import { startApp } from "../src/app.js";
import { readConfig } from "../src/config.js";

const SOCKETS = 50;
const PER_SOCKET = 20;
const SUBSCRIBERS = SOCKETS * PER_SOCKET;
/** Events of one burst: a promotion to this many targets. */
const BURST = 150;
const ROUNDS = 5;
const MUTATIONS = 300;
const SECRET = "fan-out";
const SUBSCRIPTION = `subscription { events(types: [RELEASE_CREATED]) {
  cursor type occurredAt actor { name } pipelineId
  ... on ReleaseEvent { releasePhase release { id version description app { id name } build { commit { sha } } } }
} }`;

interface Usage {
  readonly heap: number;
  readonly cpu: number;
}

// ------------------------------------------------------------------------------------------ the two servers

async function serve(kind: string): Promise<void> {
  const url = kind === "railyard" ? await serveRailyard() : await serveBare();
  process.on("message", (message) => {
    if (message !== "usage") return;
    for (let round = 0; round < 4; round += 1) globalThis.gc?.();
    const { heapUsed, external, arrayBuffers } = process.memoryUsage();
    const { user, system } = process.cpuUsage();
    process.send?.({ heap: heapUsed + external + arrayBuffers, cpu: user + system } satisfies Usage);
  });
  process.send?.({ url });
}

async function serveRailyard(): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), "railyard-fanout-"));
  process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
  process.on("disconnect", () => process.exit());
  const config = readConfig({ PORT: "0", DATABASE_URL: `sqlite:${join(folder, "db.sqlite")}`, ADMIN_TOKEN: SECRET });
  return (await startApp(config, { log: pino({ level: "silent" }) })).url;
}

/** Keeps the ids that each socket subscribes with, and sends whatever it is given to all of them. */
async function serveBare(): Promise<string> {
  const server = new WebSocketServer({ port: 0, host: "127.0.0.1" });
  const clients = new Map<WebSocket, string[]>();
  server.on("connection", (socket) => {
    const ids: string[] = [];
    clients.set(socket, ids);
    socket.on("message", (message) => ids.push((JSON.parse(String(message)) as { id: string }).id));
    socket.on("close", () => clients.delete(socket));
  });
  process.on("disconnect", () => process.exit());
  process.on("message", async (message: { broadcast?: string[] }) => {
    for (const payload of message.broadcast ?? []) {
      for (const [socket, ids] of clients) {
        for (const id of ids) socket.send(`{"id":"${id}","type":"next","payload":${payload}}`);
      }
      await new Promise(setImmediate);
    }
  });
  await once(server, "listening");
  return `http://127.0.0.1:${(server.address() as { port: number }).port}`;
}

// ------------------------------------------------------------------------------------------ the clients

async function start(kind: string): Promise<{ child: ChildProcess; url: string }> {
  const child = fork(process.argv[1] as string, [kind], { execArgv: ["--expose-gc"] });
  const [{ url }] = (await once(child, "message")) as [{ url: string }];
  return { child, url };
}

async function usage(child: ChildProcess): Promise<Usage> {
  child.send("usage");
  return ((await once(child, "message")) as [Usage])[0];
}

/** Opens the sockets and subscribes on each; `heard` is called with every event's text. */
async function subscribe(url: string, graphql: boolean, heard: (text: Buffer) => void): Promise<WebSocket[]> {
  return Promise.all(
    Array.from({ length: SOCKETS }, async () => {
      const socket = new WebSocket(`${url.replace("http", "ws")}/graphql`, "graphql-transport-ws");
      await once(socket, "open");
      if (graphql) {
        socket.send(JSON.stringify({ type: "connection_init", payload: { authorization: `Bearer ${SECRET}` } }));
        await once(socket, "message");
      }
      for (let index = 0; index < PER_SOCKET; index += 1) {
        socket.send(JSON.stringify({ id: `s${index}`, type: "subscribe", payload: { query: SUBSCRIPTION } }));
      }
      socket.on("message", heard);
      return socket;
    }),
  );
}

async function ask(url: string, query: string, variables: object = {}) {
  const response = await fetch(`${url}/graphql`, {
    method: "POST",
    headers: { "content-type": "application/json", authorization: `Bearer ${SECRET}` },
    body: JSON.stringify({ query, variables }),
  });
  const { data, errors } = (await response.json()) as { data: Record<string, unknown>; errors?: unknown };
  if (errors !== undefined) throw new Error(JSON.stringify(errors));
  return data;
}

/** A pipeline with one app to promote from, and as many to promote to as a burst has events. */
async function seed(url: string): Promise<{ release(): Promise<unknown>; promote(): Promise<unknown> }> {
  const pair =
    "mutation ($a: CreateAppInput!, $c: AddCouplingInput!) { createApp(input: $a) { app { id } } addCoupling(input: $c) { coupling { id } } }";
  await ask(url, 'mutation { createPipeline(input: { name: "fan" }) { pipeline { id } } }');
  const couple = (name: string, stage: string) =>
    ask(url, pair, { a: { name }, c: { pipeline: "fan", app: name, stage } });
  await couple("source", "DEVELOPMENT");
  for (let index = 0; index < BURST; index += 1) await couple(`target-${index}`, "STAGING");
  const { createBuild } = await ask(
    url,
    'mutation { createBuild(input: { repository: "acme/fan", commit: { sha: "0123456789abcdef" }, artifact: "registry/fan:1" }) { build { id } } }',
  );
  const { build } = createBuild as { build: { id: string } };
  const release = () =>
    ask(url, "mutation ($i: CreateReleaseInput!) { createRelease(input: $i) { release { id } } }", {
      i: { app: "source", build: build.id },
    });
  await release();
  return { release, promote: () => ask(url, 'mutation { promote(input: { app: "source" }) { promotion { id } } }') };
}

/** Waits until a condition holds; fails after a minute. */
async function until(holds: () => boolean): Promise<void> {
  for (let waited = 0; !holds(); waited += 1) {
    if (waited > 60_000) throw new Error("What was sent did not arrive within a minute.");
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

interface Burst {
  readonly perSecond: number;
  readonly cpuPerDelivery: number;
}

async function main(): Promise<void> {
  const railyard = await start("railyard");
  const bare = await start("bare");
  const { release, promote } = await seed(railyard.url);

  let count = 0;
  let last = 0;
  let keep: string[] | null = null;
  let arrivals: number[] | null = null;
  const heard = (text: Buffer) => {
    count += 1;
    last = performance.now();
    arrivals?.push(last);
    if (keep !== null && keep.length < BURST * SUBSCRIBERS && count % SUBSCRIBERS === 0) keep.push(String(text));
  };

  const before = await usage(railyard.child);
  const sockets = await subscribe(railyard.url, true, heard);
  // There is no answer to a subscription: events until everybody hears them.
  for (count = 0; count < SUBSCRIBERS; ) {
    count = 0;
    await release();
    await new Promise((resolve) => setTimeout(resolve, 300));
  }
  const after = await usage(railyard.child);
  const bareSockets = await subscribe(bare.url, false, heard);

  const latencies: number[] = [];
  for (let index = 0; index < MUTATIONS; index += 1) {
    arrivals = [];
    const mine = arrivals;
    await release();
    const answered = performance.now();
    await until(() => mine.length === SUBSCRIBERS);
    latencies.push(...mine.map((at) => at - answered));
  }
  arrivals = null;
  latencies.sort((a, b) => a - b);

  const burst = async (child: ChildProcess, send: () => void): Promise<Burst> => {
    const cpu = (await usage(child)).cpu;
    count = 0;
    const began = performance.now();
    send();
    await until(() => count >= BURST * SUBSCRIBERS);
    const perSecond = count / ((last - began) / 1000);
    return { perSecond, cpuPerDelivery: ((await usage(child)).cpu - cpu) / count };
  };
  const ours: Burst[] = [];
  const theirs: Burst[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    keep = [];
    const kept = keep;
    // The promotion itself is part of our time: the last event arrives after all of it has been written.
    ours.push(await burst(railyard.child, () => void promote()));
    keep = null;
    const payloads = kept.map((text) => text.slice(text.indexOf('"payload":') + 10, -1));
    theirs.push(await burst(bare.child, () => bare.child.send({ broadcast: payloads })));
  }
  for (const socket of [...sockets, ...bareSockets]) socket.terminate();
  railyard.child.disconnect();
  bare.child.disconnect();

  const rate = median(ours.map((one) => one.perSecond));
  const bareRate = median(theirs.map((one) => one.perSecond));
  const figures = {
    sockets: SOCKETS,
    subscriptions: SUBSCRIBERS,
    deliveriesPerSecond: Math.round(rate),
    bareDeliveriesPerSecond: Math.round(bareRate),
    ratio: Math.round((rate / bareRate) * 100) / 100,
    cpuMicrosecondsPerDelivery: Math.round(median(ours.map((one) => one.cpuPerDelivery)) * 100) / 100,
    bareCpuMicrosecondsPerDelivery: Math.round(median(theirs.map((one) => one.cpuPerDelivery)) * 100) / 100,
    latencyP50: Math.round((latencies[Math.floor(latencies.length * 0.5)] ?? 0) * 10) / 10,
    latencyP99: Math.round((latencies[Math.floor(latencies.length * 0.99)] ?? 0) * 10) / 10,
    bytesPerIdleSubscription: Math.round((after.heap - before.heap) / SUBSCRIBERS),
  };
  if (process.argv.includes("--json")) return void process.stdout.write(`${JSON.stringify(figures)}\n`);
  process.stdout.write(
    [
      `${SUBSCRIBERS} identical subscriptions on ${SOCKETS} sockets`,
      `deliveries per second         ${figures.deliveriesPerSecond} (bare ws ${figures.bareDeliveriesPerSecond}, ratio ${figures.ratio}; wanted 0.5)`,
      `server CPU per delivery       ${figures.cpuMicrosecondsPerDelivery} µs (bare ws ${figures.bareCpuMicrosecondsPerDelivery} µs)`,
      `answer of the mutation to event  p50 ${figures.latencyP50} ms, p99 ${figures.latencyP99} ms (wanted below 50)`,
      `memory per idle subscription  ${figures.bytesPerIdleSubscription} bytes (wanted below 20,000)`,
      "",
    ].join("\n"),
  );
}

const [role] = process.argv.slice(2);
await (role === "railyard" || role === "bare" ? serve(role) : main());
