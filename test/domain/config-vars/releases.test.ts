import assert from "node:assert/strict";
import { after, describe, it } from "node:test";
import fc from "fast-check";
import { configKeys } from "../../support/data/config-keys.js";
import { createBuild } from "../../support/data/pipeline-fixture.js";
import { buildsOn, type Named, Seed } from "../../support/data/seed.js";
import { dumpRows } from "../../support/database/database-content.js";
import { runsPerEngine } from "../../support/database/engine.js";
import { startServer } from "../../support/service/server.js";

const server = await startServer({ after }, { env: configKeys("k1") });
const { admin } = server;
const seed = new Seed(admin);

const RELEASE = "release { id version phase trigger configVersion build { id } createdBy { name } }";

const set = (app: Named, vars: Record<string, string>, rest: object = {}) =>
  admin.mutate(
    "setConfig",
    { app: app.id, set: Object.entries(vars).map(([key, value]) => ({ key, value })), ...rest },
    `app { configVersion } ${RELEASE}`,
  );

const report = (release: { id: string }, phase: string) =>
  admin.mutate("reportDeployment", { release: release.id, phase }, "release { phase }");

async function fingerprints(app: Named): Promise<string[]> {
  const query = "query ($app: ID!) { app(app: $app) { config { fingerprint } } }";
  const asked = await admin.ask(query, { app: app.id });
  return asked.app.config.map((one: { fingerprint: string }) => one.fingerprint);
}

describe("a change of config", () => {
  it("releases the build of a REPORTED app once more, for its deployer", async () => {
    const app = await seed.app({ deploymentMode: "REPORTED" });
    assert.equal((await set(app, { A: "0" })).release, null, "it runs nothing");
    const build = await seed.build();
    const first = await seed.release(app, build);
    await report(first, "SUCCEEDED");
    const { release } = await set(app, { A: "1" });
    const { id: _, ...made } = release;
    assert.deepEqual(made, {
      ...{ version: 2, phase: "DEPLOYING", trigger: "CONFIG", configVersion: 2 },
      ...{ build: { id: build.id }, createdBy: { name: "admin" } },
    });
    // While it is deployed, changes are collected in one further release.
    const queued = (await set(app, { A: "2" })).release;
    assert.deepEqual([queued.version, queued.phase, queued.configVersion], [3, "QUEUED", 3]);
    const same = (await set(app, { A: "3" })).release;
    assert.deepEqual([same.id, same.phase, same.configVersion], [queued.id, "QUEUED", 4]);
    await report(release, "SUCCEEDED");
    assert.equal((await report(queued, "SUCCEEDED")).release.phase, "SUCCEEDED");
    assert.deepEqual(await buildsOn(admin, app), [build.id, build.id, build.id]);
    assert.equal((await set(app, { A: "3" })).release, null, "nothing changed");
  });

  it("releases nothing if every value stays, as where only a description changes", async () => {
    const app = await seed.app({ deploymentMode: "REPORTED" });
    await report(await seed.release(app), "SUCCEEDED");
    await report((await set(app, { A: "1" })).release, "SUCCEEDED");
    const marks = { key: "A", description: "What it is for", required: true };
    const { app: changed, release } = await admin.mutate(
      "setConfig",
      { app: app.id, set: [marks] },
      `app { configVersion } ${RELEASE}`,
    );
    assert.deepEqual([changed.configVersion, release], [2, null]);
    assert.equal((await set(app, {}, { unset: ["A"] })).release.trigger, "CONFIG", "a value less is a change");
  });

  it("does not replace a promotion that is queued, which is deployed with the new version", async () => {
    const pipeline = await seed.pipeline();
    const dev = await seed.coupled(pipeline, "DEVELOPMENT");
    const app = await seed.coupled(pipeline, "STAGING", { deploymentMode: "REPORTED" });
    await seed.release(dev);
    const first = await seed.release(app);
    const { promotion } = await admin.mutate(
      "promote",
      { app: dev.id },
      "promotion { targets { release { id phase } } }",
    );
    const [queued] = promotion.targets.map((one: { release: { id: string; phase: string } }) => one.release);
    assert.equal(queued.phase, "QUEUED");
    const { release } = await set(app, { A: "1" });
    assert.deepEqual([release.id, release.trigger, release.configVersion], [queued.id, "PROMOTION", 1]);
    await report(first, "SUCCEEDED");
    await report(queued, "SUCCEEDED");
    assert.equal((await buildsOn(admin, app)).length, 2);
  });

  it("releases nothing on an IMMEDIATE app", async () => {
    const app = await seed.app();
    await seed.release(app);
    assert.equal((await set(app, { A: "1" })).release, null);
  });

  it("leaves automation on hold after a rollback", async () => {
    const mark = "hold-config";
    const pipeline = await seed.pipeline({ repository: `github.com/${mark}/shop`, branch: `${mark}-main` });
    const dev = await seed.coupled(pipeline, "DEVELOPMENT", { deploymentMode: "REPORTED" });
    const [first, second] = [await createBuild(admin, mark), await createBuild(admin, mark)];
    const query =
      "query ($app: ID!) { app(app: $app) { coupling { autoDeployHeld } releases(first: 1) { nodes { id } } } }";
    const latest = async () => (await admin.ask(query, { app: dev.id })).app;
    const [queued] = (await latest()).releases.nodes;
    const all = "query ($app: ID!) { app(app: $app) { releases(first: 9) { nodes { id phase } } } }";
    for (const { id } of (await admin.ask(all, { app: dev.id })).app.releases.nodes.reverse())
      await report({ id }, "SUCCEEDED");
    assert.ok(queued);
    const { release } = await admin.mutate("rollback", { app: dev.id }, "release { id build { id } }");
    assert.equal(release.build.id, first);
    await report(release, "SUCCEEDED");
    await report((await set(dev, { A: "1" })).release, "SUCCEEDED");
    assert.equal((await latest()).coupling.autoDeployHeld, true);
    const third = await createBuild(admin, mark);
    assert.deepEqual(await buildsOn(admin, dev), [first, second, first, first]);
    assert.ok(third);
  });
});

describe("a freeze", () => {
  it("holds a change back that would release a REPORTED app again, unless an ADMIN forces it", async () => {
    const pipeline = await seed.pipeline();
    const reported = await seed.coupled(pipeline, "STAGING", { deploymentMode: "REPORTED" });
    const immediate = await seed.coupled(pipeline, "STAGING");
    await report(await seed.release(reported), "SUCCEEDED");
    await seed.release(immediate);
    await admin.mutate("startFreeze", { reason: "An incident", scope: { pipelines: [pipeline.id] } }, "__typename");
    const input = { app: reported.id, set: [{ key: "A", value: "1" }] };
    const refused = await admin.mutationError("setConfig", input);
    assert.equal(refused.extensions.code, "PROMOTION_BLOCKED");
    assert.deepEqual(
      (refused.extensions.blockers as { code: string }[]).map(({ code }) => code),
      ["FROZEN"],
    );
    assert.equal((await set(immediate, { A: "1" })).app.configVersion, 1);
    const operator = await server.as("OPERATOR");
    const forced = { ...input, force: true, reason: "The fix" };
    assert.equal((await operator.mutationError("setConfig", forced)).extensions.code, "FORBIDDEN");
    const { release } = await admin.mutate("setConfig", forced, "release { trigger forced reason }");
    assert.deepEqual(release, { trigger: "CONFIG", forced: true, reason: "The fix" });
  });
});

describe("a deployment window", () => {
  it("holds a change back that would release a REPORTED app again, while it is closed", async () => {
    const pipeline = await seed.pipeline();
    const app = await seed.coupled(pipeline, "STAGING", { deploymentMode: "REPORTED" });
    await report(await seed.release(app), "SUCCEEDED");
    const always = { startTime: "00:00", endTime: "00:00", timeZone: "UTC" };
    const window = { name: `never-${app.name}`, kind: "DENY", scope: { pipelines: [pipeline.id] }, ...always };
    await admin.mutate("createDeploymentWindow", window, "window { id }");
    const input = { app: app.id, set: [{ key: "A", value: "1" }] };
    const refused = await admin.mutationError("setConfig", input);
    assert.equal(refused.extensions.code, "PROMOTION_BLOCKED");
    assert.deepEqual(
      (refused.extensions.blockers as { code: string }[]).map(({ code }) => code),
      ["WINDOW_CLOSED"],
    );
    const query = "query ($app: ID!) { app(app: $app) { configVersion config { key } } }";
    assert.deepEqual((await admin.ask(query, { app: app.id })).app, { configVersion: 0, config: [] });
  });
});

describe("setConfig", () => {
  it("lets one of two changes for the same version through", async () => {
    const app = await seed.app();
    const attempts = await Promise.allSettled(
      [1, 2, 3, 4, 5].map((n) => set(app, { A: `${n}` }, { expectedVersion: 0 })),
    );
    const refused = attempts.filter((one) => one.status === "rejected");
    assert.equal(refused.length, 4);
    for (const { reason } of refused) {
      assert.equal(reason.code, "CONFLICT");
      assert.match(reason.message, /expectedVersion is 0, but the config of .* is at version 1/);
    }
  });

  it("loses no change among concurrent ones, and counts each", async () => {
    const change = fc.record({
      set: fc.dictionary(fc.constantFrom("A", "B", "C"), fc.constantFrom("1", "2", "3"), { minKeys: 1 }),
      unset: fc.uniqueArray(fc.constantFrom("D", "E")),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(change, { minLength: 2, maxLength: 8 }), async (changes) => {
        const app = await seed.app();
        await set(app, { D: "1", E: "1" });
        await Promise.all(changes.map(({ set: vars, unset }) => set(app, vars, { unset })));
        const log =
          "events(app: $app, types: [CONFIG_CHANGED], first: 20) { nodes { ... on ConfigEvent { configVersion keys } } }";
        const query = `query ($app: ID!) { app(app: $app) { configVersion config { key value } } ${log} }`;
        const found = await admin.ask(query, { app: app.id });
        const versions = found.events.nodes.map((one: { configVersion: number }) => one.configVersion);
        assert.deepEqual(
          versions,
          versions.map((_: number, index: number) => index + 1),
          "no version is missing or twice",
        );
        assert.equal(found.app.configVersion, versions.length);
        const keys = found.app.config.map((one: { key: string }) => one.key);
        const unset = new Set<string>(changes.flatMap((one) => one.unset));
        const wanted = new Set([
          ...["D", "E"].filter((key) => !unset.has(key)),
          ...changes.flatMap((one) => Object.keys(one.set)),
        ]);
        assert.deepEqual(keys, [...wanted].sort());
        for (const { key, value } of found.app.config) {
          const given = changes.flatMap((one) => one.set[key] ?? []);
          assert.ok(given.includes(value) || (key > "C" && value === "1"), `${key} is ${value}`);
        }
      }),
      { numRuns: runsPerEngine(20) },
    );
  });

  it("accepts a key of 128 characters, a value of 32 KiB, and an app of 200 config vars and 256 KiB, and no more", async () => {
    const app = await seed.app();
    const longest = "K".repeat(128);
    const value = "é".repeat(16 * 1024);
    const version = async () => (await set(app, { _: "" })).app.configVersion;
    for (let n = 1; n < 8; n++) await set(app, { [`K${n}`]: value });
    await set(app, { [longest]: value });
    const query = "query ($app: ID!, $keys: [String!]) { app(app: $app) { config(keys: $keys) { key value } } }";
    const { config } = (await admin.ask(query, { app: app.id, keys: [longest] })).app;
    assert.ok(config[0].value === value, "it is read as it was set");
    await version();
    const full = await admin.mutationError("setConfig", { app: app.id, set: [{ key: "ONE_MORE", value: "1" }] });
    assert.match(full.message, /at most 262144 bytes together; they would have 262145/);
    const other = await seed.app();
    const many = (from: number, count: number) =>
      Object.fromEntries(Array.from({ length: count }, (_, n) => [`K${from + n}`, "v"]));
    await set(other, many(0, 200));
    const over = await admin.mutationError("setConfig", { app: other.id, set: [{ key: "ONE_MORE", value: "1" }] });
    assert.match(over.message, /at most 200 config vars; it would have 201/);
    await set(other, { ONE_MORE: "1" }, { unset: ["K0"] });
  });

  it("names the field of what is wrong, and never the value", async () => {
    const app = await seed.app();
    const big = "canary-too-big".padEnd(32 * 1024 + 1, "x");
    const many = Array.from({ length: 201 }, (_, n) => ({ key: `K${n}`, value: "v" }));
    // A request has at most 64 KiB, so it takes several to fill an app.
    for (let n = 0; n < 8; n++) await set(app, { [`K${n}`]: "v".repeat(32_000) });
    const total = [{ key: "K9", value: "v".repeat(32_000) }];
    for (const [input, field, message] of [
      [{ set: [{ key: "1A", value: "canary" }] }, "set.0.key", /letters, digits and underscores/],
      [{ set: [{ key: "A".repeat(129), value: "canary" }] }, "set.0.key", /1 to 128 letters/],
      [{ set: [{ key: "A", value: big }] }, "set.0.value", /at most 32768 bytes; it has 32769/],
      [{ set: [{ key: "A", value: "canary\0" }] }, "set.0.value", /NUL/],
      [{ set: many }, "set", /at most 200/],
      [{ set: total }, "set", /at most 262144 bytes together; they would have 288000/],
      [{ set: [{ key: "A", value: "canary" }], unset: ["A"] }, "unset.0", /repeats A/],
      [{ set: [{ key: "A" }] }, "set.0.value", /must be given/],
      [{}, "set", /must name a key/],
      [{ set: [{ key: "A", value: 4_021_337 }] }, "set.0.value", /String cannot represent a non string value/],
      [{ set: [{ key: "A", valu: "canary" }] }, "set.0", /Field "valu" is not defined/],
    ] as const) {
      const error = await admin.mutationError("setConfig", { app: app.id, ...input });
      assert.deepEqual([error.extensions.code, error.extensions.field], ["BAD_USER_INPUT", field], error.message);
      assert.match(error.message, message);
      assert.ok(!/canary|4021337/.test(error.message), error.message);
    }
    const literal = `mutation { setConfig(input: { app: "${app.id}", set: [{ key: "A", value: 4021337 }] }) { app { id } } }`;
    assert.ok(!(await admin.queryError(literal)).message.includes("4021337"));
  });

  it("does not let an OPERATOR read a secret by making it public", async () => {
    const app = await seed.app();
    await set(app, { A: "secret" });
    const operator = await server.as("OPERATOR");
    const input = { app: app.id, set: [{ key: "A", secret: false }] };
    const refused = await operator.mutationError("setConfig", input);
    assert.equal(refused.extensions.field, "set.0.secret");
    await operator.mutate("setConfig", { app: app.id, set: [{ key: "A", description: "what" }] }, "app { id }");
    const query = "query ($app: ID!) { app(app: $app) { config { value secret description } } }";
    assert.deepEqual((await operator.ask(query, { app: app.id })).app.config, [
      { value: null, secret: true, description: "what" },
    ]);
  });
});

describe("fingerprints", () => {
  it("are equal for equal values in a pipeline, and differ elsewhere", async () => {
    const [here, elsewhere] = [await seed.pipeline(), await seed.pipeline()];
    const first = await seed.coupled(here, "DEVELOPMENT");
    const second = await seed.app();
    const third = await seed.coupled(elsewhere, "DEVELOPMENT");
    for (const app of [first, second, third]) await set(app, { A: "same" });
    const [one] = await fingerprints(first);
    assert.notDeepEqual(await fingerprints(second), [one]);
    assert.notDeepEqual(await fingerprints(third), [one]);
    const added = await admin.mutate(
      "addCoupling",
      { pipeline: here.id, app: second.id, stage: "STAGING" },
      "coupling { id }",
    );
    assert.deepEqual(await fingerprints(second), [one], "when the app comes into the pipeline");
    await admin.mutate("removeCoupling", { coupling: added.coupling.id }, "pipeline { id }");
    assert.notDeepEqual(await fingerprints(second), [one], "when it leaves");
    await admin.mutate("deletePipeline", { pipeline: here.id }, "deletedPipelineId");
    assert.notDeepEqual(await fingerprints(first), [one], "when the pipeline is deleted");
    assert.ok(!(await dumpRows(server)).some((row) => row.startsWith("config_keys") && row.includes(here.id)));
  });
});

describe("deleting an app", () => {
  it("destroys its key and its config, also if a review app is closed", async () => {
    const app = await seed.app();
    await set(app, { A: "1" });
    await admin.mutate("deleteApp", { app: app.id }, "deletedAppId");
    const readRows = async ({ id }: Named) =>
      (await dumpRows(server)).filter((row) => row.startsWith("config_") && row.includes(id));
    assert.deepEqual(await readRows(app), []);
    const pipeline = await seed.pipeline({ repository: "github.com/config/review", reviewAppsEnabled: true });
    const pullRequest = { number: 1, title: "One", branch: "one", url: "https://github.com/config/review/pull/1" };
    const opened = await admin.mutate(
      "openReviewApp",
      { pipeline: pipeline.id, pullRequest },
      "reviewApp { app { id name } }",
    );
    const review = opened.reviewApp.app;
    await set(review, { A: "1" });
    assert.equal((await readRows(review)).length, 3);
    await admin.mutate("closeReviewApp", { pipeline: pipeline.id, pullRequestNumber: 1 }, "__typename");
    assert.deepEqual(await readRows(review), []);
  });
});
