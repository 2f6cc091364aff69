import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { decodeCursor } from "../../../src/entities/history/event-cursor.js";
import type { Client } from "../../support/clients/client.js";
import { LOG_START, Socket } from "../../support/clients/socket.js";
import { Seed } from "../../support/data/seed.js";
import { query } from "../../support/database/database-pool.js";
import { freshDatabase } from "../../support/database/engine.js";
import { readLog, startInstances } from "../../support/service/instances.js";
import { ADMIN_SECRET, onlyOn, startServer, type TestServer } from "../../support/service/server.js";

const FOLLOW = "subscription ($after: EventCursor) { events(after: $after) { cursor } }";

describe("a subscriber at one instance", onlyOn("postgres"), () => {
  it("receives events written through both instances, each once and in the order of the log", async (t) => {
    const instances = (await startInstances(t, 2)) as [TestServer, TestServer];
    const clients = instances.map((instance) => instance.admin) as [Client, Client];
    const watches = [];
    for (const { url } of instances) {
      const socket = await Socket.open(t, url, ADMIN_SECRET);
      watches.push(socket.run(FOLLOW, { after: LOG_START }));
    }
    await Promise.all(
      clients.map(async (client) => {
        for (let index = 0; index < 20; index += 1) await new Seed(client).app();
      }),
    );
    const expected = (await readLog(clients[0])).events.map((event) => event.cursor);
    for (const watch of watches) {
      await watch.take(expected.length);
      assert.deepEqual(
        watch.events.map((event) => event.cursor),
        expected,
      );
    }
  });

  it("is closed with 4410 when the log has lost events that it received, and its cursor is refused", async (t) => {
    const DATABASE_URL = await freshDatabase(t);
    // Long enough that no poll sees the event that is lost: the log's head is the same at the polls before and after.
    const { admin, url } = await startServer(t, { env: { DATABASE_URL }, pace: { pollEvery: 500 } });
    const seed = new Seed(admin);
    await seed.app();
    const kept = await newestCursor(admin);
    const socket = await Socket.open(t, url, ADMIN_SECRET);
    const watch = socket.run(FOLLOW, { after: kept });
    await seed.app();
    const [{ cursor: lost }] = await watch.take(1);
    await loseEvents(DATABASE_URL, kept);
    assert.equal(await socket.closed, 4410);
    assert.deepEqual([watch.errors, watch.complete, watch.results.length], [null, false, 1]);
    const again = await Socket.open(t, url, ADMIN_SECRET);
    const query = "query ($after: EventCursor) { events(after: $after) { nodes { cursor } } }";
    for (const { extensions } of [
      await again.run(FOLLOW, { after: lost }).error(),
      await admin.queryError(query, { after: lost }),
    ])
      assert.deepEqual([extensions.code, extensions.field, extensions.newestCursor], ["CURSOR_EXPIRED", "after", kept]);
    const rest = again.run(FOLLOW, { after: kept });
    await seed.app();
    assert.equal((await rest.take(1))[0].cursor, await newestCursor(admin));
  });

  it("is closed with 4410 also if other events took the positions of the lost ones in the meantime", async (t) => {
    const DATABASE_URL = await freshDatabase(t);
    const { admin, url } = await startServer(t, { env: { DATABASE_URL }, pace: { pollEvery: 20 } });
    const seed = new Seed(admin);
    await seed.app();
    const kept = await newestCursor(admin);
    const socket = await Socket.open(t, url, ADMIN_SECRET);
    const watch = socket.run(FOLLOW, { after: kept });
    await seed.app();
    await watch.take(1);
    const replaced = decodeCursor(kept) as number;
    await query(
      DATABASE_URL,
      `BEGIN; UPDATE events SET actor_name = 'another' WHERE position > ${replaced};
      INSERT INTO events SELECT position + 1, type, occurred_at, actor_name, actor_role, pipeline_id, promotion_id, release_id,
        context, detail FROM events WHERE position = ${replaced} + 1;
      UPDATE event_log SET head = head + 1; COMMIT`,
    );
    assert.equal(await socket.closed, 4410);
    assert.equal(watch.results.length, 1);
  });
});

/** Sets the log back to a cursor, as a failover to a standby does that did not have the newest events yet. */
async function loseEvents(url: string, cursor: string): Promise<void> {
  const head = decodeCursor(cursor) as number;
  await query(
    url,
    `BEGIN; DELETE FROM event_apps WHERE position > ${head}; DELETE FROM events WHERE position > ${head};
    UPDATE event_log SET head = ${head}; COMMIT`,
  );
}

async function newestCursor(client: Client): Promise<string> {
  return (await client.ask("{ events(last: 1) { nodes { cursor } } }")).events.nodes[0].cursor;
}
