import assert from "node:assert/strict";
import { after, describe, it } from "node:test";
import fc from "fast-check";
import { RequestFailed } from "../../support/clients/client.js";
import { type Named, Seed, type SeededRelease } from "../../support/data/seed.js";
import { countRows } from "../../support/database/database-content.js";
import { runsPerEngine } from "../../support/database/engine.js";
import { startServer } from "../../support/service/server.js";

const server = await startServer({ after });
const { admin } = server;
const seed = new Seed(admin);

const BLOCKER = "code message app { id name } context overridable remedies clearsAt cause { __typename id }";
const PLAN = `query ($input: PromoteInput!) { promotionPlan(input: $input) {
  promotable wouldWait clearsAt from to source { id } release { id }
  blockers { ${BLOCKER} }
  targets { app { id name } upToDate currentRelease { id } checks { context state passed } blockers { ${BLOCKER} } }
} }`;

const CONTEXTS = ["ci", "qa", "scan"];
const STATES = ["PENDING", "SUCCESS", "SUCCESS", "SUCCESS", "FAILURE", "ERROR"];
const STAGES = ["REVIEW", "DEVELOPMENT", "STAGING", "PRODUCTION"];

const state = fc.constantFrom(...STATES);
const report = fc.record({ on: fc.constantFrom("release", "build"), context: fc.constantFrom(...CONTEXTS), state });
const world = fc.record({
  from: fc.constantFrom("REVIEW", "DEVELOPMENT", "DEVELOPMENT", "STAGING", "PRODUCTION"),
  mode: fc.constantFrom("IMMEDIATE", "REPORTED"),
  ends: fc.array(fc.constantFrom("SUCCEEDED", "FAILED"), { maxLength: 2 }),
  targets: fc.array(fc.record({ checks: fc.subarray(CONTEXTS), runsIt: fc.boolean() }), { maxLength: 3 }),
  strangers: fc.boolean(),
  reports: fc.array(report, { maxLength: 6 }),
  by: fc.constantFrom("app", "stage"),
  release: fc.option(fc.nat(2), { nil: null }),
  named: fc.option(fc.array(fc.nat(4), { maxLength: 3 }), { nil: null }),
  force: fc.boolean(),
  skip: fc.boolean(),
  soak: fc.boolean(),
  mismatch: fc.constantFrom(false, false, false, true),
  waits: fc.boolean(),
  notBefore: fc.constantFrom(null, null, -60_000, 3_600_000),
});
type World = typeof world extends fc.Arbitrary<infer W> ? W : never;

/** Creates a pipeline in the given state. Returns the input of the promotion. */
async function build(of: World): Promise<object> {
  const pipeline = await seed.pipeline();
  const source = await seed.coupled(pipeline, of.from, { deploymentMode: of.mode });
  const to = STAGES[STAGES.indexOf(of.from) + 1];
  const releases: SeededRelease[] = [];
  let last = "";
  for (const phase of of.ends) {
    const { id } = await seed.build();
    const release = await seed.release(source, { id });
    if (of.mode === "REPORTED") {
      await admin.mutate("reportDeployment", { release: release.id, phase }, "release { id }");
    }
    releases.push(release);
    last = id;
  }
  const targets: Named[] = [];
  for (const { checks, runsIt } of to === undefined ? [] : of.targets) {
    // Without required checks while it gets the build. REPORTED apps would need reports, so it is IMMEDIATE meanwhile.
    const target = await seed.coupled(pipeline, to as string);
    if (runsIt && last !== "") await seed.release(target, { id: last });
    if (checks.length > 0) {
      await admin.mutate("updateChecks", { coupling: target.couplingId, requiredChecks: checks }, "coupling { id }");
    }
    targets.push(target);
  }
  const stranger = await seed.app();
  const foreign = of.strangers ? await seed.release(stranger) : null;
  const subjects = { release: releases.at(-1)?.id, build: last };
  for (const { on, context, state } of of.reports) {
    const id = subjects[on];
    if (id) await admin.mutate("reportStatus", { [on]: id, context, state }, "status { id }");
  }
  if (of.soak && to !== undefined) {
    const policy = { pipeline: pipeline.id, stage: to, soakTime: "1h" };
    await admin.mutate("updateStagePolicy", policy, "policy { soakTime }");
  }
  if (of.mismatch) {
    await admin.mutate(
      "updatePipeline",
      { pipeline: pipeline.id, repository: "github.com/tests/else" },
      "pipeline { id }",
    );
  }
  const release = of.release === null ? null : (releases[of.release]?.id ?? foreign?.id ?? null);
  return {
    ...(of.by === "app" ? { app: source.id } : { pipeline: pipeline.id, stage: of.from }),
    ...(release !== null && { release }),
    ...(of.named !== null && { targets: of.named.map((index) => (targets[index] ?? stranger).id) }),
    ...(of.skip && { skipUpToDate: true }),
    ...(of.force && { force: true, reason: "It was agreed" }),
    ...(of.waits && { whenReady: true }),
    ...(of.notBefore !== null && { notBefore: new Date(Date.now() + of.notBefore).toISOString() }),
  };
}

const plain: World = {
  from: "DEVELOPMENT",
  mode: "IMMEDIATE",
  ends: ["SUCCEEDED"],
  targets: [{ checks: [], runsIt: false }],
  strangers: false,
  reports: [],
  by: "app",
  release: null,
  named: null,
  force: false,
  skip: false,
  soak: false,
  mismatch: false,
  waits: false,
  notBefore: null,
};
const gated: World = { ...plain, targets: [{ checks: ["ci"], runsIt: false }] };
const reported = (state: string): World => ({ ...gated, reports: [{ on: "release", context: "ci", state }] });

/** A state for every outcome. The property tries these first, so that it always covers them. */
const EXAMPLES: Readonly<Record<string, World>> = {
  promoted: plain,
  forced: { ...gated, force: true },
  "not a plan": { ...plain, named: [] },
  NO_RELEASE: { ...plain, ends: [] },
  NO_NEXT_STAGE: { ...plain, from: "PRODUCTION" },
  NO_TARGETS: { ...plain, targets: [] },
  UP_TO_DATE: { ...plain, targets: [{ checks: ["ci"], runsIt: true }], skip: true },
  CHECK_MISSING: gated,
  CHECK_PENDING: reported("PENDING"),
  CHECK_FAILED: reported("ERROR"),
  SOAKING: { ...plain, soak: true },
  REPOSITORY_MISMATCH: { ...plain, mismatch: true, waits: true },
  NOT_BEFORE: { ...plain, notBefore: 3_600_000 },
  waiting: { ...gated, waits: true, targets: [...gated.targets, ...gated.targets], named: [1, 0] },
  RELEASE_NOT_SUCCEEDED: { ...plain, mode: "REPORTED", ends: ["FAILED"], release: 0 },
};
const outcomes = new Set<string>();

describe("a promotion plan", () => {
  it("predicts promote, also with whenReady: the same outcome and blockers, and a refused promotion writes nothing", async () => {
    await fc.assert(
      fc.asyncProperty(world, async (of) => {
        const input = await build(of);
        const before = await countRows(server);
        const plan = await admin.ask(PLAN, { input }).then(
          (answer) => answer.promotionPlan,
          (error: RequestFailed) => error,
        );
        assert.deepEqual(await countRows(server), before, "the plan has written something");
        const done = await admin
          .mutate(
            "promote",
            input,
            `promotion { phase clearsAt blockers { ${BLOCKER} } targets { app { id } checks { context state passed } } }`,
          )
          .then(
            (answer) => answer.promotion,
            (error: RequestFailed) => error,
          );
        if (done instanceof RequestFailed)
          assert.deepEqual(await countRows(server), before, "a refusal has written something");
        if (plan instanceof RequestFailed) {
          // There is no plan: promote must return the same error.
          assert.ok(done instanceof RequestFailed);
          assert.deepEqual(done.errors[0]?.extensions, plan.errors[0]?.extensions);
          outcomes.add("not a plan");
          return;
        }
        assert.equal(plan.promotable, plan.blockers.length === 0);
        const waits = (of.waits || of.notBefore !== null) && plan.wouldWait;
        assert.equal(plan.promotable || waits, !(done instanceof RequestFailed));
        if (done instanceof RequestFailed) {
          assert.equal(done.code, "PROMOTION_BLOCKED");
          assert.deepEqual(done.errors[0]?.extensions.blockers, plan.blockers);
          for (const { code } of plan.blockers) outcomes.add(code);
        } else {
          const planned = plan.targets.map(({ app, checks }: { app: Named; checks: object[] }) => ({
            app: { id: app.id },
            checks,
          }));
          assert.deepEqual(done.targets, planned);
          assert.equal(done.phase === "WAITING", waits);
          assert.deepEqual([done.blockers, done.clearsAt], [plan.blockers, plan.clearsAt]);
          for (const { code } of plan.blockers) outcomes.add(code);
          outcomes.add(waits ? "waiting" : of.force ? "forced" : "promoted");
        }
        const ofTargets = plan.targets.flatMap((target: { blockers: object[] }) => target.blockers);
        assert.deepEqual(
          plan.blockers.filter((blocker: { app: object | null }) => blocker.app !== null),
          ofTargets,
        );
        const whole = plan.blockers.some((one: { overridable: boolean }) => !one.overridable);
        if (of.force) assert.ok(plan.promotable || whole, "force passes every check");
      }),
      { numRuns: runsPerEngine(60), examples: Object.values(EXAMPLES).map((example): [World] => [example]) },
    );
    for (const outcome of Object.keys(EXAMPLES)) assert.ok(outcomes.has(outcome), `${outcome} was never met`);
  });

  it("shows which targets run the build already, and the checks of every target", async () => {
    const pipeline = await seed.pipeline();
    const dev = await seed.coupled(pipeline, "DEVELOPMENT");
    const fresh = await seed.coupled(pipeline, "STAGING", { requiredChecks: ["ci"] });
    const current = await seed.coupled(pipeline, "STAGING");
    const made = await seed.build();
    await seed.release(dev, made);
    const there = await seed.release(current, made);
    const { promotionPlan } = await admin.ask(PLAN, { input: { pipeline: pipeline.name, stage: "DEVELOPMENT" } });
    const blockers = [
      {
        code: "CHECK_MISSING",
        message: `${fresh.name} requires ci, which was never reported.`,
        app: { id: fresh.id, name: fresh.name },
        context: "ci",
        overridable: true,
        remedies: ["REPORT_STATUS", "FORCE"],
        clearsAt: null,
        cause: null,
      },
    ];
    assert.deepEqual(promotionPlan.targets, [
      {
        app: { id: fresh.id, name: fresh.name },
        upToDate: false,
        currentRelease: null,
        checks: [{ context: "ci", state: null, passed: false }],
        blockers,
      },
      {
        app: { id: current.id, name: current.name },
        upToDate: true,
        currentRelease: { id: there.id },
        checks: [],
        blockers: [],
      },
    ]);
    assert.deepEqual(promotionPlan.blockers, blockers);
    assert.deepEqual([promotionPlan.from, promotionPlan.to], ["DEVELOPMENT", "STAGING"]);
  });

  it("does not count a target as up to date while a newer release is on its way, or after it failed", async () => {
    const pipeline = await seed.pipeline();
    const dev = await seed.coupled(pipeline, "DEVELOPMENT");
    const target = await seed.coupled(pipeline, "STAGING", { deploymentMode: "REPORTED" });
    const made = await seed.build();
    await seed.release(dev, made);
    const upToDate = async () => {
      const { targets } = (await admin.ask(PLAN, { input: { app: dev.id } })).promotionPlan;
      return targets[0].upToDate;
    };
    const deploy = async (build: { id: string }, phase: string) => {
      const { id: release } = await seed.release(target, build);
      const whileDeploying = await upToDate();
      await admin.mutate("reportDeployment", { release, phase }, "release { id }");
      return [whileDeploying, await upToDate()];
    };
    assert.deepEqual(await deploy(made, "SUCCEEDED"), [false, true]);
    assert.deepEqual(await deploy(await seed.build(), "FAILED"), [false, false]);
    assert.deepEqual(await deploy(made, "SUCCEEDED"), [false, true]);
  });

  it("has no source if no app of the stage has a release", async () => {
    const pipeline = await seed.pipeline();
    const { promotionPlan } = await admin.ask(PLAN, { input: { pipeline: pipeline.name, stage: "PRODUCTION" } });
    assert.deepEqual(
      [promotionPlan.source, promotionPlan.release, promotionPlan.to, promotionPlan.promotable],
      [null, null, null, false],
    );
    assert.deepEqual(
      promotionPlan.blockers.map((blocker: { code: string }) => blocker.code),
      ["NO_RELEASE", "NO_NEXT_STAGE"],
    );
  });
});
