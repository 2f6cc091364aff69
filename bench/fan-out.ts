import { Connection } from "./support/client.js";
import {
  type BenchmarkOptions,
  compareWithBaseline,
  interleave,
  measureOnly,
  percentile,
  type Result,
} from "./support/figures.js";
import { Child, Server, waitUntil } from "./support/processes.js";
import { createScenario, type Scenario } from "./support/scenario.js";
import { SUBSCRIPTION_COUNT, Subscribers } from "./support/subscribers.js";

/** Events of one burst: a promotion to this many targets. */
const EVENTS_PER_BURST = 150;
/** Single events of one turn, for how long each takes. */
const EVENTS = 60;

const BASELINE = "a bare ws server that sends the same bytes to the same sockets";

interface Burst {
  /** Deliveries a second. */
  readonly rate: number;
  /** Microseconds of the server's processor for each of them. */
  readonly cpu: number;
}

/**
 * A thousand identical subscriptions that are told of a promotion, against a server that has nothing to find out and tells them
 * the same. The promotion itself is part of our time: the last event arrives after all of it has been written.
 */
export async function measure({ databases: workshop, rounds }: BenchmarkOptions): Promise<readonly Result[]> {
  const [server] = await Server.launch(await workshop.createSqlite(1));
  const bare = Child.start("support/websocket-baseline.js");
  const connection = new Connection(server.port);
  const audiences: Subscribers[] = [];
  try {
    const stage = await createScenario(connection, "fan-out", EVENTS_PER_BURST);
    const ours = await Subscribers.at(server.port);
    audiences.push(ours);
    await ours.waitUntilSubscribed(stage.release);
    const theirs = await Subscribers.at(await bare.call<number>("port"));
    audiences.push(theirs);
    await waitUntil(async () => (await bare.call<number>("subscriptions")) === SUBSCRIPTION_COUNT);

    let payloads: string[] = [];
    const promotion = () => {
      payloads = [];
      // Everybody is told the same, each in turn: one text of each round of them is one event.
      ours.onMessage = (text) => {
        if (ours.heard % SUBSCRIPTION_COUNT === 0) payloads.push(extractPayload(text));
      };
      return burst(server, ours, stage.promote);
    };
    const broadcast = () => burst(bare, theirs, () => bare.call("broadcast", payloads));
    const bursts = await interleave(rounds, promotion, broadcast);
    const of = (what: keyof Burst) => ({
      subject: bursts.subject.map((one) => one[what]),
      baseline: bursts.baseline.map((one) => one[what]),
    });
    const latencies: (readonly number[])[] = [];
    for (let round = 0; round < rounds; round += 1) latencies.push(await measureLatencies(ours, stage));
    const at = (share: number) => latencies.map((times) => percentile(times, share));
    return [
      compareWithBaseline("fan-out: to 1,000 subscriptions", "deliveries/s", BASELINE, of("rate"), { min: 0.5 }),
      compareWithBaseline("fan-out: processor of the server for each", "µs CPU", BASELINE, of("cpu"), null),
      measureOnly("fan-out: from the mutation's answer to the event, median", "ms", at(0.5), null),
      measureOnly("fan-out: from the mutation's answer to the event, p99", "ms", at(0.99), { max: 50 }),
    ];
  } finally {
    for (const audience of audiences) audience.close();
    connection.close();
    await Promise.all([server.stop(), bare.stop()]);
  }
}

async function burst(server: Child, audience: Subscribers, send: () => Promise<unknown>): Promise<Burst> {
  const messages = EVENTS_PER_BURST * SUBSCRIPTION_COUNT;
  const before = await server.usage();
  const all = audience.waitFor(messages);
  const begun = performance.now();
  const [last] = await Promise.all([all, send()]);
  const after = await server.usage();
  return { rate: messages / ((last - begun) / 1000), cpu: (after.cpu - before.cpu) / messages };
}

/** From the answer to a mutation until each of the subscribers is told of it, ascending; less than 0 where it was sooner. */
async function measureLatencies(audience: Subscribers, stage: Scenario): Promise<readonly number[]> {
  const latencies: number[] = [];
  for (let event = 0; event < EVENTS; event += 1) {
    const arrivals: number[] = [];
    audience.onMessage = (_text, at) => arrivals.push(at);
    const all = audience.waitFor(SUBSCRIPTION_COUNT);
    await stage.release();
    const answered = performance.now();
    await all;
    for (const at of arrivals) latencies.push(at - answered);
  }
  return latencies.sort((a, b) => a - b);
}

function extractPayload(message: Buffer): string {
  const text = String(message);
  return text.slice(text.indexOf('"payload":') + '"payload":'.length, -1);
}
