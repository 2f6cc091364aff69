import { eventually } from "../../src/async/eventually.js";
import { Connection } from "../support/client.js";
import { createScenario, type Scenario } from "../support/data/scenario.js";
import {
  type BenchmarkOptions,
  createComparison,
  createResult,
  interleave,
  percentile,
  type Result,
} from "../support/figures.js";
import { Child, Server } from "../support/processes.js";
import { SUBSCRIPTION_COUNT, Subscribers } from "../support/subscribers.js";

/** Events of one burst: a promotion to this many targets. */
const EVENTS_PER_BURST = 150;
/** Single events per round, for the latency. */
const EVENTS = 60;

const BASELINE = "a bare ws server that sends the same bytes to the same sockets";

interface Burst {
  /** Deliveries per second. */
  readonly rate: number;
  /** CPU time of the server per delivery, in microseconds. */
  readonly cpu: number;
}

/**
 * Fan-out of a promotion's events to a thousand identical subscriptions. The baseline sends the same bytes without
 * computing them. The subject's time includes the promotion itself: the last event arrives after its commit.
 */
export async function measure({ databases, rounds }: BenchmarkOptions): Promise<readonly Result[]> {
  const [server] = await Server.launch(await databases.createSqlite(1));
  const bare = Child.start("support/baselines/websocket.js");
  const connection = new Connection(server.port);
  const opened: Subscribers[] = [];
  try {
    const scenario = await createScenario(connection, "fan-out", EVENTS_PER_BURST);
    const ours = await Subscribers.connect(server.port);
    opened.push(ours);
    await ours.waitUntilSubscribed(scenario.release);
    const theirs = await Subscribers.connect(await bare.call<number>("port"));
    opened.push(theirs);
    const isComplete = async () => (await bare.call<number>("subscriptions")) === SUBSCRIPTION_COUNT;
    if (!(await eventually(isComplete))) throw new Error("The subscriptions of the baseline did not start.");

    let payloads: string[] = [];
    const promotion = () => {
      payloads = [];
      // Each event is sent to every subscription before the next event, so the first message of each batch is enough.
      ours.onMessage = (text) => {
        if (ours.received % SUBSCRIPTION_COUNT === 0) payloads.push(extractPayload(text));
      };
      return burst(server, ours, scenario.promote);
    };
    const broadcast = () => burst(bare, theirs, () => bare.call("broadcast", payloads));
    const bursts = await interleave(rounds, promotion, broadcast);
    const of = (what: keyof Burst) => ({
      subject: bursts.subject.map((one) => one[what]),
      baseline: bursts.baseline.map((one) => one[what]),
    });
    const latencies: (readonly number[])[] = [];
    for (let round = 0; round < rounds; round += 1) latencies.push(await measureLatencies(ours, scenario));
    const at = (share: number) => latencies.map((times) => percentile(times, share));
    return [
      createComparison("fan-out: to 1,000 subscriptions", "deliveries/s", BASELINE, of("rate"), { min: 0.5 }),
      createComparison("fan-out: server CPU per delivery", "µs CPU", BASELINE, of("cpu"), null),
      createResult("fan-out: from the mutation's response to the event, median", "ms", at(0.5), null),
      createResult("fan-out: from the mutation's response to the event, p99", "ms", at(0.99), { max: 50 }),
    ];
  } finally {
    for (const subscribers of opened) subscribers.close();
    connection.close();
    await Promise.all([server.stop(), bare.stop()]);
  }
}

async function burst(server: Child, subscribers: Subscribers, send: () => Promise<unknown>): Promise<Burst> {
  const messages = EVENTS_PER_BURST * SUBSCRIPTION_COUNT;
  const before = await server.usage();
  const all = subscribers.waitFor(messages);
  const startedAt = performance.now();
  const [last] = await Promise.all([all, send()]);
  const after = await server.usage();
  return { rate: messages / ((last - startedAt) / 1000), cpu: (after.cpu - before.cpu) / messages };
}

/**
 * Milliseconds from a mutation's response to its event at each subscription, ascending. Negative if the event came
 * first.
 */
async function measureLatencies(subscribers: Subscribers, scenario: Scenario): Promise<readonly number[]> {
  const latencies: number[] = [];
  for (let event = 0; event < EVENTS; event += 1) {
    const arrivals: number[] = [];
    subscribers.onMessage = (_text, at) => arrivals.push(at);
    const all = subscribers.waitFor(SUBSCRIPTION_COUNT);
    await scenario.release();
    const respondedAt = performance.now();
    await all;
    for (const at of arrivals) latencies.push(at - respondedAt);
  }
  return latencies.sort((a, b) => a - b);
}

function extractPayload(message: Buffer): string {
  const text = String(message);
  return text.slice(text.indexOf('"payload":') + '"payload":'.length, -1);
}
