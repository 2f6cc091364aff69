import assert from "node:assert/strict";
import { describe, it } from "node:test";
import sql from "sql-template-tag";
import { unique } from "../../support/data/seed.js";
import { onlyOn, startServer } from "../../support/service/server.js";

describe("the end of a transaction", onlyOn("postgres"), () => {
  it("is not acknowledged if a statement failed and the error was ignored", async (t) => {
    const { app } = await startServer(t);
    const unheeded = app.database.write(async (tx) => {
      await tx.execute("divide_by_zero", sql`UPDATE event_log SET head = 1 / 0`).catch(() => undefined);
    });
    await assert.rejects(unheeded, /a statement had failed/);
  });

  it("commits nothing if its events cannot be appended", async (t) => {
    const { app, admin } = await startServer(t);
    await app.database.write((tx) => tx.execute("delete_log", sql`DELETE FROM event_log`));
    const name = unique("app");
    assert.equal((await admin.mutationError("createApp", { name })).extensions.code, "INTERNAL_SERVER_ERROR");
    assert.equal((await admin.ask("query ($app: ID!) { app(app: $app) { id } }", { app: name })).app, null);
  });
});
