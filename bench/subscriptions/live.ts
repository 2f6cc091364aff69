import { setTimeout as delay } from "node:timers/promises";
import pg from "pg";
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
import { Server } from "../support/processes.js";
import { Subscribers } from "../support/subscribers.js";

/** Events per round. */
const ITERATIONS = 60;
/** Maximum random pause between two events. Avoids running in step with a timer. */
const MAX_PAUSE_MS = 10;

/** Latencies of one round, ascending, in milliseconds since the mutation was sent. */
interface Sample {
  readonly responses: readonly number[];
  readonly events: readonly number[];
}

/**
 * Latency from a mutation on one instance to its event at a subscriber of another, on PostgreSQL. The baseline is a
 * bare transaction that inserts a row and notifies, until a listening connection receives the notification.
 */
export async function measure({ databases, rounds }: BenchmarkOptions): Promise<readonly Result[]> {
  const url = await databases.createPostgres();
  const cleanups: (() => Promise<unknown> | unknown)[] = [];
  try {
    const [here] = await Server.launch(url);
    cleanups.push(() => here.stop());
    const [there] = await Server.launch(url);
    cleanups.push(() => there.stop());
    const connection = new Connection(here.port);
    cleanups.push(() => connection.close());
    const scenario = await createScenario(connection, "live", 0);
    const subscribers = await Subscribers.connect(there.port, { sockets: 1, perSocket: 1 });
    cleanups.push(() => subscribers.close());
    await subscribers.waitUntilSubscribed(scenario.release);
    const notifier = await Notifier.open(url);
    cleanups.push(() => notifier.close());

    const samples = await interleave(
      rounds,
      () => measureEvents(scenario, subscribers),
      () => repeat(() => notifier.notify()),
    );
    const baselineName = "a bare commit until its notification";
    const at = (share: number) => ({
      subject: samples.subject.map(({ events }) => percentile(events, share)),
      baseline: samples.baseline.map((times) => percentile(times, share)),
    });
    const responses = samples.subject.map((sample) => percentile(sample.responses, 0.5));
    return [
      createComparison(
        "event latency: mutation to event at another instance, median",
        "ms",
        baselineName,
        at(0.5),
        null,
      ),
      createComparison("event latency: mutation to event at another instance, p99", "ms", baselineName, at(0.99), null),
      createResult("event latency: mutation to its response, median", "ms", responses, null),
    ];
  } finally {
    for (const step of cleanups.reverse()) await step();
  }
}

async function measureEvents(scenario: Scenario, subscribers: Subscribers): Promise<Sample> {
  const responses: number[] = [];
  const events = await repeat(async () => {
    const received = subscribers.waitFor(1);
    const startedAt = performance.now();
    await scenario.release();
    responses.push(performance.now() - startedAt);
    return (await received) - startedAt;
  });
  return { responses: responses.sort((a, b) => a - b), events };
}

/** Runs one round. Returns its times, ascending. */
async function repeat(one: () => Promise<number>): Promise<readonly number[]> {
  const times: number[] = [];
  for (let iteration = 0; iteration < ITERATIONS; iteration += 1) {
    times.push(await one());
    await delay(Math.random() * MAX_PAUSE_MS);
  }
  return times.sort((a, b) => a - b);
}

/** Two connections: one writes and notifies, the other listens. */
class Notifier {
  readonly #writer: pg.Client;
  readonly #listener: pg.Client;

  private constructor(writer: pg.Client, listener: pg.Client) {
    this.#writer = writer;
    this.#listener = listener;
  }

  static async open(url: string): Promise<Notifier> {
    const [writer, listener] = [new pg.Client({ connectionString: url }), new pg.Client({ connectionString: url })];
    await Promise.all([writer.connect(), listener.connect()]);
    await writer.query("CREATE TABLE bare (at bigint)");
    await listener.query("LISTEN bare");
    return new Notifier(writer, listener);
  }

  /**
   * Commits a row and notifies. Returns the milliseconds until both the notification and the commit's result arrived.
   */
  async notify(): Promise<number> {
    const received = new Promise((resolve) => this.#listener.once("notification", resolve));
    const startedAt = performance.now();
    await this.#writer.query("BEGIN");
    await this.#writer.query("INSERT INTO bare SELECT 1 FROM pg_notify('bare', '')");
    await Promise.all([received, this.#writer.query("COMMIT")]);
    return performance.now() - startedAt;
  }

  async close(): Promise<void> {
    await Promise.all([this.#writer.end(), this.#listener.end()]);
  }
}
