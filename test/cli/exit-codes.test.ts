import assert from "node:assert/strict";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { before, describe, it } from "node:test";
import { CommandLine, nonEmptyLines } from "../support/clients/cli.js";
import { Seed, unique } from "../support/data/seed.js";
import { suiteCleanup } from "../support/service/cleanup.js";
import { ADMIN_SECRET, startServer, type TestServer } from "../support/service/server.js";

const NOWHERE = "01890000-0000-7000-8000-000000000000";

describe("a command that fails", () => {
  const cleanup = suiteCleanup();
  let server: TestServer;
  let cli: CommandLine;
  let seed: Seed;

  before(async () => {
    server = await startServer(cleanup);
    cli = new CommandLine(cleanup, { RAILYARD_URL: server.url, RAILYARD_TOKEN: ADMIN_SECRET });
    seed = new Seed(server.admin);
  });

  /** Runs a command that must exit with this code and an empty stdout. Returns the lines of stderr. */
  async function failed(code: number, args: readonly string[], env: Record<string, string> = {}): Promise<string[]> {
    const ended = await cli.run(args, { env });
    assert.deepEqual([ended.code, ended.stdout], [code, ""], `railyard ${args.join(" ")}: ${ended.stderr}`);
    assert.doesNotMatch(ended.stderr, /^ +at |undefined|\[object/m, "neither a stack nor a hole");
    return nonEmptyLines(ended.stderr);
  }

  it("exits with 1 on a refusal, with a one-line reason", async () => {
    const app = await seed.app();
    assert.deepEqual(await failed(1, ["apps:create", app.name]), [
      `There is already an app ${app.name}; choose another name.`,
    ]);
    assert.deepEqual(await failed(1, ["apps:info", "nope"]), ['There is no app "nope".']);
    assert.deepEqual(await failed(1, ["releases", "-a", "nope"]), ['There is no app "nope".']);
    assert.deepEqual(await failed(1, ["promotions:info", NOWHERE]), [`There is no promotion "${NOWHERE}".`]);
    assert.deepEqual(await failed(1, ["releases:info", "v1", "-a", app.name]), [
      `There is no release v1 of ${app.name}.`,
    ]);
    assert.match((await failed(1, ["pipelines:remove", "-a", app.name]))[0] ?? "", /no coupling or coupled app/);
    assert.match((await failed(1, ["pipelines:create", "Bad Name"]))[0] ?? "", /^name must be 1 to 63 lower-case/);
  });

  it("exits with 1 if the role is too low, and names the required role", async () => {
    const { secret } = await server.as("VIEWER");
    const [line, ...rest] = await failed(1, ["tokens"], { RAILYARD_TOKEN: secret ?? "" });
    assert.deepEqual([line, rest], ["Reading tokens requires the ADMIN role; this token has VIEWER.", []]);
  });

  it("ends with 1 where a promotion has nothing to promote, and says what is needed", async () => {
    const pipeline = await seed.pipeline();
    const dev = await seed.coupled(pipeline, "DEVELOPMENT");
    const [first, ...reasons] = await failed(1, ["promote", "-a", dev.name]);
    assert.equal(first, `The promotion of ${dev.name} is refused.`);
    assert.deepEqual(
      reasons
        .map((reason) => /^ {2}railyard (\S+) (.*)/.exec(reason)?.slice(1))
        .filter((command) => command !== undefined),
      [
        ["releases:create", `-a ${dev.name} --build BUILD`],
        ["pipelines:add", `${pipeline.name} -a APP -s staging`],
      ],
    );
    assert.equal((await cli.run(["promote", "-a", dev.name, "--dry-run"])).code, 1);
  });

  it("exits with 2 on wrong usage, with a one-line reason and without a request", async () => {
    const unreachable = { RAILYARD_URL: "http://127.0.0.1:1" };
    const wrong: [string[], RegExp][] = [
      [["apps", "--frob"], /^Unknown option '--frob'\. See `railyard apps --help`\.$/],
      [["apps", "--jsn"], /Did you mean --json\?/],
      [["releases"], /^Required option '-a, --app <app>' not specified\./],
      [["apps:create"], /^Missing required argument 'name'\./],
      [["apps:info"], /^Specify the app as an argument or with -a\.$/],
      [["apps:info", "a", "-a", "b"], /^Specify one app; got "a" and -a "b"\./],
      [["apps:info", "a", "b"], /^Too many arguments for 'apps:info'/],
      [["pipelines:add", "p", "-a", "a", "-s", "prod"], /Must be one of review, development, staging, production\./],
      [["pipelines:update", "c", "-c"], /argument missing/],
      [["pipelines:update", "c", "-c", "a,,b"], /The list contains an empty item\./],
      [["promote"], /^Specify what to promote: -a APP, or -p PIPELINE and -s STAGE\.$/],
      [["promote", "-a", "a", "--force"], /^--force requires --reason TEXT/],
      [["promote", "-a", "a", "-r", "newest"], /^The release must be an id, v3, current or previous; got "newest"/],
      [["releases:info", "v3"], /^Release v3 requires -a APP\.$/],
      [["builds", "--limit", "0"], /Must be an integer from 1 to 999999999\./],
      [["tokens:create", "x", "--role", "root"], /one of viewer, reporter, operator, admin\./],
      [["tokens:create", "x", "--role", "admin", "--expires", "soon"], /^--expires must be a date/],
      [["completion", "tcsh"], /Allowed choices are bash, zsh, fish/],
      [["whoami", "--url", "ftp://x"], /must begin with http:\/\/ or https:\/\//],
    ];
    for (const [args, message] of wrong) {
      const lines = await failed(2, args, unreachable);
      assert.equal(lines.length, 1, args.join(" "));
      assert.match(lines[0] ?? "", message);
    }
  });

  it("suggests the nearest command for an unknown name", async () => {
    for (const [typed, meant] of [
      [["apss"], "apps"],
      [["pipeline:create", "x"], "pipelines:create"],
      [["pipelines:promot"], "pipelines:promote"],
      [["rolback"], "rollback"],
      [["pipelines", "create", "x"], "pipelines:create"],
    ] as const) {
      const [line = ""] = await failed(2, typed);
      assert.match(line, new RegExp(`Did you mean ${meant}\\?`));
    }
  });

  it("exits with 3 if checks block a promotion or its plan, and lists each check", async () => {
    const pipeline = await seed.pipeline();
    const dev = await seed.coupled(pipeline, "DEVELOPMENT");
    const requiredChecks = ["ci/build", "qa/smoke", "sec/scan"];
    const prod = await seed.coupled(pipeline, "STAGING", { requiredChecks });
    await seed.release(dev);
    const report = (context: string, state: string) =>
      cli.run(["releases:status", "current", "-a", dev.name, "-c", context, "-s", state]);
    await report("qa/smoke", "pending");
    await report("sec/scan", "failure");
    const [first, ...reasons] = await failed(3, ["promote", "-a", dev.name]);
    assert.equal(first, `The promotion of ${dev.name} is refused.`);
    const { id: release } = await cli.json(["releases:info", "current", "-a", dev.name]);
    assert.deepEqual(reasons, [
      `✗ ${prod.name} requires ci/build, which was never reported.`,
      `  railyard releases:status ${release} -c ci/build -s success`,
      `✗ ${prod.name} requires qa/smoke, which is still pending. Wait until qa/smoke succeeds.`,
      `✗ ${prod.name} requires sec/scan, which reported a failure. Run sec/scan again, or use a build that passes it.`,
      "An administrator can override this:",
      `  railyard promote -a ${dev.name} --force --reason TEXT`,
    ]);
    const plan = await cli.run(["promote", "-a", dev.name, "--dry-run"]);
    assert.deepEqual([plan.code, plan.stderr], [3, ""]);
    assert.deepEqual(nonEmptyLines(plan.stdout).slice(-7), ["The promotion would be refused:", ...reasons]);
    for (const context of requiredChecks) await report(context, "success");
    assert.equal((await cli.run(["promote", "-a", dev.name, "--dry-run"])).code, 0);
    assert.equal((await cli.run(["promote", "-a", dev.name])).code, 0);
  });

  it("groups the same blocker of several apps in one line", async () => {
    const pipeline = await seed.pipeline();
    const dev = await seed.coupled(pipeline, "DEVELOPMENT");
    const requiredChecks = ["ci/build", "lint (ubuntu)", "qa/smoke"];
    const names: string[] = [];
    for (let count = 0; count < 12; count++) {
      names.push((await seed.coupled(pipeline, "STAGING", { requiredChecks })).name);
    }
    const { id } = await seed.release(dev);
    const lines = await failed(3, ["promote", "-p", pipeline.name, "-s", "development"]);
    const apps = `${names.slice(0, 5).join(", ")} and 7 more`;
    assert.deepEqual(lines.slice(1), [
      ...["ci/build", "lint (ubuntu)", "qa/smoke"].flatMap((context) => [
        `✗ 12 apps require ${context}, which was never reported: ${apps}.`,
        `  railyard releases:status ${id} -c ${context.includes(" ") ? `'${context}'` : context} -s success`,
      ]),
      "An administrator can override this:",
      `  railyard promote -p ${pipeline.name} -s development --force --reason TEXT`,
    ]);
  });

  it("suggests commands that a shell runs as printed, with any name of a check", async () => {
    const pipeline = await seed.pipeline();
    const dev = await seed.coupled(pipeline, "DEVELOPMENT");
    const requiredChecks = ["=lint", "it's $HOME `date` \\", "test (ubuntu-latest, 18)", "-f"];
    const target = await seed.coupled(pipeline, "STAGING", { requiredChecks });
    await seed.release(dev);
    const refused = await failed(3, ["promote", "-a", dev.name]);
    const suggested = refused.filter((line) => line.includes("releases:status"));
    assert.equal(suggested.length, requiredChecks.length);
    for (const line of suggested) {
      const { code, stderr } = await cli.shell("bash", line);
      assert.deepEqual([code, stderr], [0, ""], line);
    }
    const promoted = await cli.json(["promote", "-a", dev.name]);
    assert.deepEqual(
      promoted.targets.map(({ app }: { app: { name: string } }) => app.name),
      [target.name],
    );
  });

  it("ends with 3 where checks hold a release back", async () => {
    const app = await seed.coupled(await seed.pipeline(), "PRODUCTION", { requiredChecks: ["ci/build"] });
    const build = await seed.build();
    const { secret } = await server.as("OPERATOR");
    const create = ["releases:create", "-a", app.name, "--build", build.id];
    const [first, ...hints] = await failed(3, create, { RAILYARD_TOKEN: secret ?? "" });
    assert.equal(first, `The release onto ${app.name} is refused.`);
    assert.ok(hints.includes(`  railyard builds:status ${build.id} -c ci/build -s success`), hints.join("\n"));
    const override = hints.at(-1) ?? "";
    assert.equal(override, `  railyard releases:create -a ${app.name} -b ${build.id} --force --reason TEXT`);
    const words = override.trim().split(" ").slice(1, -1);
    assert.equal(
      (await failed(2, words.slice(0, -1)))[0],
      "--force requires --reason TEXT; it is stored with the release.",
    );
    const forced = await cli.run([...words, "hotfix"]);
    assert.deepEqual([forced.code, forced.stderr], [0, ""]);
    assert.match(forced.stdout, /^Forced\s+hotfix$/m);
  });

  it("exits with 5 if the service is unreachable or is not Railyard", async () => {
    const [line] = await failed(5, ["apps"], { RAILYARD_URL: "http://127.0.0.1:1" });
    assert.match(line ?? "", /^Cannot connect to Railyard at http:\/\/127\.0\.0\.1:1: /);
    const other = await new Promise<Server>((resolve) => {
      const made = createServer((_, response) => response.end("<h1>It works!</h1>")).listen(0, "127.0.0.1", () =>
        resolve(made),
      );
    });
    cleanup.after(() => other.close());
    const url = `http://127.0.0.1:${(other.address() as AddressInfo).port}`;
    assert.match(
      (await failed(5, ["apps", "--url", url]))[0] ?? "",
      /^The service at .* is not Railyard \(HTTP status 200\)\. Set its address with --url\.$/,
    );
  });

  it("exits with 5 without a token or with an invalid one", async () => {
    const [none] = await failed(5, ["apps"], { RAILYARD_TOKEN: "" });
    assert.equal(none, `Not signed in to ${server.url}. Sign in with \`railyard login --url URL --token TOKEN\`.`);
    const [wrong] = await failed(5, ["apps"], { RAILYARD_TOKEN: "wrong" });
    assert.match(wrong ?? "", /^The token is unknown, revoked or expired\. Sign in with/);
  });

  it("prints the operation and the request id with --verbose", async () => {
    const name = unique("app");
    const [, ...refused] = await failed(1, ["apps:destroy", name, "--yes", "--verbose"]);
    assert.match(refused.join("\n"), /^ {2}operation DeleteApp\n {2}code NOT_FOUND\n {2}request [0-9a-f-]{36}$/);
    const [, ...missing] = await failed(1, ["apps:info", name, "--verbose"]);
    assert.match(missing.join("\n"), /^ {2}operation App\n {2}request [0-9a-f-]{36}$/);
  });

  it("prints the blockers of a refused promotion as one JSON document on stdout with --json", async () => {
    const dev = await seed.coupled(await seed.pipeline(), "DEVELOPMENT");
    const { code, stdout, stderr } = await cli.run(["promote", "-a", dev.name, "--json"]);
    assert.deepEqual([code, nonEmptyLines(stderr).length], [1, 5]);
    const refused = JSON.parse(stdout) as { code: string; blockers: { code: string }[] };
    assert.equal(refused.code, "PROMOTION_BLOCKED");
    assert.deepEqual(
      refused.blockers.map((blocker) => blocker.code),
      ["NO_RELEASE", "NO_TARGETS"],
    );
  });

  it("names options instead of input fields", async () => {
    const pipeline = await seed.pipeline();
    const dev = await seed.coupled(pipeline, "DEVELOPMENT");
    const stg = await seed.coupled(pipeline, "STAGING");
    await seed.release(dev);
    const [target = ""] = await failed(1, ["promote", "-a", dev.name, "-t", "no-such-app"]);
    assert.doesNotMatch(target, /targets/);
    const [check = ""] = await failed(1, ["pipelines:update", "-a", dev.name, "-c", "x".repeat(300)]);
    assert.match(check, /^-c must be /);
    const create = ["builds:create", "--repository", "acme/shop", "--artifact", "x", "--sha", "not-a-sha"];
    assert.match((await failed(1, create))[0] ?? "", /^--sha must be /);
    const [autoDeploy = ""] = await failed(1, ["pipelines:auto-deploy", "on", "-a", stg.name]);
    assert.match(autoDeploy, /^Automatic deployment can be on /);
    const [reviewApps = ""] = await failed(1, ["review-apps:open", pipeline.name, "1", "--branch", "x"]);
    assert.match(reviewApps, /; pipelines:update switches them on\.$/);
    const { secret } = await server.as("VIEWER");
    const [role = ""] = await failed(1, ["apps:create", unique("app")], { RAILYARD_TOKEN: secret ?? "" });
    assert.match(role, /^apps:create requires the OPERATOR role/);
  });
});
