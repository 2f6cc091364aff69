import assert from "node:assert/strict";
import { after, describe, it } from "node:test";
import { Client } from "../../support/clients/client.js";
import { createFleet, readRollout, reportAll, rollOut, toCodes, toPhases } from "../../support/data/rollouts.js";
import { type Named, Seed } from "../../support/data/seed.js";
import { Clock, HOUR, MINUTE } from "../../support/service/clock.js";
import { startServer } from "../../support/service/server.js";

const clock = new Clock();
const server = await startServer({ after }, { now: clock.now });
const { admin } = server;
const seed = new Seed(admin);

const RELEASE = `id version phase trigger verifiedAt verifyBy description createdBy { name }`;

const verify = ({ couplingId: coupling }: { couplingId: string }, verification: object | null, client = admin) =>
  client.mutate("setVerification", { coupling, verification }, "coupling { verification { checks within onFailure } }");
const report = (release: string | undefined, context: string, state: string) =>
  admin.mutate("reportStatus", { release, context, state }, "status { id }");
const readRelease = async (id: string | undefined) =>
  (await admin.ask(`query ($id: ID!) { release(id: $id) { ${RELEASE} } }`, { id })).release;
const readReleases = async ({ id }: Named) =>
  (await admin.ask(`query ($id: ID!) { app(app: $id) { releases(first: 10) { nodes { ${RELEASE} } } } }`, { id })).app
    .releases.nodes;

const EVENTS = `query ($app: ID!, $types: [EventType!]) { events(app: $app, types: $types, first: 50) { nodes {
  type actor { name } ... on ReleaseEvent { problem release { version } cause { context state } }
} } }`;
const TYPES = ["RELEASE_VERIFIED", "VERIFICATION_FAILED", "AUTOMATIC_ROLLBACK"];
const readEvents = async ({ id }: Named) => (await admin.ask(EVENTS, { app: id, types: TYPES })).events.nodes;

describe("a release of an app with a verification", () => {
  it("is verified when every context is SUCCESS on the release itself", async () => {
    const pipeline = await seed.pipeline();
    const app = await seed.coupled(pipeline, "STAGING");
    await verify(app, { checks: ["smoke", "load"] });
    const build = await seed.build();
    await admin.mutate("reportStatus", { build: build.id, context: "smoke", state: "SUCCESS" }, "status { id }");
    const { id } = await seed.release(app, build);
    const begun = await readRelease(id);
    assert.deepEqual([begun.phase, begun.verifiedAt], ["SUCCEEDED", null]);
    assert.equal(begun.verifyBy, new Date(clock.now().getTime() + 30 * MINUTE).toISOString());
    await report(id, "load", "SUCCESS");
    assert.equal((await readRelease(id)).verifiedAt, null, "a status of the build does not count");
    await report(id, "smoke", "PENDING");
    await report(id, "smoke", "SUCCESS");
    const verified = await readRelease(id);
    assert.deepEqual([verified.verifiedAt, verified.verifyBy], [clock.now().toISOString(), null]);
    assert.deepEqual(
      (await readEvents(app)).map(({ type }: { type: string }) => type),
      ["RELEASE_VERIFIED"],
    );
  });

  it("keeps its target VERIFYING, and the next wave waiting, until then", async () => {
    const fleet = await createFleet(admin, [1, 1]);
    const [first] = fleet.regions;
    if (first !== undefined) await verify(first, { checks: ["smoke"] });
    const { id } = await rollOut(admin, fleet);
    await reportAll(admin, id, "SUCCEEDED");
    const verifying = await readRollout(admin, id);
    assert.equal(toPhases(verifying), "VERIFYING, WAITING");
    assert.equal(verifying.blockers[0]?.message, "Wave 2 begins when wave 1 has ended; 1 target is VERIFYING.");
    assert.deepEqual(verifying.blockers[0]?.remedies, ["REPORT_STATUS"]);
    await report(verifying.targets[0]?.release?.id, "smoke", "SUCCESS");
    assert.equal(toPhases(await readRollout(admin, id)), "SUCCEEDED, DEPLOYING");
  });

  it("counts statuses that were reported while it was deployed", async () => {
    const fleet = await createFleet(admin, [2]);
    for (const region of fleet.regions) await verify(region, { checks: ["smoke"] });
    const { id, targets } = await rollOut(admin, fleet);
    await report(targets[0]?.release?.id, "smoke", "SUCCESS");
    await report(targets[1]?.release?.id, "smoke", "ERROR");
    await reportAll(admin, id, "SUCCEEDED");
    const ended = await readRollout(admin, id);
    assert.deepEqual([ended.phase, toPhases(ended)], ["PARTIALLY_SUCCEEDED", "SUCCEEDED FAILED"]);
  });
});

describe("a verification that fails", () => {
  it("fails the target, and stops the rollout, with STOP", async () => {
    const fleet = await createFleet(admin, [1, 1]);
    const [first] = fleet.regions;
    if (first === undefined) throw new Error("The fleet is empty.");
    await verify(first, { checks: ["smoke"], onFailure: "STOP" });
    const { id } = await rollOut(admin, fleet);
    await reportAll(admin, id, "SUCCEEDED");
    const release = (await readRollout(admin, id)).targets[0]?.release?.id;
    await report(release, "smoke", "FAILURE");
    const stopped = await readRollout(admin, id);
    assert.deepEqual([stopped.phase, toPhases(stopped)], ["FAILED", "FAILED, CANCELLED"]);
    const query = "query ($id: ID!) { promotion(id: $id) { targets { failureReason } } }";
    const { promotion } = await admin.ask(query, { id });
    assert.equal(promotion.targets[0].failureReason, "smoke is FAILURE on v1.");
    assert.deepEqual(await readEvents(first), [
      {
        ...{ type: "VERIFICATION_FAILED", actor: { name: "admin" }, problem: "smoke is FAILURE on v1." },
        ...{ release: { version: 1 }, cause: { context: "smoke", state: "FAILURE" } },
      },
    ]);
  });

  it("is recorded, and the rollout goes on, with RECORD", async () => {
    const fleet = await createFleet(admin, [1, 1]);
    const [first] = fleet.regions;
    if (first !== undefined) await verify(first, { checks: ["smoke"], onFailure: "RECORD" });
    const { id } = await rollOut(admin, fleet);
    await reportAll(admin, id, "SUCCEEDED");
    const release = (await readRollout(admin, id)).targets[0]?.release?.id;
    await report(release, "smoke", "FAILURE");
    assert.equal(toPhases(await readRollout(admin, id)), "SUCCEEDED, DEPLOYING");
    assert.equal((await readRelease(release)).verifiedAt, null);
  });

  it("also fails when its time is over, by the clock", async () => {
    const fleet = await createFleet(admin, [1, 1], { policy: { maxFailures: 1 } });
    const [first] = fleet.regions;
    if (first === undefined) throw new Error("The fleet is empty.");
    await verify(first, { checks: ["load", "smoke"], within: "10m" });
    const { id } = await rollOut(admin, fleet);
    await reportAll(admin, id, "SUCCEEDED");
    const release = (await readRollout(admin, id)).targets[0]?.release?.id;
    await report(release, "load", "SUCCESS");
    clock.advance(10 * MINUTE - 1);
    await server.app.tick();
    assert.equal(toPhases(await readRollout(admin, id)), "VERIFYING, WAITING");
    clock.advance(1);
    await server.app.tick();
    assert.equal(toPhases(await readRollout(admin, id)), "FAILED, DEPLOYING");
    const [event] = await readEvents(first);
    assert.deepEqual([event.problem, event.cause], ["Not SUCCESS on v1 within 10m: smoke.", null]);
    assert.equal(event.actor.name, "railyard");
  });
});

describe("requireVerified", () => {
  it("blocks a release that is not verified, and one whose context fails later", async () => {
    const fleet = await createFleet(admin, [1], { policy: { requireVerified: true }, deploymentMode: "IMMEDIATE" });
    const refused = await admin.mutationError("promote", { app: fleet.staging.id, whenReady: true });
    assert.match(refused.message, /nothing verifies it/);
    await verify(fleet.staging, { checks: ["smoke"] });
    const { id: release } = await seed.release(fleet.staging);
    const { id, ...waiting } = await rollOut(admin, fleet, { whenReady: true });
    assert.deepEqual([toCodes(waiting), waiting.blockers[0]?.remedies], [["NOT_VERIFIED"], ["REPORT_STATUS", "FORCE"]]);
    await report(release, "smoke", "SUCCESS");
    assert.equal((await readRollout(admin, id)).phase, "SUCCEEDED");
    await report(release, "smoke", "FAILURE");
    assert.equal((await readRelease(release)).verifiedAt, null);
    const again = await rollOut(admin, fleet, { whenReady: true });
    assert.match(again.blockers[0]?.message ?? "", /its verification failed: smoke is FAILURE on v2\./);
    await report(release, "smoke", "SUCCESS");
    assert.equal((await readRollout(admin, again.id)).phase, "SUCCEEDED");
  });

  it("holds the later waves of a rollout whose source fails its verification meanwhile", async () => {
    const fleet = await createFleet(admin, [1, 1], { policy: { requireVerified: true } });
    await verify(fleet.staging, { checks: ["smoke"] });
    const { id: release } = await seed.release(fleet.staging);
    await report(release, "smoke", "SUCCESS");
    const { id } = await rollOut(admin, fleet);
    await report(release, "smoke", "ERROR");
    await reportAll(admin, id, "SUCCEEDED");
    assert.deepEqual(toCodes(await readRollout(admin, id)), ["NOT_VERIFIED"]);
    await report(release, "smoke", "SUCCESS");
    assert.equal(toPhases(await readRollout(admin, id)), "SUCCEEDED, DEPLOYING");
  });

  it("also holds back a build that is released straight onto an app", async () => {
    const fleet = await createFleet(admin, [1], { policy: { requireVerified: true } });
    await verify(fleet.staging, { checks: ["smoke"] });
    const build = await seed.build();
    const input = { app: fleet.regions[0]?.id, build: build.id };
    assert.equal((await admin.mutationError("createRelease", input)).extensions.code, "PROMOTION_BLOCKED");
    const { id } = await seed.release(fleet.staging, build);
    await report(id, "smoke", "SUCCESS");
    await admin.mutate("createRelease", input, "release { id }");
  });
});

describe("the soak time of a release whose verification fails", () => {
  it("begins again when it is verified again", async () => {
    const fleet = await createFleet(admin, [1], { policy: { soakTime: "2h" }, deploymentMode: "IMMEDIATE" });
    await verify(fleet.staging, { checks: ["smoke"] });
    const { id: release } = await seed.release(fleet.staging);
    await report(release, "smoke", "SUCCESS");
    clock.advance(HOUR);
    await report(release, "smoke", "FAILURE");
    const { id, ...waiting } = await rollOut(admin, fleet, { whenReady: true });
    assert.deepEqual([toCodes(waiting), waiting.clearsAt], [["SOAKING"], null]);
    clock.advance(HOUR);
    await server.app.tick();
    await report(release, "smoke", "SUCCESS");
    assert.equal((await readRollout(admin, id)).clearsAt, new Date(clock.now().getTime() + 2 * HOUR).toISOString());
    clock.advance(2 * HOUR);
    await server.app.tick();
    assert.equal((await readRollout(admin, id)).phase, "SUCCEEDED");
  });
});

describe("ROLL_BACK", () => {
  const CHECKS = { checks: ["smoke"], onFailure: "ROLL_BACK" };

  it("goes back to the newest verified release, and the target is ROLLED_BACK", async () => {
    const pipeline = await seed.pipeline();
    const source = await seed.coupled(pipeline, "STAGING");
    const app = await seed.coupled(pipeline, "PRODUCTION");
    await verify(app, CHECKS);
    const promote = async () => {
      await seed.release(source);
      const { promotion } = await admin.mutate(
        "promote",
        { app: source.id },
        "promotion { id targets { release { id } } }",
      );
      return promotion;
    };
    const first = await promote();
    await report(first.targets[0].release.id, "smoke", "SUCCESS");
    await verify(app, { ...CHECKS, onFailure: "RECORD" });
    const second = await promote();
    await report(second.targets[0].release.id, "smoke", "FAILURE");
    await verify(app, CHECKS);
    const third = await promote();
    await report(third.targets[0].release.id, "smoke", "FAILURE");
    assert.deepEqual(toPhases(await readRollout(admin, third.id)), "ROLLED_BACK");
    assert.equal((await readRollout(admin, third.id)).phase, "FAILED");
    const [newest] = await readReleases(app);
    assert.deepEqual(
      [newest.version, newest.trigger, newest.createdBy.name, newest.description],
      [4, "ROLLBACK", "railyard", "Rollback to v1: the verification of v3 failed"],
    );
    const events = (await readEvents(app)).slice(-2);
    assert.deepEqual(
      events.map(({ type, cause, problem }: { type: string; cause: object; problem: string }) => [
        type,
        cause,
        problem,
      ]),
      [
        ["VERIFICATION_FAILED", { context: "smoke", state: "FAILURE" }, "smoke is FAILURE on v3."],
        ["AUTOMATIC_ROLLBACK", { context: "smoke", state: "FAILURE" }, "smoke is FAILURE on v3."],
      ],
    );
    assert.equal(events[1].actor.name, "railyard");
  });

  it("goes back to what ran at admission if none was verified", async () => {
    const fleet = await createFleet(admin, [1], { deploymentMode: "IMMEDIATE" });
    const [app] = fleet.regions;
    if (app === undefined) throw new Error("The fleet is empty.");
    await rollOut(admin, fleet);
    await verify(app, CHECKS);
    await seed.release(fleet.staging);
    const { id, targets } = await rollOut(admin, fleet);
    await report(targets[0]?.release?.id, "smoke", "FAILURE");
    assert.equal(toPhases(await readRollout(admin, id)), "ROLLED_BACK");
    assert.equal((await readReleases(app))[0].description, "Rollback to v1: the verification of v2 failed");
  });

  it("does nothing if another release is behind it, to a rollback, or with nothing to go back to", async () => {
    const fleet = await createFleet(admin, [1]);
    const [app] = fleet.regions;
    if (app === undefined) throw new Error("The fleet is empty.");
    await verify(app, CHECKS);
    const first = await rollOut(admin, fleet);
    await reportAll(admin, first.id, "SUCCEEDED");
    await report(first.targets[0]?.release?.id, "smoke", "FAILURE");
    assert.equal(toPhases(await readRollout(admin, first.id)), "FAILED", "nothing to go back to");
    await seed.release(fleet.staging);
    const second = await rollOut(admin, fleet);
    await reportAll(admin, second.id, "SUCCEEDED");
    await seed.release(fleet.staging);
    await rollOut(admin, fleet);
    await report(second.targets[0]?.release?.id, "smoke", "FAILURE");
    assert.equal(toPhases(await readRollout(admin, second.id)), "FAILED", "another is behind it");
    assert.deepEqual(
      (await readReleases(app)).map(({ trigger }: { trigger: string }) => trigger),
      [...["PROMOTION", "PROMOTION", "PROMOTION"]],
    );
  });

  it("fails a rollback whose own verification fails, without another", async () => {
    const pipeline = await seed.pipeline();
    const app = await seed.coupled(pipeline, "STAGING");
    await seed.release(app);
    await seed.release(app);
    await verify(app, CHECKS);
    const { release } = await admin.mutate("rollback", { app: app.id }, "release { id }");
    await report(release.id, "smoke", "FAILURE");
    assert.equal((await readReleases(app)).length, 3);
  });
});

describe("setVerification", () => {
  it("is tightened by OPERATOR, loosened by ADMIN, and refused out of bounds", async () => {
    const app = await seed.coupled(await seed.pipeline(), "STAGING");
    const { secret } = await admin.mutate("createToken", { name: `op ${Math.random()}`, role: "OPERATOR" }, "secret");
    const operator = new Client(server.url, secret);
    const full = { checks: ["a", "b"], within: "1h", onFailure: "STOP" };
    assert.deepEqual((await verify(app, full, operator)).coupling.verification, full);
    await verify(app, { ...full, within: "30m", onFailure: "ROLL_BACK" }, operator);
    for (const looser of [
      { ...full, checks: ["a"] },
      { ...full, within: "2h" },
      { ...full, onFailure: "RECORD" },
      null,
    ]) {
      const input = { coupling: app.couplingId, verification: looser };
      assert.equal((await operator.mutationError("setVerification", input)).extensions.code, "FORBIDDEN");
    }
    const many = Array.from({ length: 21 }, (_, index) => `c${index}`);
    for (const [field, wrong] of [
      ["verification.checks", { checks: [] }],
      ["verification.checks", { checks: many }],
      ["verification.within", { checks: ["a"], within: "59s" }],
      ["verification.within", { checks: ["a"], within: "25h" }],
    ] as const) {
      const error = await admin.mutationError("setVerification", { coupling: app.couplingId, verification: wrong });
      assert.deepEqual([error.extensions.code, error.extensions.field], ["BAD_USER_INPUT", field]);
    }
    assert.equal((await verify(app, null)).coupling.verification, null);
  });
});
