import assert from "node:assert/strict";
import { chmodSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { before, describe, it } from "node:test";
import { eventually } from "../../src/async/eventually.js";
import { CommandLine, hasTerminal, nonEmptyLines } from "../support/clients/cli.js";
import { configKeys } from "../support/data/config-keys.js";
import { Seed, unique } from "../support/data/seed.js";
import { suiteCleanup } from "../support/service/cleanup.js";
import { ADMIN_SECRET, startServer, type TestServer } from "../support/service/server.js";

describe("commands that update", () => {
  const cleanup = suiteCleanup();
  let server: TestServer;
  let cli: CommandLine;
  let seed: Seed;

  before(async () => {
    server = await startServer(cleanup);
    cli = new CommandLine(cleanup, { RAILYARD_URL: server.url, RAILYARD_TOKEN: ADMIN_SECRET });
    seed = new Seed(server.admin);
  });

  it("apps:update sets and removes a region, and changes the deployment mode", async () => {
    const { name } = await seed.app();
    const update = (...args: string[]) => cli.json(["apps:update", name, ...args]);
    const moved = await update("--region", "eu", "--reported", "-d", "Shop");
    assert.deepEqual([moved.region, moved.deploymentMode, moved.description], ["eu", "REPORTED", "Shop"]);
    const reset = await update("--no-region", "--no-reported");
    assert.deepEqual([reset.region, reset.deploymentMode, reset.description], [null, "IMMEDIATE", "Shop"]);
    assert.equal((await update("--deploy-timeout", "15m")).deployTimeout, "15m");
    assert.match((await cli.run(["apps:info", name])).stdout, /^deploy_timeout\t15m$/m);
    assert.equal((await update("--no-deploy-timeout")).deployTimeout, null);
    const wrong = await cli.run(["apps:update", name, "--deploy-timeout", "soon"]);
    assert.deepEqual([wrong.code, wrong.stderr.startsWith("--deploy-timeout must be a duration")], [1, true]);
    const nothing = await cli.run(["apps:update", name]);
    assert.deepEqual([nothing.code, nothing.stderr.split(":")[0]], [2, "Specify what to update"]);
  });

  it("pipelines:update NAME sets repository, branch, review apps and the name", async () => {
    const { name } = await seed.pipeline();
    const updated = await cli.json(["pipelines:update", name, "-r", "acme/shop", "-b", "trunk", "--review-apps"]);
    assert.deepEqual(
      [updated.repository, updated.branch, updated.reviewAppsEnabled],
      ["github.com/acme/shop", "trunk", true],
    );
    const renamed = unique("renamed");
    const reset = await cli.json(["pipelines:update", name, "--no-review-apps", "--no-repository", "--name", renamed]);
    assert.deepEqual(
      [reset.name, reset.repository, reset.branch, reset.reviewAppsEnabled],
      [renamed, null, "trunk", false],
    );
    const mixed = await cli.run(["pipelines:update", renamed, "-b", "main", "-c", "ci"]);
    assert.deepEqual([mixed.code, nonEmptyLines(mixed.stderr).length], [2, 1]);
  });

  it("a monorepo: pipelines and builds have a component, and CI's run number orders the builds", async () => {
    const repository = `acme/${unique("mono")}`;
    const create = (component: string) => {
      const args = ["pipelines:create", unique(component), "--repository", repository, "--component", component];
      return cli.json(args);
    };
    const [api, web] = [await create("api"), await create("web")];
    assert.deepEqual([api.component, web.component], ["api", "web"]);
    const [apiApp, webApp] = [await seed.coupled(api, "DEVELOPMENT"), await seed.coupled(web, "DEVELOPMENT")];
    const build = async (component: string, sequence: string, sha: string) => {
      const identity = ["--repository", repository, "--component", component, "--sequence", sequence, "--sha", sha];
      return cli.json(["builds:create", ...identity, "--branch", "main", "--artifact", `registry.test/${sha}`]);
    };
    const newer = await build("api", "12", "aaaaaaa");
    assert.deepEqual([newer.component, newer.sequence], ["api", 12]);
    const older = await build("api", "7", "bbbbbbb");
    const current = async (name: string) => (await cli.json(["apps:info", name])).currentRelease?.build.id;
    assert.equal(await current(apiApp.name), newer.id, "a run with a lower number does not replace it");
    assert.equal(await current(webApp.name), undefined, "a build of another component");
    const listed = await cli.run(["builds", "--repository", repository]);
    const columns = listed.stdout
      .trimEnd()
      .split("\n")
      .map((line) => line.split("\t"));
    assert.deepEqual(
      columns.map((row) => [row[0], ...row.slice(-2)]).sort(),
      [
        [newer.id, "api", "12"],
        [older.id, "api", "7"],
      ].sort(),
    );

    const whole = await cli.json(["pipelines:update", web.name, "--no-component"]);
    assert.equal(whole.component, null);
    assert.equal((await cli.json(["pipelines:update", web.name, "--component", "site"])).component, "site");
    const wrong = await cli.run(["builds:create", "--repository", repository, "--sha", "aaaaaaa", "--sequence", "-1"]);
    assert.deepEqual([wrong.code, /Must be an integer from 0 to/.test(wrong.stderr)], [2, true]);
    const long = await cli.run(["pipelines:update", web.name, "--component", "x".repeat(300)]);
    assert.deepEqual([long.code, /^--component must be /.test(long.stderr)], [1, true], long.stderr);
  });

  it("pipelines:move and pipelines:auto-deploy change a coupling", async () => {
    const app = await seed.coupled(await seed.pipeline(), "DEVELOPMENT");
    const off = await cli.run(["pipelines:auto-deploy", "off", "-a", app.name]);
    assert.deepEqual([off.code, off.stdout], [0, `Automatic deployment of ⬢ ${app.name} is off.\n`]);
    assert.equal((await cli.json(["pipelines:auto-deploy", "on", "-a", app.name])).autoDeploy, true);
    assert.match((await cli.run(["pipelines:auto-deploy", "maybe", "-a", app.name])).stderr, /choices are on, off/);
    assert.equal((await cli.json(["pipelines:move", "-a", app.name, "-s", "staging"])).stage, "STAGING");
  });

  it("builds:create --phase pending, builds:update and builds:status report the progress of a build", async () => {
    const create = ["builds:create", "--repository", `acme/${unique("repo")}`, "--sha", "4f3c2a1d0e"];
    assert.equal((await cli.run(create)).code, 2, "a succeeded build needs an artifact");
    const pending = await cli.json([...create, "--phase", "pending"]);
    assert.equal(pending.phase, "PENDING");
    const update = ["builds:update", pending.id, "--phase", "succeeded", "--artifact", "registry.test/shop:1"];
    assert.equal((await cli.json(update)).artifact, "registry.test/shop:1");
    const status = await cli.run(["builds:status", pending.id, "-c", "ci/test", "-s", "success"]);
    assert.deepEqual([status.code, status.stdout], [0, `build ${pending.id}: ✓ ci/test success\n`]);
    const app = await seed.app();
    const release = await cli.json(["releases:create", "-a", app.name, "--build", pending.id]);
    const { statuses } = await cli.json(["releases:info", release.id]);
    assert.deepEqual(
      statuses.map(({ context }: { context: string }) => context),
      ["ci/test"],
      "the status applies to the release of the build",
    );
  });

  it("deployments:report finishes a deployment, with the reason of a failure", async () => {
    const app = await seed.app({ deploymentMode: "REPORTED" });
    await seed.release(app);
    const report = (...args: string[]) => cli.json(["deployments:report", "v1", "-a", app.name, ...args]);
    assert.equal((await report("-s", "deploying")).phase, "DEPLOYING");
    const failed = await report("-s", "failed", "--reason", "The image does not start.");
    assert.deepEqual([failed.phase, failed.failureReason], ["FAILED", "The image does not start."]);
    const unknown = await cli.run(["deployments:report", "v1", "-a", app.name, "-s", "queued"]);
    assert.equal(unknown.code, 2);
  });

  it("review-apps lists, opens and closes the review apps of a pipeline", async () => {
    const pipeline = await seed.pipeline({ repository: `acme/${unique("repo")}`, reviewAppsEnabled: true });
    const open = ["review-apps:open", pipeline.name, "42", "--branch", "feature/checkout", "--title", "Checkout"];
    const opened = await cli.json(open);
    assert.deepEqual([opened.pullRequest.number, opened.pipeline.name], [42, pipeline.name]);
    const listed = await cli.run(["review-apps", pipeline.name]);
    const columns = listed.stdout.trimEnd().split("\t");
    assert.deepEqual(columns.slice(0, 4), ["42", opened.app.name, "feature/checkout", "Checkout"]);
    assert.equal((await cli.run(["review-apps:open", pipeline.name, "0", "--branch", "x"])).code, 2);
    assert.equal((await cli.run(["review-apps:close", pipeline.name, "42"])).code, 2, "needs --yes in a pipe");
    const closed = await cli.json(["review-apps:close", pipeline.name, "42", "--yes"]);
    assert.equal(closed.closedAppId, opened.app.id);
    assert.deepEqual(await cli.json(["review-apps", pipeline.name]), []);
  });

  it("returns the first result for a repeated --idempotency-key", async () => {
    const app = await seed.app();
    const build = await seed.build();
    const create = ["releases:create", "-a", app.name, "--build", build.id, "--idempotency-key", unique("key")];
    const first = await cli.json(create);
    assert.equal((await cli.json(create)).id, first.id);
    assert.equal((await cli.json(["releases", "-a", app.name])).length, 1);
  });
});

describe("destructive commands", () => {
  const cleanup = suiteCleanup();
  let cli: CommandLine;
  let seed: Seed;

  before(async () => {
    const server = await startServer(cleanup);
    cli = new CommandLine(cleanup, { RAILYARD_URL: server.url, RAILYARD_TOKEN: ADMIN_SECRET });
    seed = new Seed(server.admin);
  });

  it("require --yes in a pipe and change nothing without it", async () => {
    const pipeline = await seed.pipeline();
    const app = await seed.coupled(pipeline, "STAGING", { requiredChecks: ["ci/build"] });
    const free = await seed.app();
    const { token } = await cli.json(["tokens:create", unique("token"), "--role", "viewer"]);
    for (const args of [
      ["apps:destroy", free.name],
      ["pipelines:destroy", pipeline.name],
      ["pipelines:remove", "-a", app.name],
      ["pipelines:update", "-a", app.name],
      ["tokens:revoke", token.id],
    ]) {
      const { code, stdout, stderr } = await cli.run(args, { input: "y\n" });
      assert.deepEqual([code, stdout, nonEmptyLines(stderr).length], [2, "", 1], args.join(" "));
      assert.match(stderr, /Confirm with --yes; there is no terminal to ask on\.$/m);
    }
    assert.deepEqual((await cli.json(["apps:info", app.name])).coupling.requiredChecks, ["ci/build"]);
    await cli.json(["apps:info", free.name]);
    const tokens = await cli.json<{ id: string; revokedAt: string | null }[]>(["tokens"]);
    assert.equal(tokens.find(({ id }) => id === token.id)?.revokedAt, null);
  });

  it("ask on a terminal, and change nothing unless the answer is yes", { skip: !hasTerminal }, async () => {
    const app = await seed.coupled(await seed.pipeline(), "STAGING", { requiredChecks: ["ci/build"] });
    const answer = async (typed: string) => {
      const running = cli.startOnTerminal(["pipelines:update", "-a", app.name]);
      await running.until(({ stdout }) => stdout.includes("[y/N]"));
      running.type(typed);
      return running.ended;
    };
    const checks = async () => (await cli.json(["apps:info", app.name])).coupling.requiredChecks;
    for (const typed of ["\r", "n\r", "\u0003"]) {
      const declined = await answer(typed);
      assert.equal(declined.code, 1, JSON.stringify(typed));
      assert.match(declined.stdout, /Cancelled; nothing was changed\./);
    }
    assert.deepEqual(await checks(), ["ci/build"]);
    assert.equal((await answer("y\r")).code, 0);
    assert.deepEqual(await checks(), []);
  });
});

describe("windows and freezes", () => {
  const cleanup = suiteCleanup();
  let cli: CommandLine;
  let seed: Seed;

  before(async () => {
    const server = await startServer(cleanup);
    cli = new CommandLine(cleanup, { RAILYARD_URL: server.url, RAILYARD_TOKEN: ADMIN_SECRET });
    seed = new Seed(server.admin);
  });

  const promotable = async () => {
    const pipeline = await seed.pipeline();
    const dev = await seed.coupled(pipeline, "DEVELOPMENT");
    const staging = await seed.coupled(pipeline, "STAGING");
    const build = await seed.build();
    await seed.release(dev, build);
    return { pipeline, dev, staging, build };
  };
  const fields = async (...args: string[]) => {
    const { code, stdout, stderr } = await cli.run(args);
    assert.deepEqual([code, stderr], [0, ""], args.join(" "));
    return new Map(nonEmptyLines(stdout).map((line) => line.split("\t") as [string, string]));
  };

  it("freeze stops a promotion, which exits with 3, until an exemption or unfreeze", async () => {
    const { pipeline, dev, staging, build } = await promotable();
    const freeze = await cli.json([
      ...["freeze", pipeline.name, "-s", "staging", "--for", "2h", "--hard", "--reason", "incident 7"],
    ]);
    assert.deepEqual(
      [freeze.scope.pipelines[0].name, freeze.scope.stages, freeze.hard, freeze.active],
      [pipeline.name, ["STAGING"], true, true],
    );
    const length = Date.parse(freeze.endsAt) - Date.parse(freeze.startsAt);
    assert.ok(Math.abs(length - 2 * 3_600_000) < 60_000, `${length}`);
    for (const args of [
      ["promote", "-a", dev.name],
      ["promote", "-a", dev.name, "--dry-run"],
    ]) {
      const { code, stdout, stderr } = await cli.run(args);
      assert.equal(code, 3);
      assert.match(
        `${stdout}${stderr}`,
        new RegExp(`✗ ${staging.name} is frozen until .*: incident 7\\n +railyard freezes`),
      );
      assert.doesNotMatch(`${stdout}${stderr}`, /An administrator can override/);
    }
    const row = nonEmptyLines((await cli.run(["freezes"])).stdout).map((line) => line.split("\t"));
    assert.deepEqual(
      row.map((columns) => [columns[0], columns[1], columns[2], columns[5], columns[7]]),
      [[freeze.id, "yes", `${pipeline.name} · staging`, "yes", "incident 7"]],
    );
    const extended = await fields("freeze:extend", freeze.id, "--until-lifted");
    assert.deepEqual([extended.get("ends_at"), extended.get("where")], ["until lifted", `${pipeline.name} · staging`]);
    const exempted = await fields(
      "freeze:exempt",
      freeze.id,
      "--build",
      build.id,
      "--for",
      "1h",
      "--reason",
      "the fix",
    );
    assert.match(exempted.get("lets_through") ?? "", new RegExp(`^build ${build.id} until .*: the fix$`));
    assert.equal((await cli.run(["promote", "-a", dev.name])).code, 0);
    const lifted = await cli.run(["unfreeze", freeze.id, "--reason", "fixed"]);
    assert.deepEqual([lifted.code, lifted.stdout], [0, "Lifted the freeze: incident 7.\n"]);
    assert.deepEqual(await cli.json(["freezes"]), []);
    const [ended] = await cli.json(["freezes", "--all"]);
    assert.deepEqual([ended.id, ended.active, ended.liftReason], [freeze.id, false, "fixed"]);
  });

  it("freeze and freeze:exempt say what is wrong with their options", async () => {
    const wrong = async (...args: string[]) => {
      const { code, stderr } = await cli.run(args);
      return `${code} ${stderr}`;
    };
    const id = "019ab3c4-5d6e-7f80-9123-456789abcdef";
    assert.match(await wrong("freeze"), /^2 .*--reason/);
    assert.match(await wrong("freeze", "--reason", "x", "--for", "soon"), /^2 --for must be a length of time/);
    assert.match(await wrong("freeze", "--reason", "x", "--until", "soon"), /^2 --until must be a time/);
    assert.match(await wrong("freeze", "--reason", "x", "--for", "1h", "--until-lifted"), /^2 Use one of/);
    assert.match(await wrong("freeze", "--reason", "x", "-s", "test"), /^2 --stages must be of review, /);
    assert.match(await wrong("freeze:extend", id), /^2 Say when it ends/);
    assert.match(await wrong("freeze:exempt", id, "--reason", "x", "--for", "1h"), /^2 Name either --build or -a APP/);
    assert.match(await wrong("freeze:exempt", id, "--reason", "x", "-a", "shop"), /^2 Say until when/);
    assert.match(await wrong("unfreeze", id, "--reason", "x"), /^1 .*freeze/);
  });

  it("windows are created, listed, previewed, changed and deleted", async () => {
    const { pipeline, dev } = await promotable();
    const name = unique("always");
    const times = ["--start", "00:00", "--end", "00:00", "-z", "Europe/Berlin"];
    const made = await cli.json([
      ...[
        "windows:create",
        name,
        "-k",
        "deny",
        ...times,
        "-p",
        pipeline.name,
        "-m",
        "Not now",
        "--end-date",
        "2099-12-31",
      ],
    ]);
    assert.deepEqual(
      [made.kind, made.timeZone, made.active, made.message, made.endDate],
      ["DENY", "Europe/Berlin", true, "Not now", "2099-12-31"],
    );
    const blocked = await cli.run(["promote", "-a", dev.name]);
    assert.equal(blocked.code, 3);
    assert.match(blocked.stderr, /Window always-.* keeps .* closed .*: Not now\n +railyard windows/);
    const [row] = nonEmptyLines((await cli.run(["windows"])).stdout).map((line) => line.split("\t"));
    assert.deepEqual(row, [name, "deny", "yes", "", "00:00–00:00 Europe/Berlin", "every day", pipeline.name]);
    const changed = await fields(
      ...["windows:update", name, "--recurrence", "FREQ=YEARLY;BYMONTH=12;BYMONTHDAY=25", "--no-message"],
      "--no-end-date",
    );
    assert.deepEqual(
      [changed.get("days"), changed.get("message"), changed.get("where"), / to /.test(changed.get("dates") ?? "")],
      ["FREQ=YEARLY;BYMONTH=12;BYMONTHDAY=25", "", pipeline.name, false],
    );
    const shown = nonEmptyLines((await cli.run(["windows:preview", name, "--next", "3"])).stdout);
    assert.equal(shown.length, 3);
    for (const line of shown) assert.match(line, /^\d{4}-12-24T23:00:00\.000Z\t\d{4}-12-25T23:00:00\.000Z$/);
    const refused = await cli.run(["windows:update", name, "-z", "Europe/Atlantis"]);
    assert.deepEqual(
      [refused.code, refused.stderr.split(";")[0]],
      [1, "--time-zone must be the name of an IANA time zone, such as Europe/Berlin"],
    );
    assert.equal((await cli.run(["windows:delete", name])).code, 2, "it asks first");
    assert.equal((await cli.run(["windows:delete", name, "--yes"])).stdout, `Deleted the deployment window ${name}.\n`);
    assert.equal((await cli.run(["windows:preview", name])).code, 1);
  });
});

describe("promote to apps that already run the build", () => {
  it("asks on a terminal, and does not ask scripts", { skip: !hasTerminal }, async (t) => {
    const server = await startServer(t);
    const cli = new CommandLine(t, { RAILYARD_URL: server.url, RAILYARD_TOKEN: ADMIN_SECRET });
    const seed = new Seed(server.admin);
    const pipeline = await seed.pipeline();
    const dev = await seed.coupled(pipeline, "DEVELOPMENT");
    const target = await seed.coupled(pipeline, "STAGING");
    await seed.release(dev);
    const versions = async () => (await cli.json(["releases", "-a", target.name])).length;
    const promote = ["promote", "-a", dev.name];
    assert.equal((await cli.onTerminal(promote)).code, 0, "it does not run the build yet");
    for (const [typed, code, count] of [
      ["n\r", 1, 1],
      ["y\r", 0, 2],
    ] as const) {
      const running = cli.startOnTerminal(promote);
      await running.until(({ stdout }) => stdout.includes(`${target.name} already runs this build. Release it again?`));
      running.type(typed);
      assert.equal((await running.ended).code, code);
      assert.equal(await versions(), count);
    }
    assert.equal((await cli.onTerminal([...promote, "--yes"])).code, 0);
    assert.equal((await cli.run(promote)).code, 0);
    assert.equal(await versions(), 4);
    const skipped = await cli.run([...promote, "--skip-up-to-date"]);
    assert.deepEqual([skipped.code, nonEmptyLines(skipped.stderr).length], [1, 2]);
    assert.match(skipped.stderr, /^✗ Every target in STAGING of \S+ already runs this build/m);
    assert.match((await cli.run([...promote, "--dry-run"])).stdout, /already runs v4 of this build/);
    assert.equal(await versions(), 4);
  });
});

describe("commands without a request", () => {
  it("logout deletes the stored login", async (t) => {
    const server = await startServer(t);
    const cli = new CommandLine(t);
    await cli.run(["login", "--url", server.url, "--token", ADMIN_SECRET]);
    assert.ok(existsSync(cli.loginFile));
    assert.deepEqual(await cli.json(["logout"]), { file: cli.loginFile, deleted: true });
    assert.ok(!existsSync(cli.loginFile));
    assert.equal((await cli.run(["logout"])).stdout, "Not signed in; nothing was deleted.\n");
  });

  it("open prints the URL in a pipe, and starts the browser on a terminal", { skip: !hasTerminal }, async (t) => {
    const cli = new CommandLine(t, { RAILYARD_URL: "http://railyard.test/" });
    assert.equal((await cli.run(["open"])).stdout, "http://railyard.test/graphql\n");
    const opened = join(cli.home, "opened");
    const browser = join(cli.home, "browser");
    writeFileSync(browser, `#!/bin/sh\nprintf %s "$1" > '${opened}.tmp' && mv '${opened}.tmp' '${opened}'\n`);
    chmodSync(browser, 0o755);
    const { code, stdout } = await cli.onTerminal(["open"], 100, { env: { BROWSER: browser } });
    assert.deepEqual([code, stdout], [0, "Opened http://railyard.test/graphql\n"]);
    assert.ok(await eventually(() => existsSync(opened)), "the browser was started");
    assert.equal(readFileSync(opened, "utf8"), "http://railyard.test/graphql");
  });

  it("help shows the help of a command", async (t) => {
    const { code, stdout } = await new CommandLine(t).run(["help", "apps:update"]);
    assert.equal(code, 0);
    assert.match(stdout, /^Usage: railyard apps:update /);
  });
});

describe("config commands", () => {
  const cleanup = suiteCleanup();
  let server: TestServer;
  let cli: CommandLine;
  let seed: Seed;

  before(async () => {
    server = await startServer(cleanup, { env: configKeys("k1") });
    cli = new CommandLine(cleanup, { RAILYARD_URL: server.url, RAILYARD_TOKEN: ADMIN_SECRET });
    seed = new Seed(server.admin);
  });

  it("set values from arguments, from standard input and from lines, and print one", async () => {
    const { name } = await seed.app();
    const from = (input: string, ...args: string[]) => cli.run(["config:set", ...args, "-a", name], { input });
    assert.match((await from("", "LEVEL=info", "--plain")).stdout, /config is at version 1/);
    await from("postgres://secret\n", "URL");
    await from("# a comment\nA=1=1\n\nB=two words\n", "-");
    const get = async (key: string) => (await cli.run(["config:get", key, "-a", name])).stdout;
    assert.deepEqual(
      [await get("URL"), await get("A"), await get("B")],
      ["postgres://secret\n", "1=1\n", "two words\n"],
    );
    const listed = (await cli.run(["config", name])).stdout;
    assert.match(listed, /^LEVEL\tinfo\t[0-9a-f]{12}\tpublic\toptional\t$/m);
    assert.match(listed, /^URL\t\t[0-9a-f]{12}\tsecret\toptional\t$/m);
    const marked = await cli.json(["config:set", "URL", "--required", "-d", "The database", "-a", name]);
    assert.equal(marked.app.configVersion, 4);
    const revealed = await cli.json(["config", name, "--reveal"]);
    const url = revealed.config.find(({ key }: { key: string }) => key === "URL");
    assert.deepEqual([url.value, url.required, url.description], ["postgres://secret", true, "The database"]);
    await cli.json(["config:unset", "URL", "A", "-a", name, "--expected-version", "4"]);
    const stale = await cli.run(["config:unset", "B", "-a", name, "--expected-version", "4"]);
    assert.deepEqual([stale.code, /at version 5/.test(stale.stderr)], [1, true]);
    assert.match((await cli.run(["config", name])).stderr, /Required, but not set: URL\./);
    const [unknown, wrong, several] = [await from("", "-", "A"), await from("canary", "-"), await from("x", "A", "B")];
    assert.deepEqual([unknown.code, wrong.code, several.code], [2, 2, 2]);
    assert.ok(!wrong.stderr.includes("canary"));
  });

  it("have a counterpart in builds:create, which names the config vars that a build needs", async () => {
    const pipeline = await seed.pipeline();
    const [dev, stg] = [await seed.coupled(pipeline, "DEVELOPMENT"), await seed.coupled(pipeline, "STAGING")];
    const create = ["builds:create", "-r", `acme/${unique("repo")}`, "--sha", "4f3c2a1d0e", "--artifact", "x"];
    const build = await cli.json([...create, "--requires-config", "URL,TOKEN"]);
    await seed.release(dev, build);
    const refused = await cli.run(["promote", "-a", dev.name]);
    assert.equal(refused.code, 3);
    assert.match(refused.stderr, new RegExp(`${stg.name}.*lacks the config vars TOKEN, URL`));
    const wrong = await cli.run([...create, "--requires-config", "1URL"]);
    assert.match(wrong.stderr, /^--requires-config must be 1 to 128 letters, digits and underscores/);
  });

  it("need a token with --read-config to read a secret", async () => {
    const { name } = await seed.app();
    await cli.run(["config:set", "URL=secret", "-a", name]);
    const create = (...args: string[]) => cli.json(["tokens:create", "reader", "--role", "reporter", ...args]);
    const as = (token: string) => cli.run(["config:get", "URL", "-a", name, "--token", token]);
    const refused = await as((await create()).secret);
    assert.deepEqual([refused.code, refused.stdout], [1, ""]);
    assert.equal((await as((await create("--read-config")).secret)).stdout, "secret\n");
  });

  it("compare two apps, and rotate keys", async () => {
    const pipeline = await seed.pipeline();
    const [one, other] = [await seed.coupled(pipeline, "DEVELOPMENT"), await seed.coupled(pipeline, "STAGING")];
    await cli.run(["config:set", "SAME=1", "DIFFERENT=1", "HERE=1", "-a", one.name]);
    await cli.run(["config:set", "SAME=1", "DIFFERENT=2", "THERE=1", "-a", other.name]);
    const { stdout } = await cli.run(["config:diff", one.name, other.name]);
    const lines = ["DIFFERENT\tdifferent values", `HERE\tonly in ${one.name}`, `THERE\tonly in ${other.name}`];
    assert.deepEqual(nonEmptyLines(stdout), lines);
    assert.equal((await cli.run(["config:rotate"])).stdout, "Re-encrypted 0 keys with k1.\n");
    assert.deepEqual((await cli.json(["config:rotate", "--dry-run"])).missing, []);
  });
});
