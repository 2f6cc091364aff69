import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { ListenOptions } from "../../../src/database/postgres/log-listener.js";
import { LOG_START, type Operation, Socket } from "../../support/clients/socket.js";
import { Seed } from "../../support/data/seed.js";
import { freshDatabase } from "../../support/database/engine.js";
import { type PostgresProxy, startPostgresProxy } from "../../support/database/postgres-proxy.js";
import { ADMIN_SECRET, type Cleanup, onlyOn, startServer } from "../../support/service/server.js";

const FOLLOW = `subscription ($after: EventCursor) {
  events(after: $after) { ... on ChangeEvent { type subjectName } }
}`;
/** Longer than any test, in milliseconds. */
const NEVER = 3_600_000;

describe("an event written through one instance reaches a subscriber at another", onlyOn("postgres"), () => {
  it("by its notification alone, without polling the log", async (t) => {
    const { seed, watch } = await startTwo(t, { pollEvery: NEVER, heartbeatEvery: NEVER });
    for (let index = 0; index < 5; index += 1) await seesTheNext(seed, watch);
  });

  it("by polling alone, without notifications", async (t) => {
    const { seed, watch, wire } = await startTwo(t, { pollEvery: 50, reconnectAfter: 10 });
    await seesTheNext(seed, watch);
    wire.refuse();
    wire.cut();
    for (let index = 0; index < 5; index += 1) await seesTheNext(seed, watch);
    assert.ok(wire.listeners > 1, "it has tried to listen again");
  });

  it("after the listening connection was closed and replaced", async (t) => {
    const { seed, watch, wire } = await startTwo(t, { pollEvery: NEVER, heartbeatEvery: NEVER, reconnectAfter: 10 });
    await seesTheNext(seed, watch);
    wire.cut();
    // The first event may arrive because the listener catches up when it connects. The second needs a notification.
    for (let index = 0; index < 2; index += 1) await seesTheNext(seed, watch);
    assert.equal(wire.listeners, 2);
  });

  it("after the listening connection died silently and was replaced", async (t) => {
    const pace = { pollEvery: NEVER, heartbeatEvery: 100, heartbeatTimeout: 1000, reconnectAfter: 10 };
    const { seed, watch, wire } = await startTwo(t, pace);
    await seesTheNext(seed, watch);
    wire.freeze();
    for (let index = 0; index < 2; index += 1) await seesTheNext(seed, watch);
    assert.ok(wire.listeners > 1);
  });
});

/** Creates an app through one instance, and waits until the subscriber at the other receives it. */
async function seesTheNext(seed: Seed, watch: Operation): Promise<void> {
  const { name } = await seed.app();
  await watch.until(({ events }) => events.some((event) => event.subjectName === name));
}

/** Two instances on one database, and a subscriber at the second, which connects through a proxy with its own options. */
async function startTwo(
  t: Cleanup,
  pace: Partial<ListenOptions>,
): Promise<{ seed: Seed; watch: Operation; wire: PostgresProxy }> {
  const DATABASE_URL = await freshDatabase(t);
  const a = await startServer(t, { env: { DATABASE_URL } });
  const proxy = await startPostgresProxy(t, DATABASE_URL);
  const b = await startServer(t, { env: { DATABASE_URL: proxy.url }, pace });
  const socket = await Socket.open(t, b.url, ADMIN_SECRET);
  return { seed: new Seed(a.admin), watch: socket.run(FOLLOW, { after: LOG_START }), wire: proxy };
}
