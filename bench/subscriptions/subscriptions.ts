import { setTimeout as delay } from "node:timers/promises";
import { Connection } from "../support/client.js";
import { pipelineName } from "../support/data/sizes.js";
import { type BenchmarkOptions, createComparison, createResult, interleave, type Result } from "../support/figures.js";
import { Server } from "../support/processes.js";
import { Subscribers, type SubscriptionsOptions } from "../support/subscribers.js";

/** Number of subscriptions per pipeline, and the maximum number of pipelines with subscriptions. */
const PER_PIPELINE = 5;
const MAX_PIPELINES = 2000;
/** Events of one round. */
const EVENTS = 100;
/** Number of tokens, and of different subscriptions per token: the default limit of a token. */
const TOKENS = 100;
const DOCUMENTS_PER_TOKEN = 50;

const DESCRIBE = `mutation ($pipeline: ID!, $description: String!) {
  updatePipeline(input: { pipeline: $pipeline, description: $description }) { pipeline { id } }
}`;
const CREATE_TOKEN = `mutation ($name: String!) {
  createToken(input: { name: $name, role: VIEWER }) { secret }
}`;
const FOLLOW = `subscription ($pipeline: ID!) {
  events(pipeline: $pipeline, types: [PIPELINE_UPDATED]) { cursor type pipeline { id name description } }
}`;
const NORMAL_QUERY = "{ pipelines(first: 10) { nodes { id name } } }";

/**
 * The cost of one event with 10,000 subscriptions on 2,000 pipelines, compared to 10 subscriptions. And how long a
 * normal query waits while one event is sent to 5,000 different subscriptions of 100 tokens.
 */
export async function measure({ databases, pipelines, rounds }: BenchmarkOptions): Promise<readonly Result[]> {
  const count = Math.min(MAX_PIPELINES, 2 * pipelines);
  const path = await databases.createSqlite(count);
  const few = await databases.createSqlite(count);
  const costs = await compareCosts(path, few, count, rounds);
  return [
    createComparison(
      `subscriptions: one event, ${(count * PER_PIPELINE).toLocaleString("en")} subscriptions on ${count.toLocaleString("en")} pipelines`,
      "µs CPU",
      "the same with 10 subscriptions",
      costs,
      { max: 1.5 },
    ),
    ...(await measureWaits(path, rounds)),
  ];
}

async function compareCosts(path: string, few: string, count: number, rounds: number) {
  const [[subject], [baseline]] = [await Server.launch(path), await Server.launch(few)];
  const opened: Subscribers[] = [];
  try {
    const prepare = async (server: Server, followed: number) => {
      const perSocket = Math.min(100, followed * PER_PIPELINE);
      const options: SubscriptionsOptions = {
        sockets: (followed * PER_PIPELINE) / perSocket,
        perSocket,
        toOperation: (socket, index) => {
          const pipeline = pipelineName(Math.floor((socket * perSocket + index) / PER_PIPELINE));
          return { query: FOLLOW, variables: { pipeline } };
        },
      };
      const subscribers = await Subscribers.connect(server.port, options);
      opened.push(subscribers);
      let written = 0;
      const write = async () => {
        // The server closes connections that wait for a minute.
        const connection = new Connection(server.port);
        const all = subscribers.waitFor(EVENTS * PER_PIPELINE);
        for (let event = 0; event < EVENTS; event += 1) {
          // Two pipelines have subscriptions in both cases.
          await connection.query(DESCRIBE, { pipeline: pipelineName(event % 2), description: `${written++}` });
        }
        await all;
        connection.close();
      };
      // The server does not acknowledge subscriptions: gives it time to start all of them.
      await delay(2000);
      return async () => {
        const before = await server.usage();
        await write();
        return ((await server.usage()).cpu - before.cpu) / EVENTS;
      };
    };
    return await interleave(rounds, await prepare(subject, count), await prepare(baseline, 2));
  } finally {
    for (const subscribers of opened) subscribers.close();
    await Promise.all([subject.stop(), baseline.stop()]);
  }
}

/** The longest wait of a normal query while one event is delivered, and how long the delivery takes. */
async function measureWaits(path: string, rounds: number): Promise<readonly Result[]> {
  const [server] = await Server.launch(path);
  const connection = new Connection(server.port);
  let subscribers: Subscribers | null = null;
  try {
    const secrets: string[] = [];
    for (let token = 0; token < TOKENS; token += 1) {
      secrets.push((await connection.query(CREATE_TOKEN, { name: `follower-${token}` })).createToken.secret);
    }
    subscribers = await Subscribers.connect(server.port, {
      sockets: TOKENS,
      perSocket: DOCUMENTS_PER_TOKEN,
      getSecret: (socket) => secrets[socket] ?? "",
      toOperation: (socket, index) => ({
        query: `subscription { events(types: [PIPELINE_UPDATED]) { cursor pipeline { n${socket}_${index}: name description } } }`,
      }),
    });
    const change = async (description: string) => {
      const writer = new Connection(server.port);
      await writer.query(DESCRIBE, { pipeline: pipelineName(0), description });
      writer.close();
    };
    await subscribers.waitUntilSubscribed(async () => {
      await change(`${Math.random()}`);
      await delay(5000);
    });
    const [longest, delivered]: [number[], number[]] = [[], []];
    for (let round = 0; round < rounds; round += 1) {
      let isOver = false;
      let wait = 0;
      const other = new Connection(server.port);
      const probing = (async () => {
        while (!isOver) {
          const since = performance.now();
          await other.query(NORMAL_QUERY, {});
          wait = Math.max(wait, performance.now() - since);
          await delay(5);
        }
      })();
      const all = subscribers.waitFor(TOKENS * DOCUMENTS_PER_TOKEN);
      const since = performance.now();
      await change(`round ${round}`);
      delivered.push((await all) - since);
      isOver = true;
      await probing;
      other.close();
      longest.push(wait);
    }
    const what = "subscriptions: one event to 5,000 different ones of 100 tokens";
    return [
      createResult(`${what}, longest wait of a normal query`, "ms", longest, { max: 250 }),
      createResult(`${what}, until all have it`, "ms", delivered, null),
    ];
  } finally {
    subscribers?.close();
    connection.close();
    await server.stop();
  }
}
