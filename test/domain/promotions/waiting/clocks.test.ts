import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { SYSTEM_VIEWER } from "../../../../src/domain/core/context.js";
import { settleDuePromotions } from "../../../../src/domain/history/housekeeping.js";
import type { Client } from "../../../support/clients/client.js";
import { line } from "../../../support/data/approvals.js";
import { buildsOn } from "../../../support/data/seed.js";
import { engine } from "../../../support/database/engine.js";
import { HOUR, MINUTE } from "../../../support/service/clock.js";
import { readLog } from "../../../support/service/instances.js";
import { startServer } from "../../../support/service/server.js";

const promote = async (client: Client, input: object): Promise<string> =>
  (await client.mutate("promote", { whenReady: true, ...input }, "promotion { id }")).promotion.id;
const read = async (client: Client, id: string) =>
  (await client.ask("query ($id: ID!) { promotion(id: $id) { phase blockers { code } } }", { id })).promotion;
const outcomes = async (client: Client, id: string) =>
  (await readLog(client)).events.filter((event) => event.promotion?.id === id).map(({ type }) => type);

describe("a clock that is set back by an hour", () => {
  it("loses no promotion that waits, and admits none twice", async (t) => {
    let time = Date.parse("2030-01-01T12:00:00Z");
    // A second clock never steps, as on a real machine.
    let elapsed = 0;
    const pass = (milliseconds: number) => {
      time += milliseconds;
      elapsed += milliseconds;
    };
    const server = await startServer(t, { now: () => new Date(time), elapsed: () => elapsed });
    const { admin } = server;
    const at = await line(server);
    const notBefore = new Date(time + MINUTE).toISOString();
    const id = await promote(admin, { app: at.source.id, notBefore });
    pass(2 * MINUTE);
    time -= HOUR;
    for (let minute = 0; minute < 57; minute += 3) {
      pass(3 * MINUTE);
      await server.app.tick();
    }
    const { phase, blockers } = await read(admin, id);
    assert.deepEqual([phase, blockers], ["WAITING", [{ code: "NOT_BEFORE" }]]);
    for (let minute = 0; minute < 9; minute += 3) {
      pass(3 * MINUTE);
      await server.app.tick();
    }
    assert.equal((await read(admin, id)).phase, "SUCCEEDED");
    time -= HOUR;
    for (let minute = 0; minute < 120; minute += 10) {
      pass(10 * MINUTE);
      await server.app.tick();
    }
    const types = (await outcomes(admin, id)).filter((type) => type !== "PROMOTION_TARGET_CHANGED");
    assert.deepEqual(types, ["PROMOTION_WAITING", "PROMOTION_STARTED", "PROMOTION_FINISHED"]);
    assert.equal((await buildsOn(admin, at.target)).length, 1);
  });
});

describe("an instance whose clock is a day ahead", () => {
  it("admits and expires by the time of the database, where instances share one", async (t) => {
    const server = await startServer(t);
    const { admin } = server;
    const soon = new Date(Date.now() + HOUR).toISOString();
    const early = await promote(admin, { app: (await line(server)).source.id, notBefore: soon });
    const short = await promote(admin, { app: (await line(server, ["ci"])).source.id, expiresIn: "1h" });
    const ahead = { now: () => new Date(Date.now() + 24 * HOUR), viewer: SYSTEM_VIEWER, db: server.app.database };
    const ctx = { ...ahead, durations: {}, sender: {}, publicUrl: null } as unknown as Parameters<
      typeof settleDuePromotions
    >[0];
    await settleDuePromotions(ctx, new AbortController().signal);
    const phases = [(await read(admin, early)).phase, (await read(admin, short)).phase];
    assert.deepEqual(phases, engine === "postgres" ? ["WAITING", "WAITING"] : ["SUCCEEDED", "EXPIRED"]);
  });
});
