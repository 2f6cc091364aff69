import assert from "node:assert/strict";
import { after, describe, it } from "node:test";
import fc from "fast-check";
import { formatEvents, recordEvents } from "../../support/clients/event-log.js";
import { buildsOn, Seed, unique } from "../../support/data/seed.js";
import { runsPerEngine } from "../../support/database/engine.js";
import { startServer } from "../../support/service/server.js";

const { admin } = await startServer({ after });
const seed = new Seed(admin);

const newRepository = () => `github.com/tests/${unique("repo")}`;
const report = (build: { id: string }, context: string, state: string) =>
  admin.mutate("reportStatus", { build: build.id, context, state }, "status { id }");
const succeed = (build: { id: string }) =>
  admin.mutate("updateBuild", { build: build.id, phase: "SUCCEEDED", artifact: "registry.test/app" }, "build { id }");

describe("a succeeded build of the main branch", () => {
  it("is released by railyard to every auto-deploy app of every pipeline of its repository", async () => {
    const repository = newRepository();
    const [one, two] = [
      await seed.pipeline({ repository }),
      await seed.pipeline({ repository: `https://${repository}.git` }),
    ];
    const apps = [
      await seed.coupled(one, "DEVELOPMENT"),
      await seed.coupled(one, "DEVELOPMENT"),
      await seed.coupled(two, "DEVELOPMENT"),
    ];
    const others = [
      await seed.coupled(one, "DEVELOPMENT", { autoDeploy: false }),
      await seed.coupled(one, "STAGING"),
      await seed.coupled(await seed.pipeline(), "DEVELOPMENT"),
      await seed.coupled(await seed.pipeline({ repository, branch: "trunk" }), "DEVELOPMENT"),
    ];
    const { result: build, events } = await recordEvents(admin, () => seed.build({ repository, branch: "main" }));
    for (const app of apps) assert.deepEqual(await buildsOn(admin, app), [build.id]);
    for (const app of others) assert.deepEqual(await buildsOn(admin, app), []);
    const subject = `${repository}@${build.commit.sha.slice(0, 7)}`;
    assert.deepEqual(formatEvents(events).slice(0, 1), [`BUILD_CREATED ${subject}`]);
    assert.deepEqual(
      new Set(formatEvents(events).slice(1)),
      new Set(apps.map((app) => `RELEASE_CREATED ${app.name} v1 SUCCEEDED`)),
    );
    for (const event of events.slice(1)) assert.deepEqual(event.actor, { name: "railyard", role: "ADMIN" });
    const query = "query ($app: ID!) { app(app: $app) { currentRelease { trigger createdBy { name role } } } }";
    const { app } = await admin.ask(query, { app: apps[0]?.id });
    assert.deepEqual(app.currentRelease, { trigger: "AUTO_DEPLOY", createdBy: { name: "railyard", role: "ADMIN" } });
  });

  it("is of the same branch with and without refs/heads/, wherever a branch is given", async () => {
    const repository = newRepository();
    const pipeline = await seed.pipeline({ repository, branch: "refs/heads/main", reviewAppsEnabled: true });
    const app = await seed.coupled(pipeline, "DEVELOPMENT");
    const builds = [
      await seed.build({ repository, branch: "refs/heads/main" }),
      await seed.build({ repository, branch: "main" }),
    ];
    assert.deepEqual(
      await buildsOn(admin, app),
      builds.map(({ id }) => id),
    );
    const pullRequest = { number: 1, branch: "refs/heads/feature" };
    const opened = await admin.mutate(
      "openReviewApp",
      { pipeline: pipeline.id, pullRequest },
      "reviewApp { app { id name } }",
    );
    const feature = await seed.build({ repository, branch: "feature" });
    assert.deepEqual(await buildsOn(admin, opened.reviewApp.app), [feature.id]);
    await admin.mutate("updatePipeline", { pipeline: pipeline.id, branch: "refs/heads/trunk" }, "__typename");
    const query =
      "query ($r: String!, $b: String!, $p: ID!) { builds(repository: $r, branch: $b) { nodes { id } } pipeline(pipeline: $p) { branch } }";
    for (const b of ["main", "refs/heads/main"]) {
      const found = await admin.ask(query, { r: `ssh://git@${repository}.git`, b, p: pipeline.id });
      assert.deepEqual(
        found.builds.nodes.map((build: { id: string }) => build.id),
        builds.map(({ id }) => id).reverse(),
      );
      assert.equal(found.pipeline.branch, "trunk");
    }
  });

  it("is released when it succeeds, not while it is PENDING or after it FAILED", async () => {
    const repository = newRepository();
    const app = await seed.coupled(await seed.pipeline({ repository }), "DEVELOPMENT");
    const build = await seed.build({ repository, branch: "main", phase: "PENDING", artifact: null });
    await admin.mutate("updateBuild", { build: build.id, phase: "FAILED" }, "build { id }");
    assert.deepEqual(await buildsOn(admin, app), []);
    await succeed(build);
    assert.deepEqual(await buildsOn(admin, app), [build.id]);
  });

  it("is not released if it has another branch or none", async () => {
    const repository = newRepository();
    const app = await seed.coupled(await seed.pipeline({ repository, branch: "trunk" }), "DEVELOPMENT");
    await seed.build({ repository, branch: "main" });
    await seed.build({ repository });
    assert.deepEqual(await buildsOn(admin, app), []);
    const build = await seed.build({ repository, branch: "trunk" });
    assert.deepEqual(await buildsOn(admin, app), [build.id]);
  });

  it("is not released after a newer build", async () => {
    const repository = newRepository();
    const app = await seed.coupled(await seed.pipeline({ repository }), "DEVELOPMENT");
    const old = await seed.build({ repository, branch: "main", phase: "PENDING", artifact: null });
    const newer = await seed.build({ repository, branch: "main" });
    await succeed(old);
    assert.deepEqual(await buildsOn(admin, app), [newer.id]);
  });

  it("waits in the queue of a REPORTED app like any other release", async () => {
    const repository = newRepository();
    const app = await seed.coupled(await seed.pipeline({ repository }), "DEVELOPMENT", { deploymentMode: "REPORTED" });
    for (let count = 0; count < 3; count += 1) await seed.build({ repository, branch: "main" });
    const query = "query ($app: ID!) { app(app: $app) { releases { nodes { phase } } } }";
    const { app: found } = await admin.ask(query, { app: app.id });
    assert.deepEqual(
      found.releases.nodes.map((release: { phase: string }) => release.phase),
      ["QUEUED", "SUPERSEDED", "DEPLOYING"],
    );
  });
});

describe("an automatic deployment to an app with required checks", () => {
  async function gated(...requiredChecks: string[]) {
    const repository = newRepository();
    const pipeline = await seed.pipeline({ repository });
    const app = await seed.coupled(pipeline, "DEVELOPMENT", { requiredChecks });
    return { repository, pipeline, app };
  }

  it("starts with the status that fulfills the last check", async () => {
    const { repository, app } = await gated("ci", "scan");
    const build = await seed.build({ repository, branch: "main" });
    assert.deepEqual(await buildsOn(admin, app), []);
    await report(build, "ci", "SUCCESS");
    await report(build, "scan", "PENDING");
    await report(build, "scan", "FAILURE");
    assert.deepEqual(await buildsOn(admin, app), []);
    const { events } = await recordEvents(admin, () => report(build, "scan", "SUCCESS"));
    assert.deepEqual(await buildsOn(admin, app), [build.id]);
    assert.deepEqual(formatEvents(events).slice(1), [`RELEASE_CREATED ${app.name} v1 SUCCEEDED`]);
    assert.equal(events[1]?.actor.name, "railyard");
    // It starts once, even if checks fail and succeed again.
    await report(build, "scan", "PENDING");
    await report(build, "scan", "SUCCESS");
    assert.deepEqual(await buildsOn(admin, app), [build.id]);
  });

  it("deploys an older build that passes, unless a newer one is deployed already", async () => {
    const { repository, app } = await gated("ci");
    const old = await seed.build({ repository, branch: "main" });
    const newest = await seed.build({ repository, branch: "main" });
    const late = await seed.build({ repository, branch: "main" });
    await report(old, "ci", "SUCCESS");
    assert.deepEqual(await buildsOn(admin, app), [old.id], "a newer build whose check is pending does not starve it");
    await report(late, "ci", "SUCCESS");
    await report(newest, "ci", "SUCCESS");
    assert.deepEqual(await buildsOn(admin, app), [old.id, late.id]);
  });

  it("starts when an ADMIN removes the check that it waits for", async () => {
    const { repository, app } = await gated("ci", "scan");
    const build = await seed.build({ repository, branch: "main" });
    await report(build, "scan", "SUCCESS");
    const update = (requiredChecks: string[]) =>
      admin.mutate("updateChecks", { coupling: app.couplingId, requiredChecks }, "coupling { id }");
    await update(["ci", "other", "scan"]);
    await update(["ci", "scan"]);
    assert.deepEqual(await buildsOn(admin, app), []);
    const { events } = await recordEvents(admin, () => update(["scan"]));
    assert.deepEqual(formatEvents(events), [
      `COUPLING_CHECKS_UPDATED ${app.name}`,
      `RELEASE_CREATED ${app.name} v1 SUCCEEDED`,
    ]);
    assert.deepEqual(await buildsOn(admin, app), [build.id]);
    assert.equal(events[1]?.actor.name, "railyard");
  });

  it("starts when an ADMIN removes a check, for the newest build that then passes", async () => {
    const { repository, app } = await gated("ci", "scan");
    const [old, passing, failing] = [
      await seed.build({ repository, branch: "main" }),
      await seed.build({ repository, branch: "main" }),
      await seed.build({ repository, branch: "main" }),
    ];
    for (const build of [old, passing]) await report(build, "ci", "SUCCESS");
    await report(failing, "ci", "FAILURE");
    const update = (requiredChecks: string[]) =>
      admin.mutate("updateChecks", { coupling: app.couplingId, requiredChecks }, "coupling { id }");
    await update(["ci"]);
    assert.deepEqual(await buildsOn(admin, app), [passing.id]);
    await update([]);
    assert.deepEqual(await buildsOn(admin, app), [passing.id, failing.id]);
  });

  it("does not start on an app that was not waiting for the passing check", async () => {
    const { repository, pipeline, app } = await gated("ci");
    const build = await seed.build({ repository, branch: "main" });
    const late = await seed.coupled(pipeline, "DEVELOPMENT");
    await report(build, "nightly", "SUCCESS");
    await report(build, "ci", "SUCCESS");
    assert.deepEqual(await buildsOn(admin, late), []);
    assert.deepEqual(await buildsOn(admin, app), [build.id]);
  });
});

describe("automatic deployments, for any order of builds and checks", () => {
  const step = fc.oneof(
    fc.record({ what: fc.constant("start" as const) }),
    fc.record({ what: fc.constant("build" as const) }),
    fc.record({ what: fc.constant("finish" as const), which: fc.nat(7) }),
    fc.record({
      what: fc.constant("report" as const),
      which: fc.nat(7),
      context: fc.constantFrom("ci", "scan"),
      state: fc.constantFrom("SUCCESS", "SUCCESS", "FAILURE"),
    }),
  );

  it("never release an older build after a newer one, and release the newest passing one once", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 3, maxLength: 14 }), async (steps) => {
        const repository = newRepository();
        const pipeline = await seed.pipeline({ repository, reviewAppsEnabled: true });
        const free = await seed.coupled(pipeline, "DEVELOPMENT");
        const checked = await seed.coupled(pipeline, "DEVELOPMENT", { requiredChecks: ["ci", "scan"] });
        const pullRequest = { number: 1, branch: "main" };
        const opened = await admin.mutate(
          "openReviewApp",
          { pipeline: pipeline.id, pullRequest },
          "reviewApp { app { id name } }",
        );
        const builds: { id: string; done: boolean; states: Record<string, string> }[] = [];
        const expected = { free: [] as string[], checked: [] as string[] };
        const places = (list: readonly string[]) => list.map((id) => builds.findIndex((build) => build.id === id));
        /** What a change of one build deploys: that build, where it passes and no newer one is there. */
        const expect = (index: number, passed: boolean) => {
          const build = builds[index];
          if (build?.done !== true) return;
          const passes = build.states.ci === "SUCCESS" && build.states.scan === "SUCCESS";
          for (const list of [...(passed ? [] : [expected.free]), ...(passes ? [expected.checked] : [])]) {
            if (Math.max(-1, ...places(list)) < index) list.push(build.id);
          }
        };
        for (const one of steps) {
          if (one.what === "start" || one.what === "build") {
            const done = one.what === "build";
            const made = await seed.build({
              repository,
              branch: "main",
              ...(!done && { phase: "PENDING", artifact: null }),
            });
            builds.push({ id: made.id, done, states: {} });
            expect(builds.length - 1, false);
          } else {
            const build = builds[one.which];
            if (build === undefined) continue;
            if (one.what === "report") {
              await report(build, one.context, one.state);
              build.states[one.context] = one.state;
              expect(one.which, true);
            } else if (!build.done) {
              await succeed(build);
              build.done = true;
              expect(one.which, false);
            }
          }
        }
        assert.deepEqual(await buildsOn(admin, free), expected.free);
        assert.deepEqual(await buildsOn(admin, opened.reviewApp.app), expected.free);
        assert.deepEqual(await buildsOn(admin, checked), expected.checked);
        // The explanation agrees with what happened.
        const query =
          "query ($r: String!) { builds(repository: $r, first: 100) { nodes { id autoDeploys { outcome coupling { app { id } } } } } }";
        const { nodes } = (await admin.ask(query, { r: repository })).builds;
        for (const { id, autoDeploys } of nodes) {
          assert.equal(autoDeploys.length, 3);
          for (const { outcome, coupling } of autoDeploys) {
            const list = coupling.app.id === checked.id ? expected.checked : expected.free;
            const isOvertaken = Math.max(-1, ...places(list)) > (places([id])[0] ?? -1);
            const waits = isOvertaken ? "SUPERSEDED" : "WAITING";
            assert.equal(outcome, list.includes(id) ? "DEPLOYED" : waits);
          }
        }
        for (const list of [expected.free, expected.checked]) {
          const order = places(list);
          assert.deepEqual(
            order,
            order.toSorted((a, b) => a - b),
          );
        }
      }),
      { numRuns: runsPerEngine(60) },
    );
  });
});
