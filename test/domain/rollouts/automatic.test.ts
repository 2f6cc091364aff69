import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, describe, it } from "node:test";
import { LIMITS } from "../../../src/domain/core/input.js";
import { Promotion } from "../../../src/entities/releases/promotion.js";
import { readRollout, reportAll, toCodes, toPhases } from "../../support/data/rollouts.js";
import { type Named, Seed, type SeededBuild, unique } from "../../support/data/seed.js";
import { engine } from "../../support/database/engine.js";
import { Clock, HOUR } from "../../support/service/clock.js";
import { pickOne, readLog, startInstances } from "../../support/service/instances.js";
import { startServer, type TestServer } from "../../support/service/server.js";

const clock = new Clock();
const server = await startServer({ after }, { now: clock.now });
const { admin } = server;
const seed = new Seed(admin);

interface Line {
  readonly pipeline: Named;
  readonly staging: Named & { couplingId: string };
  readonly production: Named & { couplingId: string };
  /** Builds of one branch, each newer than the one before. */
  readonly build: () => Promise<SeededBuild>;
}

/** A pipeline whose PRODUCTION has automatic promotion. */
async function createLine(policy: object = {}, deploymentMode = "IMMEDIATE"): Promise<Line> {
  const repository = `github.com/tests/${unique("line")}`;
  const pipeline = await seed.pipeline({ repository, branch: "main" });
  const staging = await seed.coupled(pipeline, "STAGING");
  const production = await seed.coupled(pipeline, "PRODUCTION", { deploymentMode });
  const input = { pipeline: pipeline.id, stage: "PRODUCTION", autoPromote: true, ...policy };
  await admin.mutate("updateStagePolicy", input, "policy { autoPromote autoPromoteEvery }");
  return { pipeline, staging, production, build: () => seed.build({ repository, branch: "main" }) };
}

const release = async ({ staging, build }: Line) => {
  const one = await seed.release(staging, await build());
  await server.app.tick();
  return one;
};
const promotionsTo = async ({ pipeline }: Line) => {
  const query = `query ($id: ID!) { promotions(pipeline: $id, first: 20) { nodes { id phase createdBy { name } release { version } } } }`;
  return (await admin.ask(query, { id: pipeline.id })).promotions.nodes;
};
const readHold = async ({ id }: Named) =>
  (await admin.ask("query ($id: ID!) { coupling(app: $id) { automationHeld { since by { name } reason } } }", { id }))
    .coupling.automationHeld;
const buildOn = async ({ id }: Named) =>
  (await admin.ask("query ($id: ID!) { app(app: $id) { currentRelease { build { id } } } }", { id })).app.currentRelease
    ?.build.id;

describe("automatic promotion", () => {
  it("promotes the current release of the stage before, as the service", async () => {
    const line = await createLine();
    await release(line);
    const [promotion, ...others] = await promotionsTo(line);
    assert.deepEqual(others, []);
    assert.deepEqual([promotion.phase, promotion.createdBy.name], ["SUCCEEDED", "railyard"]);
    await server.app.tick();
    assert.equal((await promotionsTo(line)).length, 1, "it promotes a release once");
  });

  it("is asked for in the transaction of the release or report that makes it ready, without the clock", async () => {
    const line = await createLine({ soakTime: "2h" });
    await seed.release(line.staging, await line.build());
    assert.deepEqual(
      (await promotionsTo(line)).map(({ phase }: { phase: string }) => phase),
      ["WAITING"],
    );
    const reported = await createLine({}, "REPORTED");
    await admin.mutate("updateApp", { app: reported.staging.id, deploymentMode: "REPORTED" }, "app { id }");
    const { id } = await seed.release(reported.staging, await reported.build());
    const deploying = { release: id, phase: "DEPLOYING" };
    await admin.mutate("reportDeployment", deploying, "release { phase }");
    assert.deepEqual(await promotionsTo(reported), []);
    const { cursor } = await readLog(admin);
    await admin.mutate("reportDeployment", { ...deploying, phase: "SUCCEEDED" }, "release { phase }");
    const [promotion] = await promotionsTo(reported);
    assert.deepEqual([promotion.phase, promotion.createdBy.name], ["IN_PROGRESS", "railyard"]);
    const query = "query ($after: EventCursor) { events(after: $after, first: 20) { nodes { type actor { name } } } }";
    const actors = (await admin.ask(query, { after: cursor })).events.nodes.map(
      ({ type, actor }: { type: string; actor: { name: string } }) => [type, actor.name],
    );
    assert.deepEqual(actors.slice(0, 2), [
      ["RELEASE_PHASE_CHANGED", "admin"],
      ["PROMOTION_STARTED", "railyard"],
    ]);
    await server.app.tick();
    assert.equal((await promotionsTo(reported)).length, 1);
  });

  it("does not fail the release that makes it ready if it is refused, and is asked for later", async () => {
    const line = await createLine({ soakTime: "2h" });
    await seed.release(line.staging, await line.build());
    const [waiting] = await promotionsTo(line);
    // As many promotions wait as may. These have no targets, so they end when they are due.
    const ids = Array.from({ length: LIMITS.waitingPromotions }, () => randomUUID());
    await server.app.database.write(async (tx) => {
      const row = await tx.first(Promotion, { id: waiting.id });
      const copies = ids.map((id, index) =>
        Object.assign(new Promotion(), row, { id, position: 1_000_000 + index, updatedPosition: 1_000_000 + index }),
      );
      await tx.insert(Promotion, copies);
    });
    const { phase } = await seed.release(line.staging, await line.build());
    assert.equal(phase, "SUCCEEDED");
    assert.equal((await readRollout(admin, waiting.id)).phase, "WAITING");
    await server.app.database.write((tx) => tx.update(Promotion, { id: ids }, { wakeAt: new Date(0) }));
    await server.app.tick();
    assert.equal((await readRollout(admin, waiting.id)).phase, "SUPERSEDED");
  });

  it("waits for the gates with their blockers, and a newer release replaces it", async () => {
    const line = await createLine({ soakTime: "2h" });
    await release(line);
    const [first] = await promotionsTo(line);
    assert.deepEqual(toCodes(await readRollout(admin, first.id)), ["SOAKING"]);
    clock.advance(HOUR);
    await release(line);
    const [second] = await promotionsTo(line);
    assert.equal((await readRollout(admin, first.id)).phase, "SUPERSEDED");
    clock.advance(2 * HOUR);
    await server.app.tick();
    assert.equal((await readRollout(admin, second.id)).phase, "SUCCEEDED");
  });

  it("promotes only what is newer by its order on the branch", async () => {
    const line = await createLine();
    const older = await line.build();
    await release(line);
    const newest = await buildOn(line.production);
    await seed.release(line.staging, older);
    await server.app.tick();
    assert.equal((await promotionsTo(line)).length, 1);
    assert.equal(await buildOn(line.production), newest);
  });

  it("starts at most once in autoPromoteEvery, and batches what comes meanwhile", async () => {
    const line = await createLine({ autoPromoteEvery: "24h" });
    await release(line);
    clock.advance(HOUR);
    await release(line);
    await release(line);
    const all = await promotionsTo(line);
    assert.equal(all.length, 3, JSON.stringify(all));
    const [third, second, first] = all;
    assert.deepEqual([first.phase, second.phase, third.phase], ["SUCCEEDED", "SUPERSEDED", "WAITING"]);
    assert.deepEqual(toCodes(await readRollout(admin, third.id)), ["NOT_BEFORE"]);
    clock.advance(23 * HOUR);
    await server.app.tick();
    assert.equal((await readRollout(admin, third.id)).phase, "SUCCEEDED");
  });

  it("leaves a rollout that is under way alone, and follows when it has ended", async () => {
    const line = await createLine({}, "REPORTED");
    const second = await seed.coupled(line.pipeline, "PRODUCTION", { deploymentMode: "REPORTED" });
    await admin.mutate("setWave", { coupling: second.couplingId, wave: 2 }, "coupling { id }");
    await release(line);
    const [first] = await promotionsTo(line);
    await release(line);
    assert.equal((await promotionsTo(line)).length, 1);
    await reportAll(admin, first.id, "SUCCEEDED");
    await server.app.tick();
    assert.equal(toPhases(await readRollout(admin, first.id)), "SUCCEEDED, DEPLOYING");
    assert.equal((await promotionsTo(line)).length, 1);
    await reportAll(admin, first.id, "SUCCEEDED");
    await server.app.tick();
    assert.equal((await promotionsTo(line)).length, 2);
  });

  it("does not take a target from a promotion of a person that waits", async () => {
    const line = await createLine();
    await seed.release(line.staging, await line.build());
    const notBefore = new Date(clock.now().getTime() + HOUR).toISOString();
    const { promotion } = await admin.mutate("promote", { app: line.staging.id, notBefore }, "promotion { id }");
    const before = (await promotionsTo(line)).length;
    await seed.release(line.staging, await line.build());
    await server.app.tick();
    assert.equal((await readRollout(admin, promotion.id)).phase, "WAITING");
    assert.equal((await promotionsTo(line)).length, before);
  });
});

describe("a hold of automation", () => {
  it("follows a rollback, says why, and ends with releaseAutomationHold", async () => {
    const line = await createLine();
    await release(line);
    await release(line);
    await admin.mutate("rollback", { app: line.production.id }, "release { id }");
    const hold = await readHold(line.production);
    assert.deepEqual(hold, {
      since: clock.now().toISOString(),
      by: { name: "admin" },
      reason: "The app was rolled back to v1.",
    });
    await release(line);
    assert.equal((await promotionsTo(line)).length, 2, "what comes is not promoted");
    await admin.mutate("releaseAutomationHold", { coupling: line.production.couplingId }, "coupling { id }");
    await server.app.tick();
    assert.equal((await promotionsTo(line)).length, 3);
    const types = ["AUTOMATION_HELD", "AUTOMATION_RESUMED"];
    const query =
      "query ($id: ID!, $types: [EventType!]) { events(app: $id, types: $types, first: 9) { nodes { type } } }";
    const { events } = await admin.ask(query, { id: line.production.id, types });
    assert.deepEqual(
      events.nodes.map(({ type }: { type: string }) => type),
      types,
    );
  });

  it("cancels the automatic promotion that waits for the app", async () => {
    const line = await createLine({ soakTime: "1h" });
    await seed.release(line.production, await line.build(), { force: true, reason: "The first" });
    await admin.mutate("releaseAutomationHold", { coupling: line.production.couplingId }, "coupling { id }");
    await release(line);
    const [waiting] = await promotionsTo(line);
    assert.equal(waiting.phase, "WAITING");
    await seed.release(line.production, await line.build(), { force: true, reason: "A fix" });
    const { phase, endReason } = await readRollout(admin, waiting.id);
    assert.deepEqual([phase, endReason], ["CANCELLED", "v2 was released straight onto the app."]);
  });

  it("follows a promotion of another release, and ends with one of the current release", async () => {
    const line = await createLine();
    const first = await release(line);
    await release(line);
    await admin.mutate("promote", { app: line.staging.id, release: first.id }, "promotion { id }");
    assert.match((await readHold(line.production)).reason, /Another release than the current one/);
    await admin.mutate("promote", { app: line.staging.id }, "promotion { id }");
    assert.equal(await readHold(line.production), null);
  });

  it("follows an undo, and an automatic rollback", async () => {
    const line = await createLine();
    await release(line);
    await release(line);
    const [second] = await promotionsTo(line);
    await admin.mutate("undoPromotion", { promotion: second.id, reason: "Errors" }, "promotion { id }");
    assert.equal((await readHold(line.production)).reason, "A promotion to the app was undone.");
    await admin.mutate("releaseAutomationHold", { coupling: line.production.couplingId }, "coupling { id }");
    const verification = { checks: ["smoke"], onFailure: "ROLL_BACK" };
    await admin.mutate("setVerification", { coupling: line.production.couplingId, verification }, "coupling { id }");
    await release(line);
    const [third] = await promotionsTo(line);
    const { targets } = await readRollout(admin, third.id);
    const status = { release: targets[0]?.release?.id, context: "smoke", state: "FAILURE" };
    await admin.mutate("reportStatus", status, "status { id }");
    const hold = await readHold(line.production);
    assert.deepEqual([hold.by.name, /smoke is FAILURE/.test(hold.reason)], ["railyard", true]);
  });

  it("is what a rollback does to automatic deploys in DEVELOPMENT", async () => {
    const pipeline = await seed.pipeline();
    const dev = await seed.coupled(pipeline, "DEVELOPMENT");
    await seed.release(dev);
    await seed.release(dev);
    await admin.mutate("rollback", { app: dev.id, reason: "Errors" }, "release { id }");
    assert.equal((await readHold(dev)).reason, "Rollback to v1: Errors.");
    const { extensions } = await admin.mutationError("releaseAutomationHold", { coupling: dev.couplingId });
    assert.equal(extensions.code, "CONFLICT");
    await seed.release(dev);
    assert.equal(await readHold(dev), null);
  });
});

describe("automatic promotion from several apps at once, reported to any instance", () => {
  it("loses no report, and promotes the newest build in the end", async (t) => {
    const instances = await startInstances(t, engine === "postgres" ? 2 : 1);
    const anyone = () => (pickOne(instances) as TestServer).admin;
    const { admin } = instances[0] as TestServer;
    const seed = new Seed(admin);
    const repository = `github.com/tests/${unique("line")}`;
    const pipeline = await seed.pipeline({ repository, branch: "main" });
    const sources = await Promise.all(
      [1, 2, 3].map(() => seed.coupled(pipeline, "STAGING", { deploymentMode: "REPORTED" })),
    );
    const production = await seed.coupled(pipeline, "PRODUCTION");
    const other = await seed.coupled(pipeline, "PRODUCTION");
    const policy = { pipeline: pipeline.id, stage: "PRODUCTION", autoPromote: true };
    await admin.mutate("updateStagePolicy", policy, "policy { autoPromote }");
    let newest = "";
    for (let round = 0; round < 4; round += 1) {
      const releases: string[] = [];
      for (const source of sources) {
        const build = await seed.build({ repository, branch: "main" });
        newest = build.id;
        releases.push((await seed.release(source, build)).id);
      }
      const [first] = sources;
      await Promise.all([
        ...releases.map((release) =>
          anyone().mutate("reportDeployment", { release, phase: "SUCCEEDED" }, "release { phase }"),
        ),
        anyone().post(
          `mutation { promote(input: { app: "${first?.id}", targets: ["${other.id}"] }) { promotion { id } } }`,
        ),
        ...instances.map(({ app }) => app.tick()),
      ]);
    }
    for (const { app } of instances) await app.tick();
    const query = "query ($id: ID!) { app(app: $id) { currentRelease { build { id } } } }";
    const { app } = await admin.ask(query, { id: production.id });
    assert.equal(app.currentRelease.build.id, newest);
  });
});
