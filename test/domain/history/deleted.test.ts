import assert from "node:assert/strict";
import { after, describe, it } from "node:test";
import { eventsAfter, formatEvents, recordEvents } from "../../support/clients/event-log.js";
import { Seed, unique } from "../../support/data/seed.js";
import { dumpRows } from "../../support/database/database-content.js";
import { startServer } from "../../support/service/server.js";

const server = await startServer({ after });
const { admin } = server;
const seed = new Seed(admin);

const deletePipeline = (pipeline: string) => admin.mutate("deletePipeline", { pipeline }, "deletedPipelineId");
const deleteApp = (app: string) => admin.mutate("deleteApp", { app }, "deletedAppId");

describe("a deleted pipeline", () => {
  it("disappears from every query, with its couplings; its apps stay", async () => {
    const pipeline = await seed.pipeline();
    const { couplingId, ...app } = await seed.coupled(pipeline, "STAGING", { requiredChecks: ["ci"] });
    const { deletedPipelineId } = await deletePipeline(pipeline.name);
    assert.equal(deletedPipelineId, pipeline.id);
    const query = `query ($id: ID!, $name: ID!, $text: String!, $coupling: ID!, $app: ID!) {
      byId: pipeline(pipeline: $id) { id }
      byName: pipeline(pipeline: $name) { id }
      node(id: $id) { id }
      stage(pipeline: $id, stage: STAGING) { stage }
      pipelines(nameContains: $text) { totalCount }
      coupling(id: $coupling) { id }
      app(app: $app) { id coupling { id } }
    }`;
    const names = { id: pipeline.id, name: pipeline.name, text: pipeline.name, coupling: couplingId, app: app.id };
    assert.deepEqual(await admin.ask(query, names), {
      byId: null,
      byName: null,
      node: null,
      stage: null,
      pipelines: { totalCount: 0 },
      coupling: null,
      app: { id: app.id, coupling: null },
    });
    for (const [mutation, input] of [
      ["updatePipeline", { pipeline: pipeline.id, description: "x" }],
      ["deletePipeline", { pipeline: pipeline.id }],
      ["addCoupling", { pipeline: pipeline.id, app: app.id, stage: "STAGING" }],
      ["promote", { pipeline: pipeline.id, stage: "STAGING" }],
    ] as const) {
      assert.equal((await admin.mutationError(mutation, input)).extensions.code, "NOT_FOUND", mutation);
    }
  });

  it("frees its name, and keeps its history separate", async () => {
    const name = unique("reborn");
    const old = await seed.pipeline({ name });
    await deletePipeline(old.id);
    const reborn = await seed.pipeline({ name });
    assert.notEqual(reborn.id, old.id);
    const ofOld = await eventsAfter(admin, null, { pipeline: old.id });
    const ofNew = await eventsAfter(admin, null, { pipeline: name });
    assert.deepEqual(formatEvents(ofOld), [`PIPELINE_CREATED ${name}`, `PIPELINE_DELETED ${name}`]);
    assert.deepEqual(formatEvents(ofNew), [`PIPELINE_CREATED ${name}`]);
  });

  it("is null in its promotions and events, which keep its id", async () => {
    const pipeline = await seed.pipeline();
    const dev = await seed.coupled(pipeline, "DEVELOPMENT");
    await seed.coupled(pipeline, "STAGING");
    await seed.release(dev);
    const { promotion } = await admin.mutate("promote", { app: dev.id }, "promotion { id pipeline { id } }");
    assert.deepEqual(promotion.pipeline, { id: pipeline.id });
    await deletePipeline(pipeline.id);
    const query = `query ($id: ID!, $pipeline: ID!) {
      promotion(id: $id) { pipeline { id } source { name } }
      events(pipeline: $pipeline, types: [PROMOTION_FINISHED]) { nodes { pipelineId pipeline { id } } }
    }`;
    assert.deepEqual(await admin.ask(query, { id: promotion.id, pipeline: pipeline.id }), {
      promotion: { pipeline: null, source: { name: dev.name } },
      events: { nodes: [{ pipelineId: pipeline.id, pipeline: null }] },
    });
  });

  it("lets running deployments finish: they can be reported, and their promotions finish", async () => {
    const pipeline = await seed.pipeline();
    const dev = await seed.coupled(pipeline, "DEVELOPMENT");
    await seed.coupled(pipeline, "STAGING", { deploymentMode: "REPORTED" });
    await seed.release(dev);
    const selection = "promotion { id targets { release { id } } }";
    const { promotion } = await admin.mutate("promote", { app: dev.id }, selection);
    await deletePipeline(pipeline.id);
    const [{ release }] = promotion.targets;
    const { events } = await recordEvents(admin, () =>
      admin.mutate("reportDeployment", { release: release.id, phase: "SUCCEEDED" }, "release { id }"),
    );
    assert.deepEqual(
      events.map((event) => event.type),
      ["RELEASE_PHASE_CHANGED", "PROMOTION_TARGET_CHANGED", "PROMOTION_FINISHED"],
    );
    const { promotion: ended } = await admin.ask("query ($id: ID!) { promotion(id: $id) { phase } }", {
      id: promotion.id,
    });
    assert.equal(ended.phase, "SUCCEEDED");
  });

  it("appends the events of all its couplings in one commit", async () => {
    const pipeline = await seed.pipeline();
    const apps = [await seed.coupled(pipeline, "DEVELOPMENT"), await seed.coupled(pipeline, "STAGING")];
    const { events } = await recordEvents(admin, () => deletePipeline(pipeline.id));
    assert.deepEqual(formatEvents(events), [
      ...apps.map((app) => `COUPLING_REMOVED ${app.name}`),
      `PIPELINE_DELETED ${pipeline.name}`,
    ]);
  });
});

describe("a deleted app", () => {
  it("cannot be deleted while it is in a pipeline", async () => {
    const app = await seed.coupled(await seed.pipeline(), "STAGING");
    const before = await dumpRows(server);
    assert.equal((await admin.mutationError("deleteApp", { app: app.id })).extensions.code, "CONFLICT");
    assert.deepEqual(await dumpRows(server), before);
  });

  it("disappears from every query except its history, which has its deletion time", async () => {
    const pipeline = await seed.pipeline();
    const dev = await seed.coupled(pipeline, "DEVELOPMENT");
    const staging = await seed.coupled(pipeline, "STAGING");
    const release = await seed.release(dev);
    const { promotion } = await admin.mutate("promote", { app: dev.id }, "promotion { id targets { release { id } } }");
    await deletePipeline(pipeline.id);
    for (const app of [dev, staging]) assert.equal((await deleteApp(app.name)).deletedAppId, app.id);
    const query = `query ($id: ID!, $name: ID!, $text: String!, $release: ID!, $promotion: ID!) {
      byId: app(app: $id) { id }
      byName: app(app: $name) { id }
      node(id: $id) { id }
      apps(nameContains: $text) { totalCount }
      release(id: $release) { phase app { name deletedAt } }
      promotion(id: $promotion) { source { name deletedAt } targets { app { name deletedAt } } }
      promotions(app: $id) { totalCount }
    }`;
    const names = { id: dev.id, name: dev.name, text: dev.name, release: release.id, promotion: promotion.id };
    const answer = await admin.ask(query, names);
    const { byId, byName, node, apps } = answer;
    assert.deepEqual({ byId, byName, node, apps }, { byId: null, byName: null, node: null, apps: { totalCount: 0 } });
    assert.equal(answer.release.phase, "SUCCEEDED");
    const met = [answer.release.app, answer.promotion.source, answer.promotion.targets[0].app];
    assert.deepEqual(
      met.map((app: { name: string }) => app.name),
      [dev.name, dev.name, staging.name],
    );
    for (const { deletedAt } of met) assert.ok(Date.parse(deletedAt) > 0);
    assert.equal(answer.promotions.totalCount, 1);
    for (const [mutation, input] of [
      ["updateApp", { app: dev.id, description: "x" }],
      ["createRelease", { app: dev.id, build: (await seed.build()).id }],
      ["rollback", { app: dev.id }],
      ["deleteApp", { app: dev.id }],
      ["addCoupling", { pipeline: (await seed.pipeline()).id, app: dev.id, stage: "STAGING" }],
    ] as const) {
      assert.equal((await admin.mutationError(mutation, input)).extensions.code, "NOT_FOUND", mutation);
    }
  });

  it("frees its name: the next app of that name starts at v1", async () => {
    const app = await seed.app();
    await seed.release(app);
    await deleteApp(app.id);
    const next = await seed.app({ name: app.name });
    assert.notEqual(next.id, app.id);
    assert.equal((await seed.release(next)).version, 1);
  });

  it("ends its running and queued releases, and later reports do not revive them", async () => {
    const app = await seed.app({ deploymentMode: "REPORTED" });
    const deploying = await seed.release(app);
    const queued = await seed.release(app);
    const { events } = await recordEvents(admin, () => deleteApp(app.id));
    assert.deepEqual(formatEvents(events), [
      `RELEASE_PHASE_CHANGED ${app.name} v2 FAILED`,
      `RELEASE_PHASE_CHANGED ${app.name} v1 FAILED`,
      `APP_DELETED ${app.name}`,
    ]);
    for (const release of [deploying, queued]) {
      const late = { release: release.id, phase: "SUCCEEDED" };
      assert.equal((await admin.mutationError("reportDeployment", late)).extensions.code, "CONFLICT");
    }
  });
});
