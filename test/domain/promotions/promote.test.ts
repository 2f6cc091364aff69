import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { after, describe, it } from "node:test";
import { Coupling } from "../../../src/entities/pipelines/coupling.js";
import { Promotion } from "../../../src/entities/releases/promotion.js";
import { PromotionTarget } from "../../../src/entities/releases/promotion-target.js";
import { Release } from "../../../src/entities/releases/release.js";
import { type Named, Seed } from "../../support/data/seed.js";
import { dumpRows } from "../../support/database/database-content.js";
import { startServer } from "../../support/service/server.js";

const server = await startServer({ after });
const { admin } = server;
const seed = new Seed(admin);

interface Refused {
  readonly code: string;
  readonly message: string;
  readonly field?: string;
  readonly blockers: readonly {
    readonly code: string;
    readonly message: string;
    readonly app: Named | null;
    readonly context: string | null;
    readonly overridable: boolean;
    readonly remedies: readonly string[];
  }[];
}

const PROMOTION = `promotion {
  id phase from to forced reason build { id } source { name } release { id }
  targets { phase app { name } release { version build { id } trigger description promotion { id } } checks { context state passed } }
}`;

const promote = async (input: object) => (await admin.mutate("promote", input, PROMOTION)).promotion;
const refused = async (input: object): Promise<Refused> => {
  const { message, extensions } = await admin.mutationError("promote", input);
  return { message, ...extensions } as unknown as Refused;
};
const report = (subject: object, context: string, state: string) =>
  admin.mutate("reportStatus", { ...subject, context, state }, "status { id }");

interface Target {
  readonly app: { readonly name: string };
  readonly release: { readonly build: { readonly id: string } };
}
const names = (targets: readonly Target[]) => targets.map((target) => target.app.name);
const builds = (targets: readonly Target[]) => targets.map((target) => target.release.build.id);

describe("a promotion", () => {
  it("copies the build of a release to every app of the next stage", async (t) => {
    const { admin } = await startServer(t);
    const seed = new Seed(admin);
    const pipeline = await seed.pipeline();
    const dev = await seed.coupled(pipeline, "DEVELOPMENT");
    const qa = await seed.coupled(pipeline, "STAGING");
    const stg = await seed.coupled(pipeline, "STAGING");
    const build = await seed.build();
    await seed.release(dev, build);
    const { promotion } = await admin.mutate(
      "promote",
      { app: dev.name },
      "promotion { phase from to targets { app { name } phase release { version current description build { id } } } }",
    );
    assert.equal(promotion.phase, "SUCCEEDED");
    assert.deepEqual([promotion.from, promotion.to], ["DEVELOPMENT", "STAGING"]);
    const release = { version: 1, current: true, description: `Promotion from ${dev.name}`, build: { id: build.id } };
    assert.deepEqual(
      promotion.targets,
      [qa, stg].map(({ name }) => ({ app: { name }, phase: "SUCCEEDED", release })),
    );
  });
});

describe("the source of a promotion", () => {
  it("is the first app coupled to the stage that has a current release", async () => {
    const pipeline = await seed.pipeline();
    await seed.coupled(pipeline, "DEVELOPMENT");
    const unfinished = await seed.coupled(pipeline, "DEVELOPMENT", { deploymentMode: "REPORTED" });
    await seed.release(unfinished);
    const second = await seed.coupled(pipeline, "DEVELOPMENT");
    const third = await seed.coupled(pipeline, "DEVELOPMENT");
    await seed.coupled(pipeline, "STAGING");
    await seed.release(third);
    const release = await seed.release(second);
    const promotion = await promote({ pipeline: pipeline.name, stage: "DEVELOPMENT" });
    assert.equal(promotion.source.name, second.name);
    assert.equal(promotion.release.id, release.id);
  });

  it("is the given app with its current release", async () => {
    const pipeline = await seed.pipeline();
    const jim = await seed.coupled(pipeline, "DEVELOPMENT");
    const kim = await seed.coupled(pipeline, "DEVELOPMENT");
    const staging = await seed.coupled(pipeline, "STAGING");
    const production = await seed.coupled(pipeline, "PRODUCTION");
    await seed.release(jim);
    await seed.release(kim);
    const build = await seed.build();
    await seed.release(kim, build);
    const toStaging = await promote({ app: kim.name });
    assert.deepEqual(names(toStaging.targets), [staging.name]);
    assert.deepEqual(builds(toStaging.targets), [build.id]);
    const toProduction = await promote({ app: staging.id });
    assert.deepEqual(names(toProduction.targets), [production.name]);
    assert.deepEqual(builds(toProduction.targets), [build.id]);
    assert.deepEqual([toProduction.from, toProduction.to], ["STAGING", "PRODUCTION"]);
  });

  it("may be an older release, which is then promoted", async () => {
    const pipeline = await seed.pipeline();
    const dev = await seed.coupled(pipeline, "DEVELOPMENT");
    await seed.coupled(pipeline, "STAGING");
    const old = await seed.build();
    const release = await seed.release(dev, old);
    await seed.release(dev);
    const promotion = await promote({ app: dev.id, release: release.id });
    assert.deepEqual(builds(promotion.targets), [old.id]);
    assert.equal(promotion.build.id, old.id);
  });
});

describe("the targets of a promotion", () => {
  it("are all twelve regions of the next stage at once, in the order in which they were added", async () => {
    const pipeline = await seed.pipeline();
    const stage = await seed.coupled(pipeline, "STAGING");
    const regions: string[] = [];
    for (let region = 0; region < 12; region += 1) regions.push((await seed.coupled(pipeline, "PRODUCTION")).name);
    const build = await seed.build();
    await seed.release(stage, build);
    const promotion = await promote({ app: stage.name });
    assert.equal(promotion.phase, "SUCCEEDED");
    assert.deepEqual(names(promotion.targets), regions);
    assert.deepEqual(new Set(builds(promotion.targets)), new Set([build.id]));
    for (const { release } of promotion.targets) {
      const description = `Promotion from ${stage.name}`;
      assert.deepEqual(
        { ...release },
        { version: 1, build: { id: build.id }, trigger: "PROMOTION", description, promotion: { id: promotion.id } },
      );
    }
  });

  it("are only the given ones, each once", async () => {
    const pipeline = await seed.pipeline();
    const dev = await seed.coupled(pipeline, "DEVELOPMENT");
    const left = await seed.coupled(pipeline, "STAGING");
    const chosen = await seed.coupled(pipeline, "STAGING");
    await seed.release(dev);
    const promotion = await promote({ app: dev.name, targets: [chosen.name, chosen.id] });
    assert.deepEqual(names(promotion.targets), [chosen.name]);
    const { app } = await admin.ask("query ($app: ID!) { app(app: $app) { releases { totalCount } } }", {
      app: left.id,
    });
    assert.equal(app.releases.totalCount, 0);
  });

  it("change only by their new releases", async () => {
    const pipeline = await seed.pipeline();
    const dev = await seed.coupled(pipeline, "DEVELOPMENT");
    const app = await seed.app({ description: "Ours", region: "eu-1", deploymentMode: "IMMEDIATE" });
    const coupling = { pipeline: pipeline.id, app: app.id, stage: "STAGING" };
    await admin.mutate("addCoupling", coupling, "coupling { id }");
    await seed.release(dev);
    const query = `query ($app: ID!) { app(app: $app) {
      id name description region deploymentMode createdAt updatedAt coupling { id stage requiredChecks autoDeploy updatedAt }
    } }`;
    const before = await admin.ask(query, { app: app.id });
    await promote({ app: dev.id });
    assert.deepEqual(await admin.ask(query, { app: app.id }), before);
  });

  it("are refused if one is outside of the next stage", async () => {
    const pipeline = await seed.pipeline();
    const dev = await seed.coupled(pipeline, "DEVELOPMENT");
    const sibling = await seed.coupled(pipeline, "DEVELOPMENT");
    const staging = await seed.coupled(pipeline, "STAGING");
    const production = await seed.coupled(pipeline, "PRODUCTION");
    const stranger = await seed.coupled(await seed.pipeline(), "STAGING");
    const single = await seed.app();
    await seed.release(dev);
    for (const outside of [dev, sibling, production, stranger, single]) {
      const { code, field } = await refused({ app: dev.id, targets: [staging.name, outside.name] });
      assert.deepEqual([code, field], ["BAD_USER_INPUT", "targets.1"]);
    }
    const unreachable = await refused({ app: dev.id, targets: ["no-such-app"] });
    assert.deepEqual([unreachable.code, unreachable.field], ["NOT_FOUND", "targets.0"]);
    const none = await refused({ app: dev.id, targets: [] });
    assert.deepEqual([none.code, none.field], ["BAD_USER_INPUT", "targets"]);
    const last = await refused({ app: production.id, targets: [] });
    assert.deepEqual([last.code, last.field], ["BAD_USER_INPUT", "targets"]);
  });
});

describe("a promotion is refused", () => {
  it("with NO_RELEASE if the app, or every app of the stage, has no succeeded release", async () => {
    const pipeline = await seed.pipeline();
    const dev = await seed.coupled(pipeline, "DEVELOPMENT", { deploymentMode: "REPORTED" });
    await seed.coupled(pipeline, "STAGING", { requiredChecks: ["ci"] });
    await seed.release(dev);
    for (const input of [{ app: dev.id }, { pipeline: pipeline.id, stage: "DEVELOPMENT" }]) {
      const { code, blockers } = await refused(input);
      assert.equal(code, "PROMOTION_BLOCKED");
      assert.deepEqual(
        blockers.map(({ message: _, ...rest }) => rest),
        [
          {
            ...{ code: "NO_RELEASE", app: null, context: null, overridable: false },
            ...{ remedies: [], clearsAt: null, cause: null },
          },
        ],
      );
    }
  });

  it("with NO_NEXT_STAGE from production", async () => {
    const pipeline = await seed.pipeline();
    const production = await seed.coupled(pipeline, "PRODUCTION");
    await seed.release(production);
    const { code, blockers } = await refused({ app: production.id });
    assert.deepEqual([code, blockers.map((one) => one.code)], ["PROMOTION_BLOCKED", ["NO_NEXT_STAGE"]]);
  });

  it("with NO_TARGETS if the next stage is empty, even if the one after it is not", async () => {
    const pipeline = await seed.pipeline();
    const dev = await seed.coupled(pipeline, "DEVELOPMENT");
    await seed.coupled(pipeline, "PRODUCTION");
    await seed.release(dev);
    const { code, blockers } = await refused({ app: dev.id });
    assert.deepEqual([code, blockers.map((one) => one.code)], ["PROMOTION_BLOCKED", ["NO_TARGETS"]]);
  });

  it("with RELEASE_NOT_SUCCEEDED for a release in any other phase, which force does not override", async () => {
    const pipeline = await seed.pipeline();
    const dev = await seed.coupled(pipeline, "DEVELOPMENT", { deploymentMode: "REPORTED" });
    await seed.coupled(pipeline, "STAGING");
    const failed = await seed.release(dev);
    await admin.mutate("reportDeployment", { release: failed.id, phase: "FAILED" }, "release { id }");
    const deploying = await seed.release(dev);
    const superseded = await seed.release(dev);
    const queued = await seed.release(dev);
    for (const release of [failed, deploying, superseded, queued]) {
      for (const how of [{}, { force: true, reason: "It must go" }]) {
        const { code, blockers } = await refused({ app: dev.id, release: release.id, ...how });
        assert.equal(code, "PROMOTION_BLOCKED");
        assert.deepEqual(
          blockers.map((one) => one.code),
          ["RELEASE_NOT_SUCCEEDED"],
        );
      }
    }
  });

  it("with every blocker of every target, each with its check and its app", async () => {
    const pipeline = await seed.pipeline();
    const dev = await seed.coupled(pipeline, "DEVELOPMENT");
    const free = await seed.coupled(pipeline, "STAGING");
    const one = await seed.coupled(pipeline, "STAGING", { requiredChecks: ["failed", "missing", "passed"] });
    const two = await seed.coupled(pipeline, "STAGING", { requiredChecks: ["error", "pending"] });
    const build = await seed.build();
    const release = await seed.release(dev, build);
    await report({ release: release.id }, "passed", "SUCCESS");
    await report({ release: release.id }, "failed", "FAILURE");
    await report({ build: build.id }, "error", "ERROR");
    await report({ build: build.id }, "pending", "PENDING");
    const before = await dumpRows(server);
    const { code, blockers, message } = await refused({ app: dev.id });
    assert.equal(code, "PROMOTION_BLOCKED");
    assert.deepEqual(
      blockers.map(({ code, app, context, overridable, remedies }) => ({ code, app, context, overridable, remedies })),
      [
        ["CHECK_FAILED", one, "failed"],
        ["CHECK_MISSING", one, "missing"],
        ["CHECK_FAILED", two, "error"],
        ["CHECK_PENDING", two, "pending"],
      ].map(([what, app, context]) => {
        const { id, name } = app as typeof one;
        return { code: what, app: { id, name }, context, overridable: true, remedies: ["REPORT_STATUS", "FORCE"] };
      }),
    );
    for (const { name } of [one, two]) assert.match(message, new RegExp(name));
    assert.deepEqual(await dumpRows(server), before);
    // A promotion to the app without checks alone succeeds.
    assert.equal((await promote({ app: dev.id, targets: [free.id] })).phase, "SUCCEEDED");
  });

  it("if the release belongs to another app, the app is in no pipeline, or no source is given", async () => {
    const pipeline = await seed.pipeline();
    const dev = await seed.coupled(pipeline, "DEVELOPMENT");
    const other = await seed.coupled(pipeline, "DEVELOPMENT");
    const staging = await seed.coupled(pipeline, "STAGING");
    const single = await seed.app();
    await seed.release(dev);
    await seed.release(single);
    const { id: release } = await seed.release(other);
    const wrong: [object, string][] = [
      [{ app: dev.id, release }, "release"],
      [{ pipeline: pipeline.id, stage: "DEVELOPMENT", release }, "release"],
      [{ app: single.id }, "app"],
      [{}, "app"],
      [{ pipeline: pipeline.id }, "app"],
      [{ stage: "DEVELOPMENT" }, "app"],
      [{ app: staging.id, stage: "DEVELOPMENT" }, "stage"],
    ];
    for (const [input, expected] of wrong) {
      const { code, field } = await refused(input);
      assert.deepEqual([code, field], ["BAD_USER_INPUT", expected], JSON.stringify(input));
    }
  });

  it("for roles below OPERATOR, while a VIEWER may read the plan", async () => {
    const pipeline = await seed.pipeline();
    const dev = await seed.coupled(pipeline, "DEVELOPMENT");
    await seed.coupled(pipeline, "STAGING");
    await seed.release(dev);
    for (const role of ["VIEWER", "REPORTER"] as const) {
      const client = await server.as(role);
      const error = await client.mutationError("promote", { app: dev.id });
      assert.equal(error.extensions.code, "FORBIDDEN");
      const query = "query ($input: PromoteInput!) { promotionPlan(input: $input) { promotable } }";
      const { promotionPlan } = await client.ask(query, { input: { app: dev.id } });
      assert.equal(promotionPlan.promotable, true);
    }
    const operator = await server.as("OPERATOR");
    const { promotion } = await operator.mutate("promote", { app: dev.id }, "promotion { createdBy { role } }");
    assert.deepEqual(promotion.createdBy, { role: "OPERATOR" });
  });
});

describe("the order of what is created", () => {
  /** An id of an instance whose clock is far ahead. */
  const late = () => `ffffffff-ffff-7fff-bfff-${randomBytes(6).toString("hex")}`;

  it("is that of couplings when the source is chosen, independent of ids", async () => {
    const pipeline = await seed.pipeline();
    const first = await seed.coupled(pipeline, "DEVELOPMENT");
    const second = await seed.coupled(pipeline, "DEVELOPMENT");
    const target = await seed.coupled(pipeline, "STAGING");
    for (const app of [first, second]) await seed.release(app);
    const id = late();
    await server.app.database.write((tx) => tx.update(Coupling, { id: first.couplingId }, { id }));
    const promotion = await promote({ pipeline: pipeline.name, stage: "DEVELOPMENT" });
    assert.equal(promotion.source.name, first.name);
    const query = `query ($id: ID!) { pipeline(pipeline: $id) { couplings { app { id } } }
      couplings(pipeline: $id) { nodes { app { id } } } }`;
    const { pipeline: found, couplings } = await admin.ask(query, { id: pipeline.id });
    const expected = [first, second, target].map((app) => ({ app: { id: app.id } }));
    assert.deepEqual([found.couplings, couplings.nodes], [expected, expected]);
  });

  it("is that of promotions in lists and cursors, newest first, independent of ids", async () => {
    const pipeline = await seed.pipeline();
    const dev = await seed.coupled(pipeline, "DEVELOPMENT");
    await seed.coupled(pipeline, "STAGING");
    await seed.release(dev);
    const made = [await promote({ app: dev.id }), await promote({ app: dev.id }), await promote({ app: dev.id })];
    const [oldest, middle, newest] = made.map((promotion) => promotion.id as string);
    const id = late();
    await server.app.database.write(async (tx) => {
      const row = await tx.first(Promotion, { id: oldest as string });
      assert.ok(row);
      await tx.update(Promotion, { id: row.id }, { position: -row.position });
      await tx.insert(Promotion, [Object.assign(new Promotion(), row, { id })]);
      await tx.update(PromotionTarget, { promotionId: row.id }, { promotionId: id });
      await tx.update(Release, { promotionId: row.id }, { promotionId: id });
      await tx.delete(Promotion, { id: row.id });
    });
    const query = `query ($id: ID!, $after: String) {
      promotions(pipeline: $id, first: 2, after: $after) { nodes { id } pageInfo { endCursor hasNextPage } } }`;
    const { promotions: page } = await admin.ask(query, { id: pipeline.id });
    assert.deepEqual(page.nodes, [{ id: newest }, { id: middle }]);
    const after = page.pageInfo.endCursor;
    await promote({ app: dev.id });
    const { promotions: rest } = await admin.ask(query, { id: pipeline.id, after });
    assert.deepEqual([rest.nodes, rest.pageInfo.hasNextPage], [[{ id }], false]);
  });
});

describe("a promotion with skipUpToDate", () => {
  it("leaves out the targets that run the build, and is refused if it leaves none", async () => {
    const pipeline = await seed.pipeline();
    const dev = await seed.coupled(pipeline, "DEVELOPMENT");
    const [first, second, third] = [
      await seed.coupled(pipeline, "STAGING"),
      await seed.coupled(pipeline, "STAGING"),
      await seed.coupled(pipeline, "STAGING"),
    ];
    const build = await seed.build();
    await seed.release(dev, build);
    await seed.release(second, build);
    await seed.release(third, build);
    await seed.release(third);
    const input = { app: dev.id, skipUpToDate: true };
    const promotion = await promote(input);
    assert.deepEqual(names(promotion.targets), [first.name, third.name]);
    const before = await dumpRows(server);
    const { code, message, blockers } = await refused(input);
    assert.equal(code, "PROMOTION_BLOCKED");
    assert.deepEqual(
      blockers.map((one) => [one.code, one.app, one.overridable]),
      [["UP_TO_DATE", null, false]],
    );
    assert.match(message, /Every target in STAGING of .* already runs this build/);
    assert.equal((await refused({ ...input, targets: [second.id] })).blockers[0]?.code, "UP_TO_DATE");
    assert.equal((await refused({ ...input, force: true, reason: "Now" })).blockers[0]?.code, "UP_TO_DATE");
    assert.deepEqual(await dumpRows(server), before);
    assert.equal((await promote({ app: dev.id })).targets.length, 3, "without it, all of them get a release");
  });
});

describe("a forced promotion", () => {
  it("requires ADMIN and a reason, overrides checks only, and records the checks", async () => {
    const pipeline = await seed.pipeline();
    const dev = await seed.coupled(pipeline, "DEVELOPMENT");
    await seed.coupled(pipeline, "STAGING", { requiredChecks: ["ci", "qa"] });
    const release = await seed.release(dev);
    await report({ release: release.id }, "ci", "FAILURE");
    const input = { app: dev.id, force: true };
    const operator = await server.as("OPERATOR");
    const forbidden = await operator.mutationError("promote", { ...input, reason: "Now" });
    assert.equal(forbidden.extensions.code, "FORBIDDEN");
    for (const reason of [undefined, null, "", "  "]) {
      const { code, field } = await refused({ ...input, reason });
      assert.deepEqual([code, field], ["BAD_USER_INPUT", "reason"]);
    }
    const query = `query ($input: PromoteInput!) {
      promotionPlan(input: $input) { promotable blockers { code } targets { checks { context passed } blockers { code } } }
    }`;
    const { promotionPlan } = await admin.ask(query, { input: { ...input, reason: "Now" } });
    assert.deepEqual([promotionPlan.promotable, promotionPlan.blockers], [true, []]);
    const received = [
      { context: "ci", passed: false },
      { context: "qa", passed: false },
    ];
    assert.deepEqual(promotionPlan.targets, [{ checks: received, blockers: [] }]);
    const promotion = await promote({ ...input, reason: "Now" });
    assert.deepEqual([promotion.phase, promotion.forced, promotion.reason], ["SUCCEEDED", true, "Now"]);
    assert.deepEqual(promotion.targets[0].checks, [
      { context: "ci", state: "FAILURE", passed: false },
      { context: "qa", state: null, passed: false },
    ]);
  });
});

describe("the record of a promotion", () => {
  it("keeps the checks of its time, regardless of later reports and requirements", async () => {
    const pipeline = await seed.pipeline();
    const dev = await seed.coupled(pipeline, "DEVELOPMENT");
    const { couplingId } = await seed.coupled(pipeline, "STAGING", { requiredChecks: ["qa", "ci"] });
    const build = await seed.build();
    const release = await seed.release(dev, build);
    await report({ build: build.id }, "ci", "SUCCESS");
    await report({ release: release.id }, "qa", "SUCCESS");
    const { id } = await promote({ app: dev.id });
    await report({ release: release.id }, "ci", "ERROR");
    await report({ release: release.id }, "qa", "FAILURE");
    await admin.mutate("updateChecks", { coupling: couplingId, requiredChecks: ["other"] }, "coupling { id }");
    const query = "query ($id: ID!) { promotion(id: $id) { targets { checks { context state passed } } } }";
    const { promotion } = await admin.ask(query, { id });
    assert.deepEqual(promotion.targets[0].checks, [
      { context: "ci", state: "SUCCESS", passed: true },
      { context: "qa", state: "SUCCESS", passed: true },
    ]);
    const next = await refused({ app: dev.id });
    assert.deepEqual(
      next.blockers.map((one) => one.code),
      ["CHECK_MISSING"],
    );
  });
});
