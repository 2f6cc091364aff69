import { Connection } from "../support/client.js";
import { createScenario } from "../support/data/scenario.js";
import {
  type BenchmarkOptions,
  createComparison,
  createResult,
  interleave,
  percentile,
  type Result,
} from "../support/figures.js";
import { type LockUsage, sampleLogLock } from "../support/log-lock.js";
import { Server } from "../support/processes.js";
import { PROMOTE } from "./promote.js";

/** Concurrent promotions. */
const CLIENTS = 16;
/** More pipelines than clients, so that promotions do not wait for each other's row locks. */
const PIPELINES = 32;
const TARGETS = 4;
const ROUND_MS = 3000;

interface Sample extends LockUsage {
  /** Promotions per second. */
  readonly rate: number;
  /** The 99th percentile of the promotion latency, in milliseconds. */
  readonly p99: number;
}

/**
 * Promotions per second on PostgreSQL with two instances; the baseline is one instance. Also measures the share of time
 * for which the event log's lock is held. That lock makes cursor order commit order, so it bounds the write throughput
 * of one database. Database, instances and clients share this machine. Commits reach the disk.
 */
export async function measure({ databases, rounds }: BenchmarkOptions): Promise<readonly Result[]> {
  const fleets: Fleet[] = [];
  try {
    const two = await Fleet.launch(await databases.createPostgres(), 2);
    fleets.push(two);
    const one = await Fleet.launch(await databases.createPostgres(), 1);
    fleets.push(one);
    const samples = await interleave(
      rounds,
      () => two.promote(),
      () => one.promote(),
    );
    const of = (what: keyof Sample) => ({
      subject: samples.subject.map((sample) => sample[what]),
      baseline: samples.baseline.map((sample) => sample[what]),
    });
    const baselineName = "one instance";
    const [held, waiting] = [of("heldPercent"), of("waitingPercent")];
    return [
      createComparison("two instances: promotions to 4 targets", "promotions/s", baselineName, of("rate"), null),
      createComparison("two instances: promotion to 4 targets, p99", "ms", baselineName, of("p99"), null),
      createResult("one instance: event log lock held", "% of time", held.baseline, null),
      createResult("two instances: event log lock held", "% of time", held.subject, null),
      createResult("two instances: transactions waiting for it", "% of open transactions", waiting.subject, null),
    ];
  } finally {
    for (const fleet of fleets) await fleet.stop();
  }
}

/** Instances on one database, and the clients that promote through them. */
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
    const startedAt = performance.now();
    const end = startedAt + ROUND_MS;
    await Promise.all(
      Array.from({ length: CLIENTS }, async (_, client) => {
        const connection = new Connection(this.#servers[client % this.#servers.length]?.port ?? 0);
        for (let iteration = client; performance.now() < end; iteration += CLIENTS) {
          const from = performance.now();
          await connection.query(PROMOTE, { app: this.#sources[iteration % PIPELINES] });
          times.push(performance.now() - from);
        }
        connection.close();
      }),
    );
    const elapsed = performance.now() - startedAt;
    times.sort((a, b) => a - b);
    return { rate: times.length / (elapsed / 1000), p99: percentile(times, 0.99), ...(await watch.stop()) };
  }

  async stop(): Promise<void> {
    await Promise.all(this.#servers.map((server) => server.stop()));
  }
}
