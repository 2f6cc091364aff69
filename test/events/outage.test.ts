import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";
import { eventually } from "../../src/async/eventually.js";
import { LOG_START, Socket } from "../support/clients/socket.js";
import { Seed } from "../support/data/seed.js";
import { FaultyReads } from "../support/database/faulty-reads.js";
import { readLog } from "../support/service/instances.js";
import { ADMIN_SECRET, startServer } from "../support/service/server.js";

const NESTED = `subscription ($after: EventCursor) {
  events(after: $after) { cursor type ... on ReleaseEvent { release { version app { name } } } } }`;
const FLAT = "subscription ($after: EventCursor) { events(after: $after) { cursor } }";

async function start(t: TestContext, giveUpMs: number) {
  const reads = new FaultyReads();
  const server = await startServer(t, { wrap: reads.wrap, giveUpMs });
  const failedTwice = async () => {
    const before = reads.failures;
    assert.ok(await eventually(() => reads.failures >= before + 2));
  };
  return { reads, server, seed: new Seed(server.admin), failedTwice };
}

/** Checks that a subscription received every event of the log, and nothing else. */
async function assertWhole(watch: ReturnType<Socket["run"]>, server: Awaited<ReturnType<typeof startServer>>) {
  const { events } = await readLog(server.admin);
  await watch.take(events.length);
  assert.deepEqual(
    watch.events.map((event) => event?.cursor),
    events.map(({ cursor }) => cursor),
  );
  for (const { errors } of watch.results) assert.equal(errors, undefined);
}

describe("while the database cannot be reached, a subscription", () => {
  it("waits with an event whose fields cannot be resolved, and then delivers it", async (t) => {
    const { reads, server, seed, failedTwice } = await start(t, 60_000);
    const app = await seed.app();
    await seed.release(app);
    const socket = await Socket.open(t, server.url, ADMIN_SECRET);
    reads.fails = (text) => text.includes("FROM releases");
    // Two that share an execution, and one with another document.
    const watches = [NESTED, NESTED, `${NESTED} #`].map((query) => socket.run(query, { after: LOG_START }));
    await failedTwice();
    reads.fails = () => false;
    for (const watch of watches) await assertWhole(watch, server);
    await seed.release(app);
    for (const watch of watches) await assertWhole(watch, server);
  });

  it("that reads the log from an early cursor continues after it", async (t) => {
    const { reads, server, seed, failedTwice } = await start(t, 60_000);
    for (let count = 0; count < 5; count += 1) await seed.app();
    const socket = await Socket.open(t, server.url, ADMIN_SECRET);
    const live = socket.run(FLAT);
    // Its statement has a last position: it reads a slice, not the newest events.
    reads.fails = (text) => /position <= /.test(text);
    const early = socket.run(FLAT, { after: LOG_START });
    await failedTwice();
    reads.fails = () => false;
    await assertWhole(early, server);
    assert.equal(live.errors, null);
  });

  it("is closed with 1013 before a later event is sent, and misses nothing when it continues from its cursor", async (t) => {
    const { reads, server, seed } = await start(t, 50);
    await seed.release(await seed.app());
    const socket = await Socket.open(t, server.url, ADMIN_SECRET);
    reads.fails = (text) => text.includes("FROM releases");
    const watch = socket.run(NESTED, { after: LOG_START });
    assert.equal(await socket.closed, 1013);
    assert.deepEqual([watch.errors, watch.complete], [null, false]);
    reads.fails = () => false;
    const { events } = await readLog(server.admin);
    const known = watch.events.map((event) => event?.cursor);
    assert.deepEqual(
      known,
      events.slice(0, known.length).map(({ cursor }) => cursor),
    );
    const again = await Socket.open(t, server.url, ADMIN_SECRET);
    const rest = again.run(NESTED, { after: known.at(-1) ?? LOG_START });
    await rest.take(events.length - known.length);
    assert.deepEqual(
      [...known, ...rest.events.map((event) => event.cursor)],
      events.map(({ cursor }) => cursor),
    );
  });

  it("cannot start: its socket is closed with 1013, as is one that signs in", async (t) => {
    const { reads, server } = await start(t, 50);
    const open = await Socket.open(t, server.url, ADMIN_SECRET);
    reads.fails = () => true;
    const signingIn = await Socket.open(t, server.url, ADMIN_SECRET);
    assert.equal(await signingIn.closed, 1013);
    assert.equal((await open.run("{ viewer { name } }").error()).extensions.code, "UNAVAILABLE");
    const watch = open.run(FLAT);
    assert.equal(await open.closed, 1013);
    assert.deepEqual([watch.errors, watch.complete], [null, false]);
    // Known to be authentic: only the start of the subscription itself fails.
    reads.fails = () => false;
    const authentic = await Socket.open(t, server.url, ADMIN_SECRET);
    reads.fails = (text) => text.includes("event_log");
    authentic.run(FLAT);
    assert.equal(await authentic.closed, 1013);
  });
});
