import assert from "node:assert/strict";
import { after, describe, it } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import sql from "sql-template-tag";
import type { Client } from "../../support/clients/client.js";
import {
  createFleet,
  type Fleet,
  type Region,
  readRollout,
  reportAll,
  rollOut,
  toCodes,
  toPhases,
} from "../../support/data/rollouts.js";
import { type Named, Seed, type SeededBuild, unique } from "../../support/data/seed.js";
import { engine } from "../../support/database/engine.js";
import { Clock, MINUTE } from "../../support/service/clock.js";
import { pickOne, readLog, startInstances } from "../../support/service/instances.js";
import { startServer, type TestServer } from "../../support/service/server.js";

const clock = new Clock();
const server = await startServer({ after }, { now: clock.now });
const { admin } = server;
const seed = new Seed(admin);

const QUARANTINES = "build { id quarantines { fromStage reason by { name role } createdAt endedAt } }";
const quarantine = async ({ id: build }: { id: string }, fromStage: string, more: object = {}) =>
  (await admin.mutate("quarantineBuild", { build, fromStage, reason: "Loses carts", ...more }, QUARANTINES)).build
    .quarantines;
const release = async ({ id: build }: { id: string }) =>
  (await admin.mutate("releaseBuild", { build, reason: "Good after all" }, QUARANTINES)).build.quarantines;
const readQuarantines = async ({ id }: { id: string }) =>
  (await admin.ask(`query ($id: ID!) { build(id: $id) { quarantines { fromStage reason by { name } } } }`, { id }))
    .build.quarantines;
const readRefusal = async (name: string, input: object) => {
  const { extensions } = await admin.mutationError(name, input);
  const blockers = (extensions.blockers ?? []) as { code: string }[];
  return [extensions.code, ...blockers.map(({ code }) => code)];
};
const runs = async ({ id }: Named) =>
  (await admin.ask("query ($id: ID!) { app(app: $id) { currentRelease { build { id } } } }", { id })).app.currentRelease
    ?.build.id ?? null;
const report = (id: string | undefined, state: string) =>
  admin.mutate("reportStatus", { release: id, context: "smoke", state }, "status { id }");
const verify = ({ couplingId: coupling }: { couplingId: string }, onFailure = "ROLL_BACK") =>
  admin.mutate("setVerification", { coupling, verification: { checks: ["smoke"], onFailure } }, "coupling { id }");
const eventsSince = async (after: string | null) =>
  (await readLog(admin, after)).events.filter(({ type }) => /^BUILD_(QUARANTINED|RELEASED)$/.test(type));

/** A pipeline with an app in each stage from DEVELOPMENT on, and builds of its branch. */
async function createLine() {
  const repository = `github.com/tests/${unique("line")}`;
  const pipeline = await seed.pipeline({ repository, branch: "main" });
  const dev = await seed.coupled(pipeline, "DEVELOPMENT", { autoDeploy: false });
  const staging = await seed.coupled(pipeline, "STAGING");
  const production = await seed.coupled(pipeline, "PRODUCTION");
  return { pipeline, dev, staging, production, build: () => seed.build({ repository, branch: "main" }) };
}

describe("a quarantined build", () => {
  it("goes to no stage from that one on, by no way forward, and to the stages before", async () => {
    const { dev, staging, production, build } = await createLine();
    const bad = await build();
    await seed.release(dev, bad);
    const [one] = await quarantine(bad, "PRODUCTION");
    assert.deepEqual(one, {
      ...{ fromStage: "PRODUCTION", reason: "Loses carts", by: { name: "admin", role: "ADMIN" } },
      ...{ createdAt: clock.now().toISOString(), endedAt: null },
    });
    await admin.mutate("promote", { app: dev.id }, "promotion { id }");
    assert.equal(await runs(staging), bad.id);
    const blocked = ["PROMOTION_BLOCKED", "BUILD_QUARANTINED"];
    assert.deepEqual(await readRefusal("promote", { app: staging.id }), blocked);
    assert.deepEqual(await readRefusal("createRelease", { app: production.id, build: bad.id }), blocked);
    const plan = `query ($input: PromoteInput!) { promotionPlan(input: $input) { promotable wouldWait blockers {
      code message remedies overridable cause { ... on Quarantine { fromStage } } } } }`;
    assert.deepEqual((await admin.ask(plan, { input: { app: staging.id } })).promotionPlan, {
      ...{ promotable: false, wouldWait: true },
      blockers: [
        {
          ...{ code: "BUILD_QUARANTINED", message: "The build is quarantined from PRODUCTION on: Loses carts" },
          ...{ remedies: ["RELEASE_BUILD", "FORCE"], overridable: true, cause: { fromStage: "PRODUCTION" } },
        },
      ],
    });
    await quarantine(bad, "DEVELOPMENT");
    assert.deepEqual(await readRefusal("promote", { app: dev.id }), blocked);
    assert.equal(await runs(staging), bad.id, "what runs stays");
  });

  it("is not released again onto an app where it has succeeded before; a rollback may still name it", async () => {
    const { staging, build } = await createLine();
    const bad = await build();
    const { id } = await seed.forcedRelease(staging, bad);
    await seed.forcedRelease(staging, await build());
    await quarantine(bad, "STAGING");
    const blocked = ["PROMOTION_BLOCKED", "BUILD_QUARANTINED"];
    assert.deepEqual(await readRefusal("createRelease", { app: staging.id, build: bad.id }), blocked);
    const refused = await admin.mutationError("rollback", { app: staging.id });
    assert.match(refused.message, /was rolled back from or is quarantined\. Name a release to roll back to\.$/);
    await admin.mutate("rollback", { app: staging.id, release: id }, "release { id }");
    assert.equal(await runs(staging), bad.id);
    assert.equal((await readQuarantines(bad)).length, 1, "the way back does not release it");
  });

  it("is skipped by a rollback that names no release, which goes further back", async () => {
    const { staging, build } = await createLine();
    const [good, bad, newest] = [await build(), await build(), await build()];
    for (const one of [good, bad, newest]) await seed.forcedRelease(staging, one);
    await quarantine(bad, "PRODUCTION");
    await quarantine(bad, "DEVELOPMENT");
    await admin.mutate("rollback", { app: staging.id }, "release { id }");
    assert.equal(await runs(staging), good.id);
  });

  it("is quarantined once from a stage, and once with an idempotency key; releasing it again changes nothing", async () => {
    const build = await seed.build();
    const idempotencyKey = unique();
    await quarantine(build, "STAGING", { idempotencyKey });
    const { cursor } = await readLog(admin);
    const other = await quarantine(build, "STAGING", { reason: "Another reason" });
    assert.deepEqual(
      other.map(({ reason }: { reason: string }) => reason),
      ["Loses carts"],
    );
    assert.deepEqual(await eventsSince(cursor), []);
    assert.deepEqual(await release(build), []);
    assert.deepEqual(await quarantine(build, "STAGING", { idempotencyKey }), [], "a late repeat does nothing");
    assert.equal((await eventsSince(cursor)).length, 1);
    assert.deepEqual(await release(build), []);
    assert.equal((await eventsSince(cursor)).length, 1);
    for (const input of [{ reason: " " }, { reason: "x".repeat(1025) }]) {
      const error = await admin.mutationError("quarantineBuild", { build: build.id, fromStage: "STAGING", ...input });
      assert.deepEqual([error.extensions.code, error.extensions.field], ["BAD_USER_INPUT", "reason"]);
    }
  });

  it("is in the log of every pipeline of its repository or that has a release of it, with the apps", async () => {
    const { pipeline, dev, build } = await createLine();
    const elsewhere = await seed.coupled(await seed.pipeline(), "STAGING");
    const free = await seed.app();
    const bad = await build();
    for (const app of [dev, elsewhere, free]) await seed.release(app, bad);
    const { cursor } = await readLog(admin);
    await quarantine(bad, "PRODUCTION");
    await release(bad);
    const summaries = async (filter: object) => {
      const query = `query ($pipeline: ID, $app: ID, $after: EventCursor) {
        events(pipeline: $pipeline, app: $app, after: $after, first: 10) { nodes { type ... on ChangeEvent { summary subject { id } } } } }`;
      const { nodes } = (await admin.ask(query, { after: cursor, ...filter })).events;
      return nodes.map((node: { summary: string; subject: { id: string } }) => {
        assert.equal(node.subject.id, bad.id);
        return node.summary;
      });
    };
    const sha = bad.commit.sha.slice(0, 7);
    const expected = [
      `Build of ${sha} quarantined from PRODUCTION on: Loses carts`,
      `Build of ${sha} released from quarantine: Good after all`,
    ];
    for (const filter of [{ pipeline: pipeline.id }, { app: dev.id }, { app: elsewhere.id }, { app: free.id }]) {
      assert.deepEqual(await summaries(filter), expected);
    }
    assert.equal((await eventsSince(cursor)).length, 6, "two pipelines, and an app in none");
  });

  it("blocks if its row cannot be understood: the gate fails closed", async () => {
    const { staging, production, build } = await createLine();
    const bad = await build();
    await seed.forcedRelease(staging, bad);
    await quarantine(bad, "PRODUCTION");
    await server.app.database.write((tx) =>
      tx.execute("break", sql`UPDATE quarantines SET from_stage = 'MARS' WHERE build_id = ${bad.id}`),
    );
    assert.deepEqual(await readRefusal("promote", { app: staging.id }), ["PROMOTION_BLOCKED", "GATE_FAILED"]);
    assert.equal(await runs(production), null);
  });
});

describe("a promotion of a quarantined build", () => {
  it("waits until the build is released, and starts in the same transaction", async () => {
    const { staging, production, build } = await createLine();
    const bad = await build();
    await seed.forcedRelease(staging, bad);
    await quarantine(bad, "PRODUCTION");
    const input = { app: staging.id, whenReady: true };
    const { promotion } = await admin.mutate("promote", input, "promotion { id phase blockers { code remedies } }");
    assert.deepEqual(
      [promotion.phase, promotion.blockers],
      ["WAITING", [{ code: "BUILD_QUARANTINED", remedies: ["RELEASE_BUILD", "FORCE"] }]],
    );
    await release(bad);
    assert.equal((await readRollout(admin, promotion.id)).phase, "SUCCEEDED");
    assert.equal(await runs(production), bad.id);
  });

  it("that has begun keeps its later waves waiting, with the blocker, and goes on after the release", async () => {
    const fleet = await createFleet(admin, [1, 2]);
    const { id } = await rollOut(admin, fleet);
    await quarantine(fleet.build, "PRODUCTION");
    await reportAll(admin, id, "SUCCEEDED");
    const waiting = await readRollout(admin, id);
    assert.deepEqual([toPhases(waiting), toCodes(waiting)], ["SUCCEEDED, WAITING WAITING", ["BUILD_QUARANTINED"]]);
    await server.app.tick();
    assert.equal(toPhases(await readRollout(admin, id)), "SUCCEEDED, WAITING WAITING");
    await release(fleet.build);
    assert.equal(toPhases(await readRollout(admin, id)), "SUCCEEDED, DEPLOYING DEPLOYING");
  });

  it("by force goes past it and ends it, and what else waits for it goes on", async () => {
    const { pipeline, staging, production, build } = await createLine();
    const second = await seed.coupled(pipeline, "PRODUCTION");
    const bad = await build();
    await seed.forcedRelease(staging, bad);
    await quarantine(bad, "PRODUCTION");
    const others = { app: staging.id, targets: [second.id], whenReady: true };
    const { promotion: waiting } = await admin.mutate("promote", others, "promotion { id }");
    const { cursor } = await readLog(admin);
    const force = { app: staging.id, targets: [production.id], force: true, reason: "Only the test was wrong" };
    const selection = "promotion { forcedPast { code cause { ... on Quarantine { endedAt } } } }";
    const { promotion } = await admin.mutate("promote", force, selection);
    const endedAt = clock.now().toISOString();
    assert.deepEqual(promotion.forcedPast, [{ code: "BUILD_QUARANTINED", cause: { endedAt } }]);
    assert.deepEqual(await readQuarantines(bad), []);
    const [event] = await eventsSince(cursor);
    assert.match(event?.summary ?? "", /released from quarantine: Only the test was wrong$/);
    await server.app.tick();
    assert.equal((await readRollout(admin, waiting.id)).phase, "SUCCEEDED");
  });

  it("by force into an earlier stage leaves the quarantine of the later one", async () => {
    const { dev, staging, build } = await createLine();
    const bad = await build();
    await seed.release(dev, bad);
    await quarantine(bad, "STAGING");
    await quarantine(bad, "PRODUCTION");
    await admin.mutate("promote", { app: dev.id, force: true, reason: "To look closer" }, "promotion { id }");
    assert.equal(await runs(staging), bad.id);
    assert.deepEqual(
      (await readQuarantines(bad)).map(({ fromStage }: { fromStage: string }) => fromStage),
      ["PRODUCTION"],
    );
  });

  it("that was forced does not go past a quarantine that came later", async () => {
    const fleet = await createFleet(admin, [1, 1], { policy: { maxFailures: 1 } });
    const { id } = await rollOut(admin, fleet, { force: true, reason: "An emergency" });
    await quarantine(fleet.build, "STAGING");
    await reportAll(admin, id, "SUCCEEDED");
    const waiting = await readRollout(admin, id);
    assert.deepEqual([toPhases(waiting), waiting.blockers[0]?.remedies], ["SUCCEEDED, WAITING", ["RELEASE_BUILD"]]);
    await release(fleet.build);
    assert.equal(toPhases(await readRollout(admin, id)), "SUCCEEDED, DEPLOYING");
  });
});

describe("a release by force of a quarantined build", () => {
  it("ends the quarantine", async () => {
    const { production, build } = await createLine();
    const bad = await build();
    await quarantine(bad, "PRODUCTION");
    await seed.forcedRelease(production, bad);
    assert.deepEqual(await readQuarantines(bad), []);
  });
});

describe("automation and a quarantined build", () => {
  it("does not deploy it to an app that follows its branch, and does when it is released", async () => {
    const repository = `github.com/tests/${unique("line")}`;
    const pipeline = await seed.pipeline({ repository, branch: "main" });
    const dev = await seed.coupled(pipeline, "DEVELOPMENT");
    const pending = await seed.build({ repository, branch: "main", phase: "PENDING", artifact: null });
    await quarantine(pending, "DEVELOPMENT");
    await admin.mutate("updateBuild", { build: pending.id, phase: "SUCCEEDED", artifact: "image:1" }, "build { id }");
    assert.equal(await runs(dev), null);
    const query = "query ($id: ID!) { build(id: $id) { autoDeploys { outcome message } } }";
    assert.deepEqual((await admin.ask(query, { id: pending.id })).build.autoDeploys, [
      { outcome: "WAITING", message: "The build is quarantined from DEVELOPMENT on: Loses carts" },
    ]);
    await release(pending);
    await server.app.tick();
    assert.equal(await runs(dev), pending.id);
  });

  it("does not promote it, nor ask for that, and does when it is released", async () => {
    const { pipeline, staging, production, build } = await createLine();
    const policy = { pipeline: pipeline.id, stage: "PRODUCTION", autoPromote: true };
    await admin.mutate("updateStagePolicy", policy, "policy { autoPromote }");
    const bad = await build();
    await quarantine(bad, "PRODUCTION");
    await seed.forcedRelease(staging, bad);
    await server.app.tick();
    const query = "query ($id: ID!) { promotions(pipeline: $id) { totalCount } }";
    assert.equal((await admin.ask(query, { id: pipeline.id })).promotions.totalCount, 0);
    await release(bad);
    await server.app.tick();
    assert.equal(await runs(production), bad.id);
  });
});

describe("a verification that fails", () => {
  const getFirst = ({ regions: [first] }: Fleet): Region => {
    if (first === undefined) throw new Error("The fleet is empty.");
    return first;
  };

  it("quarantines the build from that stage on with ROLL_BACK, and holds the rest of the rollout", async () => {
    const fleet = await createFleet(admin, [1, 2], { policy: { maxFailures: 1 } });
    const first = getFirst(fleet);
    await seed.forcedRelease(first);
    await reportDeployed(first);
    await verify(first);
    const { id, targets } = await rollOut(admin, fleet);
    await reportAll(admin, id, "SUCCEEDED");
    await report(targets[0]?.release?.id, "FAILURE");
    const [one, ...others] = await readQuarantines(fleet.build);
    assert.deepEqual(others, []);
    assert.deepEqual(one, {
      ...{ fromStage: "PRODUCTION", by: { name: "railyard" } },
      reason: `The verification of v2 of ${first.name} failed: smoke is FAILURE on v2.`,
    });
    const held = await readRollout(admin, id);
    assert.deepEqual([toPhases(held), toCodes(held)], ["ROLLED_BACK, WAITING WAITING", ["BUILD_QUARANTINED"]]);
    assert.deepEqual(await readRefusal("promote", { app: fleet.staging.id }), [
      "PROMOTION_BLOCKED",
      "BUILD_QUARANTINED",
    ]);
    await release(fleet.build);
    assert.equal(toPhases(await readRollout(admin, id)), "ROLLED_BACK, DEPLOYING DEPLOYING");
  });

  it("also quarantines it if the app has nothing to go back to, or the time was over", async () => {
    const fleet = await createFleet(admin, [1]);
    await verify(getFirst(fleet));
    const { id } = await rollOut(admin, fleet);
    await reportAll(admin, id, "SUCCEEDED");
    clock.advance(30 * MINUTE);
    await server.app.tick();
    assert.equal(toPhases(await readRollout(admin, id)), "FAILED");
    const [one] = await readQuarantines(fleet.build);
    assert.match(one.reason, /failed: Not SUCCESS on v1 within 30m: smoke\.$/);
  });

  it("does not with STOP or RECORD, after the release was verified, or to a rollback", async () => {
    for (const onFailure of ["STOP", "RECORD"]) {
      const fleet = await createFleet(admin, [1], { deploymentMode: "IMMEDIATE" });
      await verify(getFirst(fleet), onFailure);
      const { targets } = await rollOut(admin, fleet);
      await report(targets[0]?.release?.id, "FAILURE");
      assert.deepEqual(await readQuarantines(fleet.build), [], onFailure);
    }
    const { staging, build } = await createLine();
    await verify(staging);
    const good = await build();
    const { id } = await seed.forcedRelease(staging, good);
    await report(id, "SUCCESS");
    await report(id, "FAILURE");
    assert.deepEqual(await readQuarantines(good), [], "it may come from outside");
    await seed.forcedRelease(staging, await build());
    const { release: back } = await admin.mutate("rollback", { app: staging.id }, "release { id }");
    await report(back.id, "FAILURE");
    assert.deepEqual(await readQuarantines(good), [], "the build ran there before");
  });

  it("does not go back to a quarantined build, nor to one whose quarantine cannot be understood", async () => {
    for (const fromStage of ["STAGING", "MARS"]) {
      const { staging, build } = await createLine();
      const builds: SeededBuild[] = [await build(), await build(), await build()];
      for (const one of builds.slice(0, 2)) await seed.forcedRelease(staging, one);
      const [, bad] = builds as [SeededBuild, SeededBuild];
      await quarantine(bad, "STAGING");
      await server.app.database.write((tx) =>
        tx.execute("break", sql`UPDATE quarantines SET from_stage = ${fromStage} WHERE build_id = ${bad.id}`),
      );
      await verify(staging);
      const { id } = await seed.forcedRelease(staging, builds[2]);
      await report(id, "FAILURE");
      assert.equal(await runs(staging), builds[0]?.id, fromStage);
    }
  });

  async function reportDeployed({ id }: Named): Promise<void> {
    const query = "query ($id: ID!) { app(app: $id) { releases(first: 1) { nodes { id } } } }";
    const [latest] = (await admin.ask(query, { id })).app.releases.nodes;
    await admin.mutate("reportDeployment", { release: latest.id, phase: "SUCCEEDED" }, "release { id }");
  }
});

describe("the metrics of rollouts", () => {
  it("count what is in progress, paused, quarantined and held, and what failed, went back and stopped", async (t) => {
    const { admin, app, url } = await startServer(t, { now: clock.now });
    const seed = new Seed(admin);
    const values = async (...names: string[]) => {
      const text = await (await fetch(`${url}/metrics`)).text();
      return names.map((name) => Number(new RegExp(`^railyard_${name} (\\d+)$`, "m").exec(text)?.[1]));
    };
    const gauges = ["rollouts_in_progress", "rollouts_paused", "builds_quarantined", "automation_held_apps"];
    const counters = ["verification_failures_total", "automatic_rollbacks_total", "rollouts_stopped_total"];
    assert.deepEqual(await values(...gauges, ...counters), [0, 0, 0, 0, 0, 0, 0]);
    const dev = await seed.coupled(await seed.pipeline(), "DEVELOPMENT");
    for (let count = 0; count < 2; count += 1) await seed.release(dev);
    await admin.mutate("rollback", { app: dev.id }, "release { id }");
    const fleet = await createFleet(admin, [1, 1], { policy: { maxFailures: 1 }, deploymentMode: "IMMEDIATE" });
    const [first] = fleet.regions as [Region];
    await seed.release(first);
    const verification = { checks: ["smoke"], onFailure: "ROLL_BACK" };
    await admin.mutate("setVerification", { coupling: first.couplingId, verification }, "coupling { id }");
    const { id, targets } = await rollOut(admin, fleet);
    const failure = { release: targets[0]?.release?.id, context: "smoke", state: "FAILURE" };
    await admin.mutate("reportStatus", failure, "status { id }");
    await quarantineTwice(admin, fleet.build);
    await admin.mutate("pausePromotion", { promotion: id }, "promotion { id }");
    assert.deepEqual(await values(...gauges, ...counters), [1, 1, 1, 1, 1, 1, 0]);
    assert.deepEqual(await values("rollouts_waiting_oldest_seconds"), [0]);
    clock.advance(60 * MINUTE);
    assert.deepEqual(await values("rollouts_waiting_oldest_seconds"), [3600]);
    const policy = { pipeline: fleet.pipeline.id, stage: "PRODUCTION", maxFailures: 0 };
    await admin.mutate("updateStagePolicy", policy, "policy { maxFailures }");
    await app.tick();
    await admin.mutate("releaseBuild", { build: fleet.build.id, reason: "Fine" }, "build { id }");
    // Nothing verified the rollback either.
    assert.deepEqual(await values(...gauges, ...counters), [0, 0, 0, 1, 2, 1, 1]);
  });

  /** A build counts once. */
  async function quarantineTwice(admin: Client, { id: build }: SeededBuild): Promise<void> {
    for (const fromStage of ["STAGING", "PRODUCTION"])
      await admin.mutate("quarantineBuild", { build, fromStage, reason: "Bad" }, "build { id }");
  }
});

describe("a quarantine at the same time as a promotion", () => {
  it("lets it through before, or blocks it after, on any instance", async (t) => {
    const instances = await startInstances(t, engine === "postgres" ? 2 : 1);
    const anyone = () => (pickOne(instances) as TestServer).admin;
    const { admin } = instances[0] as TestServer;
    const seed = new Seed(admin);
    // Many targets take a while between the evaluation and the commit.
    const { staging } = await createFleet(admin, [12], { deploymentMode: "IMMEDIATE" });
    for (let round = 0; round < 12; round += 1) {
      const build = await seed.build();
      await seed.release(staging, build);
      const promoting = anyone().post(`mutation { promote(input: { app: "${staging.id}" }) { promotion { id } } }`);
      await delay(4 * round);
      const input = { build: build.id, fromStage: "PRODUCTION", reason: "A race" };
      await Promise.all([promoting, anyone().mutate("quarantineBuild", input, "build { id }")]);
      const types = (await readLog(admin)).events.map(({ type }) => type);
      const [started, quarantined] = [types.lastIndexOf("PROMOTION_STARTED"), types.lastIndexOf("BUILD_QUARANTINED")];
      assert.ok(started < quarantined, "nothing starts after the quarantine");
    }
  });
});
