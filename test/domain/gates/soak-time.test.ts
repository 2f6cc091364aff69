import assert from "node:assert/strict";
import { after, describe, it } from "node:test";
import { type Named, Seed } from "../../support/data/seed.js";
import { Clock, HOUR, MINUTE } from "../../support/service/clock.js";
import { startServer } from "../../support/service/server.js";

const clock = new Clock();
const server = await startServer({ after }, { now: clock.now });
const { admin } = server;
const seed = new Seed(admin);

interface Soaking {
  readonly code: string;
  readonly message: string;
  readonly remedies: readonly string[];
  readonly clearsAt: string | null;
  readonly app: Named | null;
}

async function soaking(deploymentMode = "IMMEDIATE") {
  const pipeline = await seed.pipeline();
  const dev = await seed.coupled(pipeline, "DEVELOPMENT", { deploymentMode });
  const staging = await seed.coupled(pipeline, "STAGING");
  const policy = { pipeline: pipeline.id, stage: "STAGING", soakTime: "2h" };
  await admin.mutate("updateStagePolicy", policy, "policy { soakTime }");
  return { pipeline, dev, staging };
}

async function blockers(input: object): Promise<Soaking[]> {
  const selection = "code message remedies clearsAt app { id name }";
  const { promotionPlan } = await admin.ask(
    `query ($input: PromoteInput!) { promotionPlan(input: $input) { blockers { ${selection} } } }`,
    { input },
  );
  return promotionPlan.blockers;
}

const after2h = () => new Date(clock.now().getTime() + 2 * HOUR).toISOString();
const promote = (input: object) => admin.mutate("promote", input, "promotion { phase }");

describe("soak time", () => {
  it("blocks a promotion until the release has been current for that long", async () => {
    const { dev } = await soaking();
    const release = await seed.release(dev);
    const clearsAt = after2h();
    const message = `v1 of ${dev.name} must have been current there for 2h before it goes to STAGING; that is at ${clearsAt}.`;
    const expected = [{ code: "SOAKING", message, remedies: ["WAIT", "FORCE"], clearsAt, app: null }];
    assert.deepEqual(await blockers({ app: dev.id }), expected);
    clock.advance(2 * HOUR - 1);
    assert.deepEqual(await blockers({ app: dev.id, release: release.id }), expected);
    assert.equal((await admin.mutationError("promote", { app: dev.id })).extensions.code, "PROMOTION_BLOCKED");
    clock.advance(1);
    assert.deepEqual(await blockers({ app: dev.id }), []);
    assert.equal((await promote({ app: dev.id })).promotion.phase, "SUCCEEDED");
  });

  it("counts from the success of the deployment, not from its start", async () => {
    const { dev } = await soaking("REPORTED");
    const { id: release } = await seed.release(dev);
    clock.advance(5 * MINUTE);
    const codes = (await blockers({ app: dev.id, release })).map(({ code, remedies }) => [code, ...remedies]);
    assert.deepEqual(codes, [
      ["RELEASE_NOT_SUCCEEDED", "DEPLOY"],
      ["SOAKING", "WAIT", "FORCE"],
    ]);
    await admin.mutate("reportDeployment", { release, phase: "SUCCEEDED" }, "release { id }");
    assert.deepEqual(
      (await blockers({ app: dev.id })).map(({ clearsAt }) => clearsAt),
      [after2h()],
    );
  });

  it("is broken by a later release, and starts again with a rollback to the build", async () => {
    const { dev } = await soaking();
    const first = await seed.release(dev);
    clock.advance(HOUR);
    await seed.release(dev);
    clock.advance(2 * HOUR);
    const [blocker] = await blockers({ app: dev.id, release: first.id });
    assert.deepEqual([blocker?.code, blocker?.remedies, blocker?.clearsAt], ["SOAKING", ["FORCE"], null]);
    assert.match(blocker?.message ?? "", /a later release replaced it/);
    await admin.mutate("rollback", { app: dev.id }, "release { id }");
    assert.deepEqual(
      (await blockers({ app: dev.id })).map(({ clearsAt }) => clearsAt),
      [after2h()],
    );
  });

  it("is met by a release that was current for long enough before it was replaced", async () => {
    const { dev } = await soaking();
    const first = await seed.release(dev);
    clock.advance(2 * HOUR);
    await seed.release(dev);
    assert.deepEqual(await blockers({ app: dev.id, release: first.id }), []);
  });

  it("holds for a release straight onto an app of the stage, unless it is forced", async () => {
    const { dev, staging } = await soaking();
    const build = await seed.build();
    const input = { app: staging.id, build: build.id };
    const refused = async () => (await admin.mutationError("createRelease", input)).extensions.blockers as Soaking[];
    assert.deepEqual(
      (await refused()).map(({ code, remedies, app }) => [code, remedies, app?.name]),
      [["SOAKING", ["DEPLOY", "FORCE"], staging.name]],
    );
    await seed.release(dev, build);
    assert.deepEqual(
      (await refused()).map(({ clearsAt, remedies }) => [clearsAt, remedies]),
      [[after2h(), ["WAIT", "FORCE"]]],
    );
    clock.advance(2 * HOUR);
    await seed.release(staging, build);
    await seed.forcedRelease(staging);
  });

  it("can be forced, and does not hold for other stages", async () => {
    const { pipeline, dev, staging } = await soaking();
    await seed.coupled(pipeline, "PRODUCTION");
    await seed.release(dev);
    await promote({ app: dev.id, force: true, reason: "A fix" });
    assert.equal((await promote({ app: staging.id })).promotion.phase, "SUCCEEDED");
  });
});
