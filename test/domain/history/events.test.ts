import assert from "node:assert/strict";
import { after, describe, it } from "node:test";
import { eventsAfter, formatEvents, newestCursor, recordEvents } from "../../support/clients/event-log.js";
import { Seed, unique } from "../../support/data/seed.js";
import { dumpRows } from "../../support/database/database-content.js";
import { Clock, HOUR, MINUTE } from "../../support/service/clock.js";
import { startServer } from "../../support/service/server.js";

const server = await startServer({ after });
const { admin } = server;
const seed = new Seed(admin);

describe("the event of a change", () => {
  it("of a pipeline says what changed, and belongs to the pipeline", async () => {
    const name = unique("pipeline");
    const { result: id, events } = await recordEvents(admin, async () => {
      const { pipeline } = await admin.mutate("createPipeline", { name }, "pipeline { id }");
      const change = { pipeline: name, description: "Ours", repository: "acme/shop", reviewAppsEnabled: true };
      await admin.mutate("updatePipeline", change, "pipeline { id }");
      await admin.mutate("updatePipeline", { pipeline: name, name: `${name}-2`, branch: "trunk" }, "pipeline { id }");
      await admin.mutate("deletePipeline", { pipeline: pipeline.id }, "deletedPipelineId");
      return pipeline.id;
    });
    assert.deepEqual(formatEvents(events), [
      `PIPELINE_CREATED ${name}`,
      `PIPELINE_UPDATED ${name}`,
      `PIPELINE_UPDATED ${name}-2`,
      `PIPELINE_DELETED ${name}-2`,
    ]);
    for (const event of events) assert.deepEqual([event.subjectId, event.pipelineId], [id, id]);
    assert.deepEqual(
      events.map((event) => event.summary),
      [
        `Pipeline ${name} created`,
        `Pipeline ${name}: description "Ours", repository "github.com/acme/shop", reviewAppsEnabled on`,
        `Pipeline ${name}: name "${name}-2", branch "trunk"`,
        `Pipeline ${name}-2 deleted`,
      ],
    );
  });

  it("of an app names the app, and its pipeline", async () => {
    const pipeline = await seed.pipeline();
    const { couplingId: coupling, ...app } = await seed.coupled(pipeline, "STAGING");
    const { events } = await recordEvents(admin, async () => {
      await admin.mutate("updateApp", { app: app.id, region: "eu-1" }, "app { id }");
      await admin.mutate("removeCoupling", { coupling }, "removedCouplingId");
      await admin.mutate("updateApp", { app: app.id, region: null }, "app { id }");
      await admin.mutate("deleteApp", { app: app.id }, "deletedAppId");
    });
    assert.deepEqual(formatEvents(events), [
      `APP_UPDATED ${app.name}`,
      `COUPLING_REMOVED ${app.name}`,
      `APP_UPDATED ${app.name}`,
      `APP_DELETED ${app.name}`,
    ]);
    assert.deepEqual(
      events.map((event) => event.pipelineId),
      [pipeline.id, pipeline.id, null, null],
    );
    assert.deepEqual(formatEvents(await eventsAfter(admin, null, { app: app.id })), [
      `APP_CREATED ${app.name}`,
      `COUPLING_ADDED ${app.name}`,
      ...formatEvents(events),
    ]);
  });

  it("of a build belongs to no pipeline", async () => {
    const { events } = await recordEvents(admin, async () => {
      const build = await seed.build({ phase: "PENDING", artifact: null });
      await admin.mutate("updateBuild", { build: build.id, phase: "FAILED" }, "build { id }");
    });
    assert.deepEqual(
      events.map((event) => [event.type, event.pipelineId]),
      [
        ["BUILD_CREATED", null],
        ["BUILD_UPDATED", null],
      ],
    );
  });

  it("of a token names it, without its secret", async () => {
    const name = unique("token");
    const { result: secret, events } = await recordEvents(admin, async () => {
      const made = await admin.mutate("createToken", { name, role: "VIEWER" }, "secret token { id }");
      await admin.mutate("revokeToken", { token: made.token.id }, "token { id }");
      return made.secret;
    });
    assert.deepEqual(formatEvents(events), [`TOKEN_CREATED ${name}`, `TOKEN_REVOKED ${name}`]);
    assert.equal(JSON.stringify(events).includes(secret), false);
  });

  it("names the actor with their role at the time", async () => {
    const operator = await server.as("OPERATOR");
    const { events } = await recordEvents(admin, () => new Seed(operator).pipeline());
    assert.deepEqual(events[0]?.actor, { name: "a OPERATOR", role: "OPERATOR" });
  });

  it("does not exist if nothing changed", async () => {
    const pipeline = await seed.pipeline({ description: "Ours" });
    const app = await seed.app({ region: "eu-1" });
    const made = await admin.mutate("createToken", { name: unique("token"), role: "VIEWER" }, "token { id }");
    await admin.mutate("revokeToken", { token: made.token.id }, "token { id }");
    const before = await dumpRows(server);
    await admin.mutate(
      "updatePipeline",
      { pipeline: pipeline.id, name: pipeline.name, description: "Ours" },
      "pipeline { id }",
    );
    await admin.mutate("updatePipeline", { pipeline: pipeline.id }, "pipeline { id }");
    await admin.mutate("updateApp", { app: app.id, region: "eu-1" }, "app { id }");
    await admin.mutate("revokeToken", { token: made.token.id }, "token { id }");
    assert.deepEqual(await dumpRows(server), before);
  });
});

describe("the log", () => {
  it("is immutable: later changes do not affect past events", async () => {
    const app = await seed.app({ deploymentMode: "REPORTED" });
    const release = await seed.release(app);
    await admin.mutate("reportStatus", { release: release.id, context: "ci", state: "PENDING" }, "status { id }");
    const before = await eventsAfter(admin, null, { app: app.id });
    await admin.mutate("reportStatus", { release: release.id, context: "ci", state: "SUCCESS" }, "status { id }");
    await admin.mutate("reportDeployment", { release: release.id, phase: "SUCCEEDED" }, "release { id }");
    const now = await eventsAfter(admin, null, { app: app.id });
    assert.deepEqual(now.slice(0, before.length), before);
    assert.deepEqual(formatEvents(now).slice(1), [
      `RELEASE_CREATED ${app.name} v1 DEPLOYING`,
      `RELEASE_STATUS_REPORTED ${app.name} v1 ci PENDING`,
      `RELEASE_STATUS_REPORTED ${app.name} v1 ci PENDING SUCCESS`,
      `RELEASE_PHASE_CHANGED ${app.name} v1 SUCCEEDED`,
    ]);
  });

  it("can be filtered by pipeline, app and type; an empty list of types matches nothing", async () => {
    const pipeline = await seed.pipeline();
    const [one, two] = [await seed.coupled(pipeline, "STAGING"), await seed.coupled(pipeline, "STAGING")];
    await seed.release(one);
    await seed.release(two);
    const read = async (filter: object) => formatEvents(await eventsAfter(admin, null, filter));
    const added = [one, two].map((app) => `COUPLING_ADDED ${app.name}`);
    const released = [one, two].map((app) => `RELEASE_CREATED ${app.name} v1 SUCCEEDED`);
    assert.deepEqual(await read({ pipeline: pipeline.name }), [
      `PIPELINE_CREATED ${pipeline.name}`,
      ...added,
      ...released,
    ]);
    assert.deepEqual(await read({ pipeline: pipeline.id, types: ["COUPLING_ADDED"] }), added);
    assert.deepEqual(await read({ app: one.name, types: ["RELEASE_CREATED", "COUPLING_ADDED"] }), [
      added[0],
      released[0],
    ]);
    assert.deepEqual(await read({ app: two.id, pipeline: pipeline.id }), [added[1], released[1]]);
    assert.deepEqual(await read({ pipeline: pipeline.id, types: [] }), []);
    const query = `query ($id: ID!) { pipeline(pipeline: $id) {
      events(first: 2, types: [RELEASE_CREATED, COUPLING_ADDED]) { nodes { type } pageInfo { hasNextPage } }
    } }`;
    const { pipeline: nested } = await admin.ask(query, { id: pipeline.id });
    const couplings = [{ type: "COUPLING_ADDED" }, { type: "COUPLING_ADDED" }];
    assert.deepEqual(nested.events, { nodes: couplings, pageInfo: { hasNextPage: true } });
    for (const filter of ["pipeline", "app"]) {
      const error = await admin.queryError(`{ events(${filter}: "no-such-thing") { nodes { type } } }`);
      assert.deepEqual([error.extensions.code, error.extensions.field], ["NOT_FOUND", filter]);
    }
  });

  it("continues after any cursor, also across a restart, and is empty after its end", async (t) => {
    const other = await startServer(t);
    const own = new Seed(other.admin);
    await own.pipeline();
    await own.app();
    const all = await eventsAfter(other.admin, null);
    await other.restart();
    for (const [index, event] of all.entries()) {
      const rest = await eventsAfter(other.admin, event.cursor);
      assert.deepEqual(rest, all.slice(index + 1));
    }
    const end = await newestCursor(other.admin);
    const { events } = await other.admin.ask(
      "query ($end: EventCursor) { events(after: $end) { nodes { type } pageInfo { endCursor } } }",
      { end },
    );
    assert.deepEqual(events, { nodes: [], pageInfo: { endCursor: end } });
  });

  it("is pruned by age: an expired cursor gets an error with the oldest cursor, which works", async (t) => {
    const clock = new Clock();
    const other = await startServer(t, { now: clock.now });
    const own = new Seed(other.admin);
    await own.pipeline();
    const old = await newestCursor(other.admin);
    await own.pipeline();
    clock.advance(24 * HOUR);
    const kept = await own.pipeline();
    clock.advance(89 * 24 * HOUR);
    await other.app.tick();
    assert.equal((await eventsAfter(other.admin, old)).length, 2, "none is 90 days old yet, or just so old");
    clock.advance(HOUR);
    await other.app.tick();
    const left = await eventsAfter(other.admin, null);
    assert.deepEqual(formatEvents(left), [`PIPELINE_CREATED ${kept.name}`]);
    const error = await other.admin.queryError("query ($old: EventCursor) { events(after: $old) { nodes { type } } }", {
      old,
    });
    assert.equal(error.extensions.code, "CURSOR_EXPIRED");
    assert.deepEqual(await eventsAfter(other.admin, error.extensions.oldestCursor as string), left);
    clock.advance(90 * 24 * HOUR);
    await other.restart();
    await other.app.tick();
    // Either the service was stopped for so long, or the clock is wrong.
    assert.deepEqual(await eventsAfter(other.admin, null), left);
    clock.advance(MINUTE);
    await other.app.tick();
    assert.deepEqual(await eventsAfter(other.admin, null), []);
    const reborn = await new Seed(other.admin).pipeline();
    assert.deepEqual(formatEvents(await eventsAfter(other.admin, left.at(-1)?.cursor ?? null)), [
      `PIPELINE_CREATED ${reborn.name}`,
    ]);
  });

  it("keeps what a clock would prune, expire or fail that is a year ahead for some seconds", async (t) => {
    const clock = new Clock();
    let elapsed = 0;
    const other = await startServer(t, { now: clock.now, elapsed: () => elapsed });
    const own = new Seed(other.admin);
    const app = await own.app({ deploymentMode: "REPORTED" });
    await own.release(app);
    const before = await eventsAfter(other.admin, null);
    const pass = async (milliseconds: number) => {
      clock.advance(milliseconds);
      elapsed += milliseconds;
      await other.app.tick();
    };
    await pass(1000);
    clock.advance(365 * 24 * HOUR);
    for (let count = 0; count < 5; count += 1) await pass(10_000);
    clock.advance(-365 * 24 * HOUR);
    await pass(2 * MINUTE);
    await pass(MINUTE);
    assert.deepEqual(await eventsAfter(other.admin, null), before);
    // A step that lasts is the new time.
    clock.advance(HOUR);
    await pass(1000);
    assert.deepEqual(await eventsAfter(other.admin, null), before);
    await pass(MINUTE);
    assert.deepEqual(formatEvents(await eventsAfter(other.admin, before.at(-1)?.cursor ?? null)), [
      `RELEASE_PHASE_CHANGED ${app.name} v1 FAILED`,
    ]);
  });

  it("loses the events of one day at most in one run", async (t) => {
    const clock = new Clock();
    const other = await startServer(t, { now: clock.now });
    const own = new Seed(other.admin);
    const names: string[] = [];
    for (let count = 0; count < 3; count += 1) {
      names.push((await own.pipeline()).name);
      clock.advance(25 * HOUR);
    }
    clock.advance(365 * 24 * HOUR);
    for (let runs = 1; runs <= 3; runs += 1) {
      await other.app.tick();
      assert.deepEqual(
        formatEvents(await eventsAfter(other.admin, null)),
        names.slice(runs).map((name) => `PIPELINE_CREATED ${name}`),
      );
      clock.advance(HOUR);
    }
  });
});
