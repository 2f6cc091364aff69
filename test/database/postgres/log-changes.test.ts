import assert from "node:assert/strict";
import { describe, it } from "node:test";
import sql from "sql-template-tag";
import type { AppendedEvent } from "../../../src/database/changes.js";
import { ANY_COLUMNS } from "../../../src/database/rows/raw-rows.js";
import { followChanges } from "../../../src/events/log-changes.js";
import { Seed } from "../../support/data/seed.js";
import { onlyOn, startServer } from "../../support/service/server.js";

describe("the log changes that invalidate caches", onlyOn("postgres"), () => {
  it("are those of the log, each once, and everything if the log was pruned or went back", async (t) => {
    const server = await startServer(t);
    const db = server.app.database;
    const seed = new Seed(server.admin);
    const run = (statement: ReturnType<typeof sql>) =>
      db.write(async (tx) => void (await tx.query("test", ANY_COLUMNS, statement)));
    const told: (AppendedEvent | "reset")[] = [];
    const changes = await followChanges(db);
    changes.add({ changed: (events) => told.push(...events), reset: () => told.push("reset") });
    const next = async () => {
      await changes.catchUp?.();
      return told.splice(0);
    };
    assert.deepEqual(await next(), []);
    const app = await seed.app();
    const created = { type: "APP_CREATED", pipelineId: null, apps: [app.id] };
    const concurrent = await Promise.all([next(), next(), next()]);
    assert.deepEqual(concurrent.flat(), [created]);

    await seed.app();
    await run(sql`DELETE FROM events`);
    assert.deepEqual(await next(), ["reset"], "an event was pruned before it was read");
    assert.deepEqual(await next(), []);

    await seed.app();
    await next();
    // A failover to a standby that lost the newest event, and another event at its position.
    await run(sql`DELETE FROM events WHERE position = (SELECT head FROM event_log)`);
    await run(sql`UPDATE event_log SET head = head - 1`);
    assert.deepEqual(await next(), ["reset"], "the log is shorter");
    await seed.app();
    await next();
    await run(sql`UPDATE events SET occurred_at = occurred_at - 1 WHERE position = (SELECT head FROM event_log)`);
    assert.deepEqual(await next(), ["reset"], "the newest event is another one");
    await run(sql`UPDATE events SET occurred_at = occurred_at - 1 WHERE position = (SELECT head FROM event_log)`);
    await seed.app();
    assert.deepEqual(await next(), ["reset"], "another event is where the newest one was");
  });

  it("do not hold back a response when the log cannot be read", async (t) => {
    let failing = false;
    const server = await startServer(t, {
      wrap: (database) => {
        const reader = database.reader.withRunner((runner) => ({
          query: (text, values) =>
            failing && text.includes("log_head_event")
              ? Promise.reject(new Error("The log cannot be read."))
              : runner.query(text, values),
        }));
        return Object.create(database, { reader: { value: reader } });
      },
    });
    const pipeline = await new Seed(server.admin).pipeline();
    const ask = async () =>
      (await server.admin.ask("query ($p: ID!) { pipeline(pipeline: $p) { description } }", { p: pipeline.id }))
        .pipeline;
    for (let turn = 0; turn < 4; turn++) await ask();
    failing = true;
    await server.admin.mutate("updatePipeline", { pipeline: pipeline.id, description: "new" }, "__typename");
    assert.deepEqual(await ask(), { description: "new" });
    failing = false;
    assert.deepEqual(await ask(), { description: "new" });
  });
});
