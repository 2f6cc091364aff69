import assert from "node:assert/strict";
import { after, describe, it } from "node:test";
import fc from "fast-check";
import { compareConfig, findParityGap, PARITIES, stricterParity } from "../../../src/domain/config-vars/parity.js";
import { configKeys } from "../../support/data/config-keys.js";
import { createBuild } from "../../support/data/pipeline-fixture.js";
import { type Named, Seed } from "../../support/data/seed.js";
import { startServer } from "../../support/service/server.js";

const server = await startServer({ after }, { env: configKeys("k1") });
const { admin } = server;
const seed = new Seed(admin);

const KEYS = ["A", "B", "C", "D", "E"];
const keys = fc.uniqueArray(fc.constantFrom(...KEYS));
const config = fc.record({
  set: fc.dictionary(fc.constantFrom(...KEYS), fc.constantFrom("1", "2")).map((one) => new Map(Object.entries(one))),
  required: keys.map((list) => new Set(list)),
});
const parity = fc.constantFrom(...PARITIES);

describe("the rules of config parity", () => {
  it("demand what they say, and each more than the one before", () => {
    fc.assert(
      fc.property(parity, keys, fc.option(config), config, (rule, required, source, target) => {
        const { missing, extra } = findParityGap(rule, required, source, target);
        const demanded = KEYS.filter(
          (key) =>
            rule !== "OFF" &&
            (required.includes(key) ||
              target.required.has(key) ||
              (rule !== "REQUIRED" && source?.set.has(key) === true)),
        );
        assert.deepEqual(
          missing,
          demanded.filter((key) => !target.set.has(key)),
        );
        assert.deepEqual(
          extra,
          KEYS.filter((key) => rule === "EXACT" && source !== null && target.set.has(key) && !source.set.has(key)),
        );
        for (const looser of PARITIES.slice(0, PARITIES.indexOf(rule))) {
          const less = findParityGap(looser, required, source, target);
          assert.ok([...less.missing, ...less.extra].every((key) => missing.includes(key) || extra.includes(key)));
          assert.equal(stricterParity(looser, rule), rule);
          assert.equal(stricterParity(rule, looser), rule);
        }
      }),
      { numRuns: 5000 },
    );
  });

  it("sort every key of a comparison into one list", () => {
    fc.assert(
      fc.property(config, config, (source, target) => {
        const { missing, extra, same, different } = compareConfig(source, target);
        const all = [...missing, ...extra, ...same, ...different];
        assert.deepEqual(all.sort(), [...new Set([...source.set.keys(), ...target.set.keys()])].sort());
        assert.deepEqual(compareConfig(target, source), { missing: extra, extra: missing, same, different });
        for (const key of same) assert.equal(source.set.get(key), target.set.get(key));
        for (const key of different) assert.notEqual(source.set.get(key), target.set.get(key));
      }),
      { numRuns: 2000 },
    );
  });
});

interface Line {
  readonly pipeline: Named;
  readonly dev: Named;
  readonly staging: Named;
}

async function line(requiredConfig: string[] = []): Promise<Line> {
  const pipeline = await seed.pipeline();
  const [dev, staging] = [await seed.coupled(pipeline, "DEVELOPMENT"), await seed.coupled(pipeline, "STAGING")];
  await seed.release(dev, { id: await createBuild(admin, pipeline.name, { requiredConfig }) });
  return { pipeline, dev, staging };
}

const set = (app: Named, vars: Record<string, string>, unset: string[] = []) =>
  admin.mutate(
    "setConfig",
    { app: app.id, set: Object.entries(vars).map(([key, value]) => ({ key, value })), unset },
    "app { configVersion }",
  );

const policy = ({ pipeline }: Line, configParity: string) =>
  admin.mutate(
    "updateStagePolicy",
    { pipeline: pipeline.id, stage: "STAGING", configParity },
    "policy { configParity }",
  );

async function plan({ dev }: Line) {
  const blocker = "code message remedies overridable app { name }";
  const difference = "config { missing extra same different }";
  const query = `query ($input: PromoteInput!) { promotionPlan(input: $input) { blockers { ${blocker} } targets { ${difference} } } }`;
  return (await admin.ask(query, { input: { app: dev.id } })).promotionPlan;
}

const messages = async (at: Line) => (await plan(at)).blockers.map(({ message }: { message: string }) => message);

describe("a promotion", () => {
  it("is blocked while the target lacks a config var that the build requires, and SET_CONFIG clears it", async () => {
    const at = await line(["TOKEN", "URL"]);
    const expected = {
      code: "CONFIG_MISSING",
      message: `${at.staging.name} lacks the config vars TOKEN, URL.`,
      remedies: ["SET_CONFIG", "FORCE"],
      overridable: true,
      app: { name: at.staging.name },
    };
    assert.deepEqual((await plan(at)).blockers, [expected]);
    const refused = await admin.mutationError("promote", { app: at.dev.id });
    assert.equal(refused.extensions.code, "PROMOTION_BLOCKED");
    await set(at.staging, { TOKEN: "t" });
    assert.deepEqual(await messages(at), [`${at.staging.name} lacks the config vars URL.`]);
    await set(at.staging, { URL: "u" });
    assert.equal(
      (await admin.mutate("promote", { app: at.dev.id }, "promotion { phase }")).promotion.phase,
      "SUCCEEDED",
    );
  });

  it("is blocked while the target lacks what it requires itself, also after that was unset", async () => {
    const at = await line();
    await admin.mutate("setConfig", { app: at.staging.id, set: [{ key: "URL", required: true }] }, "app { id }");
    assert.deepEqual(await messages(at), [`${at.staging.name} lacks the config vars URL.`]);
    await set(at.staging, { URL: "u" });
    assert.deepEqual(await messages(at), []);
    await set(at.staging, {}, ["URL"]);
    const query = "query ($app: ID!) { app(app: $app) { requiredConfig config { key } } }";
    assert.deepEqual((await admin.ask(query, { app: at.staging.id })).app, { requiredConfig: ["URL"], config: [] });
    assert.deepEqual(await messages(at), [`${at.staging.name} lacks the config vars URL.`]);
    await admin.mutate("setConfig", { app: at.staging.id, set: [{ key: "URL", required: false }] }, "app { id }");
    assert.deepEqual(await messages(at), []);
  });

  it("compares keys by the policy of the stage, and shows values that differ", async () => {
    const at = await line();
    await set(at.dev, { A: "1", B: "2", C: "3" });
    await set(at.staging, { A: "1", B: "other", X: "1" });
    assert.deepEqual((await plan(at)).targets[0].config, {
      missing: ["C"],
      extra: ["X"],
      same: ["A"],
      different: ["B"],
    });
    assert.deepEqual(await messages(at), []);
    await policy(at, "SUPERSET");
    assert.deepEqual(await messages(at), [`${at.staging.name} lacks the config vars C.`]);
    await policy(at, "EXACT");
    const both = `${at.staging.name} lacks the config vars C, and has config vars that the source has not: X.`;
    assert.deepEqual(await messages(at), [both]);
    const operator = await server.as("OPERATOR");
    const loosening = { pipeline: at.pipeline.id, stage: "STAGING", configParity: "OFF" };
    assert.equal((await operator.mutationError("updateStagePolicy", loosening)).extensions.code, "FORBIDDEN");
    await set(at.staging, { C: "c" }, ["X"]);
    assert.deepEqual(await messages(at), []);
  });

  it("never copies or changes config, nor does a rollback", async () => {
    const at = await line();
    await set(at.dev, { A: "1" });
    await set(at.staging, { B: "2" });
    await admin.mutate("promote", { app: at.dev.id }, "promotion { id }");
    await seed.release(at.staging);
    await admin.mutate("rollback", { app: at.staging.id }, "release { id }");
    const query =
      "query ($app: ID!) { app(app: $app) { configVersion config { key value } releases(first: 5) { nodes { configVersion } } } }";
    const { app } = await admin.ask(query, { app: at.staging.id });
    assert.deepEqual([app.configVersion, app.config], [1, [{ key: "B", value: "2" }]]);
    assert.deepEqual(
      app.releases.nodes.map((one: { configVersion: number }) => one.configVersion),
      [1, 1, 1],
    );
  });

  it("is refused like a release straight onto the app, but not like an automatic deploy", async () => {
    const pipeline = await seed.pipeline({ repository: "github.com/config/auto", branch: "main" });
    const [dev, prod] = [await seed.coupled(pipeline, "DEVELOPMENT"), await seed.coupled(pipeline, "PRODUCTION")];
    const build = await seed.build({ repository: "github.com/config/auto", branch: "main", requiredConfig: ["URL"] });
    const query = "query ($app: ID!) { app(app: $app) { currentRelease { trigger } } }";
    assert.equal((await admin.ask(query, { app: dev.id })).app.currentRelease.trigger, "AUTO_DEPLOY");
    const refused = await admin.mutationError("createRelease", { app: prod.id, build: build.id });
    assert.match(refused.message, new RegExp(`${prod.name} lacks the config vars URL\\.`));
    await seed.forcedRelease(prod, build);
  });
});
