import assert from "node:assert/strict";
import { after, describe, it } from "node:test";
import fc from "fast-check";
import { dumpRows } from "../../support/database-content.js";
import { runsPerEngine } from "../../support/engine.js";
import { Seed } from "../../support/seed.js";
import { startServer } from "../../support/server.js";

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

  it("allows an ADMIN to release directly", async () => {
    const { production } = await gated("ci");
    const build = await seed.build();
    const { release } = await admin.mutate("createRelease", { app: production.id, build: build.id }, RELEASE);
    assert.equal(release.phase, "SUCCEEDED");
  });

  it("always allows a build that has already succeeded on the app, by release and by rollback", async () => {
    const { production } = await gated("ci");
    const build = await seed.build();
    await seed.release(production, build);
    await seed.release(production);
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
    const { id: release } = await seed.release(app, build);
    await admin.mutate("reportDeployment", { release, phase: "FAILED" }, RELEASE);
    const input = { app: app.id, build: build.id };
    assert.equal((await operator.mutationError("createRelease", input)).extensions.code, "PROMOTION_BLOCKED");
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
