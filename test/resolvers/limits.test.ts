import assert from "node:assert/strict";
import { after, describe, it } from "node:test";
import { Seed } from "../support/data/seed.js";
import { startServer } from "../support/service/server.js";

const { admin } = await startServer({ after });
const seed = new Seed(admin);

/** This many different contexts. */
function contexts(count: number): string[] {
  return Array.from({ length: count }, (_, index) => `check-${index}`);
}

describe("the limits of the data model", () => {
  it("allow a coupling to require 50 checks, and not 51", async () => {
    const app = await seed.coupled(await seed.pipeline(), "STAGING");
    const input = (count: number) => ({ coupling: app.couplingId, requiredChecks: contexts(count) });
    const { coupling } = await admin.mutate("updateChecks", input(50), "coupling { requiredChecks }");
    assert.equal(coupling.requiredChecks.length, 50);
    const refused = await admin.mutationError("updateChecks", input(51));
    assert.deepEqual([refused.extensions.code, refused.extensions.field], ["BAD_USER_INPUT", "requiredChecks"]);
  });

  it("allow more than 100 contexts per release", async () => {
    const release = await seed.release(await seed.app());
    const report = (context: string, state: string) => ({ release: release.id, context, state });
    for (const context of contexts(101)) await admin.mutate("reportStatus", report(context, "PENDING"), "__typename");
    const { status } = await admin.mutate("reportStatus", report("check-7", "SUCCESS"), "status { state }");
    assert.equal(status.state, "SUCCESS");
  });

  it("allow 500 apps in a pipeline, and a promotion to all of them, or to 200 that are named", async () => {
    const pipeline = await seed.pipeline();
    const dev = await seed.coupled(pipeline, "DEVELOPMENT");
    await seed.release(dev);
    const staging: string[] = [];
    while (staging.length < 499) {
      const batch = Array.from({ length: Math.min(20, 499 - staging.length) }, () => seed.coupled(pipeline, "STAGING"));
      staging.push(...(await Promise.all(batch)).map((app) => app.name));
    }
    const one = await seed.app();
    const full = await admin.mutationError("addCoupling", { pipeline: pipeline.id, app: one.id, stage: "STAGING" });
    assert.equal(full.extensions.code, "CONFLICT");

    const { promotion } = await admin.mutate(
      "promote",
      { app: dev.id, targets: staging.slice(0, 200) },
      "promotion { phase targets { phase } }",
    );
    assert.deepEqual([promotion.phase, promotion.targets.length], ["SUCCEEDED", 200]);
    const refused = await admin.mutationError("promote", { app: dev.id, targets: staging.slice(0, 201) });
    assert.deepEqual([refused.extensions.code, refused.extensions.field], ["BAD_USER_INPUT", "targets"]);
    const all = await admin.mutate("promote", { app: dev.id }, "promotion { phase targets { phase } }");
    assert.deepEqual([all.promotion.phase, all.promotion.targets.length], ["SUCCEEDED", 499]);
  });

  it("allow 200 windows, 100 freezes that have not ended, and 100 exemptions of one", async () => {
    const schedule = { kind: "DENY", timeZone: "UTC", startDate: "2999-01-01", startTime: "22:00", endTime: "06:00" };
    const window = (index: number) => ["createDeploymentWindow", { ...schedule, name: `window-${index}` }] as const;
    const startsAt = new Date(Date.now() + 86_400_000).toISOString();
    const freeze = (index: number) => ["startFreeze", { reason: `freeze ${index}`, startsAt }] as const;
    const { freeze: frozen } = await admin.mutate(...freeze(0), "freeze { id }");
    const build = await seed.build();
    const exempt = { freeze: frozen.id, build: build.id, expiresAt: startsAt };
    const exemption = (index: number) => ["exemptFromFreeze", { ...exempt, reason: `${index}` }] as const;
    const fill = async (from: number, most: number, create: (index: number) => readonly [string, object]) => {
      for (let index = from; index < most; index += 1) await admin.mutate(...create(index), "__typename");
      assert.equal((await admin.mutationError(...create(most))).extensions.code, "CONFLICT");
    };
    await fill(0, 200, window);
    await fill(1, 100, freeze);
    await fill(0, 100, exemption);
    await admin.mutate("liftFreeze", { freeze: frozen.id, reason: "Over" }, "__typename");
    await admin.mutate(...freeze(100), "__typename");
    const scope = { pipelines: Array(101).fill("none") };
    const refused = await admin.mutationError("startFreeze", { reason: "x", scope });
    assert.deepEqual([refused.extensions.code, refused.extensions.field], ["BAD_USER_INPUT", "scope.pipelines"]);
  });
});
