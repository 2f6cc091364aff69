import assert from "node:assert/strict";
import { after, describe, it } from "node:test";
import { Client } from "../../support/clients/client.js";
import {
  createFleet,
  type Fleet,
  readRollout,
  reportAll,
  rollOut,
  toCodes,
  toPhases,
  toWaves,
} from "../../support/data/rollouts.js";
import { Seed } from "../../support/data/seed.js";
import { Clock, HOUR, MINUTE } from "../../support/service/clock.js";
import { readLog } from "../../support/service/instances.js";
import { startServer } from "../../support/service/server.js";

const clock = new Clock();
const server = await startServer({ after }, { now: clock.now });
const { admin } = server;
const seed = new Seed(admin);

const read = (id: string) => readRollout(admin, id);
const succeed = (id: string, most?: number) => reportAll(admin, id, "SUCCEEDED", most);
const setPolicy = ({ pipeline }: Fleet, policy: object, client = admin) =>
  client.mutate("updateStagePolicy", { pipeline: pipeline.id, stage: "PRODUCTION", ...policy }, "policy { stage }");
const act = (name: string, promotion: string, input: object = {}) =>
  admin.mutate(name, { promotion, ...input }, "promotion { phase paused }");
const readEvents = async (id: string) =>
  (await readLog(admin)).events.filter(({ promotion }) => promotion?.id === id).map(({ type }) => type);
const changes = async (id: string) => (await readEvents(id)).filter((type) => type !== "PROMOTION_TARGET_CHANGED");

async function operator(): Promise<{ client: Client; id: string; name: string }> {
  const name = `an operator ${Math.random()}`;
  const { secret, token } = await admin.mutate("createToken", { name, role: "OPERATOR" }, "secret token { id }");
  return { client: new Client(server.url, secret), id: token.id, name };
}

describe("a promotion to apps in waves", () => {
  it("begins each wave when the one before has ended, in one transaction for all targets of the wave", async () => {
    const fleet = await createFleet(admin, [1, 2, 2]);
    const { id, ...begun } = await rollOut(admin, fleet);
    assert.equal(toWaves({ id, ...begun }), "1 DEPLOYING, 2 WAITING, 3 WAITING");
    assert.equal(begun.phase, "IN_PROGRESS");
    assert.deepEqual(toCodes(begun), ["WAVE_NOT_ENDED"]);
    assert.deepEqual(begun.blockers[0]?.remedies, ["DEPLOY"]);
    assert.equal(begun.blockers[0]?.message, "Wave 2 begins when wave 1 has ended; 1 target is DEPLOYING.");
    assert.equal(begun.waves[2]?.blockers[0]?.message, "Wave 3 begins when wave 2 has ended; wave 2 has not begun.");
    await succeed(id);
    assert.equal(toPhases(await read(id)), "SUCCEEDED, DEPLOYING DEPLOYING, WAITING WAITING");
    await succeed(id, 1);
    assert.equal(toPhases(await read(id)), "SUCCEEDED, SUCCEEDED DEPLOYING, WAITING WAITING");
    await succeed(id);
    await succeed(id);
    const ended = await read(id);
    assert.deepEqual([ended.phase, toWaves(ended)], ["SUCCEEDED", "1 SUCCEEDED, 2 SUCCEEDED, 3 SUCCEEDED"]);
    assert.deepEqual(
      ended.targets.map(({ app }) => app.name),
      fleet.regions.map(({ name }) => name),
    );
    assert.deepEqual(await changes(id), [
      ...["PROMOTION_STARTED", "PROMOTION_WAVE_STARTED", "PROMOTION_WAVE_STARTED", "PROMOTION_WAVE_STARTED"],
      "PROMOTION_FINISHED",
    ]);
  });

  it("is one transaction without waves and limits, with the events that it always had", async () => {
    const fleet = await createFleet(admin, [3]);
    const { id, ...rollout } = await rollOut(admin, fleet);
    assert.equal(toPhases({ id, ...rollout }), "DEPLOYING DEPLOYING DEPLOYING");
    assert.deepEqual(rollout.blockers, []);
    const target = "PROMOTION_TARGET_CHANGED";
    assert.deepEqual(await readEvents(id), ["PROMOTION_STARTED", target, target, target]);
  });

  it("goes through all waves of IMMEDIATE apps at once", async () => {
    const fleet = await createFleet(admin, [1, 2, 1], { deploymentMode: "IMMEDIATE" });
    const rollout = await rollOut(admin, fleet);
    assert.deepEqual([rollout.phase, toWaves(rollout)], ["SUCCEEDED", "1 SUCCEEDED, 2 SUCCEEDED, 3 SUCCEEDED"]);
  });

  it("is evaluated as a whole before its first wave", async () => {
    const fleet = await createFleet(admin, [1, 1]);
    const last = fleet.regions[1]?.couplingId;
    await admin.mutate("updateChecks", { coupling: last, requiredChecks: ["ci"] }, "coupling { id }");
    const { extensions } = await admin.mutationError("promote", { app: fleet.staging.id });
    assert.equal(extensions.code, "PROMOTION_BLOCKED");
    const { id, ...waiting } = await rollOut(admin, fleet, { whenReady: true });
    assert.deepEqual([waiting.phase, toCodes(waiting)], ["WAITING", ["CHECK_MISSING"]]);
    assert.deepEqual(
      waiting.waves[0]?.blockers.map(({ code }) => code),
      ["CHECK_MISSING"],
    );
    await admin.mutate("reportStatus", { release: fleet.release, context: "ci", state: "SUCCESS" }, "status { id }");
    assert.equal(toWaves(await read(id)), "1 DEPLOYING, 2 WAITING");
  });

  it("asks the gates again for each wave, but not the approvers", async () => {
    const fleet = await createFleet(admin, [1, 1]);
    const last = fleet.regions[1]?.couplingId;
    const rule = {
      pipeline: fleet.pipeline.id,
      stage: "PRODUCTION",
      name: "release",
      required: 1,
      allowSelfApproval: true,
    };
    await admin.mutate("createApprovalRule", { ...rule, validFor: "10m" }, "rule { id }");
    const { id } = await rollOut(admin, fleet, { whenReady: true });
    await admin.mutate("approvePromotion", { promotion: id }, "approvals { id }");
    clock.advance(6 * MINUTE);
    await reportAll(admin, id, "DEPLOYING");
    clock.advance(6 * MINUTE);
    await server.app.tick();
    await admin.mutate("updateChecks", { coupling: last, requiredChecks: ["ci"] }, "coupling { id }");
    const scope = { pipelines: [fleet.pipeline.id] };
    const { freeze } = await admin.mutate(
      "startFreeze",
      { reason: "An incident", untilLifted: true, scope },
      "freeze { id }",
    );
    await succeed(id);
    const held = await read(id);
    assert.deepEqual([held.phase, toCodes(held).sort()], ["IN_PROGRESS", ["CHECK_MISSING", "FROZEN"]]);
    assert.equal(toWaves(held), "1 SUCCEEDED, 2 WAITING");
    await admin.mutate("reportStatus", { release: fleet.release, context: "ci", state: "SUCCESS" }, "status { id }");
    assert.deepEqual(toCodes(await read(id)), ["FROZEN"]);
    await admin.mutate("liftFreeze", { freeze: freeze.id, reason: "It is over" }, "freeze { id }");
    await server.app.tick();
    assert.equal(toWaves(await read(id)), "1 SUCCEEDED, 2 DEPLOYING");
  });

  it("keeps the waves that it was created with", async () => {
    const fleet = await createFleet(admin, [1, 1]);
    const { id } = await rollOut(admin, fleet);
    await admin.mutate("setWave", { coupling: fleet.regions[1]?.couplingId, wave: 20 }, "coupling { wave }");
    assert.equal(toWaves(await read(id)), "1 DEPLOYING, 2 WAITING");
    await succeed(id);
    await succeed(id);
    assert.equal((await read(id)).phase, "SUCCEEDED");
    assert.deepEqual(toWaves(await rollOut(admin, fleet)), "1 DEPLOYING, 20 WAITING");
  });

  it("goes on after a timeout that maxFailures allows, by the clock", async () => {
    const fleet = await createFleet(admin, [1, 1], { policy: { maxFailures: 1 } });
    const { id } = await rollOut(admin, fleet);
    clock.advance(HOUR);
    await server.app.tick();
    assert.equal(toPhases(await read(id)), "FAILED, DEPLOYING");
    await succeed(id);
    assert.equal((await read(id)).phase, "PARTIALLY_SUCCEEDED");
  });
});

describe("maxParallel", () => {
  it("admits as many targets as may be under way at once, and says why others wait", async () => {
    const fleet = await createFleet(admin, [3, 1], { policy: { maxParallel: 2 } });
    const { id, ...begun } = await rollOut(admin, fleet);
    assert.equal(toPhases({ id, ...begun }), "DEPLOYING DEPLOYING WAITING, WAITING");
    assert.equal(
      begun.blockers[0]?.message,
      "At most 2 targets are under way at once in PRODUCTION; 2 targets are DEPLOYING.",
    );
    assert.deepEqual(toCodes(begun), ["PARALLEL_LIMIT"]);
    await succeed(id, 1);
    assert.equal(toPhases(await read(id)), "SUCCEEDED DEPLOYING DEPLOYING, WAITING");
    await succeed(id, 1);
    assert.equal(toPhases(await read(id)), "SUCCEEDED SUCCEEDED DEPLOYING, WAITING");
    await succeed(id);
    await succeed(id);
    assert.equal((await read(id)).phase, "SUCCEEDED");
    assert.deepEqual(await changes(id), [
      ...["PROMOTION_STARTED", "PROMOTION_WAVE_STARTED", "PROMOTION_WAVE_STARTED", "PROMOTION_FINISHED"],
    ]);
  });

  it("ends also if one target after the other is IMMEDIATE", async () => {
    const fleet = await createFleet(admin, [12], { policy: { maxParallel: 1 }, deploymentMode: "IMMEDIATE" });
    const { id } = await rollOut(admin, fleet);
    await server.app.tick();
    assert.equal((await read(id)).phase, "SUCCEEDED");
  });
});

describe("maxFailures", () => {
  it("stops the rollout with one more: the rest is CANCELLED, and nothing else begins", async () => {
    const fleet = await createFleet(admin, [2, 2]);
    const { id } = await rollOut(admin, fleet);
    await reportAll(admin, id, "FAILED", 1);
    const stopping = await read(id);
    assert.equal(toPhases(stopping), "FAILED DEPLOYING, CANCELLED CANCELLED");
    assert.deepEqual([stopping.phase, stopping.blockers], ["IN_PROGRESS", []]);
    assert.deepEqual(
      [stopping.endReason, stopping.endedBy?.name],
      ["1 target failed; maxFailures allows 0.", "railyard"],
    );
    await succeed(id);
    assert.equal((await read(id)).phase, "PARTIALLY_SUCCEEDED");
    assert.deepEqual(await changes(id), [
      ...["PROMOTION_STARTED", "PROMOTION_WAVE_STARTED", "ROLLOUT_STOPPED", "PROMOTION_FINISHED"],
    ]);
    const { promotion } = await admin.mutate(
      "retryPromotion",
      { promotion: id },
      "promotion { phase targets { phase wave } }",
    );
    assert.deepEqual(
      promotion.targets.map(({ wave, phase }: { wave: number; phase: string }) => `${wave} ${phase}`),
      ["1 DEPLOYING", "2 WAITING", "2 WAITING"],
    );
  });

  it("is FAILED if no target succeeded", async () => {
    const fleet = await createFleet(admin, [1, 1]);
    const { id } = await rollOut(admin, fleet);
    await reportAll(admin, id, "FAILED");
    assert.deepEqual([(await read(id)).phase, toPhases(await read(id))], ["FAILED", "FAILED, CANCELLED"]);
  });

  it("counts failures of all waves, and the policy as it is when a target fails", async () => {
    const fleet = await createFleet(admin, [1, 1, 1], { policy: { maxFailures: 2 } });
    const { id } = await rollOut(admin, fleet);
    await reportAll(admin, id, "FAILED");
    await setPolicy(fleet, { maxFailures: 1 });
    assert.equal(toPhases(await read(id)), "FAILED, DEPLOYING, WAITING");
    await reportAll(admin, id, "FAILED");
    assert.equal(toPhases(await read(id)), "FAILED, FAILED, CANCELLED");
    assert.equal((await read(id)).phase, "FAILED");
  });
});

describe("the metrics of promotions that wait", () => {
  it("count a promotion with later waves, but not as one that waits for long", async (t) => {
    const own = await startServer(t, { now: clock.now });
    await rollOut(own.admin, await createFleet(own.admin, [1, 1], { policy: { manualWaves: [2] } }));
    clock.advance(48 * HOUR);
    const text = await (await fetch(`${own.url}/metrics`)).text();
    assert.match(text, /^railyard_promotions_waiting 1$/m);
    assert.match(text, /^railyard_promotions_waiting_oldest_seconds 0$/m);
  });
});

describe("the pause between waves", () => {
  it("is counted from the end of the wave before, and the clock begins the next", async () => {
    const fleet = await createFleet(admin, [1, 1], { policy: { pauseBetweenWaves: "30m" } });
    const { id } = await rollOut(admin, fleet);
    // Less than DEPLOY_TIMEOUT: the deployment must not fail before it is reported.
    clock.advance(5 * MINUTE);
    await succeed(id);
    const at = new Date(clock.now().getTime() + 30 * MINUTE).toISOString();
    const paused = await read(id);
    assert.deepEqual([toCodes(paused), paused.clearsAt, paused.waves[1]?.startsAt], [["WAVE_PAUSE"], at, at]);
    clock.advance(30 * MINUTE - 1);
    await server.app.tick();
    assert.equal(toWaves(await read(id)), "1 SUCCEEDED, 2 WAITING");
    clock.advance(1);
    await server.app.tick();
    assert.equal(toWaves(await read(id)), "1 SUCCEEDED, 2 DEPLOYING");
  });
});

describe("a wave in manualWaves", () => {
  it("begins only by advancePromotion, which is idempotent", async () => {
    const fleet = await createFleet(admin, [1, 1, 1], { policy: { manualWaves: [2] } });
    const { id } = await rollOut(admin, fleet);
    const early = await admin.mutationError("advancePromotion", { promotion: id });
    assert.deepEqual(
      [early.extensions.code, early.message],
      ["CONFLICT", "Wave 2 cannot begin yet: a target of wave 1 is DEPLOYING."],
    );
    await succeed(id);
    const held = await read(id);
    assert.deepEqual([toCodes(held), held.blockers[0]?.remedies], [["MANUAL_WAVE"], ["ADVANCE"]]);
    await act("advancePromotion", id, { wave: 2 });
    await act("advancePromotion", id, { wave: 2 });
    assert.equal(toWaves(await read(id)), "1 SUCCEEDED, 2 DEPLOYING, 3 WAITING");
    const other = await admin.mutationError("advancePromotion", { promotion: id, wave: 3 });
    assert.equal(other.message, "Wave 3 cannot begin yet: a target of wave 2 is DEPLOYING.");
    assert.equal((await admin.mutationError("advancePromotion", { promotion: id, wave: 4 })).extensions.field, "wave");
    await succeed(id);
    assert.equal(toWaves(await read(id)), "1 SUCCEEDED, 2 SUCCEEDED, 3 DEPLOYING");
    assert.equal((await changes(id)).filter((type) => type === "PROMOTION_ADVANCED").length, 1);
  });

  it("may be the first, also of a promotion that is asked for directly", async () => {
    const fleet = await createFleet(admin, [1], { policy: { manualWaves: [1] } });
    const { extensions } = await admin.mutationError("promote", { app: fleet.staging.id });
    assert.equal(extensions.code, "PROMOTION_BLOCKED");
    const { id } = await rollOut(admin, fleet, { whenReady: true });
    await act("advancePromotion", id);
    assert.equal((await read(id)).phase, "IN_PROGRESS");
  });
});

describe("a paused promotion", () => {
  it("admits nothing until it is resumed, and what is under way goes on", async () => {
    const fleet = await createFleet(admin, [1, 1]);
    const { id } = await rollOut(admin, fleet);
    await act("pausePromotion", id);
    await act("pausePromotion", id);
    await succeed(id);
    const paused = await read(id);
    assert.deepEqual([paused.paused, toWaves(paused), toCodes(paused)], [true, "1 SUCCEEDED, 2 WAITING", ["PAUSED"]]);
    clock.advance(2 * HOUR);
    await server.app.tick();
    assert.equal(toWaves(await read(id)), "1 SUCCEEDED, 2 WAITING");
    await act("resumePromotion", id);
    assert.equal(toWaves(await read(id)), "1 SUCCEEDED, 2 DEPLOYING");
    assert.equal((await admin.mutationError("pausePromotion", { promotion: id })).extensions.code, "CONFLICT");
    const events = (await changes(id)).filter((type) => /PAUSED|RESUMED/.test(type));
    assert.deepEqual(events, ["PROMOTION_PAUSED", "PROMOTION_RESUMED"]);
  });

  it("also keeps a promotion that waits from starting", async () => {
    const fleet = await createFleet(admin, [1]);
    const notBefore = new Date(clock.now().getTime() + HOUR).toISOString();
    const { id } = await rollOut(admin, fleet, { notBefore });
    await act("pausePromotion", id);
    clock.advance(HOUR);
    await server.app.tick();
    assert.deepEqual(toCodes(await read(id)), ["PAUSED"]);
    await act("resumePromotion", id);
    assert.equal((await read(id)).phase, "IN_PROGRESS");
  });
});

describe("the remainder of a promotion", () => {
  it("is cancelled with it, at once if nothing is under way", async () => {
    const fleet = await createFleet(admin, [1, 1], { policy: { manualWaves: [2] } });
    const { id } = await rollOut(admin, fleet);
    await succeed(id);
    await act("cancelPromotion", id, { reason: "Wrong build" });
    const cancelled = await read(id);
    assert.deepEqual([cancelled.phase, toPhases(cancelled)], ["PARTIALLY_SUCCEEDED", "SUCCEEDED, CANCELLED"]);
    assert.equal(cancelled.endReason, "Wrong build");
    const second = await rollOut(admin, fleet);
    await act("cancelPromotion", second.id, { reason: "Wrong build" });
    const underWay = await read(second.id);
    assert.deepEqual([underWay.phase, toPhases(underWay)], ["IN_PROGRESS", "DEPLOYING, CANCELLED"]);
    await reportAll(admin, second.id, "FAILED");
    assert.equal((await read(second.id)).phase, "FAILED");
  });

  it("is cancelled when the promotion is undone", async () => {
    const fleet = await createFleet(admin, [1, 1], { policy: { manualWaves: [2] } });
    const first = await rollOut(admin, fleet);
    await succeed(first.id);
    await act("advancePromotion", first.id);
    await succeed(first.id);
    await seed.release(fleet.staging);
    const second = await rollOut(admin, fleet);
    await succeed(second.id);
    const undone = { promotion: second.id, reason: "Errors" };
    await admin.mutate("undoPromotion", undone, "promotion { id }");
    const { phase, endReason, ...rest } = await read(second.id);
    assert.deepEqual([phase, endReason], ["PARTIALLY_SUCCEEDED", "Undone: Errors"]);
    assert.equal(toPhases({ phase, endReason, ...rest }), "SUCCEEDED, CANCELLED");
  });

  it("is taken by a newer promotion, target by target", async () => {
    const fleet = await createFleet(admin, [1, 2]);
    const first = await rollOut(admin, fleet);
    await seed.release(fleet.staging);
    await rollOut(admin, fleet, { targets: [fleet.regions[2]?.id] });
    assert.equal(toPhases(await read(first.id)), "DEPLOYING, WAITING SUPERSEDED");
    await succeed(first.id);
    assert.equal(toPhases(await read(first.id)), "SUCCEEDED, DEPLOYING SUPERSEDED");
    const second = await rollOut(admin, fleet);
    assert.equal(toPhases(second), "DEPLOYING, WAITING WAITING");
    await succeed(first.id);
    assert.equal((await read(first.id)).phase, "PARTIALLY_SUCCEEDED");
  });

  it("loses an app that leaves its stage, and ends with the source", async () => {
    const fleet = await createFleet(admin, [1, 2]);
    const { id } = await rollOut(admin, fleet);
    await admin.mutate("removeCoupling", { coupling: fleet.regions[2]?.couplingId }, "removedCouplingId");
    assert.equal(toPhases(await read(id)), "DEPLOYING, WAITING CANCELLED");
    await admin.mutate("moveCoupling", { coupling: fleet.staging.couplingId, stage: "DEVELOPMENT" }, "coupling { id }");
    assert.equal(toPhases(await read(id)), "DEPLOYING, CANCELLED CANCELLED");
    await succeed(id);
    assert.equal((await read(id)).phase, "PARTIALLY_SUCCEEDED");
  });

  it("ends when the token is revoked that asked for it", async () => {
    const fleet = await createFleet(admin, [1, 1]);
    const { client, id: token, name } = await operator();
    const { id } = await rollOut(client, fleet);
    await admin.mutate("revokeToken", { token }, "token { id }");
    const { endReason, ...rest } = await read(id);
    assert.equal(toPhases({ endReason, ...rest }), "DEPLOYING, CANCELLED");
    assert.equal(endReason, `The token ${name}, which asked for it, was revoked.`);
  });

  it("stays forced past what each wave was forced past, and is reviewed again if more is added", async () => {
    const fleet = await createFleet(admin, [1, 1]);
    const last = fleet.regions[1]?.couplingId;
    const { id, needsReview } = await rollOut(admin, fleet, { force: true, reason: "A fix" });
    assert.equal(needsReview, false);
    await admin.mutate("updateChecks", { coupling: last, requiredChecks: ["ci"] }, "coupling { id }");
    await succeed(id);
    const forced = await read(id);
    assert.equal(toWaves(forced), "1 SUCCEEDED, 2 DEPLOYING");
    assert.deepEqual([forced.needsReview, forced.forcedPast], [true, [{ code: "CHECK_MISSING" }]]);
    assert.deepEqual(
      (await changes(id)).filter((type) => type === "PROMOTION_FORCED"),
      ["PROMOTION_FORCED"],
    );
  });
});

describe("the settings of waves", () => {
  it("are refused out of bounds, with the field", async () => {
    const fleet = await createFleet(admin, [1]);
    const policy = { pipeline: fleet.pipeline.id, stage: "PRODUCTION" };
    for (const [field, value] of [
      ["maxParallel", 0],
      ["maxParallel", 201],
      ["maxFailures", -1],
      ["pauseBetweenWaves", "31d"],
      ["manualWaves.0", 21],
    ] as const) {
      const input = { ...policy, ...(field === "manualWaves.0" ? { manualWaves: [value] } : { [field]: value }) };
      const { extensions } = await admin.mutationError("updateStagePolicy", input);
      assert.deepEqual([extensions.code, extensions.field], ["BAD_USER_INPUT", field]);
    }
    const coupling = fleet.regions[0]?.couplingId;
    for (const wave of [0, 21]) {
      assert.equal((await admin.mutationError("setWave", { coupling, wave })).extensions.field, "wave");
    }
  });

  it("are tightened by OPERATOR and loosened by ADMIN, field by field", async () => {
    const fleet = await createFleet(admin, [1]);
    const { client } = await operator();
    await setPolicy(fleet, { maxFailures: 2 });
    for (const [tighter, looser] of [
      [{ maxParallel: 2 }, { maxParallel: 3 }],
      [{ maxFailures: 1 }, { maxFailures: 2 }],
      [{ pauseBetweenWaves: "1h" }, { pauseBetweenWaves: "30m" }],
      [{ manualWaves: [2, 3] }, { manualWaves: [3, 4] }],
    ]) {
      await setPolicy(fleet, tighter ?? {}, client);
      const input = { pipeline: fleet.pipeline.id, stage: "PRODUCTION", ...looser };
      assert.equal((await client.mutationError("updateStagePolicy", input)).extensions.code, "FORBIDDEN");
    }
    const query = `query ($id: ID!) { stage(pipeline: $id, stage: PRODUCTION) { policy { maxParallel maxFailures
      pauseBetweenWaves manualWaves } } }`;
    const { stage } = await admin.ask(query, { id: fleet.pipeline.id });
    assert.deepEqual(stage.policy, { maxParallel: 2, maxFailures: 1, pauseBetweenWaves: "1h", manualWaves: [2, 3] });
  });
});
