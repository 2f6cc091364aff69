import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { describe, it, type TestContext } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import sql, { raw } from "sql-template-tag";
import { type Database, limitedTo } from "../../src/database/database.js";
import { columns } from "../../src/database/rows/raw-rows.js";
import type { Tx } from "../../src/database/rows/tx.js";
import { SYSTEM_VIEWER } from "../../src/domain/core/context.js";
import { App } from "../../src/entities/pipelines/app.js";
import { append } from "../../src/events/append.js";
import { changed } from "../../src/events/draft.js";
import { Seed } from "../support/data/seed.js";
import { appNames, insertApp } from "../support/database/rows.js";
import { NESTED_WRITE } from "../support/database/write-guard.js";
import { readLog } from "../support/service/instances.js";
import { onlyOn, startServer } from "../support/service/server.js";

describe("a statement", () => {
  it("must return the columns that its caller uses, of their types", async (t) => {
    const db = await open(t);
    const typed = columns({ number: "integer", text: "text", none: "integer or null" });
    const rows = await db.reader.query(
      "typed",
      typed,
      sql`SELECT COUNT(*) AS number, 'a' AS text, NULL AS none FROM apps`,
    );
    assert.deepEqual(
      rows.map((row) => ({ ...row })),
      [{ number: 0, text: "a", none: null }],
    );
    for (const [returned, problem] of [
      ["'a' AS number, 'a' AS text, NULL AS none", "integer in the column number; it returned a string"],
      ["1 AS number, NULL AS text, NULL AS none", "text in the column text; it returned null"],
      ["1 AS number, 'a' AS text", "integer or null in the column none; it returned no such column"],
    ] as const) {
      const failing = db.reader.query("typed", typed, sql`SELECT ${raw(returned)}`);
      await assert.rejects(failing, { message: `The statement typed must return ${problem}.` });
    }
  });

  it("is sent with its name, also by a reader that is restricted", async (t) => {
    const db = await open(t);
    const sent: string[] = [];
    const recording = db.reader.withRunner((runner) => ({
      query: (text, values) => {
        sent.push(text);
        return runner.query(text, values);
      },
    }));
    await recording.find(App, {});
    await recording.limitedTo(["none"]).select("apps_by_name", App, sql`ORDER BY e.name`);
    assert.match(sent[0] ?? "", /^\/\* find_apps \*\/ SELECT /);
    assert.match(sent[1] ?? "", /^\/\* apps_by_name \*\/ WITH /);
  });

  it("is durable at once on SQLite", onlyOn("sqlite"), async (t) => {
    const db = await open(t);
    const FULL = 2;
    const [row] = await db.write((tx) =>
      tx.query("read_synchronous", columns({ synchronous: "integer" }), sql`PRAGMA synchronous`),
    );
    assert.equal(row?.synchronous, FULL);
  });
});

describe("a savepoint", () => {
  it("undoes its own rows if it fails, and the transaction goes on", async (t) => {
    const db = await open(t);
    await db.write(async (tx) => {
      await insertApp(tx, "before");
      const failing = tx.savepoint(async (part) => {
        await insertApp(part, "undone");
        await part.savepoint((inner) => insertApp(inner, "undone with what is around it"));
        throw new Error("Not this part.");
      });
      await assert.rejects(failing, /Not this part/);
      await tx.savepoint(async (part) => {
        await insertApp(part, "part");
        await part.savepoint((inner) => insertApp(inner, "part of the part"));
      });
      await insertApp(tx, "after");
    });
    assert.deepEqual(await appNames(db), ["after", "before", "part", "part of the part"]);
  });

  it("commits with the transaction, and not before", async (t) => {
    const db = await open(t);
    const failing = db.write(async (tx) => {
      await tx.savepoint((part) => insertApp(part, "released"));
      assert.deepEqual(await appNames(db), []);
      throw new Error("planned");
    });
    await assert.rejects(failing, /planned/);
    assert.deepEqual(await appNames(db), []);
  });

  it("recovers a transaction from a statement that failed", async (t) => {
    const db = await open(t);
    await db.write(async (tx) => {
      const id = randomUUID();
      await insertApp(tx, "first", id);
      await assert.rejects(
        tx.savepoint((part) => insertApp(part, "the same id", id)),
        /UNIQUE|duplicate key/,
      );
      await insertApp(tx, "second");
    });
    assert.deepEqual(await appNames(db), ["first", "second"]);
  });

  it("refuses statements of the transaction around it, which would wait for it", async (t) => {
    const db = await open(t);
    await db.write(async (tx) => {
      await tx.savepoint(async (part) => {
        await assert.rejects(insertApp(tx, "outside"), /A savepoint of this transaction is open/);
        await assert.rejects(tx.first(App, {}), /A savepoint of this transaction is open/);
        await assert.rejects(
          tx.savepoint((other) => insertApp(other, "beside")),
          /A savepoint of this transaction is open/,
        );
        await insertApp(part, "inside");
      });
      await insertApp(tx, "after");
    });
    assert.deepEqual(await appNames(db), ["after", "inside"]);
  });

  it("discards the events of parts that are rolled back, and keeps the order of the others", async (t) => {
    const { app, admin } = await startServer(t);
    const { cursor } = await readLog(admin);
    await app.database.write(async (tx) => {
      await tx.savepoint(async (part) => {
        await appendEvent(part, "first");
        await part.savepoint((inner) => appendEvent(inner, "second"));
      });
      const undone = tx.savepoint(async (part) => {
        await part.savepoint((inner) => appendEvent(inner, "undone with what is around it"));
        await appendEvent(part, "undone");
        throw new Error("Not this part.");
      });
      await assert.rejects(undone, /Not this part/);
      await appendEvent(tx, "third");
    });
    const { events } = await readLog(admin, cursor);
    assert.deepEqual(
      events.map((event) => event.subjectName),
      ["first", "second", "third"],
    );
  });

  it("is limited to the viewer's rows if its transaction is", async (t) => {
    const { app, admin } = await startServer(t);
    const seed = new Seed(admin);
    const pipeline = await seed.pipeline();
    const inside = await seed.coupled(pipeline, "DEVELOPMENT");
    const outside = await seed.app();
    await limitedTo(app.database, [pipeline.id]).write(async (tx) => {
      await tx.savepoint((part) =>
        part.savepoint(async (inner) => {
          assert.equal((await inner.scoped.first(App, { id: inside.id }))?.id, inside.id);
          assert.equal(await inner.scoped.first(App, { id: outside.id }), null);
          assert.equal((await inner.first(App, { id: outside.id }))?.id, outside.id, "effects reach all rows");
        }),
      );
    });
  });
});

describe("a transaction", () => {
  it("includes statements that its work started but did not await", async (t) => {
    const db = await open(t);
    await db.write(async (tx) => {
      void tx.savepoint(async (part) => {
        await nextTurn();
        void insertApp(part, "of a savepoint");
      });
    });
    await db.write(async (tx) => {
      void insertApp(tx, "of the transaction");
    });
    assert.deepEqual(await appNames(db), ["of a savepoint", "of the transaction"]);
  });

  it("refuses statements after its end, and so does a savepoint", async (t) => {
    const db = await open(t);
    const kept: Tx[] = [];
    await db.write(async (tx) => {
      kept.push(tx);
      await tx.savepoint(async (part) => {
        kept.push(part);
      });
      await assert.rejects(insertApp(kept[1] as Tx, "late"), { message: "The transaction has ended." });
    });
    const failing = db.write(async (tx) => {
      kept.push(tx);
      throw new Error("planned");
    });
    await assert.rejects(failing, /planned/);
    assert.equal(kept.length, 3);
    for (const tx of kept) {
      await assert.rejects(insertApp(tx, "late"), { message: "The transaction has ended." });
      await assert.rejects(appendEvent(tx, "late"), { message: "The transaction has ended." });
      await assert.rejects(
        tx.savepoint((part) => insertApp(part, "late")),
        { message: "The transaction has ended." },
      );
    }
    assert.deepEqual(await appNames(db), []);
  });
});

describe("a write inside another write", () => {
  it("is refused in tests, on every database of a server", async (t) => {
    const { end, server } = await startAlone();
    t.after(() => end().catch(() => undefined));
    const { database } = server.app;
    const forgotten = database.write(async (tx) => {
      await insertApp(tx, "outer");
      await database.write((own) => insertApp(own, "inner"));
    });
    await assert.rejects(forgotten, { message: NESTED_WRITE });
    assert.deepEqual(await appNames(database), []);
  });

  it("fails the test even if the error was ignored", async (t) => {
    const { end, server } = await startAlone();
    t.after(() => end().catch(() => undefined));
    const { database } = server.app;
    await database.write(async (tx) => {
      await insertApp(tx, "outer");
      await database.write((own) => insertApp(own, "inner")).catch(() => undefined);
    });
    await assert.rejects(end(), { message: NESTED_WRITE });
  });

  it("is another transaction if it outlives the work that started it", async (t) => {
    const db = await open(t);
    let later: Promise<void> = Promise.resolve();
    await db.write(async (tx) => {
      await insertApp(tx, "first");
      later = delay(20).then(() => db.write((own) => insertApp(own, "later")));
    });
    assert.deepEqual(await appNames(db), ["first"]);
    await later;
    assert.deepEqual(await appNames(db), ["first", "later"]);
  });
});

/** A server that is ended by the test, which sees how it ends. */
async function startAlone() {
  const steps: (() => unknown)[] = [];
  const server = await startServer({ after: (step) => steps.push(step) });
  const end = async () => {
    for (const step of steps.splice(0)) await step();
  };
  return { server, end };
}

async function open(t: TestContext): Promise<Database> {
  return (await startServer(t)).app.database;
}

/** Lets everything else in the event loop run first. */
function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** Appends an event with this subject name. */
function appendEvent(tx: Tx, name: string): Promise<void> {
  return append(tx, SYSTEM_VIEWER, new Date(), [changed("APP_UPDATED", { id: name, name }, `App ${name} changed`)]);
}
