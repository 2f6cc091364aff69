import assert from "node:assert/strict";
import { after, describe, it } from "node:test";
import { RestClient } from "../../support/clients/rest.js";
import { configKeys } from "../../support/data/config-keys.js";
import { createBuild } from "../../support/data/pipeline-fixture.js";
import { createFleet, readRollout, reportAll, toCodes, toPhases } from "../../support/data/rollouts.js";
import { type Named, Seed } from "../../support/data/seed.js";
import { readLog } from "../../support/service/instances.js";
import { startServer } from "../../support/service/server.js";

const server = await startServer({ after }, { env: configKeys("k1") });
const { admin } = server;
const operator = await server.as("OPERATOR");
const seed = new Seed(admin);

const SET = "app { configVersion }";
const toSet = (keys: readonly string[]) => keys.map((key) => ({ key, value: "1" }));
const set = (app: Named, ...keys: string[]) => operator.mutate("setConfig", { app: app.id, set: toSet(keys) }, SET);
const unset = (app: Named, ...keys: string[]) => operator.mutate("setConfig", { app: app.id, unset: keys }, SET);

/** A promotion that waits for config vars of its target. */
async function waiting(requiredConfig: string[], configParity = "REQUIRED", ofSource: string[] = []) {
  const pipeline = await seed.pipeline();
  const dev = await seed.coupled(pipeline, "DEVELOPMENT", { autoDeploy: false });
  const staging = await seed.coupled(pipeline, "STAGING");
  await admin.mutate(
    "updateStagePolicy",
    { pipeline: pipeline.id, stage: "STAGING", configParity },
    "policy { stage }",
  );
  if (ofSource.length > 0) await set(dev, ...ofSource);
  await seed.release(dev, { id: await createBuild(admin, pipeline.name, { requiredConfig }) });
  const { promotion } = await admin.mutate("promote", { app: dev.id, whenReady: true }, "promotion { id phase }");
  assert.equal(promotion.phase, "WAITING");
  return { id: promotion.id as string, pipeline, dev, staging };
}

async function read(id: string) {
  const query = "query ($id: ID!) { promotion(id: $id) { phase blockers { code message remedies } } }";
  return (await admin.ask(query, { id })).promotion;
}

describe("a promotion that waits for config vars", () => {
  it("is admitted by the change that sets the last of them, in the same transaction", async () => {
    const { id, staging } = await waiting(["TOKEN", "URL"]);
    assert.deepEqual((await read(id)).blockers, [
      {
        code: "CONFIG_MISSING",
        message: `${staging.name} lacks the config vars TOKEN, URL.`,
        remedies: ["SET_CONFIG", "FORCE"],
      },
    ]);
    await set(staging, "TOKEN");
    assert.equal((await read(id)).phase, "WAITING");
    await set(staging, "URL");
    assert.equal((await read(id)).phase, "SUCCEEDED");
    const { events } = await readLog(admin);
    const last = events.findLastIndex(({ type }) => type === "CONFIG_CHANGED");
    assert.equal(events[last + 1]?.type, "PROMOTION_STARTED");
    assert.equal(events[last + 1]?.promotion?.id, id);
  });

  it("is admitted when the target does not require a key any more", async () => {
    const { id, staging } = await waiting(["URL"]);
    await operator.mutate("setConfig", { app: staging.id, set: [{ key: "OTHER", required: true }] }, SET);
    await set(staging, "URL");
    assert.equal((await read(id)).phase, "WAITING");
    await operator.mutate("setConfig", { app: staging.id, set: [{ key: "OTHER", required: false }] }, SET);
    assert.equal((await read(id)).phase, "SUCCEEDED");
  });

  it("is admitted when the source has the key no more that the target lacks", async () => {
    const { id, dev } = await waiting([], "SUPERSET", ["A"]);
    await unset(dev, "A");
    assert.equal((await read(id)).phase, "SUCCEEDED");
  });

  it("is admitted when the target has the key no more that the source lacks", async () => {
    const { id, staging, dev } = await waiting([], "EXACT", ["A"]);
    await set(staging, "A", "B");
    assert.deepEqual(
      (await read(id)).blockers.map(({ message }: { message: string }) => message),
      [`${staging.name} has config vars that the source has not: B.`],
    );
    await set(dev, "B");
    assert.equal((await read(id)).phase, "SUCCEEDED");
  });

  it("is admitted when the stage does not compare config any more", async () => {
    const { id, pipeline } = await waiting(["URL"]);
    const policy = { pipeline: pipeline.id, stage: "STAGING", configParity: "OFF" };
    await admin.mutate("updateStagePolicy", policy, "policy { configParity }");
    assert.equal((await read(id)).phase, "SUCCEEDED");
  });

  it("starts once when several apps change their config at the same time", async () => {
    for (let round = 0; round < 5; round += 1) {
      const { id, dev, staging } = await waiting(["A", "B", "C"], "SUPERSET", ["D"]);
      await Promise.all([set(staging, "A"), set(staging, "B", "C"), set(dev, "E"), unset(dev, "D", "E")]);
      await unset(dev, "E");
      assert.equal((await read(id)).phase, "SUCCEEDED");
      const query = "query ($id: ID!) { app(app: $id) { releases(first: 5) { nodes { version } } } }";
      assert.equal((await admin.ask(query, { id: staging.id })).app.releases.nodes.length, 1);
    }
  });
});

describe("a promotion in waves through the Platform API", () => {
  const rest = new RestClient(server.url, operator.secret);

  async function inWaves() {
    const fleet = await createFleet(admin, [1, 1]);
    const [first, second] = fleet.regions as readonly Named[] as [Named, Named];
    return { ...fleet, first, second, wanted: { source: { app: { id: fleet.staging.id } } } };
  }

  it("compares no config with safe: false, also for later waves", async () => {
    const { pipeline, second, wanted } = await inWaves();
    const policy = { pipeline: pipeline.id, stage: "PRODUCTION", configParity: "EXACT" };
    await admin.mutate("updateStagePolicy", policy, "policy { stage }");
    await set(second, "OTHER");
    assert.equal((await rest.post("/pipeline-promotions", { ...wanted, safe: true })).status, 409);
    const { body } = await rest.post("/pipeline-promotions", { ...wanted, safe: false });
    await reportAll(admin, body.id, "SUCCEEDED");
    assert.equal(toPhases(await readRollout(admin, body.id)), "SUCCEEDED, DEPLOYING");
  });

  it("compares config with safe: true when a later wave begins, and again when it is retried", async () => {
    const { second, wanted } = await inWaves();
    const { body } = await rest.post("/pipeline-promotions", { ...wanted, safe: true });
    await set(second, "OTHER");
    await reportAll(admin, body.id, "SUCCEEDED");
    const waits = await readRollout(admin, body.id);
    assert.deepEqual([toPhases(waits), toCodes(waits)], ["SUCCEEDED, WAITING", ["CONFIG_MISSING"]]);
    await unset(second, "OTHER");
    assert.equal(toPhases(await readRollout(admin, body.id)), "SUCCEEDED, DEPLOYING");
    await reportAll(admin, body.id, "FAILED");
    await set(second, "OTHER");
    const refused = await operator.mutationError("retryPromotion", { promotion: body.id });
    assert.equal(refused.extensions.code, "PROMOTION_BLOCKED");
  });
});
