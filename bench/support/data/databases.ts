import { constants, copyFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Cluster, startCluster } from "../../../test/support/database/cluster.js";
import { fillSqlite, runStatement } from "./fill.js";

/** Tests run without durability for speed. Benchmarks need commits to reach the disk. */
const DURABLE_FLAGS = ["-c", "fsync=on", "-c", "full_page_writes=on", "-c", "autovacuum=on"];

/** The databases of one run: SQLite files in a folder and a PostgreSQL cluster. `close` removes both. */
export class Databases {
  readonly #folder = mkdtempSync(join(process.env.BENCH_FOLDER ?? tmpdir(), "railyard-bench-"));
  readonly #made = new Map<number, string>();
  #copies = 0;
  #cluster: Promise<Cluster> | null = null;
  #databases = 0;

  /**
   * Creates a SQLite file with this many pipelines and returns its path. Files of the same size are copies of the
   * first.
   */
  async createSqlite(pipelines: number): Promise<string> {
    let original = this.#made.get(pipelines);
    if (original === undefined) {
      original = join(this.#folder, `filled-${pipelines}.sqlite`);
      await fillSqlite(original, pipelines);
      this.#made.set(pipelines, original);
    }
    this.#copies += 1;
    const copy = join(this.#folder, `copy-${this.#copies}.sqlite`);
    // Copy-on-write where the file system supports it.
    copyFileSync(original, copy, constants.COPYFILE_FICLONE);
    return copy;
  }

  /**
   * Creates a PostgreSQL database on a server whose commits reach the disk, and returns its URL.
   *
   * @param original the URL of a database without connections to copy; without it, the new database is empty
   */
  async createPostgres(original?: string): Promise<string> {
    this.#cluster ??= startCluster(DURABLE_FLAGS);
    const { url } = await this.#cluster;
    this.#databases += 1;
    const name = `bench_${this.#databases}`;
    const template = original === undefined ? "template0" : new URL(original).pathname.slice(1);
    await runStatement(url, `CREATE DATABASE ${name} TEMPLATE ${template}`);
    return Object.assign(new URL(url), { pathname: name }).href;
  }

  /**
   * Removes everything. Deletes the files synchronously, so that they are gone even if the caller does not await the
   * rest. Tries again if a server that is being stopped writes a file meanwhile.
   */
  async close(): Promise<void> {
    rmSync(this.#folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 });
    await (await this.#cluster)?.remove();
  }
}
