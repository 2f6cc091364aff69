import { setTimeout as delay } from "node:timers/promises";
import { Connection } from "../support/client.js";
import { pipelineName } from "../support/data/sizes.js";
import { type BenchmarkOptions, createResult, type Result } from "../support/figures.js";
import { Server } from "../support/processes.js";

/** Maximum number of promotions that wait for one window. */
const MAX_WAITING = 1000;
const DAY_MS = 86_400_000;
/** Interval at which started promotions are counted, in milliseconds. */
const POLL_MS = 100;

const CREATE_WINDOW =
  "mutation ($input: CreateDeploymentWindowInput!) { createDeploymentWindow(input: $input) { window { id } } }";
const DELETE_WINDOW =
  "mutation ($window: ID!) { deleteDeploymentWindow(input: { window: $window }) { deletedWindowId } }";
const PROMOTE = `mutation ($app: ID!, $target: ID!) {
  promote(input: { app: $app, targets: [$target], whenReady: true }) { promotion { id phase } }
}`;
const DESCRIBE = `mutation ($pipeline: ID!, $description: String!) {
  updatePipeline(input: { pipeline: $pipeline, description: $description }) { pipeline { id } }
}`;
const HEAD = "{ events(last: 1) { nodes { cursor } } }";
const STARTED = `query ($after: EventCursor) {
  events(first: 100, after: $after, types: [PROMOTION_STARTED]) {
    nodes { occurredAt ... on PromotionEvent { promotion { id } } } pageInfo { endCursor hasNextPage }
  }
}`;

interface Opening {
  /** Time until the last promotion had started, in milliseconds. */
  readonly total: number;
  /** Duration of the request that opened the window, in milliseconds. */
  readonly change: number;
  /** Duration of the longest other write meanwhile, in milliseconds. */
  readonly longestWrite: number;
}

/**
 * The opening of a window that many promotions wait for: how long the change takes that opens it, how long until all
 * have started, and how long other writes wait meanwhile, which is at most as long as a transaction holds the write
 * lock.
 */
export async function measure({ databases, pipelines, rounds }: BenchmarkOptions): Promise<readonly Result[]> {
  const count = Math.min(MAX_WAITING, pipelines - 1);
  const [server] = await Server.launch(await databases.createSqlite(pipelines));
  const connection = new Connection(server.port);
  const other = new Connection(server.port);
  try {
    const openings: Opening[] = [];
    // The first round is not measured: V8 still compiles.
    for (let round = 0; round <= rounds; round += 1) openings.push(await open(connection, other, count, round));
    const measured = openings.slice(1);
    const what = `${count.toLocaleString("en")} promotions that wait for a window`;
    const each = measured.map(({ total }) => total / count);
    return [
      createResult(`${what}: until each has started`, "ms", each, null),
      createResult(
        `${what}: until all have started`,
        "ms",
        measured.map(({ total }) => total),
        null,
      ),
      createResult(
        `${what}: the change that opens it`,
        "ms",
        measured.map(({ change }) => change),
        { max: 50 },
      ),
      createResult(
        `${what}: longest other write`,
        "ms",
        measured.map((one) => one.longestWrite),
        { max: 50 },
      ),
    ];
  } finally {
    connection.close();
    other.close();
    await server.stop();
  }
}

async function open(connection: Connection, other: Connection, count: number, round: number): Promise<Opening> {
  // The window has an end: promotions do not wait for a window that never ends.
  const endDate = new Date(Date.now() + 7 * DAY_MS).toISOString().slice(0, 10);
  const times = { timeZone: "UTC", startTime: "00:00", endTime: "00:00", endDate };
  const input = { name: `closed-${round}`, kind: "DENY", ...times };
  const { window } = (await connection.query(CREATE_WINDOW, { input })).createDeploymentWindow;
  const ids: string[] = [];
  for (let index = 0; index < count; index += 1) {
    const name = pipelineName(index);
    const variables = { app: `${name}-app-0`, target: `${name}-app-2` };
    const { promotion } = (await connection.query(PROMOTE, variables)).promote;
    if (promotion.phase !== "WAITING") throw new Error(`A promotion is ${promotion.phase} instead of WAITING.`);
    ids.push(promotion.id);
  }
  const cursor = (await connection.query(HEAD, {})).events.nodes[0].cursor;
  let longestWrite = 0;
  let running = true;
  const writes = (async () => {
    for (let index = 0; running; index += 1) {
      const begin = performance.now();
      await other.query(DESCRIBE, { pipeline: pipelineName(count), description: `Written ${round} ${index}` });
      longestWrite = Math.max(longestWrite, performance.now() - begin);
      await delay(1);
    }
  })();
  const start = performance.now();
  await connection.query(DELETE_WINDOW, { window: window.id });
  const change = performance.now() - start;
  const started = await readStarted(connection, cursor, count);
  const total = performance.now() - start;
  running = false;
  await writes;
  if (started.some((id, index) => id !== ids[index]))
    throw new Error("The promotions did not start in the order of their creation.");
  return { total, change, longestWrite };
}

/**
 * Reads the promotions that started after a cursor, in the order of their starts. Waits until there are `count` of
 * them.
 */
async function readStarted(connection: Connection, from: string, count: number): Promise<string[]> {
  const started: string[] = [];
  let after = from;
  while (started.length < count) {
    const { events } = await connection.query(STARTED, { after });
    started.push(...events.nodes.map((event: { promotion: { id: string } }) => event.promotion.id));
    after = events.pageInfo.endCursor ?? after;
    if (!events.pageInfo.hasNextPage && started.length < count) await delay(POLL_MS);
  }
  return started;
}
