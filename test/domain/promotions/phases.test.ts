import assert from "node:assert/strict";
import { after, describe, it } from "node:test";
import { eventsAfter, formatEvents, recordEvents } from "../../support/clients/event-log.js";
import { type Named, Seed } from "../../support/data/seed.js";
import { startServer } from "../../support/service/server.js";

const { admin } = await startServer({ after });
const seed = new Seed(admin);

interface Target {
  readonly id: string;
  readonly phase: string;
  readonly failureReason: string | null;
  readonly release: { readonly id: string };
}

const PROMOTION = "id phase targets { id phase failureReason release { id } }";
const promote = async (app: Named): Promise<{ id: string; phase: string; targets: [Target, Target] }> =>
  (await admin.mutate("promote", { app: app.id }, `promotion { ${PROMOTION} }`)).promotion;
const getPhases = async (id: string) => {
  const { promotion } = await admin.ask(`query ($id: ID!) { promotion(id: $id) { ${PROMOTION} } }`, { id });
  return [promotion.phase, ...promotion.targets.map((target: Target) => target.phase)];
};
const report = ({ release }: Target, phase: string, failureReason?: string) =>
  admin.mutate("reportDeployment", { release: release.id, phase, failureReason }, "release { phase }");

/** A source with a release, and two apps of these modes in the next stage. */
async function prepared(first = "REPORTED", second = "REPORTED") {
  const pipeline = await seed.pipeline();
  const dev = await seed.coupled(pipeline, "DEVELOPMENT");
  const one = await seed.coupled(pipeline, "STAGING", { deploymentMode: first });
  const two = await seed.coupled(pipeline, "STAGING", { deploymentMode: second });
  await seed.release(dev);
  return { pipeline, dev, one, two };
}

describe("the phase of a promotion", () => {
  it("is IN_PROGRESS until every target is final, then SUCCEEDED if all succeeded", async () => {
    const { dev } = await prepared();
    const { id, targets } = await promote(dev);
    assert.deepEqual(await getPhases(id), ["IN_PROGRESS", "DEPLOYING", "DEPLOYING"]);
    await report(targets[1], "SUCCEEDED");
    assert.deepEqual(await getPhases(id), ["IN_PROGRESS", "DEPLOYING", "SUCCEEDED"]);
    await report(targets[0], "SUCCEEDED");
    assert.deepEqual(await getPhases(id), ["SUCCEEDED", "SUCCEEDED", "SUCCEEDED"]);
  });

  it("is PARTIALLY_SUCCEEDED if some failed, with the reason at the target", async () => {
    const { dev } = await prepared("IMMEDIATE");
    const { id, targets } = await promote(dev);
    assert.deepEqual(await getPhases(id), ["IN_PROGRESS", "SUCCEEDED", "DEPLOYING"]);
    await report(targets[1], "FAILED", "The image does not start.");
    assert.deepEqual(await getPhases(id), ["PARTIALLY_SUCCEEDED", "SUCCEEDED", "FAILED"]);
    const { promotion } = await admin.ask(`query ($id: ID!) { promotion(id: $id) { ${PROMOTION} } }`, { id });
    assert.deepEqual(
      promotion.targets.map((target: Target) => target.failureReason),
      [null, "The image does not start."],
    );
  });

  it("is FAILED if none succeeded", async () => {
    const { dev } = await prepared();
    const { id, targets } = await promote(dev);
    await report(targets[0], "FAILED");
    await report(targets[1], "FAILED");
    assert.deepEqual(await getPhases(id), ["FAILED", "FAILED", "FAILED"]);
  });

  it("counts a superseded target as not succeeded", async () => {
    const { dev } = await prepared();
    const first = await promote(dev);
    const second = await promote(dev);
    assert.deepEqual(await getPhases(second.id), ["IN_PROGRESS", "QUEUED", "QUEUED"]);
    const third = await promote(dev);
    assert.deepEqual(await getPhases(second.id), ["FAILED", "SUPERSEDED", "SUPERSEDED"]);
    await report(first.targets[0], "SUCCEEDED");
    assert.deepEqual(await getPhases(third.id), ["IN_PROGRESS", "DEPLOYING", "QUEUED"]);
    await report(first.targets[1], "FAILED");
    assert.deepEqual(await getPhases(first.id), ["PARTIALLY_SUCCEEDED", "SUCCEEDED", "FAILED"]);
    await report(third.targets[0], "SUCCEEDED");
    await report(third.targets[1], "SUCCEEDED");
    assert.deepEqual(await getPhases(third.id), ["SUCCEEDED", "SUCCEEDED", "SUCCEEDED"]);
  });

  it("is final if the remaining target's app is deleted", async () => {
    const { dev, one, two } = await prepared();
    const { id, targets } = await promote(dev);
    await report(targets[0], "SUCCEEDED");
    await admin.mutate("removeCoupling", { coupling: two.couplingId }, "removedCouplingId");
    await admin.mutate("deleteApp", { app: two.id }, "deletedAppId");
    assert.deepEqual(await getPhases(id), ["PARTIALLY_SUCCEEDED", "SUCCEEDED", "FAILED"]);
    const { promotion } = await admin.ask(
      "query ($id: ID!) { promotion(id: $id) { targets { failureReason app { name deletedAt } } } }",
      { id },
    );
    assert.equal(promotion.targets[0].app.name, one.name);
    assert.equal(promotion.targets[1].app.name, two.name);
    assert.notEqual(promotion.targets[1].app.deletedAt, null);
    assert.match(promotion.targets[1].failureReason, /deleted/);
  });
});

describe("the events of a promotion", () => {
  it("are the start, each target's release and phase, and the end, in this order", async () => {
    const { pipeline, dev, one, two } = await prepared("IMMEDIATE", "IMMEDIATE");
    const { events, result } = await recordEvents(admin, () => promote(dev));
    assert.deepEqual(formatEvents(events), [
      "PROMOTION_STARTED IN_PROGRESS",
      `RELEASE_CREATED ${one.name} v1 SUCCEEDED`,
      `PROMOTION_TARGET_CHANGED ${one.name} SUCCEEDED`,
      `RELEASE_CREATED ${two.name} v1 SUCCEEDED`,
      `PROMOTION_TARGET_CHANGED ${two.name} SUCCEEDED`,
      "PROMOTION_FINISHED SUCCEEDED",
    ]);
    assert.deepEqual(new Set(events.map((event) => event.pipelineId)), new Set([pipeline.id]));
    const promotions = events.map((event) => event.promotion?.id).filter((id) => id !== undefined);
    assert.deepEqual(promotions, Array(4).fill(result.id));
  });

  it("follow each later deployment, and end once", async () => {
    const { dev, one, two } = await prepared();
    const started = await recordEvents(admin, () => promote(dev));
    assert.deepEqual(formatEvents(started.events), [
      "PROMOTION_STARTED IN_PROGRESS",
      `RELEASE_CREATED ${one.name} v1 DEPLOYING`,
      `PROMOTION_TARGET_CHANGED ${one.name} DEPLOYING`,
      `RELEASE_CREATED ${two.name} v1 DEPLOYING`,
      `PROMOTION_TARGET_CHANGED ${two.name} DEPLOYING`,
    ]);
    const [first, second] = started.result.targets;
    const succeeded = await recordEvents(admin, () => report(first, "SUCCEEDED"));
    assert.deepEqual(formatEvents(succeeded.events), [
      `RELEASE_PHASE_CHANGED ${one.name} v1 SUCCEEDED`,
      `PROMOTION_TARGET_CHANGED ${one.name} SUCCEEDED`,
    ]);
    const failed = await recordEvents(admin, () => report(second, "FAILED"));
    assert.deepEqual(formatEvents(failed.events), [
      `RELEASE_PHASE_CHANGED ${two.name} v1 FAILED`,
      `PROMOTION_TARGET_CHANGED ${two.name} FAILED`,
      "PROMOTION_FINISHED PARTIALLY_SUCCEEDED",
    ]);
  });

  it("include superseded releases before new ones", async () => {
    const { dev, one, two } = await prepared("REPORTED", "IMMEDIATE");
    await promote(dev);
    await promote(dev);
    const third = await recordEvents(admin, () => promote(dev));
    assert.deepEqual(formatEvents(third.events), [
      "PROMOTION_STARTED IN_PROGRESS",
      `RELEASE_PHASE_CHANGED ${one.name} v2 SUPERSEDED`,
      `PROMOTION_TARGET_CHANGED ${one.name} SUPERSEDED`,
      "PROMOTION_FINISHED PARTIALLY_SUCCEEDED",
      `RELEASE_CREATED ${one.name} v3 QUEUED`,
      `PROMOTION_TARGET_CHANGED ${one.name} QUEUED`,
      `RELEASE_CREATED ${two.name} v3 SUCCEEDED`,
      `PROMOTION_TARGET_CHANGED ${two.name} SUCCEEDED`,
    ]);
  });

  it("are found by the source and by each of its targets", async () => {
    const { dev, one, two } = await prepared("IMMEDIATE", "IMMEDIATE");
    const types = ["PROMOTION_STARTED", "PROMOTION_TARGET_CHANGED", "PROMOTION_FINISHED"];
    await promote(dev);
    const of = async ({ name }: Named) => formatEvents(await eventsAfter(admin, null, { app: name, types }));
    const start = "PROMOTION_STARTED IN_PROGRESS";
    const end = "PROMOTION_FINISHED SUCCEEDED";
    const [first, second] = [one, two].map(({ name }) => `PROMOTION_TARGET_CHANGED ${name} SUCCEEDED`);
    assert.deepEqual(await of(dev), [start, first, second, end]);
    assert.deepEqual(await of(one), [start, first, end]);
    assert.deepEqual(await of(two), [start, second, end]);
  });
});
