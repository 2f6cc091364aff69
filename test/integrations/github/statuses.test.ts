import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { describe, it } from "node:test";
import { Seed, unique } from "../../support/data/seed.js";
import {
  checkRun,
  deliverWebhook,
  example,
  inRepository,
  status,
  statuses,
  withGithub,
} from "../../support/network/github-webhooks.js";

const newSha = () => randomBytes(20).toString("hex");

describe("a status on GitHub", () => {
  it("gates promotions like one reported through the API", async (t) => {
    const { server, admin, seed, repository } = await withGithub(t);
    const pipeline = await seed.pipeline({ repository });
    const dev = await seed.coupled(pipeline, "DEVELOPMENT");
    const stg = await seed.coupled(pipeline, "STAGING", { requiredChecks: ["ci/build"] });
    const build = await seed.build({ repository, branch: "main" });
    const { sha } = build.commit;
    await deliverWebhook(server.url, "status", status(repository, sha, "ci/build", "pending", "2026-01-01T00:00:00Z"));
    const refusal = await admin.mutationError("promote", { app: dev.id });
    assert.deepEqual(
      (refusal.extensions.blockers as { code: string }[]).map((blocker) => blocker.code),
      ["CHECK_PENDING"],
    );
    await deliverWebhook(
      server.url,
      "status",
      status(repository, sha.toUpperCase(), "ci/build", "success", "2026-01-01T00:01:00Z"),
    );
    // An earlier one that arrives late changes nothing.
    await deliverWebhook(server.url, "status", status(repository, sha, "ci/build", "failure", "2026-01-01T00:00:30Z"));
    const { promotion } = await admin.mutate(
      "promote",
      { app: dev.id },
      "promotion { phase release { statuses { context state description targetUrl reportedBy { name role } } } targets { app { id } } }",
    );
    assert.equal(promotion.phase, "SUCCEEDED");
    assert.deepEqual(promotion.targets, [{ app: { id: stg.id } }]);
    assert.deepEqual(promotion.release.statuses, [
      {
        context: "ci/build",
        state: "SUCCESS",
        description: null,
        targetUrl: null,
        reportedBy: { name: "railyard", role: "ADMIN" },
      },
    ]);
  });

  it("is kept for a build that is registered later, which is then released when its checks allow", async (t) => {
    const { server, seed, repository } = await withGithub(t);
    const pipeline = await seed.pipeline({ repository });
    const dev = await seed.coupled(pipeline, "DEVELOPMENT", { requiredChecks: ["ci/build", "ci/lint"] });
    const sha = newSha();
    await deliverWebhook(server.url, "status", status(repository, sha, "ci/build", "success"));
    await deliverWebhook(
      server.url,
      "check_run",
      checkRun(repository, sha, { name: "ci/lint", status: "completed", conclusion: "success" }),
    );
    await deliverWebhook(server.url, "status", status(`acme/${unique()}`, sha, "ci/else", "success"));
    await server.restart();
    const build = await new Seed(server.admin).build({ repository, branch: "main", commit: { sha: sha.slice(0, 12) } });
    assert.deepEqual(await statuses(server.admin, build), ["ci/build SUCCESS", "ci/lint SUCCESS"]);
    const { app } = await server.admin.ask(
      "query ($id: ID!) { app(app: $id) { currentRelease { build { id } trigger createdBy { name } } } }",
      { id: dev.id },
    );
    assert.deepEqual(app.currentRelease, {
      build: { id: build.id },
      trigger: "AUTO_DEPLOY",
      createdBy: { name: "railyard" },
    });
    // A later status matches the build by its short hash as well.
    await deliverWebhook(server.url, "status", status(repository, sha, "qa/smoke", "failure"));
    assert.deepEqual(
      (await statuses(server.admin, build)).length,
      2,
      "it holds for a release now, and is told of that",
    );
    const { app: after } = await server.admin.ask(
      "query ($id: ID!) { app(app: $id) { currentRelease { statuses { context state } } } }",
      { id: dev.id },
    );
    assert.deepEqual(after.currentRelease.statuses, [
      { context: "ci/build", state: "SUCCESS" },
      { context: "ci/lint", state: "SUCCESS" },
      { context: "qa/smoke", state: "FAILURE" },
    ]);
  });

  it("of a build with an abbreviated hash is the worst of all commits that begin with it", async (t) => {
    const { server, admin, seed, repository } = await withGithub(t);
    const short = newSha().slice(0, 8);
    const [mine, other] = [`${short}1`.padEnd(40, "0"), `${short}2`.padEnd(40, "0")];
    const report = (sha: string, context: string, state: string) =>
      deliverWebhook(server.url, "status", status(repository, sha, context, state));
    const early = await seed.build({ repository, commit: { sha: short } });
    const whole = await seed.build({ repository, commit: { sha: mine } });
    await report(mine, "ci", "success");
    await report(mine, "qa", "failure");
    assert.deepEqual(await statuses(admin, early), ["ci SUCCESS", "qa FAILURE"]);
    await report(other, "qa", "success");
    assert.deepEqual(await statuses(admin, early), ["ci PENDING", "qa FAILURE"], "the other commit has no ci");
    await report(other, "ci", "failure");
    await report(mine, "lint", "success");
    const late = await seed.build({ repository, commit: { sha: short } });
    for (const build of [early, late]) {
      assert.deepEqual(await statuses(admin, build), ["ci FAILURE", "lint PENDING", "qa FAILURE"]);
    }
    assert.deepEqual(await statuses(admin, whole), ["ci SUCCESS", "lint SUCCESS", "qa FAILURE"]);
    await report(other, "lint", "success");
    assert.deepEqual(await statuses(admin, late), ["ci FAILURE", "lint SUCCESS", "qa FAILURE"]);
  });

  it("of a check is what its conclusion says, and the run that started last counts", async (t) => {
    const { server, admin, seed, repository } = await withGithub(t);
    const build = await seed.build({ repository });
    const { sha } = build.commit;
    const conclusions = [
      "success",
      "neutral",
      "skipped",
      "failure",
      "cancelled",
      "timed_out",
      "action_required",
      "stale",
    ];
    for (const conclusion of conclusions) {
      await deliverWebhook(
        server.url,
        "check_run",
        checkRun(repository, sha, { name: conclusion, status: "completed", conclusion }),
      );
    }
    await deliverWebhook(
      server.url,
      "check_run",
      checkRun(repository, sha, { name: "begun", status: "in_progress", conclusion: null }),
    );
    assert.deepEqual(await statuses(admin, build), [
      "action_required PENDING",
      "begun PENDING",
      "cancelled ERROR",
      "failure FAILURE",
      "neutral SUCCESS",
      "skipped SUCCESS",
      "stale ERROR",
      "success SUCCESS",
      "timed_out ERROR",
    ]);
    const run = (suite: number, conclusion: string | null, started_at: string) => {
      const status = conclusion === null ? "in_progress" : "completed";
      const change = { name: "unit", suite, status, conclusion, started_at, completed_at: null };
      return deliverWebhook(server.url, "check_run", checkRun(repository, sha, change));
    };
    const unit = async () => (await statuses(admin, build)).find((one) => one.startsWith("unit "));
    await run(2, "success", "2026-01-01T00:00:05Z");
    await run(1, "cancelled", "2026-01-01T00:00:00Z");
    assert.equal(await unit(), "unit SUCCESS", "an earlier run in another suite does not block");
    await run(3, null, "2026-01-01T00:00:09Z");
    assert.equal(await unit(), "unit PENDING", "a later run has started");
    await run(3, "failure", "2026-01-01T00:00:01Z");
    assert.equal(await unit(), "unit FAILURE", "a reporter whose clock is behind is believed about its own run");
    await run(3, null, "2026-01-01T00:00:09Z");
    assert.equal(await unit(), "unit FAILURE", "a late delivery does not reopen a completed run");
  });

  it("of a check that starts and completes in the same second is complete, in any order of arrival", async (t) => {
    const { server, admin, seed, repository } = await withGithub(t);
    const build = await seed.build({ repository });
    const { sha } = build.commit;
    const at = "2026-01-01T00:00:00Z";
    await deliverWebhook(
      server.url,
      "check_run",
      checkRun(repository, sha, {
        name: "quick",
        status: "completed",
        conclusion: "success",
        started_at: at,
        completed_at: at,
      }),
    );
    await deliverWebhook(
      server.url,
      "check_run",
      checkRun(repository, sha, {
        name: "quick",
        status: "in_progress",
        conclusion: null,
        started_at: at,
        completed_at: null,
      }),
    );
    assert.deepEqual(await statuses(admin, build), ["quick SUCCESS"]);
  });

  it("of a check suite has its app as context", async (t) => {
    const { server, admin, seed, repository } = await withGithub(t);
    const build = await seed.build({ repository });
    const suite = inRepository(repository, example("check_suite", "completed"));
    Object.assign(suite.check_suite, { head_sha: build.commit.sha });
    suite.check_suite.app.slug = "github-actions";
    await deliverWebhook(server.url, "check_suite", suite);
    assert.deepEqual(await statuses(admin, build), ["github-actions SUCCESS"]);
  });

  it("has a normalized context, so that it can be required", async (t) => {
    const { server, admin, seed, repository } = await withGithub(t);
    const build = await seed.build({ repository });
    const long = "long/".repeat(60);
    const contexts = ["✅ tests, all (node 20)", `${long}1`, `${long}2`, "测试", "Build & Test"];
    for (const context of contexts) {
      const answer = await deliverWebhook(
        server.url,
        "status",
        status(repository, build.commit.sha, context, "success"),
      );
      assert.equal(answer.status, 200, JSON.stringify(answer));
    }
    const reported = (await statuses(admin, build)).map((one) => one.replace(/ SUCCESS$/, ""));
    assert.equal(reported.length, 5, "different names stay different");
    for (const name of ["✅ tests, all (node 20)", "测试", "Build & Test"]) assert.ok(reported.includes(name), name);
    const pipeline = await seed.pipeline();
    await seed.coupled(pipeline, "STAGING", { requiredChecks: reported });
  });

  it("of a required check is kept beside more than a thousand others, whichever comes first", async (t) => {
    const { server, admin, seed, repository } = await withGithub(t);
    const pipeline = await seed.pipeline({ repository });
    const dev = await seed.coupled(pipeline, "DEVELOPMENT");
    await seed.coupled(pipeline, "STAGING", { requiredChecks: ["unit"] });
    const build = await seed.build({ repository, branch: "main" });
    const report = (context: string) =>
      admin.mutate("reportStatus", { build: build.id, context, state: "SUCCESS" }, "__typename");
    await report("unit");
    for (let shard = 0; shard < 1001; shard += 1) await report(`shard ${shard}`);
    await deliverWebhook(server.url, "status", status(repository, build.commit.sha, "last", "success"));
    await admin.mutate("promote", { app: dev.id }, "promotion { id }");
    const { release } = (
      await admin.ask("query ($b: ID!) { build(id: $b) { releases(first: 1) { nodes { statuses { context } } } } }", {
        b: build.id,
      })
    ).build.releases.nodes.map((one: object) => ({ release: one }))[0];
    const kept = new Set(release.statuses.map((one: { context: string }) => one.context));
    assert.deepEqual(
      [kept.size, kept.has("unit"), kept.has("last"), kept.has("shard 0"), kept.has("shard 1"), kept.has("shard 2")],
      [1001, true, true, false, false, true],
    );
  });
});
