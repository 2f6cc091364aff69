import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import fc from "fast-check";
import { relativeTime, singleLine } from "../../src/cli/output/format.js";
import { fitTable, grid } from "../../src/cli/output/grid.js";
import { CommandLine, hasTerminal, nonEmptyLines, stripEscapes } from "../support/clients/cli.js";
import { Seed, unique } from "../support/data/seed.js";
import { suiteCleanup } from "../support/service/cleanup.js";
import { ADMIN_SECRET, startServer } from "../support/service/server.js";

const getWidth = (line: string) => [...line].length;

describe("on a terminal", { skip: !hasTerminal }, () => {
  const cleanup = suiteCleanup();
  let cli: CommandLine;
  let seed: Seed;

  before(async () => {
    const server = await startServer(cleanup);
    cli = new CommandLine(cleanup, { RAILYARD_URL: server.url, RAILYARD_TOKEN: ADMIN_SECRET });
    seed = new Seed(server.admin);
  });

  it("lists are aligned under colored headers and fit the width", async () => {
    const long = `a${"b".repeat(50)}`;
    await cli.json(["apps:create", long, "--region", "eu"]);
    await cli.json(["apps:create", "short", "--region", "eu"]);
    for (const columns of [50, 80, 160]) {
      const { code, stdout } = await cli.onTerminal(["apps", "--region", "eu"], columns);
      assert.equal(code, 0);
      assert.notEqual(stripEscapes(stdout), stdout, "the output has colors");
      const lines = nonEmptyLines(stripEscapes(stdout));
      assert.match(lines[0] ?? "", /^App +.*Pipeline +Stage/);
      assert.ok(Math.max(...lines.map(getWidth)) <= columns, lines.join("\n"));
    }
    const wide = nonEmptyLines(stripEscapes((await cli.onTerminal(["apps", "--region", "eu"], 160)).stdout));
    const at = wide[0]?.indexOf("Region");
    assert.deepEqual(
      wide.slice(1).map((line) => line.indexOf("eu")),
      [at, at],
    );
  });

  it("NO_COLOR disables colors", async () => {
    const { stdout } = await cli.onTerminal(["tokens"], 100, { env: { NO_COLOR: "1" } });
    assert.equal(stripEscapes(stdout), stdout);
    assert.match(stdout, /^Name +Role/);
  });

  it("shows ids in tables only with --ids and never shortens them; shows relative times", async () => {
    const build = await seed.build();
    const { stdout } = await cli.onTerminal(["builds", "--ids", "--repository", build.repository], 80);
    const [, row = ""] = nonEmptyLines(stripEscapes(stdout));
    assert.ok(row.startsWith(build.id), row);
    assert.match(row, /just now$/);
    const without = await cli.onTerminal(["builds", "--repository", build.repository], 80);
    assert.ok(!without.stdout.includes(build.id), without.stdout);
  });

  it("a pipeline is shown as a board with the version, commit and checks of each app", async () => {
    const pipeline = await seed.pipeline({ name: unique("p") });
    const dev = await seed.coupled(pipeline, "DEVELOPMENT");
    const qa = await seed.coupled(pipeline, "STAGING", { requiredChecks: ["ci/build"] });
    const build = await seed.build();
    await seed.release(dev, build);
    for (const [context, state] of [
      ["ci/build", "success"],
      ["qa/smoke", "failure"],
      ["sec/scan", "pending"],
    ]) {
      await cli.json(["releases:status", "current", "-a", dev.name, "-c", context ?? "", "-s", state ?? ""]);
    }
    const { stdout } = await cli.onTerminal(["pipelines:info", pipeline.name], 120);
    const [, title = "", ...rows] = nonEmptyLines(stripEscapes(stdout));
    assert.deepEqual(title.split(/ {2,}/), ["review →", "development →", "staging →", "production"]);
    const [devAt, qaAt] = [title.indexOf("development"), title.indexOf("staging")];
    const column = (at: number, end: number) => rows.slice(0, 5).map((row) => row.slice(at, end).trim());
    const marks = ["✓ ci/build", "✗ qa/smoke", "• sec/scan"];
    const runs = `v1 ${build.commit.sha.slice(0, 7)} succeeded`;
    assert.deepEqual(column(devAt, qaAt), [`⬢ ${dev.name}`, runs, ...marks]);
    const staging = column(qaAt, title.indexOf("production"));
    assert.deepEqual(staging.slice(0, 3), [`⬢ ${qa.name}`, "no release", "needs ci/build"]);
    const narrow = nonEmptyLines(stripEscapes((await cli.onTerminal(["pipelines:info", pipeline.name], 60)).stdout));
    assert.ok(narrow.includes("development →") && narrow.includes("production"), "stages one under the other");
  });

  it("a spinner is replaced by the final line", async () => {
    const pipeline = await seed.pipeline();
    const dev = await seed.coupled(pipeline, "DEVELOPMENT");
    await seed.coupled(pipeline, "STAGING");
    await seed.release(dev);
    const { stdout } = await cli.onTerminal(["promote", "-a", dev.name]);
    const announced = `Promoting app ⬢ ${dev.name} ...`;
    const text = stripEscapes(stdout);
    assert.match(text, new RegExp(`^. ${announced}`), "a spinner stands before it");
    const erased = stdout.lastIndexOf("\u001b[0K");
    assert.ok(erased > 0 && stripEscapes(stdout.slice(erased)).startsWith(`${announced} ✓\n`), JSON.stringify(stdout));
  });

  it("apps, apps:info and the board show a newer release that failed or is deploying", async () => {
    const region = unique("region");
    const pipeline = await seed.pipeline();
    const app = await seed.app({ deploymentMode: "REPORTED", region });
    await cli.json(["pipelines:add", pipeline.name, "-a", app.name, "-s", "staging"]);
    const report = async (version: string, ...args: string[]) =>
      cli.json(["deployments:report", version, "-a", app.name, ...args]);
    const screens = async () => {
      const shown: string[] = [];
      for (const args of [
        ["apps", "--region", region],
        ["apps:info", app.name],
        ["pipelines:info", pipeline.name],
      ]) {
        shown.push(stripEscapes((await cli.onTerminal(args, 120)).stdout));
      }
      return shown;
    };
    const first = await seed.build();
    await seed.release(app, first);
    await report("v1", "-s", "succeeded");
    for (const shown of await screens()) assert.match(shown, /v1/);
    await seed.release(app);
    await report("v2", "-s", "deploying");
    for (const shown of await screens()) {
      assert.match(shown, /v1/, "the current release");
      assert.match(shown, /v2[^\n]* deploying/);
    }
    await report("v2", "-s", "failed", "--reason", "No image.");
    for (const shown of await screens()) assert.match(shown, /v2[^\n]* failed/);
    assert.match((await screens())[1] ?? "", /v2 \(.*\) failed: No image\./);
    const piped = (await cli.run(["apps", "--region", region])).stdout.trimEnd().split("\t");
    assert.deepEqual([piped[4], piped.at(-2), piped.at(-1)], ["v1", "v2", "failed"]);
  });

  it("keeps names and regions of 15 apps apart at 80 columns", async () => {
    const region = "eu-central-frankfurt";
    const pipeline = await seed.pipeline();
    const names = Array.from({ length: 15 }, (_, index) => `shop-production-frontend-${unique("x")}-${index + 10}`);
    for (const name of names) {
      await cli.json(["apps:create", name, "--region", region]);
      await cli.json(["pipelines:add", pipeline.name, "-a", name, "-s", "production"]);
    }
    const { stdout } = await cli.onTerminal(["apps", "--region", region], 80);
    const [title = "", ...rows] = nonEmptyLines(stripEscapes(stdout));
    assert.match(title, /^App +Region +Pipeline +Stage +Release/);
    assert.ok(rows.every((row) => getWidth(row) <= 80));
    const apps = rows.map((row) => row.slice(0, title.indexOf("Region")).trim());
    assert.equal(new Set(apps).size, 15, rows.join("\n"));
    assert.ok(apps.every((app, index) => app.endsWith(`-${index + 10}`) || /-\d\d$/.test(app)));
  });

  it("an empty list says how to begin", async () => {
    const app = await seed.app();
    const { stdout } = await cli.onTerminal(["releases", "-a", app.name]);
    assert.match(stdout, /has no releases\. Promote to it, or create one with `railyard releases:create`\./);
    assert.match((await cli.onTerminal(["promotions", "-a", app.name])).stdout, /No promotions found\./);
  });
});

describe("a table", () => {
  it("fits the terminal as long as columns can be dropped or truncated", () => {
    const column = fc.record({
      cells: fc.array(fc.stringMatching(/^[a-z ]{0,40}$/), { minLength: 2, maxLength: 2 }),
      narrow: fc.constantFrom("whole" as const, "left out" as const, undefined),
    });
    fc.assert(
      fc.property(
        fc.array(column, { minLength: 1, maxLength: 8 }),
        fc.integer({ min: 20, max: 200 }),
        (columns, width) => {
          const { kept, widths } = fitTable(columns, width);
          const total = widths.reduce((sum, one) => sum + one, 2 * (widths.length - 1));
          const stuck = kept.every(({ narrow }, index) => narrow === "whole" || (widths[index] ?? 0) <= 6);
          assert.ok(total <= width || (stuck && kept.every(({ narrow }) => narrow !== "left out")));
          const lines = grid(
            [0, 1].map((row) => kept.map(({ cells }) => cells[row] ?? "")),
            widths,
          ).split("\n");
          assert.ok(lines.every((line) => getWidth(line) <= total));
        },
      ),
    );
  });

  it("shortens cells in the middle and keeps their colours", () => {
    assert.equal(grid([["shop-production-eu"]], [9]), "shop…n-eu");
    assert.equal(grid([["\u001b[36mshop-production-eu\u001b[39m"]], [9]), "\u001b[36mshop…n-eu\u001b[39m");
  });

  it("cuts what does not fit, and says so with …", () => {
    const { widths } = fitTable([{ cells: ["aaaaaaaaaaaaaaaa"] }, { cells: ["keep-this-id"], narrow: "whole" }], 24);
    assert.equal(grid([["aaaaaaaaaaaaaaaa", "keep-this-id"]], widths), "aaaaa…aaaa  keep-this-id");
  });
});

describe("displayed text", () => {
  it("shows times relative to now, in the past and the future", () => {
    const now = Date.parse("2026-03-01T12:00:00Z");
    const format = (instant: string) => relativeTime(instant, now);
    assert.deepEqual(
      ["2026-03-01T11:59:30Z", "2026-03-01T11:59:00Z", "2026-03-01T09:30:00Z", "2026-02-20T12:00:00Z"].map(format),
      ["just now", "1 minute ago", "2 hours ago", "9 days ago"],
    );
    assert.deepEqual(["2024-02-01T00:00:00Z", "2026-03-03T13:00:00Z"].map(format), ["2 years ago", "in 2 days"]);
  });

  it("escapes control characters of user input", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        assert.doesNotMatch(singleLine(text), /[\p{Cc}\u2028\u2029]/u);
      }),
    );
  });
});
