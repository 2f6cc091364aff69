import assert from "node:assert/strict";
import { after, describe, it } from "node:test";
import { newId } from "../../../src/domain/core/values/id.js";
import { createBlocker } from "../../../src/domain/gates/blocker.js";
import { evaluateGates } from "../../../src/domain/gates/evaluate.js";
import { hasBegun } from "../../../src/domain/gates/freezes/freeze-gate.js";
import { defineGate, type Fact, InvalidFact, type Subject } from "../../../src/domain/gates/gate.js";
import { GATES } from "../../../src/domain/gates/gates.js";
import { defaultPolicy } from "../../../src/domain/gates/policies/stage-policy-fact.js";
import {
  findLoosened,
  largerIsStricter,
  offIsStricter,
  onIsStricter,
  smallerIsStricter,
  stricterIn,
} from "../../../src/domain/gates/strictness.js";
import { waveGate } from "../../../src/domain/rollouts/wave-gate.js";
import { Build } from "../../../src/entities/builds/build.js";
import { Freeze } from "../../../src/entities/gates/freeze.js";
import { StagePolicy } from "../../../src/entities/gates/stage-policy.js";
import { App } from "../../../src/entities/pipelines/app.js";
import { Coupling } from "../../../src/entities/pipelines/coupling.js";
import { Pipeline } from "../../../src/entities/pipelines/pipeline.js";
import { Promotion } from "../../../src/entities/releases/promotion.js";
import { createBuild, createScopedToken } from "../../support/data/pipeline-fixture.js";
import { Seed, unique } from "../../support/data/seed.js";
import { startServer } from "../../support/service/server.js";

const server = await startServer({ after });
const { admin } = server;
const { reader } = server.app.database;
const seed = new Seed(admin);
const now = new Date();

/** A pipeline with a build and two targets, as gates see them. */
async function subject(): Promise<Subject> {
  const made = await seed.pipeline();
  const targets = await Promise.all(
    [await seed.coupled(made, "STAGING"), await seed.coupled(made, "STAGING")].map(async ({ id }) => ({
      coupling: (await reader.first(Coupling, { appId: id })) as Coupling,
      app: (await reader.first(App, { id })) as App,
    })),
  );
  const build = await reader.first(Build, { id: (await seed.build()).id });
  const pipeline = await reader.first(Pipeline, { id: made.id });
  if (build === null || pipeline === null) throw new Error("The rows were not found.");
  return { way: "PROMOTION", pipeline, build, release: null, to: "STAGING", targets };
}

const failing = (fail: () => never) => defineGate({ name: "a test", facts: {}, evaluate: fail });

describe("the evaluation of gates", () => {
  it("blocks if a gate throws, and evaluates the others all the same", async () => {
    const one = await subject();
    const closed = defineGate({
      name: "another",
      facts: {},
      evaluate: (_, { targets }) =>
        targets.map(({ app }) => createBlocker({ code: "FROZEN", message: app.name, app, remedies: [] })),
    });
    const broken = failing(() => {
      throw new Error("a secret of the service");
    });
    const [verdict] = await evaluateGates(reader, now, [one], [closed, broken]);
    const [first, second] = one.targets.map(({ app }) => app.name);
    assert.deepEqual(
      verdict?.blockers.map(({ code, message, overridable }) => [code, message, overridable]),
      [
        ["GATE_FAILED", "The gate of a test could not be evaluated, so it blocks: its data is invalid.", true],
        ["FROZEN", first, false],
        ["FROZEN", second, false],
      ],
    );
  });

  it("blocks the subjects whose facts are invalid, and no others", async () => {
    const [good, bad] = [await subject(), await subject()];
    const fact: Fact<string> = {
      name: "numbers",
      load: async (_, subjects) => {
        if (subjects.includes(bad)) throw new InvalidFact("the number of the test is invalid");
        return subjects.map(() => "fine");
      },
    };
    const gate = defineGate({
      name: "numbers",
      facts: { fact },
      evaluate: (_, __, facts) =>
        facts.fact === "fine" ? [] : [createBlocker({ code: "FROZEN", message: "", remedies: [] })],
    });
    const [open, shut] = await evaluateGates(reader, now, [good, bad], [gate]);
    assert.deepEqual(open?.blockers, []);
    assert.deepEqual(
      shut?.blockers.map(({ message }) => message),
      ["The gate of numbers could not be evaluated, so it blocks: the number of the test is invalid."],
    );
  });

  it("does not take an error of the database for invalid data", async () => {
    const fact: Fact<null> = {
      name: "nothing",
      load: async () => {
        throw new Error("connection lost");
      },
    };
    const gate = defineGate({ name: "nothing", facts: { fact }, evaluate: () => [] });
    await assert.rejects(evaluateGates(reader, now, [await subject()], [gate]), /connection lost/);
  });

  it("loads each fact once, for all gates and subjects", async () => {
    let loads = 0;
    const fact: Fact<number> = {
      name: "count",
      load: async (_, subjects) => {
        loads += 1;
        return subjects.map(() => 1);
      },
    };
    const gate = () => defineGate({ name: "count", facts: { fact }, evaluate: () => [] });
    await evaluateGates(reader, now, [await subject(), await subject()], [gate(), gate()]);
    assert.equal(loads, 1);
    const statements = server.app.database.statements;
    await evaluateGates(reader, now, [await subject(), await subject(), await subject()], GATES);
    assert.ok(server.app.database.statements > statements);
  });

  it("blocks every way in while the stored policy is invalid", async () => {
    const pipeline = await seed.pipeline();
    const dev = await seed.coupled(pipeline, "DEVELOPMENT");
    const staging = await seed.coupled(pipeline, "STAGING");
    const build = await seed.build();
    await seed.release(dev, build);
    const row = { ...defaultPolicy({ id: pipeline.id, createdAt: now }, "STAGING"), soakTime: -5 };
    await server.app.database.write((tx) => tx.insert(StagePolicy, [Object.assign(new StagePolicy(), row)]));
    const expected =
      /The gate of soak time could not be evaluated, so it blocks: the soak time of STAGING is invalid\./;
    assert.match((await admin.mutationError("promote", { app: dev.id })).message, expected);
    assert.match((await admin.mutationError("createRelease", { app: staging.id, build: build.id })).message, expected);
    const { promotionPlan } = await admin.ask(
      "query ($input: PromoteInput!) { promotionPlan(input: $input) { blockers { code remedies } } }",
      { input: { app: dev.id } },
    );
    assert.deepEqual(promotionPlan.blockers, [{ code: "GATE_FAILED", remedies: ["FORCE"] }]);
    await admin.mutate("promote", { app: dev.id, force: true, reason: "It is known" }, "promotion { id }");
  });

  it("blocks promotions while the stored policy of waves is invalid", async () => {
    const pipeline = await seed.pipeline();
    const dev = await seed.coupled(pipeline, "DEVELOPMENT");
    await seed.coupled(pipeline, "STAGING");
    await seed.release(dev, await seed.build());
    const valid = defaultPolicy({ id: pipeline.id, createdAt: now }, "STAGING");
    await server.app.database.write((tx) => tx.insert(StagePolicy, [valid]));
    const { pipelineId, stage, ...fields } = valid;
    const invalid: readonly Partial<StagePolicy>[] = [
      { maxParallel: 0 },
      { maxFailures: -1 },
      { pauseBetweenWaves: -5 },
      { manualWaves: ["2"] as never },
    ];
    for (const field of invalid) {
      await server.app.database.write((tx) => tx.update(StagePolicy, { pipelineId, stage }, { ...fields, ...field }));
      assert.match(
        (await admin.mutationError("promote", { app: dev.id })).message,
        /The gate of waves could not be evaluated, so it blocks: the policy of STAGING is invalid\./,
        JSON.stringify(field),
      );
    }
  });

  it("blocks the next targets of a promotion whose waves are unknown", async () => {
    const promotion = Object.assign(new Promotion(), { id: newId(), phase: "IN_PROGRESS" });
    const [verdict] = await evaluateGates(reader, now, [{ ...(await subject()), promotion }], [waveGate]);
    assert.deepEqual(
      verdict?.blockers.map(({ code }) => code),
      ["GATE_FAILED"],
    );
  });

  it("freezes a place while it cannot be told whether a freeze has begun", () => {
    const freeze = Object.assign(new Freeze(), { startsAt: new Date(Number.NaN), createdAt: now });
    assert.equal(hasBegun(freeze, now), true);
  });

  it("names the status that a blocker comes from, and what can clear it", async () => {
    const pipeline = await seed.pipeline();
    const dev = await seed.coupled(pipeline, "DEVELOPMENT");
    await seed.coupled(pipeline, "STAGING", { requiredChecks: ["ci", "qa"] });
    const { id: release } = await seed.release(dev);
    const { status } = await admin.mutate(
      "reportStatus",
      { release, context: "ci", state: "FAILURE" },
      "status { id }",
    );
    const { promotionPlan } = await admin.ask(
      `query ($input: PromoteInput!) { promotionPlan(input: $input) { blockers {
        code remedies clearsAt cause { id ... on ReleaseStatus { context } } } } }`,
      { input: { app: dev.id } },
    );
    const common = { remedies: ["REPORT_STATUS", "FORCE"], clearsAt: null };
    assert.deepEqual(promotionPlan.blockers, [
      { code: "CHECK_FAILED", ...common, cause: { id: status.id, context: "ci" } },
      { code: "CHECK_MISSING", ...common, cause: null },
    ]);
    const { blockers } = (await admin.mutationError("promote", { app: dev.id })).extensions;
    assert.deepEqual((blockers as { cause: object }[])[0]?.cause, { __typename: "ReleaseStatus", id: status.id });
  });
});

describe("the strictness of changes", () => {
  it("is decided field by field", () => {
    const rules = {
      large: largerIsStricter,
      small: smallerIsStricter,
      on: onIsStricter,
      off: offIsStricter,
      level: stricterIn(["OFF", "SOME", "ALL"]),
    };
    type Rules = { large: number | null; small: number | null; on: boolean; off: boolean; level: string };
    const before: Rules = { large: 2, small: 2, on: true, off: false, level: "SOME" };
    const loosened = (patch: Partial<Rules>) => findLoosened<Rules>(rules, before, { ...before, ...patch });
    assert.deepEqual(loosened({}), []);
    assert.deepEqual(loosened({ large: 3, small: 1, level: "ALL" }), []);
    assert.deepEqual(loosened({ large: 1 }), ["large"]);
    assert.deepEqual(loosened({ large: null }), ["large"]);
    assert.deepEqual(loosened({ small: 3 }), ["small"]);
    assert.deepEqual(loosened({ small: null }), ["small"]);
    assert.deepEqual(loosened({ on: false, off: true, level: "OFF" }), ["on", "off", "level"]);
    assert.deepEqual(loosened({ large: 3, off: true }), ["off"]);
    assert.deepEqual(findLoosened<Rules>(rules, { ...before, large: null, small: null }, before), []);
  });
});

describe("a stage policy", () => {
  const POLICY = "policy { stage soakTime pipeline { id } updatedAt }";
  const read = async (client: typeof admin, pipeline: string) =>
    (
      await client.ask("query ($id: ID!) { stage(pipeline: $id, stage: PRODUCTION) { policy { stage soakTime } } }", {
        id: pipeline,
      })
    ).stage?.policy;

  it("requires nothing until it is set, and keeps what is left out", async () => {
    const { id: pipeline } = await seed.pipeline();
    assert.deepEqual(await read(admin, pipeline), { stage: "PRODUCTION", soakTime: null });
    const input = { pipeline, stage: "PRODUCTION" };
    const { policy } = await admin.mutate("updateStagePolicy", { ...input, soakTime: "90m" }, POLICY);
    assert.deepEqual([policy.soakTime, policy.stage, policy.pipeline.id], ["90m", "PRODUCTION", pipeline]);
    await admin.mutate("updateStagePolicy", input, POLICY);
    assert.deepEqual(await read(admin, pipeline), { stage: "PRODUCTION", soakTime: "90m" });
    await admin.mutate("updateStagePolicy", { ...input, soakTime: "0s" }, POLICY);
    assert.deepEqual(await read(admin, pipeline), { stage: "PRODUCTION", soakTime: null });
  });

  it("is tightened by an OPERATOR and loosened by an ADMIN, and each change is an event with both values", async () => {
    const { id: pipeline, name } = await seed.pipeline();
    const operator = await server.as("OPERATOR");
    const reporter = await server.as("REPORTER");
    const set = (soakTime: string | null) => ({ pipeline, stage: "STAGING", soakTime });
    assert.equal((await reporter.mutationError("updateStagePolicy", set("1h"))).extensions.code, "FORBIDDEN");
    await operator.mutate("updateStagePolicy", set("1h"), POLICY);
    await operator.mutate("updateStagePolicy", set("1h"), POLICY);
    await operator.mutate("updateStagePolicy", set("2h"), POLICY);
    for (const looser of ["1h", null]) {
      const error = await operator.mutationError("updateStagePolicy", set(looser));
      assert.equal(error.message, "loosenStagePolicy requires the ADMIN role; this token has OPERATOR.");
    }
    await admin.mutate("updateStagePolicy", set(null), POLICY);
    const { events } = await admin.ask(
      `query ($id: ID!) { events(pipeline: $id, types: [STAGE_POLICY_UPDATED], first: 10) { nodes {
        actor { role } ... on ChangeEvent { subjectId summary } } } }`,
      { id: pipeline },
    );
    assert.deepEqual(
      events.nodes.map((event: { actor: { role: string }; summary: string }) => [event.actor.role, event.summary]),
      [
        ["OPERATOR", `Policy of STAGING of ${name}: soakTime none → 1h`],
        ["OPERATOR", `Policy of STAGING of ${name}: soakTime 1h → 2h`],
        ["ADMIN", `Policy of STAGING of ${name}: soakTime 2h → none`],
      ],
    );
  });

  it("is refused outside its bounds, and hidden from a token of other pipelines", async () => {
    const { id: pipeline } = await seed.pipeline();
    for (const soakTime of ["31d", "1y", "-1h", ""]) {
      const error = await admin.mutationError("updateStagePolicy", { pipeline, stage: "STAGING", soakTime });
      assert.deepEqual([error.extensions.code, error.extensions.field], ["BAD_USER_INPUT", "soakTime"]);
    }
    const elsewhere = await createScopedToken(server, "ADMIN", [await seed.pipeline()]);
    assert.equal(await read(elsewhere, pipeline), undefined);
    const input = { pipeline, stage: "STAGING", soakTime: "1h" };
    assert.equal((await elsewhere.mutationError("updateStagePolicy", input)).extensions.code, "NOT_FOUND");
    const mark = unique();
    const repository = `github.com/${mark}/shop`;
    const own = await seed.pipeline({ repository });
    const limited = await createScopedToken(server, "OPERATOR", [own]);
    await limited.mutate("updateStagePolicy", { ...input, pipeline: own.id }, POLICY);
    const dev = await seed.coupled(own, "DEVELOPMENT");
    await seed.coupled(own, "STAGING");
    await seed.release(dev, { id: await createBuild(admin, mark) });
    const { blockers } = (await limited.mutationError("promote", { app: dev.id })).extensions;
    assert.deepEqual(
      (blockers as { code: string }[]).map(({ code }) => code),
      ["SOAKING"],
    );
  });
});
