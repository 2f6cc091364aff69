import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { ListenOptions } from "../../../src/database/postgres/log-listener.js";
import { freshDatabase } from "../../support/engine.js";
import { type PostgresProxy, startPostgresProxy } from "../../support/postgres-proxy.js";
import { Seed } from "../../support/seed.js";
import { ADMIN_SECRET, type Cleanup, onlyOn, startServer } from "../../support/server.js";
import { LOG_START, type Operation, Socket } from "../../support/socket.js";

const FOLLOW = `subscription ($after: EventCursor) {
  events(after: $after) { ... on ChangeEvent { type subjectName } }
}`;
/** Longer than any test takes, in milliseconds. */
const NEVER = 3_600_000;

describe("an event written through one instance reaches a subscriber at another", onlyOn("postgres"), () => {
  it("by its notification alone, where the log is never looked at", async (t) => {
    const { seed, watch } = await startTwo(t, { pollEvery: NEVER, heartbeatEvery: NEVER });
    for (let index = 0; index < 5; index += 1) await seesTheNext(seed, watch);
  });

  it("by the look at the log alone, where notifications are cut off for good", async (t) => {
    const { seed, watch, wire } = await startTwo(t, { pollEvery: 50, reconnectAfter: 10 });
    await seesTheNext(seed, watch);
    wire.refuse();
    wire.cut();
    for (let index = 0; index < 5; index += 1) await seesTheNext(seed, watch);
    assert.ok(wire.listeners > 1, "it has tried to listen again");
  });

  it("once the connection that listens was replaced, which somebody has ended", async (t) => {
    const { seed, watch, wire } = await startTwo(t, { pollEvery: NEVER, heartbeatEvery: NEVER, reconnectAfter: 10 });
    await seesTheNext(seed, watch);
    wire.cut();
    // The first is told for having come while nobody listened, if it has; the second needs a notification.
    for (let index = 0; index < 2; index += 1) await seesTheNext(seed, watch);
    assert.equal(wire.listeners, 2);
  });

  it("once the connection that listens was replaced, which has died without a word", async (t) => {
    const pace = { pollEvery: NEVER, heartbeatEvery: 100, heartbeatTimeout: 1000, reconnectAfter: 10 };
    const { seed, watch, wire } = await startTwo(t, pace);
    await seesTheNext(seed, watch);
    wire.freeze();
    for (let index = 0; index < 2; index += 1) await seesTheNext(seed, watch);
    assert.ok(wire.listeners > 1);
  });
});

/** Makes an app through one instance, and waits until the subscriber at the other has been told. */
async function seesTheNext(seed: Seed, watch: Operation): Promise<void> {
  const { name } = await seed.app();
  await watch.until(({ events }) => events.some((event) => event.subjectName === name));
}

/** Two instances on one database, and a subscriber at the second, which reaches it through a wire and at its own pace. */
async function startTwo(
  t: Cleanup,
  pace: Partial<ListenOptions>,
): Promise<{ seed: Seed; watch: Operation; wire: PostgresProxy }> {
  const DATABASE_URL = await freshDatabase(t);
  const a = await startServer(t, { env: { DATABASE_URL } });
  const wire = await startPostgresProxy(t, DATABASE_URL);
  const b = await startServer(t, { env: { DATABASE_URL: wire.url }, pace });
  const socket = await Socket.open(t, b.url, ADMIN_SECRET);
  return { seed: new Seed(a.admin), watch: socket.run(FOLLOW, { after: LOG_START }), wire };
}
