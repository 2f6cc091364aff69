import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { eventually } from "../../../src/async/eventually.js";
import { Socket } from "../../support/clients/socket.js";
import { Seed, unique } from "../../support/data/seed.js";
import { FaultyReads } from "../../support/database/faulty-reads.js";
import { ADMIN_SECRET, startServer, type TestServer } from "../../support/service/server.js";

/** The cursor of the newest event, to subscribe to later events only. */
async function now(server: TestServer): Promise<string> {
  const { events } = await server.admin.ask("{ events(last: 1) { nodes { cursor } } }");
  return events.nodes[0].cursor;
}

/** The statements that resolve fields of a release. */
const RENDERING = /^\/\* (load_\w+|effective_statuses) \*\//;

describe("a subscription", () => {
  it("delivers events after its cursor, and then live ones, without a gap", async (t) => {
    const server = await startServer(t);
    const seed = new Seed(server.admin);
    const after = await now(server);
    const first = await seed.app();
    const socket = await Socket.open(t, server.url, ADMIN_SECRET);
    const watch = socket.run("subscription ($after: EventCursor) { events(after: $after) { type cursor } }", { after });
    await watch.take(1);
    const second = await seed.app();
    const events = await watch.take(2);
    const { events: log } = await server.admin.ask(
      "query ($after: EventCursor) { events(after: $after) { nodes { type cursor } } }",
      { after },
    );
    assert.deepEqual(events, log.nodes);
    assert.notEqual(first.id, second.id);
  });

  it("without a cursor delivers no earlier events", async (t) => {
    const server = await startServer(t);
    const seed = new Seed(server.admin);
    await seed.app();
    const socket = await Socket.open(t, server.url, ADMIN_SECRET);
    const watch = socket.run("subscription { events { type ... on ChangeEvent { subjectName } } }");
    const names: string[] = [];
    const received = async () => {
      names.push((await seed.app()).name);
      return watch.results.length > 0;
    };
    assert.ok(await eventually(received));
    const last = await seed.app();
    await watch.until(({ events }) => events.at(-1).subjectName === last.name);
    const subjects = watch.events.map((event) => event.subjectName);
    assert.deepEqual(subjects, [...names, last.name].slice(-subjects.length));
  });

  it("supports every filter argument", async (t) => {
    const server = await startServer(t);
    const seed = new Seed(server.admin);
    const after = await now(server);
    const pipeline = await seed.pipeline();
    const dev = await seed.coupled(pipeline, "DEVELOPMENT");
    const prod = await seed.coupled(pipeline, "STAGING");
    const other = await seed.app();
    const release = await seed.release(dev);
    await seed.release(other);
    for (const context of ["ci/a", "ci/b"]) {
      await server.admin.mutate("reportStatus", { release: release.id, context, state: "SUCCESS" }, "status { id }");
    }
    const { promotion } = await server.admin.mutate("promote", { app: dev.name }, "promotion { id }");
    const { node } = await server.admin.ask(`{ node(id: "${promotion.id}") { __typename } }`);
    assert.equal(node.__typename, "Promotion");
    const socket = await Socket.open(t, server.url, ADMIN_SECRET);
    const types = async (field: string, args: string, count: number): Promise<string[]> => {
      const watch = socket.run(`subscription ($after: EventCursor) { ${field}(after: $after, ${args}) { type } }`, {
        after,
      });
      await watch.take(count);
      return watch.events.map((event) => event.type);
    };
    const promoted = ["PROMOTION_STARTED", "PROMOTION_TARGET_CHANGED", "PROMOTION_FINISHED"];
    const created = "RELEASE_CREATED";
    const status = "RELEASE_STATUS_REPORTED";
    assert.deepEqual(await types("promotionEvents", `promotion: "${promotion.id}"`, 3), promoted);
    assert.deepEqual(await types("promotionEvents", `pipeline: "${pipeline.name}"`, 3), promoted);
    assert.deepEqual(await types("promotionEvents", `app: "${prod.name}"`, 3), promoted);
    assert.deepEqual(await types("releaseStatusEvents", `release: "${release.id}"`, 2), [status, status]);
    assert.deepEqual(await types("releaseStatusEvents", 'contexts: ["ci/b"]', 1), [status]);
    assert.deepEqual(await types("releaseStatusEvents", `app: "${dev.id}", contexts: ["ci/b", "ci/a"]`, 2), [
      status,
      status,
    ]);
    assert.deepEqual(await types("events", `app: "${other.name}"`, 2), ["APP_CREATED", created]);
    assert.deepEqual(await types("events", `pipeline: "${pipeline.id}", types: [RELEASE_CREATED, COUPLING_ADDED]`, 4), [
      "COUPLING_ADDED",
      "COUPLING_ADDED",
      created,
      created,
    ]);
    const refusal = await socket.run(`subscription { events(pipeline: "${unique()}") { type } }`).error();
    assert.deepEqual([refusal.extensions.code, refusal.extensions.field], ["NOT_FOUND", "pipeline"]);
    const context = await socket.run('subscription { releaseStatusEvents(contexts: [" "]) { type } }').error();
    assert.deepEqual([context.extensions.code, context.extensions.field], ["BAD_USER_INPUT", "contexts.0"]);
  });

  it("returns an event's own fields as of the event, and related objects in their current state", async (t) => {
    const server = await startServer(t);
    const seed = new Seed(server.admin);
    const after = await now(server);
    const app = await seed.app({ deploymentMode: "REPORTED" });
    const release = await seed.release(app);
    const socket = await Socket.open(t, server.url, ADMIN_SECRET);
    const query = `subscription ($after: EventCursor, $app: ID) { events(after: $after, app: $app) {
      type ... on ReleaseEvent { releasePhase release { phase } } } }`;
    // Two identical subscriptions share an execution. Both must get the current state each time.
    const [one, two] = [0, 1].map(() => socket.run(query, { after, app: app.id }));
    for (const watch of [one, two]) {
      const [, created] = (await watch?.take(2)) ?? [];
      assert.deepEqual(created, {
        type: "RELEASE_CREATED",
        releasePhase: "DEPLOYING",
        release: { phase: "DEPLOYING" },
      });
    }
    await server.admin.mutate("reportDeployment", { release: release.id, phase: "SUCCEEDED" }, "release { id }");
    const late = socket.run(query, { after, app: app.id });
    const [, before, moved] = await late.take(3);
    assert.deepEqual(before, { type: "RELEASE_CREATED", releasePhase: "DEPLOYING", release: { phase: "SUCCEEDED" } });
    for (const event of [moved, (await one?.take(3))?.[2], (await two?.take(3))?.[2]]) {
      assert.deepEqual(event, {
        type: "RELEASE_PHASE_CHANGED",
        releasePhase: "SUCCEEDED",
        release: { phase: "SUCCEEDED" },
      });
    }
  });

  it("costs the database the same for one subscriber and for forty identical ones", async (t) => {
    const reads = new FaultyReads();
    const server = await startServer(t, { wrap: reads.wrap });
    let count = 0;
    reads.before = async (text) => {
      // Not those that read the log, look at the tokens of sockets, or search for due work: they run at any time.
      if (RENDERING.test(text)) count += 1;
    };
    const seed = new Seed(server.admin);
    const app = await seed.app();
    const build = await seed.build();
    const query = `subscription ($after: EventCursor) { events(after: $after) {
      cursor type pipeline { name } ... on ReleaseEvent { release { app { name } build { id } statuses { state } } } } }`;
    const socket = await Socket.open(t, server.url, ADMIN_SECRET);
    const cost = async (watches: ReturnType<Socket["run"]>[]) => {
      count = 0;
      await seed.release(app, build);
      const after = await now(server);
      await Promise.all(watches.map((watch) => watch.until(({ events }) => events.at(-1)?.cursor === after)));
      return count;
    };
    // Each has another cursor, which does not prevent sharing.
    const watch = async () => {
      const mine = socket.run(query, { after: await now(server) });
      await seed.build();
      const cursor = await now(server);
      await mine.until(({ events }) => events.at(-1)?.cursor === cursor);
      return mine;
    };
    const watches = [await watch()];
    const one = await cost(watches);
    assert.ok(one > 0);
    while (watches.length < 40) watches.push(await watch());
    assert.equal(await cost(watches), one);
  });

  it("is refused for a cursor that is not in this log", async (t) => {
    const server = await startServer(t);
    const socket = await Socket.open(t, server.url, ADMIN_SECRET);
    const beyond = Buffer.from("event:999999").toString("base64url");
    for (const after of ["", "x", beyond]) {
      const refusal = await socket
        .run("subscription ($after: EventCursor) { events(after: $after) { type } }", { after })
        .error();
      assert.deepEqual(
        [refusal.extensions.code, refusal.extensions.field],
        [after === beyond ? "CURSOR_EXPIRED" : "BAD_USER_INPUT", "after"],
      );
    }
  });
});
