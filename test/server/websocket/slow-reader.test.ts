import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { eventually } from "../../../src/async/eventually.js";
import { LOG_START, Socket } from "../../support/clients/socket.js";
import { Seed } from "../../support/data/seed.js";
import { leastStatements } from "../../support/database/least-statements.js";
import { measureMemory } from "../../support/service/memory.js";
import { ADMIN_SECRET, startServer } from "../../support/service/server.js";

const TARGETS = 200;
/** The events of one promotion: its start and end, and a release and a phase change per target. */
const RAISED = 2 + 2 * TARGETS;
const EVENTS = 10_000;
const PROMOTIONS = Math.ceil(EVENTS / RAISED);
const FOLLOW = "subscription ($after: EventCursor) { events(after: $after) { cursor } }";
/** Each event is more than five kilobytes, so that 10,000 of them would show in memory. */
const DESCRIPTIONS = ["a", "b", "c", "d", "e"].map((alias) => `${alias}: description`).join(" ");
const TELL_MORE = `subscription ($after: EventCursor) { events(after: $after) { cursor pipeline { ${DESCRIPTIONS} } } }`;

describe("a client that stops reading", () => {
  it("uses little memory, delays no other client, and resumes after 10,000 events or gets an error with the oldest cursor", async (t) => {
    let late = 0;
    const now = () => new Date(Date.now() + late);
    const server = await startServer(t, { env: { EVENT_RETENTION: "2h" }, now });
    const seed = new Seed(server.admin);
    const pipeline = await seed.pipeline({ description: "x".repeat(1000) });
    const source = await seed.coupled(pipeline, "DEVELOPMENT");
    await Promise.all(Array.from({ length: TARGETS }, () => seed.coupled(pipeline, "STAGING")));
    await seed.release(source);

    const { events } = await server.admin.ask("{ events(last: 1) { nodes { cursor } } }");
    const after = events.nodes[0].cursor;
    const open = async () => {
      const socket = await Socket.open(t, server.url, ADMIN_SECRET);
      const watch = socket.run(TELL_MORE, { after });
      watch.keep = ({ data }) => ({ data: { events: { cursor: data.events.cursor } } });
      return { socket, watch };
    };
    const [paused, forgotten, reading] = [await open(), await open(), await open()];
    await server.admin.mutate("promote", { app: source.name }, "promotion { id }");
    await Promise.all([paused, forgotten, reading].map(({ watch }) => watch.take(RAISED)));
    paused.socket.ws.pause();
    forgotten.socket.ws.pause();

    const before = await measureMemory();
    let received = RAISED;
    for (let count = 0; count < PROMOTIONS; count += 1) {
      await server.admin.mutate("promote", { app: source.name }, "promotion { id }");
      received += RAISED;
      // The reading client receives each promotion before the next begins, regardless of the others.
      await reading.watch.take(received);
    }
    assert.ok(received - RAISED >= EVENTS);
    const cursors = reading.watch.events.map((event) => event.cursor);
    assert.equal(
      new Set(cursors).size,
      received,
      "none repeats, also where more come at once than are taken at a time",
    );
    const grown = (await measureMemory()) - before;
    // Includes what this test stores of the received events.
    assert.ok(grown < 50_000_000, `memory grew by ${grown} bytes`);
    assert.ok(paused.watch.results.length < received, "the pause was felt");

    paused.socket.ws.resume();
    await paused.watch.take(received);
    assert.deepEqual(paused.watch.events, reading.watch.events);

    late = 3 * 3_600_000;
    await server.app.tick();
    forgotten.socket.ws.resume();
    const refusal = await forgotten.watch.error();
    assert.equal(refusal.extensions.code, "CURSOR_EXPIRED");
    const heardBefore = forgotten.watch.events;
    assert.deepEqual(heardBefore, reading.watch.events.slice(0, heardBefore.length));
    const again = await Socket.open(t, server.url, ADMIN_SECRET);
    assert.notEqual(refusal.extensions.oldestCursor, LOG_START);
    again.run(FOLLOW, { after: refusal.extensions.oldestCursor });
    await seed.app();
    await again.operations.get("op-0")?.take(1);
  });
});

describe("subscribers that connect and disconnect", () => {
  it("leave nothing behind: no follower, event, timer or memory", async (t) => {
    const server = await startServer(t);
    const seed = new Seed(server.admin);
    const { feed } = server.app;
    const timers = () => process.getActiveResourcesInfo().filter((name) => name === "Timeout").length;
    const comeAndGo = async (round: number) => {
      const cleanups: (() => unknown)[] = [];
      const sockets = await Promise.all(
        Array.from({ length: 50 }, () =>
          Socket.open({ after: (step) => cleanups.push(step) }, server.url, ADMIN_SECRET),
        ),
      );
      const { events } = await server.admin.ask("{ events(last: 1) { nodes { cursor } } }");
      const watches = sockets.flatMap((socket) =>
        Array.from({ length: 20 }, () => socket.run(FOLLOW, { after: events.nodes[0].cursor })),
      );
      await seed.app();
      await Promise.all(watches.map((watch) => watch.take(1)));
      assert.equal(feed.stats.followers, 1000);
      // Half of them complete, and disconnect before the server responds.
      for (const watch of watches.slice(0, 500)) watch.stop();
      await Promise.all(
        sockets
          .slice(0, 25)
          .map((socket) => socket.run("{ viewer { name } }").until(({ results }) => results.length > 0)),
      );
      assert.equal(feed.stats.followers, 500, `in round ${round}`);
      // The others are terminated.
      for (const step of cleanups) step();
      assert.ok(await eventually(() => feed.stats.followers === 0), `the followers ended in round ${round}`);
    };
    await comeAndGo(0);
    const [timersBefore, before] = [timers(), await measureMemory()];
    for (let round = 1; round <= 3; round += 1) await comeAndGo(round);
    assert.deepEqual(feed.stats, { followers: 0, recent: 0 });
    assert.ok(timers() <= timersBefore, `${timers()} timers, ${timersBefore} before`);
    const grown = (await measureMemory()) - before;
    // Leaking a follower, its stream and its texts for each of the 3,000 would take more than this.
    assert.ok(grown < 3_000_000, `memory grew by ${grown} bytes`);
    const { statements } = await leastStatements(server.app, () => seed.app());
    assert.ok(statements < 20, "without subscribers nothing is read");
  });
});
