import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it, type TestContext } from "node:test";
import fc from "fast-check";
import sql from "sql-template-tag";
import type { Database } from "../../src/database/database.js";
import { openDatabase } from "../../src/database/open.js";
import type { Tx } from "../../src/database/rows/reader.js";
import { SqliteFile } from "../../src/database/sqlite/file.js";
import { App } from "../../src/entities/pipelines/app.js";
import { temporaryFolder } from "../support/server.js";

/** A planned transaction: its rows and its nested transactions. */
interface Plan {
  readonly turns: number;
  readonly fails: boolean;
  readonly children: readonly { readonly plan: Plan; readonly awaited: boolean; readonly beside: boolean }[];
}

/** Plans with at most this many nested levels. */
function getPlan(levels: number): fc.Arbitrary<Plan> {
  const child = () => fc.record({ plan: getPlan(levels - 1), awaited: fc.boolean(), beside: fc.boolean() });
  return fc.record({
    turns: fc.nat(3),
    fails: fc.boolean(),
    children: levels === 0 ? fc.constant([]) : fc.array(child(), { maxLength: 3 }),
  });
}

describe("group commit", () => {
  it("stores all acknowledged rows and none of failed transactions, and hides uncommitted rows", async (t) => {
    const db = await open(t);
    await fc.assert(
      fc.asyncProperty(fc.array(getPlan(2), { minLength: 1, maxLength: 5 }), async (transactions) => {
        const run = new Run(db);
        let running = true;
        const looks = (async () => {
          const seen: Set<string>[] = [];
          while (running) {
            seen.push(await run.present());
            await turn();
          }
          return seen;
        })();
        await Promise.all(transactions.map((plan, index) => run.attempt(plan, null, index)));
        running = false;
        const present = await run.present();

        assert.deepEqual([...present].sort(), run.expected().sort());
        assert.deepEqual(
          run.order,
          transactions.map((_, index) => index),
          "they ran in the order of their coming",
        );
        for (const look of await looks) {
          for (const whole of run.committed()) {
            const some = whole.filter((row) => look.has(row)).length;
            assert.ok(some === 0 || some === whole.length, "a reader saw a part of a transaction");
          }
          for (const row of look) assert.ok(present.has(row), "a reader saw what was then undone");
        }
      }),
      { numRuns: 150 },
    );
  });

  it("rolls back a failed nested transaction without the rows written beside it", async (t) => {
    const db = await open(t);
    await db.write(async (tx) => {
      const nested = db.write(async (inner) => {
        await insert(inner, "inside");
        await turn();
        throw new Error("planned");
      });
      const beside = insert(tx, "beside");
      await assert.rejects(nested, /planned/);
      await beside;
    });
    assert.deepEqual(await names(db), ["beside"]);
  });

  it("rejects statements of a transaction that has ended, nested or not", async (t) => {
    const db = await open(t);
    const late: Promise<unknown>[] = [];
    const failing = (name: string) =>
      db.write(async (tx) => {
        await insert(tx, `${name}-early`);
        late.push(
          turn()
            .then(turn)
            .then(turn)
            .then(() => insert(tx, `${name}-late`)),
        );
        late.at(-1)?.catch(() => undefined);
        throw new Error("planned");
      });
    await assert.rejects(failing("top"), /planned/);
    await db.write(async (tx) => {
      await assert.rejects(failing("nested"), /planned/);
      for (let turns = 0; turns < 10; turns += 1) await turn();
      await insert(tx, "outer");
    });
    for (const straggler of late) await assert.rejects(straggler, /after its transaction had ended/);
    assert.deepEqual(await names(db), ["outer"]);
  });

  it("lets work that outlives its transaction start a new one", async (t) => {
    const db = await open(t);
    let later: Promise<void> = Promise.resolve();
    await db.write(async (tx) => {
      await insert(tx, "first");
      later = new Promise((resolve, reject) => {
        setTimeout(() => db.write((own) => insert(own, "later")).then(resolve, reject), 20);
      });
    });
    assert.deepEqual(await names(db), ["first"]);
    await later;
    assert.deepEqual(await names(db), ["first", "later"]);
  });

  it("rejects writes outside of a transaction", async (t) => {
    const db = await open(t);
    let kept: Tx | undefined;
    await db.write(async (tx) => {
      kept = tx;
    });
    await assert.rejects(insert(kept as Tx, "outside"), /outside a transaction/);
    assert.deepEqual(await names(db), []);
  });

  it("passes a commit error to the caller, and continues", async (t) => {
    const db = await open(t);
    const taken = await db.write(async (tx) => {
      await insert(tx, "taken");
      return "taken";
    });
    await assert.rejects(
      db.write((tx) => insert(tx, taken)),
      /UNIQUE/,
    );
    await db.write((tx) => insert(tx, "next"));
    assert.deepEqual(await names(db), ["next", "taken"]);
  });
});

describe("a SQLite database", () => {
  it("is never analyzed: statistics of a small table would lead to full scans of a large one", async (t) => {
    const path = join(temporaryFolder(t), "plans.sqlite");
    for (let turn = 0; turn < 2; turn++) {
      const db = await openDatabase(`sqlite:${path}`);
      for (let index = 0; index < 20; index++) await db.write((tx) => insert(tx, `app-${turn}-${index}`));
      await names(db);
      await db.close();
    }
    const file = new SqliteFile(path, { readonly: true });
    assert.deepEqual(file.prepare("SELECT name FROM sqlite_master WHERE name LIKE 'sqlite_stat%'").all(), []);
    file.close();
  });
});

/** A commit costs one fsync, which several transactions can share. */
describe("concurrent transactions", () => {
  it("share a commit, while sequential ones have their own", async (t) => {
    const path = join(temporaryFolder(t), "gate.sqlite");
    const db = await openDatabase(`sqlite:${path}`);
    t.after(() => db.close());
    const before = commitsIn(path);
    await Promise.all(Array.from({ length: 40 }, (_, index) => db.write((tx) => insert(tx, `together-${index}`))));
    // One, unless the machine is so busy that the group's time limit passed.
    const together = commitsIn(path) - before;
    assert.ok(together < 20, `40 transactions took ${together} commits`);
    for (let index = 0; index < 5; index++) await db.write((tx) => insert(tx, `alone-${index}`));
    assert.equal(commitsIn(path) - before, together + 5);
    assert.equal((await names(db)).length, 45);
  });

  it("fail individually, including the first", async (t) => {
    const db = await open(t);
    const results = await Promise.allSettled(
      Array.from({ length: 12 }, (_, index) =>
        db.write(async (tx) => {
          await insert(tx, `row-${String(index).padStart(2, "0")}`);
          if (index % 3 === 0) throw new Error("planned");
        }),
      ),
    );
    assert.deepEqual(
      results.map((result) => result.status === "fulfilled"),
      results.map((_, index) => index % 3 !== 0),
    );
    const kept = [1, 2, 4, 5, 7, 8, 10, 11].map((index) => `row-${String(index).padStart(2, "0")}`);
    assert.deepEqual(await names(db), kept);
  });

  it("all fail if their shared commit fails, and none is stored", async (t) => {
    const db = await open(t);
    const broken = async (tx: Tx) => {
      await tx.query(sql`PRAGMA defer_foreign_keys = ON`);
      await tx.query(sql`INSERT INTO review_apps (app_id, pipeline_id, number, branch, created_at, expires_at)
        VALUES (${"nobody"}, ${"nobody"}, ${1}, ${"x"}, ${0}, ${0})`);
    };
    const results = await Promise.allSettled([
      db.write((tx) => insert(tx, "before")),
      db.write(broken),
      db.write((tx) => insert(tx, "behind")),
    ]);
    for (const result of results) {
      assert.equal(result.status, "rejected");
      assert.match(String(result.status === "rejected" && result.reason), /FOREIGN KEY/);
    }
    assert.deepEqual(await names(db), []);
    await db.write((tx) => insert(tx, "next"));
    assert.deepEqual(await names(db), ["next"]);
  });
});

/**
 * Counts the commits in the write-ahead log. A commit frame has the size of the database, which is not zero, at its
 * fifth byte (https://www.sqlite.org/fileformat2.html#the_write_ahead_log).
 */
function commitsIn(path: string): number {
  const log = readFileSync(`${path}-wal`);
  const frame = 24 + log.readUInt32BE(8);
  const salt = log.readBigUInt64BE(16);
  let commits = 0;
  for (let start = 32; start + frame <= log.length; start += frame) {
    if (log.readBigUInt64BE(start + 8) === salt && log.readUInt32BE(start + 4) !== 0) commits += 1;
  }
  return commits;
}

/** One run of planned transactions, with what each wrote and how it ended. */
class Run {
  readonly order: number[] = [];
  readonly #nodes: { rows: string[]; acknowledged: boolean; parent: number | null }[] = [];
  readonly #prefix = `r${randomUUID().slice(0, 8)}`;

  constructor(readonly db: Database) {}

  /** Executes a plan. Never throws, because every failure is planned. */
  async attempt(plan: Plan, parent: number | null, index = 0): Promise<void> {
    const id = this.#nodes.push({ rows: [], acknowledged: false, parent }) - 1;
    const node = this.#nodes[id];
    assert.ok(node);
    const add = async (tx: Tx) => {
      const name = `${this.#prefix}-${id}-${node.rows.length}`;
      node.rows.push(name);
      await insert(tx, name);
    };
    try {
      await this.db.write(async (tx) => {
        if (parent === null) this.order.push(index);
        await add(tx);
        for (const child of plan.children) {
          const done = this.attempt(child.plan, id);
          if (child.awaited) await done;
          // A statement waits for the transaction that began before it. Without one, it may outlive its parent.
          if (child.beside) await add(tx);
        }
        for (let turns = 0; turns < plan.turns; turns += 1) await turn();
        if (plan.fails) throw new Error("planned");
      });
      node.acknowledged = true;
    } catch (error) {
      assert.match((error as Error).message, /^(planned|The outer transaction ended before this one began\.)$/);
    }
    assert.ok(!(plan.fails && node.acknowledged));
  }

  /** The rows that must exist: those of acknowledged transactions whose parents were acknowledged too. */
  expected(): string[] {
    return this.#nodes.filter((_, id) => this.#stands(id)).flatMap((node) => node.rows);
  }

  /** The rows of each committed transaction, with those nested in it. */
  committed(): string[][] {
    const tops = this.#nodes.flatMap((node, id) => (node.parent === null && node.acknowledged ? [id] : []));
    return tops.map((top) =>
      this.#nodes.filter((_, id) => this.#stands(id) && this.#topOf(id) === top).flatMap((node) => node.rows),
    );
  }

  async present(): Promise<Set<string>> {
    const rows = await this.db.reader.find(App, {});
    return new Set(rows.map((row) => row.name).filter((name) => name.startsWith(this.#prefix)));
  }

  #stands(id: number): boolean {
    const node = this.#nodes[id];
    return node?.acknowledged === true && (node.parent === null || this.#stands(node.parent));
  }

  #topOf(id: number): number {
    const parent = this.#nodes[id]?.parent ?? null;
    return parent === null ? id : this.#topOf(parent);
  }
}

async function open(t: TestContext): Promise<Database> {
  const db = await openDatabase(`sqlite:${join(temporaryFolder(t), "gate.sqlite")}`);
  t.after(() => db.close());
  return db;
}

/** Lets everything else in the event loop run first. */
function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

async function insert(tx: Tx, name: string): Promise<void> {
  const now = new Date(0);
  const fields = { description: "", region: null, deploymentMode: "IMMEDIATE", deletedAt: null } as const;
  await tx.insert(App, [
    Object.assign(new App(), { ...fields, id: randomUUID(), name, createdAt: now, updatedAt: now }),
  ]);
}

async function names(db: Database): Promise<string[]> {
  return (await db.reader.find(App, {})).map((app) => app.name).sort();
}
