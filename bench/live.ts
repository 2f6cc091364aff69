import { setTimeout as delay } from "node:timers/promises";
import pg from "pg";
import { Connection } from "./support/client.js";
import {
  type BenchmarkOptions,
  compareWithBaseline,
  interleave,
  measureOnly,
  percentile,
  type Result,
} from "./support/figures.js";
import { Server } from "./support/processes.js";
import { createScenario, type Scenario } from "./support/scenario.js";
import { Subscribers } from "./support/subscribers.js";

/** Events of one turn. */
const ITERATIONS = 60;
/** Between two events at most, in milliseconds: not in step with anything that happens at an interval. */
const MAX_PAUSE_MS = 10;

/** Of one turn, ascending and in milliseconds from the sending of the mutation. */
interface Sample {
  readonly answered: readonly number[];
  readonly told: readonly number[];
}

/**
 * How long an event takes from a mutation at one instance to a subscriber at another, on PostgreSQL, against what PostgreSQL
 * itself takes: a transaction that writes a row and notifies, until a listening connection hears of it.
 */
export async function measure({ databases: workshop, rounds }: BenchmarkOptions): Promise<readonly Result[]> {
  const url = await workshop.createPostgres();
  const undo: (() => Promise<unknown> | unknown)[] = [];
  try {
    const [here] = await Server.launch(url);
    undo.push(() => here.stop());
    const [there] = await Server.launch(url);
    undo.push(() => there.stop());
    const connection = new Connection(here.port);
    undo.push(() => connection.close());
    const stage = await createScenario(connection, "live", 0);
    const audience = await Subscribers.at(there.port, 1, 1);
    undo.push(() => audience.close());
    await audience.waitUntilSubscribed(stage.release);
    const notifier = await Notifier.open(url);
    undo.push(() => notifier.close());

    const turns = await interleave(
      rounds,
      () => events(stage, audience),
      () => repeat(() => notifier.notify()),
    );
    const against = "a bare commit until its notification";
    const at = (share: number) => ({
      subject: turns.subject.map(({ told }) => percentile(told, share)),
      baseline: turns.baseline.map((times) => percentile(times, share)),
    });
    const answers = turns.subject.map(({ answered }) => percentile(answered, 0.5));
    return [
      compareWithBaseline("live: a mutation until its event at another instance, median", "ms", against, at(0.5), null),
      compareWithBaseline("live: a mutation until its event at another instance, p99", "ms", against, at(0.99), null),
      measureOnly("live: the mutation until its answer, median", "ms", answers, null),
    ];
  } finally {
    for (const step of undo.reverse()) await step();
  }
}

async function events(stage: Scenario, audience: Subscribers): Promise<Sample> {
  const answered: number[] = [];
  const told = await repeat(async () => {
    const heard = audience.waitFor(1);
    const begun = performance.now();
    await stage.release();
    answered.push(performance.now() - begun);
    return (await heard) - begun;
  });
  return { answered: answered.sort((a, b) => a - b), told };
}

/** The times of one turn, ascending. */
async function repeat(one: () => Promise<number>): Promise<readonly number[]> {
  const times: number[] = [];
  for (let turn = 0; turn < ITERATIONS; turn += 1) {
    times.push(await one());
    await delay(Math.random() * MAX_PAUSE_MS);
  }
  return times.sort((a, b) => a - b);
}

/** Two connections, of which one tells the other. */
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

  /** Commits a row and tells of it; how long until it was heard and the commit was answered, in milliseconds. */
  async notify(): Promise<number> {
    const heard = new Promise((resolve) => this.#listener.once("notification", resolve));
    const begun = performance.now();
    await this.#writer.query("BEGIN");
    await this.#writer.query("INSERT INTO bare SELECT 1 FROM pg_notify('bare', '')");
    await Promise.all([heard, this.#writer.query("COMMIT")]);
    return performance.now() - begun;
  }

  async close(): Promise<void> {
    await Promise.all([this.#writer.end(), this.#listener.end()]);
  }
}
