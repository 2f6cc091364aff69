import assert from "node:assert/strict";
import { after, describe, it } from "node:test";
import fc from "fast-check";
import { rollup } from "../../../src/domain/gates/checks/checks.js";
import type { StatusState } from "../../../src/entities/core/enums.js";
import { Seed, unique } from "../../support/data/seed.js";
import { dumpRows } from "../../support/database/database-content.js";
import { runsPerEngine } from "../../support/database/engine.js";
import { startServer } from "../../support/service/server.js";

const server = await startServer({ after });
const { admin } = server;
const operator = await server.as("OPERATOR");
const seed = new Seed(admin);

const RELEASE = "release { id version phase }";
const report = (subject: object, context: string, state: string) =>
  admin.mutate("reportStatus", { ...subject, context, state }, "status { id }");

async function gated(...requiredChecks: string[]) {
  const pipeline = await seed.pipeline();
  const dev = await seed.coupled(pipeline, "DEVELOPMENT", { autoDeploy: false });
  const production = await seed.coupled(pipeline, "STAGING", { requiredChecks });
  return { pipeline, dev, production };
}

describe("the gate of an app with required checks", () => {
  it("blocks direct releases until every check is SUCCESS on the build", async () => {
    const { production } = await gated("ci", "qa");
    const build = await seed.build();
    const input = { app: production.id, build: build.id };
    const codes = async () => {
      const { code, blockers } = (await operator.mutationError("createRelease", input)).extensions;
      assert.equal(code, "PROMOTION_BLOCKED");
      return (blockers as { code: string; context: string; app: { name: string }; overridable: boolean }[]).map(
        (one) => {
          assert.deepEqual([one.app.name, one.overridable], [production.name, true]);
          return `${one.context} ${one.code}`;
        },
      );
    };
    const before = await dumpRows(server);
    assert.deepEqual(await codes(), ["ci CHECK_MISSING", "qa CHECK_MISSING"]);
    assert.deepEqual(await dumpRows(server), before);
    await report({ build: build.id }, "ci", "SUCCESS");
    await report({ build: build.id }, "qa", "PENDING");
    assert.deepEqual(await codes(), ["qa CHECK_PENDING"]);
    await report({ build: build.id }, "qa", "FAILURE");
    assert.deepEqual(await codes(), ["qa CHECK_FAILED"]);
    await report({ build: build.id }, "qa", "SUCCESS");
    const { release } = await operator.mutate("createRelease", input, RELEASE);
    assert.deepEqual([release.version, release.phase], [1, "SUCCEEDED"]);
  });

  it("is not opened by an OPERATOR who makes another repository's builds those of the pipeline", async () => {
    const repository = `github.com/tests/${unique("repo")}`;
    const pipeline = await seed.pipeline({ repository, component: "api" });
    const update = { pipeline: pipeline.id };
    const refused = [{ repository: `github.com/tests/${unique()}` }, { repository: null }, { component: "web" }];
    for (const change of [...refused, { component: null }, { repository: null, component: null }]) {
      const { message, extensions } = await operator.mutationError("updatePipeline", { ...update, ...change });
      assert.equal(extensions.code, "FORBIDDEN");
      assert.equal(message, "changeRepository requires the ADMIN role; this token has OPERATOR.");
    }
    const shown = "pipeline { repository component }";
    const same = { repository: `https://${repository}.git`, component: "api", description: "the same" };
    const kept = await operator.mutate("updatePipeline", { ...update, ...same }, shown);
    assert.deepEqual(kept.pipeline, { repository, component: "api" });
    const cleared = await admin.mutate("updatePipeline", { ...update, repository: null, component: null }, shown);
    assert.deepEqual(cleared.pipeline, { repository: null, component: null });
    const set = await operator.mutate("updatePipeline", { ...update, repository, component: "web" }, shown);
    assert.deepEqual(set.pipeline, { repository, component: "web" }, "there is no gate to open yet");
  });

  it("is not opened by a status of another app's release of the build", async () => {
    const { dev, production } = await gated("ci");
    const build = await seed.build();
    const release = await seed.release(dev, build);
    await report({ release: release.id }, "ci", "SUCCESS");
    const input = { app: production.id, build: build.id };
    assert.equal((await operator.mutationError("createRelease", input)).extensions.code, "PROMOTION_BLOCKED");
    const { promotion } = await operator.mutate("promote", { app: dev.id }, "promotion { phase }");
    assert.equal(promotion.phase, "SUCCEEDED");
  });

  it("blocks an ADMIN as well, without force, and says the same as a promotion", async () => {
    const { dev, production } = await gated("ci", "qa");
    const build = await seed.build();
    await seed.release(dev, build);
    await report({ build: build.id }, "ci", "FAILURE");
    const before = await dumpRows(server);
    const released = await admin.mutationError("createRelease", { app: production.id, build: build.id });
    const promoted = await admin.mutationError("promote", { app: dev.id });
    assert.equal(released.extensions.code, "PROMOTION_BLOCKED");
    assert.deepEqual(released.extensions.blockers, promoted.extensions.blockers);
    assert.equal((released.extensions.blockers as unknown[]).length, 2);
    assert.deepEqual(await dumpRows(server), before);
  });

  it("is passed by an ADMIN with force and a reason, and the release and its event say so", async () => {
    const { production } = await gated("ci");
    const build = await seed.build();
    const input = { app: production.id, build: build.id, force: true };
    const forbidden = await operator.mutationError("createRelease", { ...input, reason: "hotfix" });
    assert.equal(forbidden.extensions.code, "FORBIDDEN");
    for (const reason of [undefined, null, "", "  "]) {
      const { code, field } = (await admin.mutationError("createRelease", { ...input, reason })).extensions;
      assert.deepEqual([code, field], ["BAD_USER_INPUT", "reason"]);
    }
    const selection = "release { id phase forced reason createdBy { role } }";
    const { release } = await admin.mutate("createRelease", { ...input, reason: "hotfix" }, selection);
    assert.deepEqual(release, {
      id: release.id,
      phase: "SUCCEEDED",
      forced: true,
      reason: "hotfix",
      createdBy: { role: "ADMIN" },
    });
    const events = `query ($app: ID!) { events(app: $app, last: 2, types: [RELEASE_CREATED]) { nodes {
      ... on ReleaseEvent { forced forceReason release { id } } } } }`;
    await operator.mutate("createRelease", { app: production.id, build: build.id }, RELEASE);
    const { nodes } = (await admin.ask(events, { app: production.id })).events;
    assert.deepEqual(
      nodes.map(({ forced, forceReason }: { forced: boolean; forceReason: string | null }) => [forced, forceReason]),
      [
        [true, "hotfix"],
        [false, null],
      ],
    );
    assert.equal(nodes[0].release.id, release.id);
  });

  it("always allows a build that has already succeeded on the app, by release and by rollback", async () => {
    const { production } = await gated("ci");
    const build = await seed.build();
    await seed.forcedRelease(production, build);
    await seed.forcedRelease(production);
    await report({ build: build.id }, "ci", "FAILURE");
    const { release } = await operator.mutate("rollback", { app: production.id }, RELEASE);
    assert.equal(release.version, 3);
    const input = { app: production.id, build: build.id };
    assert.equal((await operator.mutate("createRelease", input, RELEASE)).release.version, 4);
  });

  it("blocks a build that was released there and failed", async () => {
    const pipeline = await seed.pipeline();
    const app = await seed.coupled(pipeline, "PRODUCTION", { requiredChecks: ["ci"], deploymentMode: "REPORTED" });
    const build = await seed.build();
    const { id: release } = await seed.forcedRelease(app, build);
    await admin.mutate("reportDeployment", { release, phase: "FAILED" }, RELEASE);
    const input = { app: app.id, build: build.id };
    assert.equal((await operator.mutationError("createRelease", input)).extensions.code, "PROMOTION_BLOCKED");
  });
});

describe("the gate of a pipeline with a repository", () => {
  it("blocks builds of other repositories and components, unless an ADMIN forces them", async () => {
    const repository = `github.com/tests/${unique()}`;
    const pipeline = await seed.pipeline({ repository, component: "api" });
    const app = await seed.coupled(pipeline, "STAGING", { requiredChecks: ["ci"] });
    const other = await seed.build({ component: "api" });
    for (const build of [other, await seed.build({ repository }), await seed.build({ repository, component: "web" })]) {
      for (const client of [operator, admin]) {
        const error = await client.mutationError("createRelease", { app: app.id, build: build.id });
        const blockers = error.extensions.blockers as { code: string; overridable: boolean }[];
        assert.deepEqual(
          blockers.map(({ code, overridable }) => [code, overridable]),
          [
            ["REPOSITORY_MISMATCH", true],
            ["CHECK_MISSING", true],
          ],
        );
        assert.match(
          error.message,
          new RegExp(`is for builds of ${repository} \\(component api\\); this build is of `),
        );
      }
    }
    const own = await seed.build({ repository, component: "api" });
    await report({ build: own.id }, "ci", "SUCCESS");
    assert.equal((await seed.release(app, own)).phase, "SUCCEEDED");
    assert.equal((await seed.forcedRelease(app, other)).phase, "SUCCEEDED");
    assert.equal((await seed.release(app, other)).phase, "SUCCEEDED", "it has succeeded here before");
  });

  it("blocks the promotion of such a build, and its plan says so", async () => {
    const pipeline = await seed.pipeline({ repository: `github.com/tests/${unique()}` });
    const dev = await seed.coupled(pipeline, "DEVELOPMENT");
    await seed.coupled(pipeline, "STAGING");
    await seed.coupled(pipeline, "STAGING");
    await seed.forcedRelease(dev);
    const expected = [{ code: "REPOSITORY_MISMATCH", app: null, overridable: true }];
    const plan = async (input: object) =>
      (
        await operator.ask(
          "query ($input: PromoteInput!) { promotionPlan(input: $input) { promotable blockers { code app { id } overridable } } }",
          { input: { app: dev.id, ...input } },
        )
      ).promotionPlan;
    assert.deepEqual(await plan({}), { promotable: false, blockers: expected });
    const { code, blockers } = (await admin.mutationError("promote", { app: dev.id })).extensions;
    assert.equal(code, "PROMOTION_BLOCKED");
    assert.deepEqual(
      (blockers as typeof expected).map(({ code, app, overridable }) => ({ code, app, overridable })),
      expected,
    );
    assert.deepEqual(await plan({ force: true }), { promotable: true, blockers: [] });
    const forced = { app: dev.id, force: true, reason: "moved to another host" };
    const { promotion } = await admin.mutate(
      "promote",
      forced,
      "promotion { phase forced targets { release { forced reason } } }",
    );
    const release = { forced: true, reason: "moved to another host" };
    assert.deepEqual(promotion, { phase: "SUCCEEDED", forced: true, targets: [{ release }, { release }] });
  });
});

describe("the combined state of checks", () => {
  it("is the worst of them, and ERROR if one is unknown", () => {
    assert.equal(rollup(["SUCCESS", "PENDING"]), "PENDING");
    assert.equal(rollup(["SUCCESS", "DONE" as StatusState]), "ERROR");
  });
});

describe("the name of a check", () => {
  const allowed = [..."abzABZ019 ._:/\\+()@#-"];
  const anything = fc.oneof(
    fc.string({ unit: fc.constantFrom(...allowed), maxLength: 105 }),
    fc.string({ unit: "grapheme", maxLength: 20 }),
    fc.constantFrom(
      "",
      " ",
      "a,b",
      "ci\n",
      "ci\u0000",
      "é",
      "a".repeat(255),
      "a".repeat(256),
      "test (ubuntu-latest, 18)",
      "lint [strict]",
      "测试",
      "-a",
      "ci/build (#1) @a+b\\c",
    ),
  );

  it("has the same rules everywhere: every required name can be reported, and the reverse", async () => {
    const pipeline = await seed.pipeline();
    const app = await seed.coupled(pipeline, "STAGING");
    const release = await seed.release(app);
    await fc.assert(
      fc.asyncProperty(anything, async (context) => {
        const trimmed = context.trim().normalize("NFC");
        const length = [...trimmed].length;
        const rule = context.isWellFormed() && length >= 1 && length <= 255 && !/[\p{Cc}\p{Zl}\p{Zp}]/u.test(trimmed);
        const fresh = await seed.app();
        const build = await seed.build();
        const places: [string, object, string][] = [
          [
            "addCoupling",
            { pipeline: pipeline.id, app: fresh.id, stage: "STAGING", requiredChecks: [context] },
            "requiredChecks.0",
          ],
          ["updateChecks", { coupling: app.couplingId, requiredChecks: [context] }, "requiredChecks.0"],
          ["reportStatus", { release: release.id, context, state: "SUCCESS" }, "context"],
          ["reportStatus", { build: build.id, context, state: "SUCCESS" }, "context"],
        ];
        for (const [mutation, input, field] of places) {
          if (rule) {
            await admin.mutate(mutation, input, "__typename");
          } else {
            const { extensions } = await admin.mutationError(mutation, input);
            assert.deepEqual([extensions.code, extensions.field], ["BAD_USER_INPUT", field]);
          }
        }
        if (!rule) return;
        const { release: found } = await admin.ask("query ($id: ID!) { release(id: $id) { statuses { context } } }", {
          id: release.id,
        });
        assert.ok(found.statuses.some((status: { context: string }) => status.context === trimmed));
        const { coupling } = await admin.ask("query ($id: ID!) { coupling(id: $id) { requiredChecks } }", {
          id: app.couplingId,
        });
        assert.deepEqual(coupling.requiredChecks, [trimmed]);
      }),
      { numRuns: runsPerEngine(80) },
    );
  });
});
