import assert from "node:assert/strict";
import { after, describe, it } from "node:test";
import type { Client } from "../../support/clients/client.js";
import { formatEvents, recordEvents } from "../../support/clients/event-log.js";
import { type Named, Seed, unique } from "../../support/data/seed.js";
import { dumpRows } from "../../support/database/database-content.js";
import { Clock, HOUR, MINUTE } from "../../support/service/clock.js";
import { startServer } from "../../support/service/server.js";

const server = await startServer({ after });
const { admin } = server;
const seed = new Seed(admin);

const REVIEW_APP = `reviewApp {
  app { id name region deploymentMode currentRelease { build { id } trigger } coupling { stage requiredChecks autoDeploy } }
  pipeline { name } pullRequest { number title branch author url } createdAt expiresAt
}`;

const open = async (pipeline: Named, pullRequest: object, client = admin) =>
  (await client.mutate("openReviewApp", { pipeline: pipeline.id, pullRequest }, REVIEW_APP)).reviewApp;
const close = (pipeline: Named, pullRequestNumber: number, client = admin) =>
  client.mutate("closeReviewApp", { pipeline: pipeline.id, pullRequestNumber }, "closedAppId");
const newRepository = () => `github.com/tests/${unique("repo")}`;
const reviewed = (input: object = {}, on = seed) => on.pipeline({ reviewAppsEnabled: true, ...input });

async function getReviewApps({ id }: Named, client: Client = admin): Promise<string[]> {
  const query = "query ($id: ID!) { pipeline(pipeline: $id) { reviewApps { app { name } } } }";
  const { pipeline } = await client.ask(query, { id });
  return pipeline.reviewApps.map((one: { app: { name: string } }) => one.app.name);
}

describe("a review app", () => {
  it("is a new app in REVIEW, modeled on the first app in development, with its branch's newest build", async () => {
    const repository = newRepository();
    const pipeline = await reviewed({ repository });
    const model = await seed.app({ region: "eu-1", deploymentMode: "REPORTED" });
    const coupling = { pipeline: pipeline.id, app: model.id, stage: "DEVELOPMENT" };
    await admin.mutate("addCoupling", coupling, "coupling { id }");
    await seed.build({ repository, branch: "feature" });
    const build = await seed.build({ repository, branch: "feature" });
    const pullRequest = { number: 7, branch: "feature", title: "A feature", author: "kim", url: "https://git.test/7" };
    const { result, events } = await recordEvents(admin, () => open(pipeline, pullRequest));
    const { app } = result;
    assert.equal(app.name, `${pipeline.name}-pr-7`);
    assert.deepEqual([app.region, app.deploymentMode], ["eu-1", "REPORTED"]);
    assert.deepEqual(app.coupling, { stage: "REVIEW", requiredChecks: [], autoDeploy: false });
    assert.deepEqual(result.pullRequest, pullRequest);
    assert.deepEqual(formatEvents(events), [
      `APP_CREATED ${app.name}`,
      `COUPLING_ADDED ${app.name}`,
      `REVIEW_APP_OPENED ${app.name}`,
      `RELEASE_CREATED ${app.name} v1 DEPLOYING`,
    ]);
    const query =
      "query ($app: ID!) { app(app: $app) { reviewApp { pullRequest { number } } releases { nodes { trigger build { id } } } } }";
    const { app: found } = await admin.ask(query, { app: app.id });
    assert.equal(found.reviewApp.pullRequest.number, 7);
    assert.deepEqual(found.releases.nodes, [{ trigger: "AUTO_DEPLOY", build: { id: build.id } }]);
  });

  it("is updated if it exists, keeping omitted fields", async () => {
    const pipeline = await reviewed();
    const first = await open(pipeline, { number: 3, branch: "one", title: "Title", author: "jim" });
    const second = await open(pipeline, { number: 3, branch: "two", title: "Better title" });
    assert.equal(second.app.id, first.app.id);
    assert.deepEqual(second.pullRequest, { number: 3, branch: "two", title: "Better title", author: "jim", url: null });
    assert.deepEqual(await getReviewApps(pipeline), [first.app.name]);
  });

  it("gets every later build of its branch if it is the newest", async () => {
    const repository = newRepository();
    const pipeline = await reviewed({ repository });
    const { app } = await open(pipeline, { number: 1, branch: "feature" });
    await seed.build({ repository, branch: "main" });
    await seed.build({ repository, branch: "feature" });
    const last = await seed.build({ repository, branch: "feature" });
    const query = "query ($app: ID!) { app(app: $app) { currentRelease { version build { id } } } }";
    const { app: found } = await admin.ask(query, { app: app.id });
    assert.deepEqual(found.currentRelease, { version: 2, build: { id: last.id } });
  });

  it("can be promoted to development", async () => {
    const repository = newRepository();
    const pipeline = await reviewed({ repository });
    const dev = await seed.coupled(pipeline, "DEVELOPMENT", { autoDeploy: false });
    const { app } = await open(pipeline, { number: 1, branch: "feature" });
    await seed.build({ repository, branch: "feature" });
    const { promotion } = await admin.mutate("promote", { app: app.id }, "promotion { targets { app { name } } }");
    assert.deepEqual(promotion.targets, [{ app: { name: dev.name } }]);
  });

  it("is refused if review apps are disabled, and for roles below OPERATOR", async () => {
    const pipeline = await seed.pipeline();
    const input = { pipeline: pipeline.id, pullRequest: { number: 1, branch: "feature" } };
    assert.equal((await admin.mutationError("openReviewApp", input)).extensions.code, "CONFLICT");
    await admin.mutate("updatePipeline", { pipeline: pipeline.id, reviewAppsEnabled: true }, "pipeline { id }");
    const operator = await server.as("OPERATOR");
    await open(pipeline, input.pullRequest, operator);
    await close(pipeline, 1, operator);
    for (const number of [0, -1]) {
      const wrong = await admin.mutationError("openReviewApp", { ...input, pullRequest: { number, branch: "x" } });
      assert.deepEqual([wrong.extensions.code, wrong.extensions.field], ["BAD_USER_INPUT", "pullRequest.number"]);
    }
  });

  it("cannot be moved or removed from its pipeline, only closed", async () => {
    const pipeline = await reviewed();
    const { app } = await open(pipeline, { number: 1, branch: "feature" });
    const { coupling } = await admin.ask("query ($app: ID!) { coupling(app: $app) { id } }", { app: app.id });
    for (const [mutation, input] of [
      ["moveCoupling", { coupling: coupling.id, stage: "STAGING" }],
      ["removeCoupling", { coupling: coupling.id }],
      ["deleteApp", { app: app.id }],
    ] as const) {
      assert.equal((await admin.mutationError(mutation, input)).extensions.code, "CONFLICT", mutation);
    }
  });
});

describe("the name of a review app", () => {
  it("gets a number appended if it is taken, and is free again after closing", async () => {
    const pipeline = await reviewed();
    await seed.app({ name: `${pipeline.name}-pr-4` });
    await seed.app({ name: `${pipeline.name}-pr-4-2` });
    const pullRequest = { number: 4, branch: "feature" };
    const first = await open(pipeline, pullRequest);
    assert.equal(first.app.name, `${pipeline.name}-pr-4-3`);
    await close(pipeline, 4);
    const again = await open(pipeline, pullRequest);
    assert.equal(again.app.name, `${pipeline.name}-pr-4-3`);
    assert.notEqual(again.app.id, first.app.id);
  });

  it("is truncated to 63 characters, with or without a number, and always valid", async () => {
    const name = `${unique("p").padEnd(55, "x")}-aaaaaaa`;
    assert.equal(name.length, 63);
    const pipeline = await reviewed({ name });
    const cut = await open(pipeline, { number: 12345, branch: "feature" });
    assert.equal(cut.app.name, `${name.slice(0, 54)}-pr-12345`);
    assert.equal(cut.app.name.length, 63);
    // A dash at the end of the truncated name is dropped: names have no two dashes in a row.
    const dashed = await open(pipeline, { number: 123, branch: "feature" });
    assert.equal(dashed.app.name, `${name.slice(0, 55)}-pr-123`);
    const other = await reviewed({ name: `${name.slice(0, 60)}-b` });
    const taken = await open(other, { number: 12345, branch: "feature" });
    assert.equal(taken.app.name, `${name.slice(0, 52)}-pr-12345-2`);
  });

  it("is unique for pull requests that are opened concurrently", async () => {
    const pipeline = await reviewed();
    const numbers = Array.from({ length: 20 }, (_, index) => Math.floor(index / 2) + 1);
    await Promise.all(numbers.map((number) => open(pipeline, { number, branch: `feature-${number}` })));
    const names = await getReviewApps(pipeline);
    assert.deepEqual(
      new Set(names),
      new Set(Array.from({ length: 10 }, (_, index) => `${pipeline.name}-pr-${index + 1}`)),
    );
    assert.equal(names.length, 10);
  });
});

describe("closing a review app", () => {
  it("deletes the app and its coupling, ends its deployments, and keeps its history", async () => {
    const repository = newRepository();
    const pipeline = await reviewed({ repository });
    await seed.coupled(pipeline, "DEVELOPMENT", { deploymentMode: "REPORTED", autoDeploy: false });
    const { app } = await open(pipeline, { number: 5, branch: "feature" });
    await seed.build({ repository, branch: "feature" });
    await seed.build({ repository, branch: "feature" });
    const { result, events } = await recordEvents(admin, () => close(pipeline, 5));
    assert.equal(result.closedAppId, app.id);
    assert.deepEqual(formatEvents(events), [
      `REVIEW_APP_CLOSED ${app.name}`,
      `COUPLING_REMOVED ${app.name}`,
      `RELEASE_PHASE_CHANGED ${app.name} v2 FAILED`,
      `RELEASE_PHASE_CHANGED ${app.name} v1 FAILED`,
      `APP_DELETED ${app.name}`,
    ]);
    assert.deepEqual(await getReviewApps(pipeline), []);
    const gone = await admin.ask("query ($app: ID!) { app(app: $app) { id } coupling(app: $app) { id } }", {
      app: app.id,
    });
    assert.deepEqual(gone, { app: null, coupling: null });
    const query =
      "query ($app: ID!) { events(app: $app, types: [RELEASE_CREATED]) { nodes { ... on ReleaseEvent { release { phase app { name deletedAt reviewApp { createdAt } } } } } } }";
    const { events: history } = await admin.ask(query, { app: app.id });
    assert.equal(history.nodes.length, 2);
    for (const { release } of history.nodes) {
      assert.deepEqual([release.phase, release.app.name, release.app.reviewApp], ["FAILED", app.name, null]);
      assert.notEqual(release.app.deletedAt, null);
    }
    const again = await admin.mutationError("closeReviewApp", { pipeline: pipeline.id, pullRequestNumber: 5 });
    assert.deepEqual([again.extensions.code, again.extensions.field], ["NOT_FOUND", "pullRequestNumber"]);
  });

  it("happens automatically after REVIEW_APP_TTL without activity, and not before", async (t) => {
    const clock = new Clock();
    const timed = await startServer(t, { now: clock.now });
    const own = new Seed(timed.admin);
    const repository = newRepository();
    const pipeline = await reviewed({ repository }, own);
    const idle = await open(pipeline, { number: 1, branch: "idle" }, timed.admin);
    const built = await open(pipeline, { number: 2, branch: "built" }, timed.admin);
    const touched = await open(pipeline, { number: 3, branch: "touched" }, timed.admin);
    assert.equal(Date.parse(idle.expiresAt) - Date.parse(idle.createdAt), 72 * HOUR);
    clock.advance(72 * HOUR - 1);
    await own.build({ repository, branch: "built" });
    const again = await open(pipeline, { number: 3, branch: "touched" }, timed.admin);
    assert.equal(Date.parse(again.expiresAt), clock.now().getTime() + 72 * HOUR);
    await timed.app.tick();
    assert.deepEqual(
      await getReviewApps(pipeline, timed.admin),
      [idle, built, touched].map((one) => one.app.name),
    );
    clock.advance(1);
    const { events } = await recordEvents(timed.admin, () => timed.app.tick());
    assert.deepEqual(await getReviewApps(pipeline, timed.admin), [built.app.name, touched.app.name]);
    assert.deepEqual(
      events.map((event) => `${event.type} ${event.actor.name}`),
      ["REVIEW_APP_CLOSED railyard", "COUPLING_REMOVED railyard", "APP_DELETED railyard"],
    );
    await timed.stop();
    clock.advance(72 * HOUR);
    await timed.start();
    await timed.app.tick();
    // It was stopped for more than a day: the clock must be steady for a minute.
    assert.equal((await getReviewApps(pipeline, timed.admin)).length, 2);
    clock.advance(MINUTE);
    await timed.app.tick();
    assert.deepEqual(await getReviewApps(pipeline, timed.admin), []);
  });

  it("happens to all review apps of a deleted pipeline, and to no others", async () => {
    const pipeline = await reviewed();
    const dev = await seed.coupled(pipeline, "DEVELOPMENT");
    const { app } = await open(pipeline, { number: 1, branch: "one" });
    await admin.mutate("deletePipeline", { pipeline: pipeline.id }, "deletedPipelineId");
    const query = "query ($review: ID!, $dev: ID!) { review: app(app: $review) { id } dev: app(app: $dev) { id } }";
    assert.deepEqual(await admin.ask(query, { review: app.id, dev: dev.id }), { review: null, dev: { id: dev.id } });
    const before = await dumpRows(server);
    const refused = await admin.mutationError("closeReviewApp", { pipeline: pipeline.id, pullRequestNumber: 1 });
    assert.equal(refused.extensions.code, "NOT_FOUND");
    assert.deepEqual(await dumpRows(server), before);
  });
});
