import assert from "node:assert/strict";
import { after, describe, it } from "node:test";
import { raw } from "sql-template-tag";
import { eventually } from "../../../src/async/eventually.js";
import { ANY_COLUMNS } from "../../../src/database/rows/raw-rows.js";
import { App } from "../../../src/entities/pipelines/app.js";
import { formatEvents, recordEvents } from "../../support/clients/event-log.js";
import { type Named, Seed, type SeededRelease } from "../../support/data/seed.js";
import { dumpRows } from "../../support/database/database-content.js";
import { engine } from "../../support/database/engine.js";
import { Clock, MINUTE } from "../../support/service/clock.js";
import { startServer, type TestServer } from "../../support/service/server.js";

const server = await startServer({ after });
const { admin } = server;
const seed = new Seed(admin);

const report = (release: SeededRelease, phase: string, failureReason?: string) =>
  admin.mutate("reportDeployment", { release: release.id, phase, failureReason }, "release { phase failureReason }");

/** The phases of an app's releases, oldest first. */
async function getPhases({ id }: Named, on: TestServer = server): Promise<string[]> {
  const query = "query ($app: ID!) { app(app: $app) { releases(first: 100) { nodes { phase } } } }";
  const { app } = await on.admin.ask(query, { app: id });
  return app.releases.nodes.map((release: { phase: string }) => release.phase).reverse();
}

async function currentVersion({ id }: Named): Promise<number | null> {
  const query = "query ($app: ID!) { app(app: $app) { currentRelease { version current } } }";
  return (await admin.ask(query, { app: id })).app.currentRelease?.version ?? null;
}

describe("a release of an IMMEDIATE app", () => {
  it("succeeds when it is created, and is current until the next one", async () => {
    const app = await seed.app();
    for (const version of [1, 2, 3]) {
      const release = await seed.release(app);
      assert.deepEqual([release.version, release.phase], [version, "SUCCEEDED"]);
      assert.equal(await currentVersion(app), version);
    }
    const query = "query ($app: ID!) { app(app: $app) { releases { nodes { version current } } } }";
    const { app: found } = await admin.ask(query, { app: app.id });
    assert.deepEqual(
      found.releases.nodes.map((one: { version: number; current: boolean }) => [one.version, one.current]),
      [
        [3, true],
        [2, false],
        [1, false],
      ],
    );
  });
});

describe("a release of a REPORTED app", () => {
  it("deploys alone: the next one waits, and a later one supersedes the waiting one", async () => {
    const app = await seed.app({ deploymentMode: "REPORTED" });
    const first = await seed.release(app);
    assert.equal(first.phase, "DEPLOYING");
    assert.equal((await seed.release(app)).phase, "QUEUED");
    const third = await seed.release(app);
    assert.deepEqual(await getPhases(app), ["DEPLOYING", "SUPERSEDED", "QUEUED"]);
    assert.equal(await currentVersion(app), null);
    await report(first, "SUCCEEDED");
    assert.deepEqual(await getPhases(app), ["SUCCEEDED", "SUPERSEDED", "DEPLOYING"]);
    assert.equal(await currentVersion(app), 1);
    await report(third, "FAILED", "Out of memory");
    assert.deepEqual(await getPhases(app), ["SUCCEEDED", "SUPERSEDED", "FAILED"]);
    assert.equal(await currentVersion(app), 1);
  });

  it("starts the waiting one also if it failed, with the events of both in one commit", async () => {
    const app = await seed.app({ deploymentMode: "REPORTED" });
    const first = await seed.release(app);
    await seed.release(app);
    const { events } = await recordEvents(admin, () => report(first, "FAILED", "No such image"));
    assert.deepEqual(formatEvents(events), [
      `RELEASE_PHASE_CHANGED ${app.name} v1 FAILED`,
      `RELEASE_PHASE_CHANGED ${app.name} v2 DEPLOYING`,
    ]);
  });

  it("appends the event of the superseded release before its own", async () => {
    const app = await seed.app({ deploymentMode: "REPORTED" });
    await seed.release(app);
    await seed.release(app);
    const build = await seed.build();
    const { events } = await recordEvents(admin, () => seed.release(app, build));
    assert.deepEqual(formatEvents(events), [
      `RELEASE_PHASE_CHANGED ${app.name} v2 SUPERSEDED`,
      `RELEASE_CREATED ${app.name} v3 QUEUED`,
    ]);
  });

  it("writes nothing if its current phase is reported again", async () => {
    const app = await seed.app({ deploymentMode: "REPORTED" });
    const good = await seed.release(app);
    await report(good, "SUCCEEDED");
    const bad = await seed.release(app);
    await report(bad, "FAILED", "The first reason");
    const before = await dumpRows(server);
    assert.equal((await report(good, "SUCCEEDED")).release.phase, "SUCCEEDED");
    assert.equal((await report(bad, "FAILED", "Another reason")).release.failureReason, "The first reason");
    assert.deepEqual(await dumpRows(server), before);
  });

  it("refuses every other transition with CONFLICT", async () => {
    const app = await seed.app({ deploymentMode: "REPORTED" });
    const failed = await seed.release(app);
    await report(failed, "FAILED");
    const succeeded = await seed.release(app);
    await report(succeeded, "SUCCEEDED");
    const deploying = await seed.release(app);
    const superseded = await seed.release(app);
    const queued = await seed.release(app);
    const before = await dumpRows(server);
    const moves: [SeededRelease, string[]][] = [
      [failed, ["DEPLOYING", "SUCCEEDED"]],
      [succeeded, ["DEPLOYING", "FAILED"]],
      [superseded, ["DEPLOYING", "SUCCEEDED", "FAILED"]],
      [queued, ["DEPLOYING", "SUCCEEDED", "FAILED"]],
    ];
    for (const [release, phases] of moves) {
      for (const phase of phases) {
        const error = await admin.mutationError("reportDeployment", { release: release.id, phase });
        assert.equal(error.extensions.code, "CONFLICT", `v${release.version} to ${phase}`);
      }
    }
    for (const phase of ["QUEUED", "SUPERSEDED"]) {
      const error = await admin.mutationError("reportDeployment", { release: deploying.id, phase });
      assert.deepEqual([error.extensions.code, error.extensions.field], ["BAD_USER_INPUT", "phase"]);
    }
    const reason = { release: deploying.id, phase: "SUCCEEDED", failureReason: "None" };
    const error = await admin.mutationError("reportDeployment", reason);
    assert.deepEqual([error.extensions.code, error.extensions.field], ["BAD_USER_INPUT", "failureReason"]);
    assert.deepEqual(await dumpRows(server), before);
  });

  it("can be reported by a REPORTER, not by a VIEWER", async () => {
    const app = await seed.app({ deploymentMode: "REPORTED" });
    const { id: release } = await seed.release(app);
    const input = { release, phase: "SUCCEEDED" };
    const viewer = await server.as("VIEWER");
    assert.equal((await viewer.mutationError("reportDeployment", input)).extensions.code, "FORBIDDEN");
    const reporter = await server.as("REPORTER");
    const { release: moved } = await reporter.mutate("reportDeployment", input, "release { phase }");
    assert.equal(moved.phase, "SUCCEEDED");
  });

  it("ends in its app's mode: the mode cannot change meanwhile", async () => {
    const app = await seed.app({ deploymentMode: "REPORTED" });
    const release = await seed.release(app);
    const change = { app: app.id, deploymentMode: "IMMEDIATE" };
    assert.equal((await admin.mutationError("updateApp", change)).extensions.code, "CONFLICT");
    await report(release, "SUCCEEDED");
    await admin.mutate("updateApp", change, "app { id }");
    assert.equal((await seed.release(app)).phase, "SUCCEEDED");
  });
});

describe("two concurrent reports", () => {
  it("change the release once: SUCCEEDED or FAILED is refused", async () => {
    const app = await seed.app({ deploymentMode: "REPORTED" });
    for (let round = 0; round < 5; round += 1) {
      const release = await seed.release(app);
      const answers = await Promise.allSettled([report(release, "SUCCEEDED"), report(release, "FAILED")]);
      const refused = answers.filter((answer) => answer.status === "rejected");
      assert.deepEqual(
        refused.map((answer) => answer.reason.code),
        ["CONFLICT"],
      );
    }
  });
});

describe("a deployment without a report", () => {
  it("fails after DEPLOY_TIMEOUT with a reason, and the waiting release starts", async (t) => {
    const clock = new Clock();
    const timed = await startServer(t, { now: clock.now });
    const own = new Seed(timed.admin);
    const app = await own.app({ deploymentMode: "REPORTED" });
    await own.release(app);
    await own.release(app);
    clock.advance(10 * MINUTE - 1);
    await timed.app.tick();
    assert.deepEqual(await getPhases(app, timed), ["DEPLOYING", "QUEUED"]);
    const { events } = await recordEvents(timed.admin, () => {
      // Not before: the service's own ticker may be the one that fails the deployment.
      clock.advance(1);
      return timed.app.tick();
    });
    assert.deepEqual(formatEvents(events), [
      `RELEASE_PHASE_CHANGED ${app.name} v1 FAILED`,
      `RELEASE_PHASE_CHANGED ${app.name} v2 DEPLOYING`,
    ]);
    assert.deepEqual(events[0]?.actor, { name: "railyard", role: "ADMIN" });
    const query = "query ($app: ID!) { app(app: $app) { releases(last: 1) { nodes { version failureReason } } } }";
    const { app: found } = await timed.admin.ask(query, { app: app.id });
    assert.deepEqual(found.releases.nodes, [
      { version: 1, failureReason: "No report of the deployment arrived within 10m." },
    ]);
    // The waiting release gets the full timeout from now on.
    clock.advance(10 * MINUTE - 1);
    await timed.app.tick();
    assert.deepEqual(await getPhases(app, timed), ["FAILED", "DEPLOYING"]);
    clock.advance(1);
    await timed.app.tick();
    assert.deepEqual(await getPhases(app, timed), ["FAILED", "FAILED"]);
  });

  it("gets the full timeout again whenever DEPLOYING is reported", async (t) => {
    const clock = new Clock();
    const timed = await startServer(t, { now: clock.now, env: { DEPLOY_TIMEOUT: "1m" } });
    const own = new Seed(timed.admin);
    const app = await own.app({ deploymentMode: "REPORTED" });
    const release = await own.release(app);
    for (let beat = 0; beat < 5; beat += 1) {
      clock.advance(MINUTE - 1);
      const still = { release: release.id, phase: "DEPLOYING" };
      await timed.admin.mutate("reportDeployment", still, "release { phase }");
      await timed.app.tick();
    }
    assert.deepEqual(await getPhases(app, timed), ["DEPLOYING"]);
    clock.advance(MINUTE);
    await timed.app.tick();
    assert.deepEqual(await getPhases(app, timed), ["FAILED"]);
  });

  it("does not fail if a report arrived while the timeout waited for its transaction", async (t) => {
    const clock = new Clock();
    const timed = await startServer(t, { now: clock.now });
    const own = new Seed(timed.admin);
    const app = await own.app({ deploymentMode: "REPORTED" });
    const release = await own.release(app);
    const { database } = timed.app;
    let end = () => {};
    const ended = new Promise<void>((resolve) => {
      end = resolve;
    });
    let locked = false;
    const blocking = database.write(async (tx) => {
      await tx.lock(App, [app.id], "change");
      locked = true;
      await ended;
    });
    assert.ok(await eventually(() => locked));
    const reported = timed.admin.mutate("reportDeployment", { release: release.id, phase: "SUCCEEDED" }, "__typename");
    const waits = "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()";
    const isWaiting = async () =>
      engine === "sqlite"
        ? database.waiting > 0
        : (await database.reader.query("lock_waits", ANY_COLUMNS, raw(waits))).length > 0;
    assert.ok(await eventually(isWaiting));
    clock.advance(10 * MINUTE);
    // Reads that the deployment is overdue, and then waits behind the report.
    const ticked = timed.app.tick();
    await new Promise((resolve) => setTimeout(resolve, 200));
    end();
    await Promise.all([blocking, reported, ticked]);
    assert.deepEqual(await getPhases(app, timed), ["SUCCEEDED"]);
  });

  it("fails after the timeout of its app: when it starts, when it is reported, and when it had waited", async (t) => {
    const clock = new Clock();
    const timed = await startServer(t, { now: clock.now, env: { DEPLOY_TIMEOUT: "1m" } });
    const own = new Seed(timed.admin);
    const app = await own.app({ deploymentMode: "REPORTED" });
    const selection = "app { deployTimeout }";
    const update = async (deployTimeout: string | null) =>
      (await timed.admin.mutate("updateApp", { app: app.id, deployTimeout }, selection)).app.deployTimeout;
    assert.equal(await update("1200s"), "20m");
    const failsAfter = async (minutes: number, left: string[], then: string[]) => {
      clock.advance(minutes * MINUTE - 1);
      await timed.app.tick();
      assert.deepEqual(await getPhases(app, timed), left);
      clock.advance(1);
      await timed.app.tick();
      assert.deepEqual(await getPhases(app, timed), then);
    };
    const first = await own.release(app);
    await own.release(app);
    clock.advance(19 * MINUTE);
    await timed.admin.mutate("reportDeployment", { release: first.id, phase: "DEPLOYING" }, "__typename");
    await failsAfter(20, ["DEPLOYING", "QUEUED"], ["FAILED", "DEPLOYING"]);
    const query = "query ($id: ID!) { release(id: $id) { failureReason } }";
    const reason = "No report of the deployment arrived within 20m.";
    assert.equal((await timed.admin.ask(query, { id: first.id })).release.failureReason, reason);
    await failsAfter(20, ["FAILED", "DEPLOYING"], ["FAILED", "FAILED"]);
    assert.equal(await update(null), null);
    await own.release(app);
    await failsAfter(1, ["FAILED", "FAILED", "DEPLOYING"], ["FAILED", "FAILED", "FAILED"]);
  });

  it("has a timeout from 1s to 30d, and an event names the new one", async () => {
    const app = await seed.app();
    for (const deployTimeout of ["0s", "999ms", "31d", "10", "m", "", "1.5h", "-5m", "PT10M", "10 minutes"]) {
      const { extensions, message } = await admin.mutationError("updateApp", { app: app.id, deployTimeout });
      assert.deepEqual([extensions.code, extensions.field], ["BAD_USER_INPUT", "deployTimeout"], deployTimeout);
      assert.equal(message, "deployTimeout must be a duration from 1s to 30d, for example 90s, 10m or 2h.");
    }
    const { errors } = await admin.post(
      "mutation ($app: ID!) { updateApp(input: { app: $app, deployTimeout: 600 }) { app { id } } }",
      { app: app.id },
    );
    assert.match(errors?.[0]?.message ?? "", /Duration must be a string/);
    for (const [given, stored] of [
      ["1s", "1s"],
      ["30d", "30d"],
      ["90m", "90m"],
      ["1500ms", "1500ms"],
    ]) {
      const { app: updated } = await admin.mutate(
        "updateApp",
        { app: app.id, deployTimeout: given },
        "app { deployTimeout }",
      );
      assert.equal(updated.deployTimeout, stored);
    }
    const events = "query ($app: ID!) { events(app: $app, last: 1) { nodes { ... on ChangeEvent { summary } } } }";
    const { nodes } = (await admin.ask(events, { app: app.id })).events;
    assert.equal(nodes[0].summary, `App ${app.name}: deployTimeout "1500ms"`);
  });

  it("fails on time also across a restart, and its promotion finishes", async (t) => {
    const clock = new Clock();
    const timed = await startServer(t, { now: clock.now });
    const own = new Seed(timed.admin);
    const pipeline = await own.pipeline();
    const dev = await own.coupled(pipeline, "DEVELOPMENT");
    const slow = await own.coupled(pipeline, "STAGING", { deploymentMode: "REPORTED" });
    await own.release(dev);
    const { promotion } = await timed.admin.mutate("promote", { app: dev.id }, "promotion { id phase }");
    assert.equal(promotion.phase, "IN_PROGRESS");
    clock.advance(5 * MINUTE);
    await timed.restart();
    await timed.app.tick();
    assert.deepEqual(await getPhases(slow, timed), ["DEPLOYING"]);
    await timed.stop();
    clock.advance(5 * MINUTE);
    await timed.start();
    await timed.app.tick();
    assert.deepEqual(await getPhases(slow, timed), ["FAILED"]);
    const query = "query ($id: ID!) { promotion(id: $id) { phase targets { failureReason } } }";
    const { promotion: ended } = await timed.admin.ask(query, { id: promotion.id });
    assert.deepEqual(ended, {
      phase: "FAILED",
      targets: [{ failureReason: "No report of the deployment arrived within 10m." }],
    });
    const late = { release: (await getOnlyRelease(timed, slow)).id, phase: "SUCCEEDED" };
    const again = { ...late, phase: "FAILED" };
    await timed.admin.mutate("reportDeployment", late, "release { id }");
    assert.deepEqual(await getPhases(slow, timed), ["SUCCEEDED"]);
    assert.equal((await timed.admin.ask(query, { id: promotion.id })).promotion.phase, "SUCCEEDED");
    assert.equal((await timed.admin.mutationError("reportDeployment", again)).extensions.code, "CONFLICT");
  });

  it("succeeds late while a newer release is deployed, and its promotion follows target by target", async (t) => {
    const clock = new Clock();
    const timed = await startServer(t, { now: clock.now, env: { DEPLOY_TIMEOUT: "10m" } });
    const own = new Seed(timed.admin);
    const pipeline = await own.pipeline();
    const dev = await own.coupled(pipeline, "DEVELOPMENT");
    const eu = await own.coupled(pipeline, "STAGING", { deploymentMode: "REPORTED" });
    const us = await own.coupled(pipeline, "STAGING", { deploymentMode: "REPORTED" });
    await own.release(dev);
    const selection = "promotion { id targets { release { id } } }";
    const { promotion } = await timed.admin.mutate("promote", { app: dev.id }, selection);
    const [first, second] = promotion.targets.map((target: { release: { id: string } }) => target.release.id);
    clock.advance(10 * MINUTE);
    await timed.app.tick();
    const newer = await own.release(eu);
    const succeed = (release: string) =>
      timed.admin.mutate("reportDeployment", { release, phase: "SUCCEEDED" }, "__typename");
    const phase = async () =>
      (await timed.admin.ask("query ($id: ID!) { promotion(id: $id) { phase } }", { id: promotion.id })).promotion
        .phase;
    assert.equal(await phase(), "FAILED");
    await succeed(first);
    assert.deepEqual([await getPhases(eu, timed), await phase()], [["SUCCEEDED", "DEPLOYING"], "PARTIALLY_SUCCEEDED"]);
    const query = "query ($app: ID!) { app(app: $app) { currentRelease { id } } }";
    const current = async () => (await timed.admin.ask(query, { app: eu.id })).app.currentRelease.id;
    assert.equal(await current(), first);
    await succeed(second);
    assert.deepEqual([await getPhases(us, timed), await phase()], [["SUCCEEDED"], "SUCCEEDED"]);
    await succeed(newer.id);
    assert.equal(await current(), newer.id, "the newer release is current when it has succeeded");
  });

  it("is refused a late success once a newer release has succeeded", async (t) => {
    const clock = new Clock();
    const timed = await startServer(t, { now: clock.now, env: { DEPLOY_TIMEOUT: "10m" } });
    const own = new Seed(timed.admin);
    const app = await own.app({ deploymentMode: "REPORTED" });
    const [first, second] = [await own.release(app), await own.release(app)];
    clock.advance(10 * MINUTE);
    await timed.app.tick();
    await timed.admin.mutate("reportDeployment", { release: second.id, phase: "SUCCEEDED" }, "__typename");
    const late = { release: first.id, phase: "SUCCEEDED" };
    const refused = await timed.admin.mutationError("reportDeployment", late);
    assert.deepEqual([refused.extensions.code, /v2 has SUCCEEDED/.test(refused.message)], ["CONFLICT", true]);
  });
});

async function getOnlyRelease(on: TestServer, { id }: Named): Promise<{ id: string }> {
  const query = "query ($app: ID!) { app(app: $app) { releases { nodes { id } } } }";
  return (await on.admin.ask(query, { app: id })).app.releases.nodes[0];
}

describe("a rollback", () => {
  const rollback = async (input: object) =>
    (await admin.mutate("rollback", input, "release { id version trigger description phase build { id } }")).release;

  it("creates a release of the build before the current one", async () => {
    const app = await seed.app();
    const good = await seed.build();
    await seed.release(app, good);
    await seed.release(app);
    const { id: _, ...release } = await rollback({ app: app.name, reason: "v2 leaks" });
    assert.deepEqual(release, {
      version: 3,
      trigger: "ROLLBACK",
      description: "Rollback to v1: v2 leaks",
      phase: "SUCCEEDED",
      build: { id: good.id },
    });
    assert.equal(await currentVersion(app), 3);
  });

  it("goes to the newest build that succeeded, after a release that failed half way", async () => {
    const app = await seed.app({ deploymentMode: "REPORTED" });
    const good = await seed.build();
    await report(await seed.release(app), "SUCCEEDED");
    await report(await seed.release(app), "FAILED");
    await report(await seed.release(app, good), "SUCCEEDED");
    await report(await seed.release(app), "FAILED");
    const release = await rollback({ app: app.id });
    assert.deepEqual([release.build.id, release.phase], [good.id, "DEPLOYING"]);
    await report(release, "FAILED");
    assert.equal((await rollback({ app: app.id })).build.id, good.id, "a rollback that failed is tried again");
  });

  it("passes over a build that was released twice, and over builds that were rolled back from", async () => {
    const app = await seed.app();
    const [a, b, c] = [await seed.build(), await seed.build(), await seed.build()];
    for (const build of [a, b, c, c]) await seed.release(app, build);
    assert.equal((await rollback({ app: app.id })).build.id, b.id);
    assert.equal((await rollback({ app: app.id })).build.id, a.id);
    const refused = await admin.mutationError("rollback", { app: app.id });
    assert.deepEqual([refused.extensions.code, /rolled back from/.test(refused.message)], ["CONFLICT", true]);
    await seed.release(app, c);
    await seed.release(app, await seed.build());
    assert.equal((await rollback({ app: app.id })).build.id, c.id, "released on purpose since, it counts again");
  });

  it("uses the given release if it belongs to the app and succeeded", async () => {
    const app = await seed.app({ deploymentMode: "REPORTED" });
    const oldest = await seed.build();
    const first = await seed.release(app, oldest);
    await report(first, "SUCCEEDED");
    const failed = await seed.release(app);
    await report(failed, "FAILED");
    await report(await seed.release(app), "SUCCEEDED");
    await report(await seed.release(app), "SUCCEEDED");
    assert.equal((await rollback({ app: app.id, release: first.id })).build.id, oldest.id);
    const wrong = await admin.mutationError("rollback", { app: app.id, release: failed.id });
    assert.equal(wrong.extensions.code, "CONFLICT");
    const stranger = await seed.release(await seed.app());
    const other = await admin.mutationError("rollback", { app: app.id, release: stranger.id });
    assert.deepEqual([other.extensions.code, other.extensions.field], ["BAD_USER_INPUT", "release"]);
  });

  it("is a CONFLICT without an earlier release", async () => {
    const app = await seed.app();
    assert.equal((await admin.mutationError("rollback", { app: app.id })).extensions.code, "CONFLICT");
    await seed.release(app);
    assert.equal((await admin.mutationError("rollback", { app: app.id })).extensions.code, "CONFLICT");
  });
});

describe("a build", () => {
  it("can be released only after it succeeded, and is immutable from then on", async () => {
    const app = await seed.app();
    const build = await seed.build({ phase: "PENDING", artifact: null });
    const release = { app: app.id, build: build.id };
    assert.equal((await admin.mutationError("createRelease", release)).extensions.code, "CONFLICT");
    const update = (input: object) => ({ build: build.id, ...input });
    await admin.mutate("updateBuild", update({ phase: "FAILED" }), "build { phase }");
    assert.equal((await admin.mutationError("createRelease", release)).extensions.code, "CONFLICT");
    const done = update({ phase: "SUCCEEDED", artifact: "registry.test/app:1", checksum: "sha256:00" });
    await admin.mutate("updateBuild", done, "build { phase }");
    await admin.mutate("createRelease", release, "release { id }");
    const before = await dumpRows(server);
    await admin.mutate("updateBuild", done, "build { phase }");
    const changes = [
      { phase: "FAILED" },
      { phase: "PENDING" },
      { ...done, artifact: "other" },
      { ...done, checksum: "x" },
    ];
    for (const change of changes) {
      const error = await admin.mutationError("updateBuild", update(change));
      assert.equal(error.extensions.code, "CONFLICT");
    }
    assert.deepEqual(await dumpRows(server), before);
  });
});
