import { PROMOTE } from "./promote.js";
import { Connection } from "./support/client.js";
import {
  type BenchmarkOptions,
  compareWithBaseline,
  interleave,
  measureOnly,
  percentile,
  type Result,
} from "./support/figures.js";
import { type LockUsage, sampleLogLock } from "./support/log-lock.js";
import { Server } from "./support/processes.js";
import { createScenario } from "./support/scenario.js";

/** Promotions under way at any time. */
const CLIENTS = 16;
/** Each with so many apps to promote to: nobody waits for anybody else's apps. */
const PIPELINES = 32;
const TARGETS = 4;
/** How long a turn takes, in milliseconds. */
const ROUND_MS = 3000;

interface Sample extends LockUsage {
  /** Promotions a second. */
  readonly rate: number;
  /** Of a hundred promotions the slowest, in milliseconds. */
  readonly p99: number;
}

/**
 * Promotions a second on PostgreSQL with two instances against those with one, and how much of the time somebody holds the lock
 * that makes cursor order commit order: what that leaves is how far one database can be driven further. Everything runs
 * on this machine: the database, whose commits reach the disk, the instances, and the clients in this process.
 */
export async function measure({ databases: workshop, rounds }: BenchmarkOptions): Promise<readonly Result[]> {
  const fleets: Fleet[] = [];
  try {
    const two = await Fleet.launch(await workshop.createPostgres(), 2);
    fleets.push(two);
    const one = await Fleet.launch(await workshop.createPostgres(), 1);
    fleets.push(one);
    const turns = await interleave(
      rounds,
      () => two.promote(),
      () => one.promote(),
    );
    const of = (what: keyof Sample) => ({
      subject: turns.subject.map((turn) => turn[what]),
      baseline: turns.baseline.map((turn) => turn[what]),
    });
    const against = "one instance";
    const [held, waiting] = [of("heldPercent"), of("waitingPercent")];
    return [
      compareWithBaseline("two instances: promotions to 4 targets", "promotions/s", against, of("rate"), null),
      compareWithBaseline("two instances: promotion to 4 targets, p99", "ms", against, of("p99"), null),
      measureOnly("one instance: the log's lock is held", "% of the time", held.baseline, null),
      measureOnly("two instances: the log's lock is held", "% of the time", held.subject, null),
      measureOnly("two instances: transactions that wait for it", "% of those open", waiting.subject, null),
    ];
  } finally {
    for (const fleet of fleets) await fleet.stop();
  }
}

/** Some instances on one database, and the clients that promote through them. */
class Fleet {
  readonly #url: string;
  readonly #servers: readonly Server[];
  readonly #sources: readonly string[];

  private constructor(url: string, servers: readonly Server[], sources: readonly string[]) {
    this.#url = url;
    this.#servers = servers;
    this.#sources = sources;
  }

  static async launch(url: string, instances: number): Promise<Fleet> {
    const servers: Server[] = [];
    for (let index = 0; index < instances; index += 1) servers.push((await Server.launch(url))[0]);
    const connection = new Connection(servers[0]?.port ?? 0);
    const sources: string[] = [];
    for (let index = 0; index < PIPELINES; index += 1) {
      sources.push((await createScenario(connection, `fleet-${index}`, TARGETS)).app);
    }
    connection.close();
    return new Fleet(url, servers, sources);
  }

  async promote(): Promise<Sample> {
    const watch = await sampleLogLock(this.#url);
    const times: number[] = [];
    const begun = performance.now();
    const end = begun + ROUND_MS;
    await Promise.all(
      Array.from({ length: CLIENTS }, async (_, client) => {
        const connection = new Connection(this.#servers[client % this.#servers.length]?.port ?? 0);
        for (let turn = client; performance.now() < end; turn += CLIENTS) {
          const from = performance.now();
          await connection.query(PROMOTE, { app: this.#sources[turn % PIPELINES] });
          times.push(performance.now() - from);
        }
        connection.close();
      }),
    );
    const elapsed = performance.now() - begun;
    times.sort((a, b) => a - b);
    return { rate: times.length / (elapsed / 1000), p99: percentile(times, 0.99), ...(await watch.stop()) };
  }

  async stop(): Promise<void> {
    await Promise.all(this.#servers.map((server) => server.stop()));
  }
}
