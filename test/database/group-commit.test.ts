import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it, type TestContext } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import fc from "fast-check";
import sql from "sql-template-tag";
import { type Database, DatabaseUnavailable } from "../../src/database/database.js";
import { openDatabase } from "../../src/database/open.js";
import type { Tx } from "../../src/database/rows/tx.js";
import { SqliteFile } from "../../src/database/sqlite/file.js";
import { App } from "../../src/entities/pipelines/app.js";
import { appNames, insertApp } from "../support/database/rows.js";
import { temporaryFolder } from "../support/service/server.js";

/** A planned transaction: its rows and its savepoints. */
interface Plan {
  readonly turns: number;
  readonly fails: boolean;
  readonly children: readonly { readonly plan: Plan; readonly awaited: boolean; readonly beside: boolean }[];
}

/** Plans with at most this many levels of savepoints. */
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

  it("passes a commit error to the caller, and continues", async (t) => {
    const db = await open(t);
    const taken = await db.write(async (tx) => {
      await insertApp(tx, "taken");
      return "taken";
    });
    await assert.rejects(
      db.write((tx) => insertApp(tx, taken)),
      /UNIQUE/,
    );
    await db.write((tx) => insertApp(tx, "next"));
    assert.deepEqual(await appNames(db), ["next", "taken"]);
  });
});

describe("a SQLite database", () => {
  it("is never analyzed: statistics of a small table would lead to full scans of a large one", async (t) => {
    const path = join(temporaryFolder(t), "plans.sqlite");
    for (let turn = 0; turn < 2; turn++) {
      const db = await openDatabase(`sqlite:${path}`);
      for (let index = 0; index < 20; index++) await db.write((tx) => insertApp(tx, `app-${turn}-${index}`));
      await appNames(db);
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
    const path = join(temporaryFolder(t), "group-commit.sqlite");
    const db = await openDatabase(`sqlite:${path}`);
    t.after(() => db.close());
    const before = commitsIn(path);
    await Promise.all(Array.from({ length: 40 }, (_, index) => db.write((tx) => insertApp(tx, `together-${index}`))));
    // One, unless the machine is so busy that the group's time limit passed.
    const together = commitsIn(path) - before;
    assert.ok(together < 20, `40 transactions took ${together} commits`);
    for (let index = 0; index < 5; index++) await db.write((tx) => insertApp(tx, `alone-${index}`));
    assert.equal(commitsIn(path) - before, together + 5);
    assert.equal((await appNames(db)).length, 45);
  });

  it("fail individually, including the first", async (t) => {
    const db = await open(t);
    const results = await Promise.allSettled(
      Array.from({ length: 12 }, (_, index) =>
        db.write(async (tx) => {
          await insertApp(tx, `row-${String(index).padStart(2, "0")}`);
          if (index % 3 === 0) throw new Error("planned");
        }),
      ),
    );
    assert.deepEqual(
      results.map((result) => result.status === "fulfilled"),
      results.map((_, index) => index % 3 !== 0),
    );
    const kept = [1, 2, 4, 5, 7, 8, 10, 11].map((index) => `row-${String(index).padStart(2, "0")}`);
    assert.deepEqual(await appNames(db), kept);
  });

  it("all fail if their shared commit fails, and none is stored", async (t) => {
    const db = await open(t);
    const broken = async (tx: Tx) => {
      await tx.execute("defer_foreign_keys", sql`PRAGMA defer_foreign_keys = ON`);
      await tx.execute(
        "insert_orphan",
        sql`INSERT INTO review_apps (app_id, pipeline_id, number, branch, created_at, expires_at)
        VALUES (${"nobody"}, ${"nobody"}, ${1}, ${"x"}, ${0}, ${0})`,
      );
    };
    const attempt = (number: number) =>
      Promise.allSettled([
        db.write((tx) => insertApp(tx, `before-${number}`)),
        db.write(broken),
        db.write((tx) => insertApp(tx, `behind-${number}`)),
      ]);
    let number = 1;
    let results = await attempt(number);
    // On a busy machine, the group's time limit can pass before all three have joined it.
    while (number < 20 && results.some(({ status }) => status === "fulfilled")) {
      number += 1;
      results = await attempt(number);
    }
    for (const result of results) {
      assert.equal(result.status, "rejected");
      assert.match(String(result.status === "rejected" && result.reason), /FOREIGN KEY/);
    }
    await db.write((tx) => insertApp(tx, "next"));
    const stored = await appNames(db);
    assert.ok(stored.includes("next"));
    assert.ok(!stored.some((name) => name.endsWith(`-${number}`)));
  });
});

describe("a write inside another write", () => {
  it("fails with those that wait, which ends the outer one, instead of waiting for itself", async (t) => {
    const db = await open(t, { transactionTimeout: 100 });
    const inner = new Set<unknown>();
    const outer = db.write(async (tx) => {
      await insertApp(tx, "outer");
      await db.write((own) => insertApp(own, "inner")).catch((error) => inner.add(error) && Promise.reject(error));
    });
    const behind = db.write((tx) => insertApp(tx, "behind"));
    for (const result of await Promise.allSettled([outer, behind])) {
      assert.ok(result.status === "rejected" && result.reason instanceof DatabaseUnavailable);
      assert.match(result.reason.message, /Another transaction has not ended within 100 ms/);
    }
    assert.equal(inner.size, 1);
    await db.write((tx) => insertApp(tx, "next"));
    assert.deepEqual(await appNames(db), ["next"]);
  });

  it("does not make others fail that wait for less than the limit, one after the other", async (t) => {
    const db = await open(t, { transactionTimeout: 1000 });
    const slow = Array.from({ length: 7 }, (_, index) =>
      db.write(async (tx) => {
        await delay(200);
        await insertApp(tx, `slow-${index}`);
      }),
    );
    await Promise.all(slow);
    assert.equal((await appNames(db)).length, 7);
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

/** What a transaction throws beside a savepoint that was not awaited, and a savepoint that begins after its end. */
const UNAWAITED = /^(A savepoint of this transaction is open\. .*|The transaction has ended\.)$/;

/** One run of planned transactions, with what each wrote and how it ended. */
class Run {
  readonly order: number[] = [];
  readonly #nodes: { rows: string[]; acknowledged: boolean; parent: number | null }[] = [];
  readonly #prefix = `r${randomUUID().slice(0, 8)}`;

  constructor(readonly db: Database) {}

  /**
   * Executes a plan, as a transaction or as a savepoint of `outer`. Never throws, because every failure is planned, or
   * follows from a savepoint that was not awaited.
   */
  async attempt(plan: Plan, outer: { readonly tx: Tx; readonly id: number } | null, index = 0): Promise<void> {
    const id = this.#nodes.push({ rows: [], acknowledged: false, parent: outer?.id ?? null }) - 1;
    const node = this.#nodes[id];
    assert.ok(node);
    const add = async (tx: Tx) => {
      const name = `${this.#prefix}-${id}-${node.rows.length}`;
      await insertApp(tx, name);
      node.rows.push(name);
    };
    const work = async (tx: Tx) => {
      if (outer === null) this.order.push(index);
      await add(tx);
      for (const child of plan.children) {
        const done = this.attempt(child.plan, { tx, id });
        if (child.awaited) await done;
        if (child.beside) await add(tx).catch((error: Error) => assert.match(error.message, UNAWAITED));
      }
      for (let turns = 0; turns < plan.turns; turns += 1) await turn();
      if (plan.fails) throw new Error("planned");
    };
    try {
      await (outer === null ? this.db.write(work) : outer.tx.savepoint(work));
      node.acknowledged = true;
    } catch (error) {
      const { message } = error as Error;
      if (message !== "planned") assert.match(message, UNAWAITED);
    }
    assert.ok(!(plan.fails && node.acknowledged));
  }

  /** The rows that must exist: those of acknowledged transactions whose parents were acknowledged too. */
  expected(): string[] {
    return this.#nodes.filter((_, id) => this.#stands(id)).flatMap((node) => node.rows);
  }

  /** The rows of each committed transaction, with those of its savepoints. */
  committed(): string[][] {
    const tops = this.#nodes.flatMap((node, id) => (node.parent === null && node.acknowledged ? [id] : []));
    return tops.map((top) =>
      this.#nodes.filter((_, id) => this.#stands(id) && this.#getTop(id) === top).flatMap((node) => node.rows),
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

  #getTop(id: number): number {
    const parent = this.#nodes[id]?.parent ?? null;
    return parent === null ? id : this.#getTop(parent);
  }
}

async function open(t: TestContext, options?: { readonly transactionTimeout: number }): Promise<Database> {
  const url = `sqlite:${join(temporaryFolder(t), "group-commit.sqlite")}`;
  const db = await openDatabase(url, { poolSize: 1, ...options });
  t.after(() => db.close());
  return db;
}

/** Lets everything else in the event loop run first. */
function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
