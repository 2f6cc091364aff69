import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import { joinChecks } from "../../src/cli/options/checks.js";
import { createProgram } from "../../src/cli/program.js";
import { CommandLine, nonEmptyLines, stripEscapes } from "../support/clients/cli.js";
import { configKeys } from "../support/data/config-keys.js";
import { Seed, unique } from "../support/data/seed.js";
import { suiteCleanup } from "../support/service/cleanup.js";
import { ADMIN_SECRET, startServer, type TestServer } from "../support/service/server.js";

const SHA = "4f3c2a1d0e9b8a7c6d5e4f3a2b1c0d9e8f7a6b5c";

describe("a command whose output is piped", () => {
  let server: TestServer;
  let cli: CommandLine;
  let seed: Seed;

  const cleanup = suiteCleanup();

  before(async () => {
    server = await startServer(cleanup, { env: configKeys("k1") });
    cli = new CommandLine(cleanup, { RAILYARD_URL: server.url, RAILYARD_TOKEN: ADMIN_SECRET });
    seed = new Seed(server.admin);
  });

  /** Runs a command that must succeed. Returns the columns of its lines. */
  async function columns(...args: string[]): Promise<string[][]> {
    const { code, stdout, stderr } = await cli.run(args);
    assert.deepEqual([code, stderr], [0, ""], args.join(" "));
    assert.equal(stripEscapes(stdout), stdout, "piped output has neither colors nor a spinner");
    return nonEmptyLines(stdout).map((line) => line.split("\t"));
  }

  it("shows the signed-in token", async () => {
    assert.deepEqual(await columns("whoami"), [
      ["name", "admin"],
      ["role", "admin"],
      ["url", server.url],
    ]);
    assert.deepEqual(await cli.json(["whoami"]), {
      ...{ name: "admin", role: "ADMIN", person: null, groups: [], pipelines: null },
    });
  });

  it("creates, lists, shows and destroys apps", async () => {
    const name = unique("app");
    const made = await cli.json(["apps:create", name, "--region", "eu", "--reported", "--description", "A\nshop"]);
    assert.deepEqual(
      [made.name, made.region, made.deploymentMode, made.description],
      [name, "eu", "REPORTED", "A\nshop"],
    );
    const row = (await columns("apps", "--region", "eu")).find(([first]) => first === name);
    assert.deepEqual(row, [name, "eu", "", "", "", "", made.id, "", ""]);
    const shown = new Map((await columns("apps:info", name)).map(([key, value]) => [key, value]));
    assert.deepEqual([shown.get("id"), shown.get("description")], [made.id, "A shop"]);
    assert.equal((await cli.json(["apps:info", "-a", made.id])).name, name);
    assert.deepEqual(await columns("apps:destroy", name, "--yes"), [[`Deleted app ⬢ ${name}.`]]);
    assert.equal((await cli.run(["apps:info", name])).code, 1);
  });

  it("lists all apps across pages, up to the requested number", async () => {
    const region = unique("region");
    for (let made = 0; made < 103; made++) await seed.app({ region });
    assert.equal((await cli.json(["apps", "--region", region])).length, 103);
    assert.equal((await columns("apps", "--region", region, "--limit", "101")).length, 101);
  });

  it("creates, lists, shows and destroys pipelines", async () => {
    const name = unique("pipeline");
    const made = await cli.json([
      "pipelines:create",
      name,
      "--repository",
      "acme/shop",
      "--branch",
      "trunk",
      "--review-apps",
    ]);
    assert.deepEqual([made.repository, made.branch, made.reviewAppsEnabled], ["github.com/acme/shop", "trunk", true]);
    const row = (await columns("pipelines")).find(([first]) => first === name);
    assert.deepEqual(row, [name, "github.com/acme/shop", "trunk", "0", made.id, ""]);
    assert.deepEqual(
      (await cli.json(["pipelines:info", name])).stages.map(({ stage }: { stage: string }) => stage),
      ["REVIEW", "DEVELOPMENT", "STAGING", "PRODUCTION"],
    );
    assert.deepEqual(await cli.json(["pipelines:destroy", name, "--yes"]), { deletedPipelineId: made.id });
    assert.equal((await cli.run(["pipelines:info", name])).code, 1);
  });

  it("accepts lists of checks in every common form", async () => {
    const pipeline = await seed.pipeline();
    for (const form of [
      ["-c", "b", "-c", "a"],
      ["-c", "a", "b"],
      ["-c", "a,b"],
      ["-c", " b ,a "],
      ["-c", "a", "b,a"],
    ]) {
      const app = await seed.app();
      const args = ["pipelines:add", pipeline.name, "-a", app.name, "-s", "STAGING", ...form];
      assert.deepEqual((await cli.json(args)).requiredChecks, ["a", "b"], form.join(" "));
    }
  });

  it("splits a list of checks only at commas that no space follows", async () => {
    const pipeline = await seed.pipeline();
    for (const [list, names] of [
      ["test (ubuntu-latest, 18)", ["test (ubuntu-latest, 18)"]],
      ["test (ubuntu-latest, 18),lint", ["lint", "test (ubuntu-latest, 18)"]],
      [String.raw`test (ubuntu\,18),lint`, ["lint", "test (ubuntu,18)"]],
      [String.raw`build\x64,テスト`, [String.raw`build\x64`, "テスト"]],
    ] as const) {
      const app = await seed.app();
      const args = ["pipelines:add", pipeline.name, "-a", app.name, "-s", "staging", "-c", list];
      assert.deepEqual((await cli.json(args)).requiredChecks, names, list);
      assert.deepEqual(
        (await cli.json(["pipelines:update", app.name, "-c", "other", list])).requiredChecks.length,
        names.length + 1,
      );
      const update = await cli.json(["pipelines:update", app.name, "-c", joinChecks(names)]);
      assert.deepEqual(update.requiredChecks, names, "joinChecks");
    }
  });

  it("adds an app, sets and removes its checks by coupling or app, and removes the app", async () => {
    const pipeline = await seed.pipeline();
    const app = await seed.app();
    const added = await columns("pipelines:add", pipeline.name, "-a", app.name, "-s", "staging");
    const [, [, coupling = ""] = []] = added;
    assert.deepEqual(added[0], ["app", `id=${app.id}, name=${app.name}`]);
    assert.deepEqual(added.slice(4, 6), [
      ["stage", "staging"],
      ["pipeline", `id=${pipeline.id}, name=${pipeline.name}`],
    ]);
    const update = (...args: string[]) => columns("pipelines:update", ...args);
    assert.deepEqual(await update(coupling, "-c", "ci/build"), [[`⬢ ${app.name} requires ci/build.`]]);
    assert.deepEqual(await update(app.name, "-c", "a", "b"), [[`⬢ ${app.name} requires a, b; no longer ci/build.`]]);
    const removed = [[`Removed all required status checks of ⬢ ${app.name}: a, b.`]];
    assert.deepEqual(await update("-a", app.id, "--yes"), removed);
    const none = [[`⬢ ${app.name} has no required status checks (unchanged).`]];
    assert.deepEqual(await update("-a", app.name), none);
    const info = await columns("pipelines:info", pipeline.name);
    assert.deepEqual(
      info.map(([line]) => line),
      ["᱿ staging", `  Id: ${coupling}`, `  App: ${app.name} (${app.id})`, "  Status Checks:"],
    );
    assert.equal((await cli.json(["pipelines:remove", "-a", app.name, "--yes"])).removedCouplingId, coupling);
    assert.equal((await cli.json(["apps:info", app.name])).coupling, null);
  });

  it("reports builds, releases them, reports statuses and rolls back", async () => {
    const pipeline = await seed.pipeline();
    const app = await seed.coupled(pipeline, "DEVELOPMENT");
    const repository = `github.com/tests/${unique("repo")}`;
    const build = await cli.json(
      [
        "builds:create",
        "--repository",
        repository,
        "--sha",
        SHA,
        "--branch",
        "main",
        "--artifact",
        "reg/shop:1",
      ].concat(["--message", "Add a cart", "--author", "Kim", "--checksum", "sha256:00"]),
    );
    assert.deepEqual(build.commit, { sha: SHA, message: "Add a cart", author: "Kim", url: null });
    const row = [build.id, "succeeded", repository, "main", SHA, "reg/shop:1", build.createdAt, "", ""];
    assert.deepEqual(await columns("builds", "--repository", repository), [row]);
    assert.deepEqual(await columns("builds", "--repository", repository, "--branch", "other"), []);

    const create = ["releases:create", "-a", app.name, "--build", build.id];
    assert.deepEqual(await cli.json(["builds:info", build.id]), { ...build, quarantines: [] });
    const quarantine = ["builds:quarantine", build.id, "-s", "production", "--reason", "Loses carts"];
    const [quarantined] = (await cli.json(quarantine)).quarantines;
    assert.deepEqual([quarantined.fromStage, quarantined.reason], ["PRODUCTION", "Loses carts"]);
    const [line] = (await columns("builds:info", build.id)).at(-1) ?? [];
    assert.match(line ?? "", /^✗ Quarantined from production on: Loses carts \(by admin, \S+\)$/);
    assert.deepEqual((await cli.json(["builds:release", build.id, "--reason", "Fine"])).quarantines, []);
    assert.equal((await cli.run(["builds:info", pipeline.id])).code, 1);
    const first = await cli.json([...create, "--description", "By hand"]);
    const second = await cli.json(create);
    const status = ["releases:status", "v1", "-a", app.name, "-c", "ci/build", "-s", "failure"];
    const reported = await cli.json([...status, "--target-url", "https://ci.test/7", "--name", "CI"]);
    assert.deepEqual(
      [reported.release.id, reported.state, reported.targetUrl],
      [first.id, "FAILURE", "https://ci.test/7"],
    );
    assert.deepEqual(await columns("releases:status", first.id, "-c", "ci/build", "-s", "SUCCESS"), [
      [`⬢ ${app.name} v1: ✓ ci/build success`],
    ]);
    const check = (await columns("pipelines:checks", pipeline.name))[0];
    assert.deepEqual(check?.slice(0, 2), ["ci/build", "CI"]);

    assert.deepEqual(
      (await columns("releases", "-a", app.name)).map(([version, current, phase, , , , description, checks]) => [
        version,
        current,
        phase,
        description,
        checks,
      ]),
      [
        ["v2", "current", "succeeded", "Deploy of 4f3c2a1", ""],
        ["v1", "", "succeeded", "By hand", "ci/build=success"],
      ],
    );
    assert.equal((await cli.json(["releases:info", "current", "-a", app.name])).id, second.id);
    assert.equal((await cli.json(["releases:info", "previous", "-a", app.name])).id, first.id);
    assert.equal((await cli.json(["releases:info", first.id])).version, 1);
    const back = await cli.json(["releases:rollback", "v1", "-a", app.name, "--reason", "a leak"]);
    assert.equal(back.description, "Rollback to v1: a leak");
    await seed.release(app);
    assert.equal((await cli.json(["rollback", "-a", app.name])).description, "Rollback to v3");
  });

  it("finds the first and the last release of a long history by version", async () => {
    const app = await seed.app();
    const build = await seed.build();
    for (let version = 1; version <= 205; version++) await seed.release(app, build);
    for (const version of [1, 2, 99, 103, 104, 105, 106, 204, 205]) {
      assert.equal((await cli.json(["releases:info", `v${version}`, "-a", app.name])).version, version);
    }
    assert.equal((await cli.run(["releases:info", "v206", "-a", app.name])).code, 1);
    const { stdout, stderr } = await cli.run(["releases", "-a", app.name, "-n", "150"]);
    assert.equal(nonEmptyLines(stdout).length, 150);
    assert.equal(stderr, "Only the first 150 are shown. Show more with --limit.\n");
  });

  it("promotes an app, a release or a stage's first app to all or some targets, and reports the result", async () => {
    const pipeline = await seed.pipeline();
    const dev = await seed.coupled(pipeline, "DEVELOPMENT");
    const qa = await seed.coupled(pipeline, "STAGING");
    const stg = await seed.coupled(pipeline, "STAGING");
    const first = await seed.release(dev);
    const second = await seed.release(dev);
    assert.deepEqual(await columns("pipelines:promote", "-a", dev.name), [
      [`Promoting app ⬢ ${dev.name} ... ✓`],
      [`= ${pipeline.name} pipeline (development -> staging)`],
      [`Promoted: ⬢ ${dev.name} (Release: ${second.id})`],
      [`To: ⬢ ${qa.name}`],
      [`    ⬢ ${stg.name}`],
    ]);
    const some = await cli.json(["promote", "-a", dev.name, "-t", stg.name, "-r", "previous"]);
    assert.deepEqual([some.release.id, some.targets.length, some.targets[0].app.id], [first.id, 1, stg.id]);
    const both = await cli.json(["promote", "-p", pipeline.name, "-s", "development", "-t", `${qa.id},${stg.name}`]);
    assert.deepEqual([both.source.name, both.targets.length], [dev.name, 2]);

    const listed = await columns("promotions", pipeline.name);
    assert.deepEqual(listed.map(([id]) => id).slice(0, 2), [both.id, some.id]);
    assert.deepEqual(listed[0]?.slice(1, 7), ["succeeded", pipeline.name, "development", "staging", dev.name, "v2"]);
    assert.equal((await columns("promotions", "-a", qa.name, "--phase", "succeeded")).length, 2);
    assert.equal((await columns("promotions", "--phase", "failed")).length, 0);
    assert.equal((await columns("promotions:info", some.id))[2]?.[0], `To: ⬢ ${stg.name}  v2 succeeded`);
    assert.equal((await cli.json(["promotions:info", some.id])).id, some.id);
  });

  it("shows a promotion's plan without writing, and forces a promotion past its checks", async () => {
    const pipeline = await seed.pipeline();
    const dev = await seed.coupled(pipeline, "DEVELOPMENT");
    const prod = await seed.coupled(pipeline, "STAGING", { requiredChecks: ["qa/smoke"] });
    await seed.release(dev);
    const plan = await cli.run(["promote", "-a", dev.name, "--dry-run", "--json"]);
    assert.deepEqual([plan.code, JSON.parse(plan.stdout).promotable, plan.stderr], [3, false, ""]);
    assert.equal((await cli.json(["releases", "-a", prod.name])).length, 0);
    const forced = await columns("promote", "-a", dev.name, "--force", "--reason", "hotfix");
    assert.deepEqual(forced.at(-1), ["Forced: hotfix"]);
    const allowed = await columns("promote", "-a", dev.name, "--force", "--reason", "hotfix", "--dry-run");
    assert.deepEqual(allowed.at(-1), ["Ready to promote."]);
  });

  it("promotes when ready, and cancels, tries again and undoes promotions", async () => {
    const pipeline = await seed.pipeline();
    const dev = await seed.coupled(pipeline, "DEVELOPMENT", { autoDeploy: false });
    const qa = await seed.coupled(pipeline, "STAGING");
    await seed.release(qa);
    await cli.run(["pipelines:update", qa.couplingId, "-c", "ci"]);
    const release = await seed.release(dev);
    const missing = `• ${qa.name} requires ci, which was never reported. (report status or force)`;
    const planned = await columns("promote", "-a", dev.name, "--when-ready", "--dry-run");
    assert.deepEqual(planned.slice(-2), [["The promotion would wait for:"], [`  ${missing}`]]);
    const waiting = (await columns("promote", "-a", dev.name, "--when-ready", "--expires-in", "2h")).flat();
    assert.deepEqual(waiting.slice(-3, -1), ["Waits for:", `  ${missing}`]);
    const id = /promotions:info (\S+)`/.exec(waiting.at(-1) ?? "")?.[1] ?? "";
    const cancelled = (await columns("promotions:cancel", id, "--reason", "wrong build")).flat();
    assert.ok(cancelled.includes("cancelled") && cancelled.includes("wrong build"));
    assert.equal((await cli.json(["promotions:retry", id, "--when-ready"])).phase, "WAITING");
    const watching = cli.start(["promote", "-a", dev.name, "--when-ready", "--wait"]);
    await watching.until(({ stdout }) => stdout.includes(missing));
    await cli.run(["releases:status", release.id, "-c", "ci", "-s", "success"]);
    const { code, stdout } = await watching.ended;
    assert.deepEqual([code, stdout.includes(`⬢ ${qa.name}  v2 succeeded`)], [0, true], stdout);
    const [newest] = await columns("promotions", pipeline.name);
    const undone = await cli.json(["promotions:undo", newest?.[0] ?? "", "--reason", "slow", "--yes"]);
    assert.deepEqual([undone.phase, undone.targets[0].release.version], ["SUCCEEDED", 3]);
    // Late enough for a slow machine to start the command before.
    const soon = new Date(Date.now() + 12_000).toISOString();
    const night = await cli.run(["promote", "-a", dev.name, "--not-before", soon, "--wait"]);
    assert.deepEqual([night.code, night.stdout.includes("The promotion was requested for")], [0, true], night.stdout);
    const wrong = await cli.run(["promote", "-a", dev.name, "--not-before", "tonight"]);
    assert.deepEqual([wrong.code, wrong.stderr.startsWith("--not-before must be a time")], [2, true]);
  });

  it("sets waves and policies, and draws, pauses, resumes and advances a rollout", async () => {
    const pipeline = await seed.pipeline();
    const stg = await seed.coupled(pipeline, "STAGING");
    const canary = await seed.coupled(pipeline, "PRODUCTION");
    const rest = await seed.coupled(pipeline, "PRODUCTION");
    await seed.release(stg);
    assert.deepEqual(await columns("pipelines:wave", "2", "-a", rest.name), [[`⬢ ${rest.name} is in wave 2.`]]);
    const options = ["--max-parallel", "3", "--max-failures", "1", "--pause", "none", "--manual-wave", "2"];
    const policy = await cli.json(["pipelines:policy", pipeline.name, "-s", "production", ...options]);
    assert.deepEqual([policy.maxParallel, policy.maxFailures, policy.manualWaves], [3, 1, [2]]);
    const shown = new Map(
      (await columns("pipelines:policy", pipeline.name, "-s", "production")).map(([key, value]) => [key, value]),
    );
    assert.deepEqual([shown.get("max_parallel"), shown.get("manual_waves"), shown.get("pause")], ["3", "2", "none"]);
    assert.deepEqual(await columns("pipelines:verify", "-a", stg.name, "-c", "smoke", "--on-failure", "roll-back"), [
      [`Verification of ⬢ ${stg.name}: smoke within 30m, else roll back.`],
    ]);
    assert.equal((await cli.json(["pipelines:verify", "-a", stg.name, "--none"])).verification, null);
    assert.equal((await cli.run(["pipelines:verify", "-a", stg.name])).code, 2);
    const resumed = await columns("pipelines:resume", "-a", canary.name);
    assert.deepEqual(resumed, [[`Automatic promotions to ⬢ ${canary.name} are not held.`]]);
    const { id } = await cli.json(["promote", "-a", stg.name]);
    const drawn = await columns("promotions:info", id);
    assert.deepEqual(drawn.slice(-5), [
      ["├─ wave 1  succeeded"],
      [`│  ⬢ ${canary.name}  v1 succeeded`],
      ["└─ wave 2  waiting"],
      [`   ⬢ ${rest.name}  waiting`],
      ["   • Wave 2 of PRODUCTION begins only by promotions:advance. (advance)"],
    ]);
    assert.equal((await cli.json(["promotions:pause", id])).paused, true);
    assert.equal((await cli.json(["promotions:resume", id])).paused, false);
    assert.equal((await cli.json(["promotions:advance", id, "--wave", "2"])).phase, "SUCCEEDED");
    const late = await cli.run(["promotions:pause", id]);
    assert.deepEqual([late.code, late.stderr.includes("No target of the promotion waits")], [1, true], late.stderr);
  });

  it("requires approvals, and approves, rejects and withdraws", async () => {
    const pipeline = await seed.pipeline();
    const stg = await seed.coupled(pipeline, "STAGING");
    const prod = await seed.coupled(pipeline, "PRODUCTION");
    await seed.release(stg);
    const rule = await cli.json([
      ...["approvals:rules:create", pipeline.name, "managers", "-s", "production", "--required", "2"],
      ...["--approver", "1*group:managers", "--approver", "role:admin", "-a", prod.name],
    ]);
    assert.deepEqual(await columns("approvals:rules", pipeline.name), [
      [rule.id, "managers", "production", "2", "1 of group managers or role admin", prod.name, "3d"],
    ]);
    const updated = await cli.json(["approvals:rules:update", rule.id, "--comment-required", "--valid-for", "24h"]);
    assert.deepEqual([updated.commentRequired, updated.validFor], [true, "1d"]);
    const wrong = await cli.run(["approvals:rules:update", rule.id, "--approver", "ada"]);
    assert.deepEqual([wrong.code, wrong.stderr.startsWith("--approver must be role:operator")], [2, true]);

    const promotion = await cli.json(["promote", "-a", stg.name, "--when-ready"]);
    const created = await cli.json([
      ...["tokens:create", unique("ada"), "--role", "operator", "--person", "ada", "--groups", "managers"],
    ]);
    const asAda = { env: { RAILYARD_TOKEN: created.secret } };
    const list = await cli.run(["approvals"], asAda);
    assert.equal(list.stdout.split("\t")[0], promotion.id);
    assert.match(list.stdout, /managers: 0 of 2, from 1 of group managers/);
    const silent = await cli.run(["approve", promotion.id], asAda);
    assert.deepEqual([silent.code, silent.stderr.startsWith("--comment is required")], [1, true], silent.stderr);
    const approved = await cli.run(["approve", promotion.id, "--comment", "tested"], asAda);
    assert.deepEqual(
      [approved.code, approved.stdout.includes("The promotion is waiting.")],
      [0, true],
      approved.stdout,
    );
    assert.equal((await cli.run(["approvals"], asAda)).stdout, "");
    const query = "query ($id: ID!) { promotion(id: $id) { approvals { id } } }";
    const { approvals } = (await server.admin.ask(query, { id: promotion.id })).promotion;
    const withdrawn = await cli.run(["approvals:withdraw", approvals[0].id], asAda);
    assert.equal(withdrawn.stdout, "Withdrew the approval under managers.\n");
    const rejected = await cli.run(["reject", promotion.id, "--comment", "not ready"], asAda);
    assert.deepEqual(
      [rejected.code, rejected.stdout.includes("The promotion is rejected.")],
      [0, true],
      rejected.stdout,
    );
    assert.deepEqual(await columns("approvals:rules:delete", rule.id, "--yes"), [
      [`Deleted approval rule ${rule.id}.`],
    ]);
  });

  it("sets, shows, compares and unsets config vars, and rotates their keys", async () => {
    const pipeline = await seed.pipeline();
    const [dev, stg] = [await seed.coupled(pipeline, "DEVELOPMENT"), await seed.coupled(pipeline, "STAGING")];
    assert.deepEqual(await columns("config:set", "LEVEL=info", "--plain", "-a", dev.name), [
      [`⬢ ${dev.name} config is at version 1`],
    ]);
    const secret = await cli.run(["config:set", "URL", "-a", dev.name], { input: "postgres://secret\n" });
    assert.equal(secret.stdout, `⬢ ${dev.name} config is at version 2\n`);
    const kinds = (await columns("config", dev.name)).map(([key, value, , kind]) => [key, value, kind]);
    assert.deepEqual(kinds, [
      ["LEVEL", "info", "public"],
      ["URL", "", "secret"],
    ]);
    assert.deepEqual(await columns("config:get", "URL", "-a", dev.name), [["postgres://secret"]]);
    assert.deepEqual(await columns("config:diff", dev.name, stg.name), [
      ["LEVEL", `only in ${dev.name}`],
      ["URL", `only in ${dev.name}`],
    ]);
    assert.deepEqual(await columns("config:unset", "URL", "-a", dev.name), [[`⬢ ${dev.name} config is at version 3`]]);
    assert.deepEqual(await cli.json(["config:rotate", "--dry-run"]), { key: "k1", rotated: 0, missing: [] });
  });

  it("creates, lists and revokes tokens", async () => {
    const name = unique("token");
    const { token, secret } = await cli.json(["tokens:create", name, "--role", "reporter", "--expires", "2099-01-01"]);
    assert.deepEqual([token.role, token.expiresAt], ["REPORTER", "2099-01-01T00:00:00.000Z"]);
    const signedIn = await cli.run(["whoami"], { env: { RAILYARD_TOKEN: secret } });
    assert.equal(signedIn.stdout.split("\n")[0], `name\t${name}`);
    const rows = await columns("tokens");
    const row = rows.find(([id]) => id === token.id);
    assert.deepEqual([row?.slice(1, 3), row?.at(-1)], [[name, "reporter"], "all"]);
    assert.deepEqual(await columns("tokens:revoke", token.id, "--yes"), [[`Revoked token ${name}.`]]);
    assert.equal((await cli.run(["whoami"], { env: { RAILYARD_TOKEN: secret } })).code, 5);
  });

  it("restricts a token to pipelines, and lists them", async () => {
    const pipelines = [await seed.pipeline(), await seed.pipeline()].map((pipeline) => pipeline.name).sort();
    const create = ["tokens:create", unique("token"), "--role", "viewer", "--pipelines", pipelines.join(",")];
    const { token, secret } = await cli.json(create);
    const row = (await columns("tokens")).find(([id]) => id === token.id);
    assert.deepEqual(row?.at(-1)?.split(", ").sort(), pipelines);
    const signedIn = (await cli.run(["whoami"], { env: { RAILYARD_TOKEN: secret } })).stdout.split("\n");
    assert.match(signedIn[2] ?? "", /^pipelines\tpipeline-\w+, pipeline-\w+$/);
    const listed = await cli.run(["pipelines", "--json"], { env: { RAILYARD_TOKEN: secret } });
    assert.deepEqual(
      JSON.parse(listed.stdout).map((one: { name: string }) => one.name),
      pipelines,
    );
  });

  it("stops without an error when the reader closes the pipe", async () => {
    const running = cli.start(["tokens"]);
    running.closeOutput();
    assert.deepEqual([(await running.ended).code, running.stderr], [0, ""]);
  });

  it("has a test for every command name", () => {
    const elsewhere = [
      "serve",
      "login",
      "watch",
      "import",
      "completion",
      "apps:update",
      "builds:update",
      "builds:status",
      "deployments:report",
      "pipelines:move",
      "pipelines:auto-deploy",
      "review-apps",
      "review-apps:open",
      "review-apps:close",
      "logout",
      "open",
      "github:deliveries",
      ...["freeze", "freezes", "freeze:extend", "freeze:exempt", "unfreeze"],
      ...["windows", "windows:create", "windows:update", "windows:preview", "windows:delete"],
      "webhooks",
      ...["create", "info", "update", "delete", "pause", "resume", "rotate", "rewind"].map(
        (name) => `webhooks:${name}`,
      ),
      ...["deliveries", "redeliver", "test", "listen"].map((name) => `webhooks:${name}`),
    ];
    const names = createProgram("0").commands.map((command) => command.name());
    assert.deepEqual(
      names.filter((name) => !cli.invokedCommands.has(name) && !elsewhere.includes(name)),
      [],
    );
  });
});
