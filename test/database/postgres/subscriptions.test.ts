import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Client } from "../../support/client.js";
import { readLog, startInstances } from "../../support/instances.js";
import { Seed } from "../../support/seed.js";
import { ADMIN_SECRET, onlyOn, type TestServer } from "../../support/server.js";
import { LOG_START, Socket } from "../../support/socket.js";

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
});
