import assert from "node:assert/strict";
import { after, describe, it } from "node:test";
import { RestClient } from "../../support/clients/rest.js";
import { configKeys } from "../../support/data/config-keys.js";
import { Seed, unique } from "../../support/data/seed.js";
import { ADMIN_SECRET, startServer } from "../../support/service/server.js";

/*
 * Recorded requests of the unmodified Akkeris CLI, command by command: the requests in order, and every response field that
 * it reads.
 */

const server = await startServer({ after }, { env: configKeys("k1") });
const seed = new Seed(server.admin);
const rest = new RestClient(server.url, ADMIN_SECRET);
const reporter = new RestClient(server.url, (await server.as("REPORTER")).secret);
const operator = new RestClient(server.url, (await server.as("OPERATOR")).secret);

describe("the Akkeris CLI", { concurrency: true }, () => {
  it("lists pipelines", async () => {
    const pipeline = await seed.pipeline();
    const { status, body } = await rest.get("/pipelines");
    assert.equal(status, 200);
    const found = body.find((one: { id: string }) => one.id === pipeline.id);
    assert.equal(found.name, pipeline.name);
    assert.match(found.created_at, /^\d{4}-.*Z$/);
  });

  it("creates a pipeline and prints its fields", async () => {
    const name = unique("pipeline");
    const { status, body } = await rest.post("/pipelines", { name });
    assert.equal(status, 201);
    assert.equal(body.name, name);
    assertPrintable(body);
  });

  it("adds an app with checks, by names", async () => {
    const [pipeline, app] = [await seed.pipeline(), await seed.app()];
    const { status, body } = await rest.post("/pipeline-couplings", {
      app: app.name,
      pipeline: pipeline.name,
      stage: "staging",
      required_status_checks: { contexts: ["my-status-check", "my-other-check"] },
    });
    assert.equal(status, 201);
    assert.deepEqual([body.app, body.pipeline, body.stage], [app, pipeline, "staging"]);
    assert.deepEqual(body.required_status_checks.contexts, ["my-other-check", "my-status-check"]);
    assertPrintable(body);
  });

  it("shows a pipeline: stage, id, app and checks of each coupling", async () => {
    const pipeline = await seed.pipeline();
    const app = await seed.coupled(pipeline, "PRODUCTION", { requiredChecks: ["ci/build"] });
    const { body } = await rest.get(`/pipelines/${pipeline.name}/pipeline-couplings`);
    assert.equal(body.length, 1);
    const { stage, id, app: told, required_status_checks } = body[0];
    assert.deepEqual([stage, id, told], ["production", app.couplingId, { id: app.id, name: app.name }]);
    assert.deepEqual(required_status_checks.contexts, ["ci/build"]);
  });

  it("replaces required checks, and removes all of them without -c, which needs elevated access", async () => {
    const app = await seed.coupled(await seed.pipeline(), "STAGING");
    const path = `/pipeline-couplings/${app.couplingId}`;
    const added = await operator.patch(path, { required_status_checks: { contexts: ["qa"] } });
    assert.deepEqual([added.status, added.body.required_status_checks.contexts], [200, ["qa"]]);
    const refused = await operator.patch(path, { required_status_checks: { contexts: [] } });
    assert.deepEqual([refused.status, refused.body.id], [403, "forbidden"]);
    const removed = await rest.patch(path, { required_status_checks: { contexts: [] } });
    assert.deepEqual(removed.body.required_status_checks.contexts, []);
  });

  it("lists the available checks", async () => {
    const pipeline = await seed.pipeline();
    const app = await seed.coupled(pipeline, "STAGING");
    const release = await seed.release(app);
    await reporter.post(`/apps/${app.name}/releases/${release.id}/statuses`, {
      state: "success",
      context: "qa",
      name: "QA",
    });
    const { body } = await rest.get(`/pipelines/${pipeline.name}/statuses`);
    assert.deepEqual(body, [{ context: "qa", name: "QA" }]);
  });

  it("removes an app and prints the coupling", async () => {
    const app = await seed.coupled(await seed.pipeline(), "STAGING");
    const { body: coupling } = await rest.get(`/apps/${app.name}/pipeline-couplings`);
    assert.equal(coupling.id, app.couplingId);
    const removed = await rest.delete(`/pipeline-couplings/${coupling.id}`);
    assert.equal(removed.status, 200);
    assert.equal(removed.body.id, app.couplingId);
    assertPrintable(removed.body);
    assert.equal((await rest.get(`/apps/${app.name}/pipeline-couplings`)).status, 404);
  });

  it("destroys a pipeline and prints it", async () => {
    const pipeline = await seed.pipeline();
    const destroyed = await rest.delete(`/pipelines/${pipeline.name}`);
    assert.deepEqual([destroyed.status, destroyed.body.id], [200, pipeline.id]);
    assertPrintable(destroyed.body);
    assert.equal((await rest.get(`/pipelines/${pipeline.name}`)).status, 404);
  });

  it("promotes: reads stages and couplings, creates the promotion, and prints its source as name-space", async () => {
    const pipeline = await seed.pipeline();
    const dev = await seed.coupled(pipeline, "DEVELOPMENT");
    const qa = await seed.coupled(pipeline, "STAGING");
    const release = await seed.release(dev);
    const stages = (await rest.get("/pipeline-stages")).body;
    assert.deepEqual(stages, {
      review: "development",
      development: "staging",
      staging: "production",
      production: null,
    });
    const mine = (await rest.get(`/apps/${dev.name}/pipeline-couplings`)).body;
    assert.equal(mine.stage, "development");
    const all = (await rest.get(`/pipelines/${mine.pipeline.id}/pipeline-couplings`)).body;
    assert.deepEqual(all.map((one: { app: { id: string } }) => one.app.id).sort(), [dev.id, qa.id].sort());
    const { status, body } = await rest.post("/pipeline-promotions", {
      pipeline: mine.pipeline,
      source: { app: { id: dev.id, name: dev.name, release: { id: release.id } } },
      targets: [{ app: { id: qa.id, name: qa.name } }],
      safe: true,
    });
    assert.equal(status, 201);
    assert.equal(`${body.source.app.name}-${body.source.space.name}`, dev.name);
    assert.deepEqual([body.source.release.id, body.status], [release.id, "completed"]);
    assertPrintable(body);
  });

  it("promotes past unmet checks with -u, which needs elevated access, and prints the reason without it", async () => {
    const pipeline = await seed.pipeline();
    const dev = await seed.coupled(pipeline, "DEVELOPMENT");
    const qa = await seed.coupled(pipeline, "STAGING", { requiredChecks: ["qa"] });
    await seed.release(dev);
    const wanted = {
      pipeline: { id: pipeline.id },
      source: { app: { id: dev.id } },
      targets: [{ app: { id: qa.id } }],
    };
    const refused = await operator.post("/pipeline-promotions", wanted);
    assert.deepEqual([refused.status, refused.body.id], [409, "promotion_blocked"]);
    assert.match(refused.body.message, new RegExp(`${qa.name} requires qa, which was never reported`));
    const unsafe = await operator.post("/pipeline-promotions", { ...wanted, safe: false });
    assert.deepEqual([unsafe.status, unsafe.body.id], [409, "promotion_blocked"], "gates hold for an OPERATOR");
    assert.equal((await rest.post("/pipeline-promotions", { ...wanted, safe: false })).status, 201);
  });

  it("promotes with -u for an OPERATOR if no gate holds, without force", async () => {
    const pipeline = await seed.pipeline();
    const dev = await seed.coupled(pipeline, "DEVELOPMENT");
    await seed.coupled(pipeline, "STAGING");
    await seed.release(dev);
    const made = await operator.post("/pipeline-promotions", { source: { app: { id: dev.id } }, safe: false });
    assert.equal(made.status, 201);
    const query = "query ($id: ID!) { promotion(id: $id) { forced reason } }";
    const { promotion } = await server.admin.ask(query, { id: made.body.id });
    assert.deepEqual(promotion, { forced: false, reason: "Asked for with safe: false through the Platform API." });
  });

  it("compares config vars before a promotion, and not with -u, also for an OPERATOR", async () => {
    const pipeline = await seed.pipeline();
    const [dev, qa] = [await seed.coupled(pipeline, "DEVELOPMENT"), await seed.coupled(pipeline, "STAGING")];
    const build = await seed.build({ requiredConfig: ["NEEDED"] });
    await seed.release(dev, build);
    for (const [app, config] of [
      [dev, { A: "1" }],
      [qa, { B: "1", NEEDED: "1" }],
    ] as const) {
      assert.equal((await operator.patch(`/apps/${app.name}/config-vars`, config)).status, 200);
    }
    const wanted = { source: { app: { id: dev.id } } };
    const refused = await operator.post("/pipeline-promotions", { ...wanted, safe: true });
    assert.deepEqual([refused.status, refused.body.id], [409, "promotion_blocked"]);
    assert.match(
      refused.body.message,
      /lacks the config vars A, and has config vars that the source has not: B, NEEDED/,
    );
    assert.equal((await operator.post("/pipeline-promotions", wanted)).status, 201, "the policy of the stage holds");
    await operator.patch(`/apps/${qa.name}/config-vars`, { NEEDED: null });
    assert.equal((await operator.post("/pipeline-promotions", wanted)).status, 409);
    const unsafe = await operator.post("/pipeline-promotions", { ...wanted, safe: false });
    assert.equal(unsafe.status, 201, JSON.stringify(unsafe.body));
  });

  it("reads, sets and unsets config vars and their notes, all or none of them", async () => {
    const app = await seed.app();
    const path = `/apps/${app.name}/config-vars`;
    assert.deepEqual((await operator.get(path)).body, {});
    const set = await operator.patch(path, { URL: "postgres://secret", EMPTY: "" });
    assert.deepEqual([set.status, set.body], [200, { URL: "postgres://secret", EMPTY: "" }], "what was given");
    const unread = await operator.get(path);
    assert.deepEqual([unread.status, unread.body.id], [403, "forbidden"]);
    assert.deepEqual((await rest.get(path)).body, { URL: "postgres://secret", EMPTY: "" });
    assert.deepEqual((await operator.patch(path, { EMPTY: null })).body, {});
    const open = { app: app.id, set: [{ key: "LEVEL", value: "info", secret: false }] };
    await server.admin.mutate("setConfig", open, "app { id }");
    assert.deepEqual((await operator.patch(path, { URL: "other" })).body, { LEVEL: "info", URL: "other" });
    await operator.patch(path, { LEVEL: "warn" });
    assert.deepEqual((await rest.get(path)).body, { LEVEL: "warn", URL: "other" });
    const query = "query ($app: ID!) { app(app: $app) { config { key secret } } }";
    assert.deepEqual((await server.admin.ask(query, { app: app.id })).app.config, [
      { key: "LEVEL", secret: false },
      { key: "URL", secret: true },
    ]);
    const noted = await operator.patch(`${path}/notes`, { URL: { description: "The database", required: true } });
    assert.deepEqual([noted.status, noted.body], [200, { URL: { description: "The database", required: true } }]);
    assert.deepEqual((await operator.get(`${path}/notes`)).body, {
      LEVEL: { description: "", required: false },
      URL: { description: "The database", required: true },
    });
    const wrong = await operator.patch(path, { "not-a-key": "canary" });
    assert.deepEqual([wrong.status, wrong.body.id], [422, "invalid_params"]);
    assert.equal((await operator.patch(path, { A: 1 })).status, 422);
  });

  it("lists releases with their builds", async () => {
    const app = await seed.app();
    const build = await seed.build({ branch: "main" });
    await seed.release(app, build);
    await seed.release(app, build);
    const [releases, builds] = await Promise.all([
      rest.get(`/apps/${app.name}/releases`),
      rest.get(`/apps/${app.name}/builds`),
    ]);
    assert.deepEqual(
      releases.body.map((one: Record<string, unknown>) => [one.version, one.status, one.state, one.current]),
      [
        [1, "succeeded", null, false],
        [2, "succeeded", null, true],
      ],
    );
    assert.equal(releases.body[0].slug.id, build.id);
    assert.match(releases.body[0].description, /^Deploy of /);
    assert.deepEqual(
      builds.body.map((one: { id: string }) => one.id),
      [build.id],
    );
    const slug = (await rest.get(`/slugs/${build.id}`)).body;
    assert.equal(slug.source_blob.commit, build.commit.sha);
    assertPrintable(slug);
  });

  it("shows a release with its statuses", async () => {
    const app = await seed.app();
    const release = await seed.release(app);
    await reporter.post(`/apps/${app.id}/releases/${release.id}/statuses`, { state: "failure", context: "qa/smoke" });
    const { body } = await rest.get(`/apps/${app.name}/releases/${release.id}/statuses`);
    assert.equal(body.state, "failure");
    assert.equal(body.release.id, release.id);
    assert.deepEqual(
      body.statuses.map((one: { context: string }) => one.context),
      ["qa/smoke"],
    );
  });

  it("rolls back", async () => {
    const app = await seed.app();
    const first = await seed.release(app);
    await seed.release(app);
    const { status, body } = await rest.post(`/apps/${app.name}/releases`, {
      release: first.id,
      description: "Rollback",
    });
    assert.deepEqual([status, body.version], [201, 3]);
    assert.match(body.description, /^Rollback to v1/);
    assert.ok(body.id);
  });

  it("releases an artifact: features, a build, polling the build until it is done, a release", async () => {
    const app = await seed.app();
    assert.deepEqual((await rest.get(`/apps/${app.name}/features`)).body, []);
    const made = await rest.post(`/apps/${app.name}/builds`, {
      checksum: "",
      url: "docker://registry.test/shop:3",
      repo: "https://github.com/acme/shop",
      sha: "0a1b2c3d",
      branch: "main",
      version: "v3",
    });
    assert.equal(made.status, 201);
    const build = await rest.get(`/apps/${app.name}/builds/${made.body.id}`);
    assert.deepEqual([build.body.id, build.body.status], [made.body.id, "succeeded"]);
    const release = await rest.post(`/apps/${app.name}/releases`, { slug: made.body.id });
    assert.deepEqual([release.status, release.body.slug.id], [201, made.body.id]);
  });
});

describe("third parties", () => {
  it("report a status with curl alone, by id or by URL-encoded context", async () => {
    const app = await seed.app();
    const release = await seed.release(app);
    const path = `/apps/${app.name}/releases/${release.id}/statuses`;
    const made = await reporter.post(path, {
      state: "pending",
      context: "ci/build (x)",
      name: "CI",
      description: "under way",
      target_url: "https://ci.test/1",
    });
    assert.equal(made.status, 201);
    assertPrintable(made.body);
    const byContext = await reporter.patch(`${path}/${encodeURIComponent("ci/build (x)")}`, { state: "success" });
    assert.deepEqual(
      [byContext.status, byContext.body.state, byContext.body.description],
      [200, "success", "under way"],
    );
    const byId = await reporter.patch(`${path}/${made.body.id}`, { description: "done" });
    assert.deepEqual([byId.body.state, byId.body.description], ["success", "done"]);
    const one = await reporter.get(`${path}/${made.body.id}`);
    assert.deepEqual(one.body, byId.body);
    const all = await reporter.get(path);
    assert.deepEqual(all.body.statuses, [byId.body]);
    assert.equal((await reporter.patch(`${path}/nope`, { state: "success" })).status, 404);
  });
});

/** A field that is printed as an object must not be null: the client reads its fields without a check. */
function assertPrintable(body: Record<string, unknown>): void {
  const look = (where: string, value: unknown) => {
    assert.notEqual(value, null, `${where} is null`);
    if (value === null || typeof value !== "object") return;
    for (const [key, inner] of Object.entries(value)) look(`${where}.${key}`, inner);
  };
  for (const [key, value] of Object.entries(body)) {
    if (value !== null && typeof value === "object")
      for (const [inner, deep] of Object.entries(value)) look(`${key}.${inner}`, deep);
  }
}
