import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import fc from "fast-check";
import { Client } from "../../support/clients/client.js";
import {
  createFleet,
  type Fleet,
  type Rollout,
  readRollout,
  reportAll,
  rollOut,
  toPhases,
} from "../../support/data/rollouts.js";
import { engine, freshDatabase } from "../../support/database/engine.js";
import { pickOne, readLog, startInstances } from "../../support/service/instances.js";
import { ADMIN_SECRET, type TestServer } from "../../support/service/server.js";
import { startProcess } from "../../support/service/server-process.js";

/** SQLite is for one process. */
const INSTANCES = engine === "postgres" ? 2 : 1;
const FINAL = ["SUCCEEDED", "FAILED", "CANCELLED", "ROLLED_BACK", "SUPERSEDED"];

/** The types of the events of a promotion, without those of its targets. */
async function readEvents(client: Client, id: string): Promise<string[]> {
  const { events } = await readLog(client);
  const types = events.filter((event) => event.promotion?.id === id).map(({ type }) => type);
  return types.filter((type) => type !== "PROMOTION_TARGET_CHANGED");
}

/** A release of each app that was reached, version 1: no target was admitted twice. */
function assertAdmittedOnce({ targets }: Rollout): void {
  for (const { release, phase } of targets) {
    assert.equal(release === null, phase === "CANCELLED" || phase === "WAITING", phase);
    if (release !== null) assert.equal(release.version, 1);
  }
}

const deploying = ({ targets }: Rollout) =>
  targets.flatMap(({ release }) => (release?.phase === "DEPLOYING" ? [release.id] : []));

describe("a rollout with random outcomes, reported to any instance at once", () => {
  it("ends with every target final, right counts, and no more failures than maxFailures and what was under way", async (t) => {
    const instances = await startInstances(t, INSTANCES);
    const anyone = () => (pickOne(instances) as TestServer).admin;
    const { admin } = instances[0] as TestServer;
    const settings = fc.record({
      sizes: fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 3 }),
      maxParallel: fc.option(fc.integer({ min: 1, max: 3 })),
      maxFailures: fc.integer({ min: 0, max: 3 }),
      failures: fc.array(fc.boolean(), { minLength: 12, maxLength: 12 }),
    });
    const property = fc.asyncProperty(settings, async ({ sizes, maxParallel, maxFailures, failures }) => {
      const fleet = await createFleet(admin, sizes, { policy: { maxParallel, maxFailures } });
      const { id } = await rollOut(anyone(), fleet);
      let reported = 0;
      let most = 0;
      for (let turn = 0; turn < 40; turn += 1) {
        const rollout = await readRollout(anyone(), id);
        const underWay = deploying(rollout);
        if (rollout.phase !== "IN_PROGRESS") break;
        if (underWay.length === 0) {
          assert.notDeepEqual(rollout.blockers, [], "it never waits without a blocker");
          await Promise.all(instances.map(({ app }) => app.tick()));
        }
        if (maxParallel !== null) assert.ok(underWay.length <= maxParallel, "maxParallel holds");
        most = Math.max(most, underWay.length);
        await Promise.all([
          ...underWay.map((release, index) => {
            const phase = failures[(reported + index) % failures.length] === true ? "FAILED" : "SUCCEEDED";
            return anyone().mutate("reportDeployment", { release, phase }, "release { phase }");
          }),
          ...instances.map(({ app }) => app.tick()),
        ]);
        reported += underWay.length;
      }
      const ended = await readRollout(admin, id);
      const count = (phase: string) => ended.targets.filter((target) => target.phase === phase).length;
      assert.ok(
        ended.targets.every(({ phase }) => FINAL.includes(phase)),
        toPhases(ended),
      );
      assert.equal(count("SUCCEEDED") + count("FAILED") + count("CANCELLED"), fleet.regions.length);
      assert.ok(count("FAILED") <= maxFailures + most, `${count("FAILED")} failed`);
      const stopped = count("FAILED") > maxFailures && count("CANCELLED") > 0;
      const expected =
        count("SUCCEEDED") === fleet.regions.length
          ? "SUCCEEDED"
          : count("SUCCEEDED") > 0
            ? "PARTIALLY_SUCCEEDED"
            : "FAILED";
      assert.equal(ended.phase, expected);
      const events = await readEvents(admin, id);
      assert.equal(events.filter((type) => type === "ROLLOUT_STOPPED").length, stopped ? 1 : 0);
      assert.equal(events.filter((type) => type === "PROMOTION_FINISHED").length, 1);
      assertAdmittedOnce(ended);
    });
    await fc.assert(property, { numRuns: 8 });
  });

  it("admits each wave once, and one of advance, cancel and pause wins", async (t) => {
    const instances = await startInstances(t, INSTANCES);
    const anyone = () => (pickOne(instances) as TestServer).admin;
    const { admin } = instances[0] as TestServer;
    for (let round = 0; round < 6; round += 1) {
      const fleet = await createFleet(admin, [1, 2], { policy: { manualWaves: [2] } });
      const { id } = await rollOut(admin, fleet);
      await reportAll(admin, id, "SUCCEEDED");
      const act = (name: string, input: object = {}) => {
        const type = `${name[0]?.toUpperCase()}${name.slice(1)}Input`;
        const document = `mutation ($input: ${type}!) { ${name}(input: $input) { promotion { phase } } }`;
        return anyone().post(document, { input: { promotion: id, ...input } });
      };
      await Promise.all([
        act("advancePromotion", { wave: 2 }),
        act("advancePromotion", { wave: 2 }),
        act(round % 2 === 0 ? "cancelPromotion" : "pausePromotion", round % 2 === 0 ? { reason: "A race" } : {}),
        ...instances.map(({ app }) => app.tick()),
      ]);
      const rollout = await readRollout(admin, id);
      assertAdmittedOnce(rollout);
      const began = (await readEvents(admin, id)).filter((type) => type === "PROMOTION_WAVE_STARTED").length;
      assert.equal(began, rollout.targets[1]?.release === null ? 1 : 2);
      if (rollout.targets[1]?.phase === "WAITING") assert.notDeepEqual(rollout.blockers, []);
    }
  });
});

describe("a rollout while the service is killed", () => {
  it("goes on with the next start, and admits each wave once", async (t) => {
    const environment = { DATABASE_URL: await freshDatabase(t), ADMIN_TOKEN: ADMIN_SECRET };
    const killed = startProcess(t, environment);
    const before = new Client(await killed.ready(), ADMIN_SECRET);
    const fleet: Fleet = await createFleet(before, [1, 2, 1], { policy: { pauseBetweenWaves: "5s" } });
    const { id } = await rollOut(before, fleet);
    await reportAll(before, id, "SUCCEEDED");
    killed.signal("SIGKILL");
    await killed.exit();
    const again = startProcess(t, environment);
    const after = new Client(await again.ready(), ADMIN_SECRET);
    const reached = async (client: Client, phases: string) => {
      for (let turn = 0; turn < 400 && toPhases(await readRollout(client, id)) !== phases; turn += 1) await delay(100);
      assert.equal(toPhases(await readRollout(client, id)), phases);
    };
    await reached(after, "SUCCEEDED, DEPLOYING DEPLOYING, WAITING");
    // The report may or may not have been committed: it is repeated.
    void reportAll(after, id, "SUCCEEDED").catch(() => undefined);
    again.signal("SIGKILL");
    await again.exit();
    const last = new Client(await startProcess(t, environment).ready(), ADMIN_SECRET);
    await reportAll(last, id, "SUCCEEDED");
    await reached(last, "SUCCEEDED, SUCCEEDED SUCCEEDED, DEPLOYING");
    await reportAll(last, id, "SUCCEEDED");
    const ended = await readRollout(last, id);
    assert.equal(ended.phase, "SUCCEEDED");
    assertAdmittedOnce(ended);
    const waves = (await readEvents(last, id)).filter((type) => type === "PROMOTION_WAVE_STARTED");
    assert.equal(waves.length, 3);
  });
});

/** How many rollouts with random kills are tried. */
const KILLED_RUNS = Number(process.env.ROLLOUT_RUNS ?? 1);

describe("a rollout with random outcomes while the service is killed again and again", () => {
  it("ends with every target final and with its outcome, each wave admitted once, and not past maxFailures", async (t) => {
    const environment = { DATABASE_URL: await freshDatabase(t), ADMIN_TOKEN: ADMIN_SECRET };
    let running = startProcess(t, environment);
    let client = new Client(await running.ready(), ADMIN_SECRET);
    const restart = async () => {
      running.signal("SIGKILL");
      await running.exit();
      running = startProcess(t, environment);
      client = new Client(await running.ready(), ADMIN_SECRET);
    };
    const settings = fc.record({
      sizes: fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 3, maxLength: 3 }),
      maxParallel: fc.option(fc.integer({ min: 1, max: 3 })),
      maxFailures: fc.integer({ min: 0, max: 3 }),
      /** The outcome of each target, so that a report that is repeated after a kill is the same. */
      fails: fc.array(fc.boolean(), { minLength: 12, maxLength: 12 }),
      /** In which turns the process is killed, and how many milliseconds after the reports were sent. */
      kills: fc.array(fc.tuple(fc.integer({ min: 0, max: 4 }), fc.integer({ min: 0, max: 60 })), {
        minLength: 2,
        maxLength: 2,
      }),
    });
    const property = fc.asyncProperty(settings, async ({ sizes, maxParallel, maxFailures, fails, kills }) => {
      const fleet = await createFleet(client, sizes, { policy: { maxParallel, maxFailures } });
      const failing = new Set(fleet.regions.filter((_, index) => fails[index] === true).map(({ id }) => id));
      const { id } = await rollOut(client, fleet);
      let most = 0;
      let rollout = await readRollout(client, id);
      for (let turn = 0; turn < 60 && rollout.phase === "IN_PROGRESS"; turn += 1) {
        const underWay = rollout.targets.filter(({ release }) => release?.phase === "DEPLOYING");
        if (maxParallel !== null) assert.ok(underWay.length <= maxParallel, "maxParallel holds");
        most = Math.max(most, underWay.length);
        const kill = kills.find(([when]) => when === turn);
        const reports = underWay.map(({ app, release }) => {
          const phase = failing.has(app.id) ? "FAILED" : "SUCCEEDED";
          return client.mutate("reportDeployment", { release: release?.id, phase }, "release { phase }");
        });
        if (kill !== undefined) {
          await Promise.race([delay(kill[1]), Promise.allSettled(reports)]);
          await restart();
          await Promise.allSettled(reports);
        } else {
          await Promise.all(reports);
        }
        // What the clock must go on with after a kill.
        if (underWay.length === 0) await delay(100);
        rollout = await readRollout(client, id);
      }
      assert.ok(
        rollout.targets.every(({ phase }) => FINAL.includes(phase)),
        toPhases(rollout),
      );
      for (const { app, release, phase } of rollout.targets) {
        const outcome = failing.has(app.id) ? "FAILED" : "SUCCEEDED";
        assert.equal(phase, release === null ? "CANCELLED" : outcome);
      }
      const count = (phase: string) => rollout.targets.filter((target) => target.phase === phase).length;
      assert.ok(count("FAILED") <= maxFailures + most, `${count("FAILED")} failed`);
      if (count("CANCELLED") > 0) assert.ok(count("FAILED") > maxFailures, "nothing is cancelled without a reason");
      assertAdmittedOnce(rollout);
      const events = await readEvents(client, id);
      const begun = new Set(rollout.targets.filter(({ release }) => release !== null).map(({ wave }) => wave));
      assert.equal(events.filter((type) => type === "PROMOTION_WAVE_STARTED").length, begun.size);
      assert.equal(events.filter((type) => type === "PROMOTION_FINISHED").length, 1);
    });
    await fc.assert(property, { numRuns: KILLED_RUNS });
  });
});

describe("a rollout to many apps", () => {
  it("takes twelve regions in three waves, of which some fail, and stops with one failure too many", async (t) => {
    const [server] = (await startInstances(t, 1)) as [TestServer];
    const { admin } = server;
    const fleet = await createFleet(admin, [1, 3, 8], { policy: { maxFailures: 1, maxParallel: 4 } });
    const { id } = await rollOut(admin, fleet);
    await reportAll(admin, id, "SUCCEEDED");
    await reportAll(admin, id, "FAILED", 1);
    await reportAll(admin, id, "SUCCEEDED");
    assert.equal(toPhases(await readRollout(admin, id)).split(", ")[1], "FAILED SUCCEEDED SUCCEEDED");
    await reportAll(admin, id, "SUCCEEDED", 2);
    await reportAll(admin, id, "FAILED", 1);
    const stopped = await readRollout(admin, id);
    assert.equal(stopped.phase, "IN_PROGRESS", "what is under way goes on");
    await reportAll(admin, id, "SUCCEEDED");
    const ended = await readRollout(admin, id);
    const count = (phase: string) => ended.targets.filter((target) => target.phase === phase).length;
    assert.deepEqual([count("SUCCEEDED"), count("FAILED"), count("CANCELLED")], [8, 2, 2]);
    assert.deepEqual(
      [ended.phase, ended.endReason],
      ["PARTIALLY_SUCCEEDED", "2 targets failed; maxFailures allows 1."],
    );
    assertAdmittedOnce(ended);
  });

  it("takes 200 apps in three waves, of which some fail", async (t) => {
    const [server] = (await startInstances(t, 1)) as [TestServer];
    const { admin } = server;
    const fleet = await createFleet(admin, [1, 19, 180], { policy: { maxFailures: 5 } });
    const { id } = await rollOut(admin, fleet);
    await reportAll(admin, id, "SUCCEEDED");
    await reportAll(admin, id, "FAILED", 2);
    await reportAll(admin, id, "SUCCEEDED");
    await reportAll(admin, id, "FAILED", 3);
    await reportAll(admin, id, "SUCCEEDED");
    const ended = await readRollout(admin, id);
    const count = (phase: string) => ended.targets.filter((target) => target.phase === phase).length;
    assert.deepEqual([ended.phase, count("SUCCEEDED"), count("FAILED")], ["PARTIALLY_SUCCEEDED", 195, 5]);
    assertAdmittedOnce(ended);
  });
});
