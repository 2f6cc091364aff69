import assert from "node:assert/strict";
import { describe, it } from "node:test";
import sql from "sql-template-tag";
import type { Tx } from "../../../src/database/rows/reader.js";
import { SYSTEM_VIEWER } from "../../../src/domain/core/context.js";
import { append } from "../../../src/events/append.js";
import { changed } from "../../../src/events/draft.js";
import { readLog } from "../../support/instances.js";
import { unique } from "../../support/seed.js";
import { onlyOn, startServer } from "../../support/server.js";

/** Appends an event with this subject name. */
function tell(tx: Tx, name: string): Promise<void> {
  return append(tx, SYSTEM_VIEWER, new Date(), [changed("APP_UPDATED", { id: name, name }, `App ${name} changed`)]);
}

describe("the end of a transaction", onlyOn("postgres"), () => {
  it("appends the events of its parts in order, without those of rolled-back parts", async (t) => {
    const { app, admin } = await startServer(t);
    const { database } = app;
    const { cursor } = await readLog(admin);
    await database.write(async (tx) => {
      await database.write(async (inner) => {
        await tell(inner, "first");
        await database.write((innermost) => tell(innermost, "second"));
      });
      const undone = database.write(async (inner) => {
        await database.write((innermost) => tell(innermost, "undone with what is around it"));
        await tell(inner, "undone");
        throw new Error("Not this part.");
      });
      await assert.rejects(undone, /Not this part/);
      await tell(tx, "third");
    });
    const { events } = await readLog(admin, cursor);
    assert.deepEqual(
      events.map((event) => event.subjectName),
      ["first", "second", "third"],
    );
  });

  it("is not acknowledged if a statement failed and the error was ignored", async (t) => {
    const { app } = await startServer(t);
    const unheeded = app.database.write(async (tx) => {
      await tx.query(sql`UPDATE event_log SET head = 1 / 0`).catch(() => undefined);
    });
    await assert.rejects(unheeded, /a statement had failed/);
  });

  it("commits nothing if its events cannot be appended", async (t) => {
    const { app, admin } = await startServer(t);
    await app.database.write((tx) => tx.query(sql`DELETE FROM event_log`));
    const name = unique("app");
    assert.equal((await admin.mutationError("createApp", { name })).extensions.code, "INTERNAL_SERVER_ERROR");
    assert.equal((await admin.ask("query ($app: ID!) { app(app: $app) { id } }", { app: name })).app, null);
  });
});
