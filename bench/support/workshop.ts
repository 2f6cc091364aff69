import { constants, copyFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fillSqlite } from "./fill.js";

/** A folder for the files of one run, removed when it ends. */
export class Workshop {
  readonly folder = mkdtempSync(join(process.env.BENCH_FOLDER ?? tmpdir(), "railyard-bench-"));
  readonly #made = new Map<number, string>();
  #copies = 0;

  /** A database file of its own with so many pipelines. It is built once a run; every further one is a copy. */
  async database(pipelines: number): Promise<string> {
    let original = this.#made.get(pipelines);
    if (original === undefined) {
      original = join(this.folder, `filled-${pipelines}.sqlite`);
      await fillSqlite(original, pipelines);
      this.#made.set(pipelines, original);
    }
    this.#copies += 1;
    const copy = join(this.folder, `copy-${this.#copies}.sqlite`);
    // Where the file system can, the copy shares its blocks with the original until one of them is written.
    copyFileSync(original, copy, constants.COPYFILE_FICLONE);
    return copy;
  }

  clear(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}
