import assert from "node:assert/strict";
import { after, describe, it } from "node:test";
import { configKeys } from "../../support/data/config-keys.js";
import { type Named, Seed } from "../../support/data/seed.js";
import { readLog } from "../../support/service/instances.js";
import { startServer } from "../../support/service/server.js";

const server = await startServer({ after }, { env: configKeys("k1") });
const { admin } = server;
const seed = new Seed(admin);

const DETAILS = `id phase reason retryOf { id } undoes { id } build { id }
  targets { phase app { name } release { version trigger description build { id } promotion { id } } }`;
const promote = async (input: object) => (await admin.mutate("promote", input, `promotion { ${DETAILS} }`)).promotion;
const undo = async (input: object) =>
  (await admin.mutate("undoPromotion", { reason: "It is slow", ...input }, `promotion { ${DETAILS} }`)).promotion;
const retry = async (input: object) =>
  (await admin.mutate("retryPromotion", input, `promotion { ${DETAILS} }`)).promotion;
const report = (release: string, phase: string) =>
  admin.mutate("reportDeployment", { release, phase }, "release { id }");
const running = async ({ id }: Named): Promise<string | undefined> => {
  const { app } = await admin.ask("query ($app: ID!) { app(app: $app) { currentRelease { build { id } } } }", {
    app: id,
  });
  return app.currentRelease?.build.id;
};

/** A pipeline with two targets that run different builds, and a newer build on the source. */
async function promoted(deploymentMode = "IMMEDIATE") {
  const pipeline = await seed.pipeline();
  const dev = await seed.coupled(pipeline, "DEVELOPMENT", { autoDeploy: false });
  const targets = [];
  for (let index = 0; index < 2; index += 1) {
    const app = await seed.coupled(pipeline, "STAGING", { deploymentMode });
    const build = await seed.build();
    const release = await seed.release(app, build);
    if (deploymentMode === "REPORTED") await report(release.id, "SUCCEEDED");
    targets.push({ app, before: build.id });
  }
  const build = await seed.build();
  await seed.release(dev, build);
  const [one, two] = targets as [(typeof targets)[number], (typeof targets)[number]];
  return { pipeline, dev, one, two, build };
}

describe("undoPromotion", () => {
  it("takes all targets back to what each ran, as a promotion whose releases are rollbacks", async () => {
    const { pipeline, dev, one, two, build } = await promoted();
    const first = await promote({ app: dev.id });
    // Nothing of a gate holds on the way back.
    await admin.mutate("updateChecks", { coupling: one.app.couplingId, requiredChecks: ["ci"] }, "coupling { id }");
    const undone = await undo({ promotion: first.id });
    assert.deepEqual(
      [undone.phase, undone.undoes.id, undone.reason, undone.build.id],
      ["SUCCEEDED", first.id, "It is slow", build.id],
    );
    const back = undone.targets.map((target: { app: Named; release: { build: Named } }) => [
      target.app.name,
      target.release.build.id,
    ]);
    assert.deepEqual(Object.fromEntries(back), { [one.app.name]: one.before, [two.app.name]: two.before });
    const [{ release }] = undone.targets;
    assert.deepEqual(
      [release.trigger, release.description, release.version, release.promotion.id],
      ["ROLLBACK", "Rollback to v1: It is slow", 3, undone.id],
    );
    assert.deepEqual([await running(one.app), await running(two.app)], [one.before, two.before]);
    const { events } = await readLog(admin);
    const mine = events.filter((event) => event.promotion?.id === undone.id).map(({ type }) => type);
    assert.deepEqual(mine, [
      "PROMOTION_STARTED",
      ...["PROMOTION_TARGET_CHANGED", "PROMOTION_TARGET_CHANGED"],
      "PROMOTION_FINISHED",
    ]);
    assert.equal(
      (await admin.mutationError("undoPromotion", { promotion: first.id, reason: "Again" })).extensions.code,
      "CONFLICT",
    );
    await admin.mutate("deletePipeline", { pipeline: pipeline.id }, "deletedPipelineId");
  });

  it("is refused if a target has moved on, and names it; skipMovedOn takes the rest", async () => {
    const { dev, one, two } = await promoted();
    const first = await promote({ app: dev.id });
    const newer = await seed.build();
    await seed.release(one.app, newer);
    const refusal = await admin.mutationError("undoPromotion", { promotion: first.id, reason: "Slow" });
    assert.equal(refusal.extensions.code, "CONFLICT");
    assert.equal(
      refusal.message,
      `The promotion cannot be undone: ${one.app.name} runs v3 by now. skipMovedOn undoes the rest.`,
    );
    assert.equal((await undo({ promotion: first.id, skipMovedOn: true })).targets.length, 1);
    assert.deepEqual([await running(one.app), await running(two.app)], [newer.id, two.before]);
  });

  it("takes back a target whose config has changed since, which keeps its config", async () => {
    const { dev, one, two, build } = await promoted("REPORTED");
    const first = await promote({ app: dev.id });
    const query = "query ($id: ID!) { promotion(id: $id) { targets { release { id } } } }";
    for (const target of (await admin.ask(query, { id: first.id })).promotion.targets)
      await report(target.release.id, "SUCCEEDED");
    const set = { app: one.app.id, set: [{ key: "A", value: "1" }] };
    const changed = (await admin.mutate("setConfig", set, "release { id trigger build { id } }")).release;
    assert.deepEqual([changed.trigger, changed.build.id], ["CONFIG", build.id]);
    await report(changed.id, "SUCCEEDED");
    const undone = await undo({ promotion: first.id });
    const back = undone.targets.map((target: { release: { build: Named } }) => target.release.build.id);
    assert.deepEqual(back.sort(), [one.before, two.before].sort());
    const config = "query ($id: ID!) { app(app: $id) { configVersion config { key value } } }";
    assert.deepEqual((await admin.ask(config, { id: one.app.id })).app, {
      configVersion: 1,
      config: [{ key: "A", value: "1" }],
    });
  });

  it("leaves targets alone that failed, and is refused where nothing ran before", async () => {
    const { dev, pipeline, one, two } = await promoted("REPORTED");
    const first = await promote({ app: dev.id });
    const ids = (
      await admin.ask("query ($id: ID!) { promotion(id: $id) { targets { app { name } release { id } } } }", {
        id: first.id,
      })
    ).promotion.targets;
    const releaseOn = (app: Named) => ids.find((target: { app: Named }) => target.app.name === app.name).release.id;
    const busy = await admin.mutationError("undoPromotion", { promotion: first.id, reason: "Early" });
    assert.match(busy.message, /is DEPLOYING/);
    await report(releaseOn(one.app), "SUCCEEDED");
    await report(releaseOn(two.app), "FAILED");
    const undone = await undo({ promotion: first.id });
    assert.deepEqual(
      undone.targets.map(({ app }: { app: Named }) => app.name),
      [one.app.name],
    );
    assert.equal(undone.phase, "IN_PROGRESS");
    const fresh = await seed.coupled(pipeline, "STAGING");
    const onto = await promote({ app: dev.id, targets: [fresh.id] });
    const refusal = await admin.mutationError("undoPromotion", { promotion: onto.id, reason: "New" });
    assert.equal(refusal.message, `The promotion cannot be undone: ${fresh.name} ran nothing before.`);
    const blank = await admin.mutationError("undoPromotion", { promotion: onto.id, reason: "" });
    assert.deepEqual([blank.extensions.code, blank.extensions.field], ["BAD_USER_INPUT", "reason"]);
  });

  it("holds automatic deploys, as a rollback does", async () => {
    const pipeline = await seed.pipeline({ reviewAppsEnabled: true, repository: "github.com/tests/undo" });
    const review = await seed.coupled(pipeline, "REVIEW");
    const dev = await seed.coupled(pipeline, "DEVELOPMENT", { autoDeploy: true });
    const build = () => seed.build({ repository: "github.com/tests/undo" });
    await seed.release(dev, await build());
    await seed.release(review, await build());
    const first = await promote({ app: review.id });
    await undo({ promotion: first.id });
    const query = "query ($id: ID!) { coupling(id: $id) { autoDeployHeld } }";
    assert.equal((await admin.ask(query, { id: dev.couplingId })).coupling.autoDeployHeld, true);
  });

  it("answers a repetition with the same key as the first", async () => {
    const { dev } = await promoted();
    const first = await promote({ app: dev.id });
    const input = { promotion: first.id, idempotencyKey: "undo once" };
    assert.equal((await undo(input)).id, (await undo(input)).id);
  });
});

describe("retryPromotion", () => {
  it("promotes the same release to the failed targets again, after a new evaluation", async () => {
    const { dev, one, two, build } = await promoted("REPORTED");
    const first = await promote({ app: dev.id });
    const { promotion } = await admin.ask(
      "query ($id: ID!) { promotion(id: $id) { targets { app { name } release { id } } } }",
      { id: first.id },
    );
    for (const { app, release } of promotion.targets)
      await report(release.id, app.name === one.app.name ? "FAILED" : "SUCCEEDED");
    await seed.release(dev);
    const again = await retry({ promotion: first.id });
    assert.deepEqual(
      [again.retryOf.id, again.build.id, again.targets.map(({ app }: { app: Named }) => app.name)],
      [first.id, build.id, [one.app.name]],
    );
    const wrong = await admin.mutationError("retryPromotion", { promotion: first.id, targets: [two.app.name] });
    assert.deepEqual([wrong.extensions.code, wrong.extensions.field], ["BAD_USER_INPUT", "targets.0"]);
    await admin.mutate("updateChecks", { coupling: one.app.couplingId, requiredChecks: ["ci"] }, "coupling { id }");
    assert.equal(
      (await admin.mutationError("retryPromotion", { promotion: first.id })).extensions.code,
      "PROMOTION_BLOCKED",
    );
    assert.equal((await retry({ promotion: first.id, whenReady: true })).phase, "WAITING");
  });

  it("tries what was cancelled, and is refused if nothing failed", async () => {
    const { dev, one, build } = await promoted();
    await admin.mutate("updateChecks", { coupling: one.app.couplingId, requiredChecks: ["ci"] }, "coupling { id }");
    const first = await promote({ app: dev.id, whenReady: true });
    await admin.mutate("cancelPromotion", { promotion: first.id, reason: "Later" }, "promotion { id }");
    await admin.mutate("reportStatus", { build: build.id, context: "ci", state: "SUCCESS" }, "status { id }");
    const again = await retry({ promotion: first.id });
    assert.deepEqual([again.phase, again.targets.length], ["SUCCEEDED", 2]);
    assert.equal((await admin.mutationError("retryPromotion", { promotion: again.id })).extensions.code, "CONFLICT");
  });
});
