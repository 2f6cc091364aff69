import { constants, copyFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Cluster, startCluster } from "../../test/support/cluster.js";
import { fillSqlite, runStatement } from "./fill.js";

/** What the tests do without, and whoever measures must not: commits reach the disk. */
const DURABLE_FLAGS = ["-c", "fsync=on", "-c", "full_page_writes=on", "-c", "autovacuum=on"];

/** The databases of one run: files in a folder and a PostgreSQL, both removed when it ends. */
export class Databases {
  readonly #folder = mkdtempSync(join(process.env.BENCH_FOLDER ?? tmpdir(), "railyard-bench-"));
  readonly #made = new Map<number, string>();
  #copies = 0;
  #cluster: Promise<Cluster> | null = null;
  #databases = 0;

  /** A database file of its own with so many pipelines. It is built once a run; every further one is a copy. */
  async createSqlite(pipelines: number): Promise<string> {
    let original = this.#made.get(pipelines);
    if (original === undefined) {
      original = join(this.#folder, `filled-${pipelines}.sqlite`);
      await fillSqlite(original, pipelines);
      this.#made.set(pipelines, original);
    }
    this.#copies += 1;
    const copy = join(this.#folder, `copy-${this.#copies}.sqlite`);
    // Where the file system can, the copy shares its blocks with the original until one of them is written.
    copyFileSync(original, copy, constants.COPYFILE_FICLONE);
    return copy;
  }

  /**
   * The address of a PostgreSQL database of its own, on a server whose commits reach the disk.
   *
   * @param original the address of one that it is a copy of, to which nobody is connected; left out, it is empty
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

  /** Removes everything. The files go at once, also where nobody waits for the rest. */
  async close(): Promise<void> {
    rmSync(this.#folder, { recursive: true, force: true });
    await (await this.#cluster)?.remove();
  }
}
