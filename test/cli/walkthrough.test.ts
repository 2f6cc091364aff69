import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { CommandLine, hasTerminal, nonEmptyLines, stripEscapes } from "../support/clients/cli.js";
import { ADMIN_SECRET, startServer } from "../support/service/server.js";

const ID = "[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}";

/** Lines of a session. `ID` matches any id. The output must match all lines. */
function assertTold(printed: string, expected: readonly string[]): void {
  const lines = nonEmptyLines(stripEscapes(printed)).map((line) => line.replace(/\s+/g, " ").trim());
  const pattern = expected.map((line) =>
    line
      .replace(/[.*+?^${}()|[\]\\]/g, "\\$&")
      .replaceAll("<id>", ID)
      .replaceAll("<time>", "[^)]+"),
  );
  assert.match(lines.join("\n"), new RegExp(`^${pattern.join("\\n")}$`));
}

describe("the documented walkthrough of pipelines", () => {
  it("produces the documented output on a terminal", { skip: !hasTerminal, timeout: 180_000 }, async (t) => {
    const server = await startServer(t);
    const cli = new CommandLine(t, { RAILYARD_URL: server.url, RAILYARD_TOKEN: ADMIN_SECRET });
    const runStep = async (command: string, expected: readonly string[] | null, code = 0): Promise<string> => {
      const ended = await cli.onTerminal(command.split(" "), 200);
      assert.equal(ended.code, code, `${command}\n${ended.stdout}`);
      if (expected !== null) assertTold(ended.stdout, expected);
      return stripEscapes(ended.stdout);
    };
    const idIn = (text: string, before: string) => new RegExp(`${before}(${ID})`).exec(text)?.[1] ?? "";
    const added = (app: string, stage: string, checks = "") => [
      `app id=<id>, name=${app}`,
      "id <id>",
      "created_at <time>",
      "updated_at <time>",
      `stage ${stage}`,
      "pipeline id=<id>, name=myapp",
      `required_checks ${checks}`.trim(),
      `auto_deploy ${stage === "development"}`,
    ];

    // Create a pipeline and add apps.
    await runStep("pipelines:create myapp", null);
    for (const name of ["dev", "qa", "stg"]) await runStep(`apps:create myapp-space-${name}`, null);
    await runStep("pipelines:add myapp -a myapp-space-dev -s development", added("myapp-space-dev", "development"));
    await runStep("pipelines:add myapp -a myapp-space-qa -s staging", added("myapp-space-qa", "staging"));
    await runStep("pipelines:add myapp -a myapp-space-stg -s staging", added("myapp-space-stg", "staging"));

    // Promote an app.
    const build = await runStep(
      "builds:create --repository acme/myapp --sha 1f0c2ab --artifact registry.test/myapp:1",
      null,
    );
    await runStep(`releases:create -a myapp-space-dev --build ${idIn(build, "build\\s+")}`, null);
    const promoted = await cli.onTerminal(["pipelines:promote", "-a", "myapp-space-dev"], 200);
    assert.equal(promoted.code, 0);
    // The spinner's remains on its line are erased by control characters, which `stripEscapes` removes.
    const [, result = ""] = stripEscapes(promoted.stdout).split(/(?=Promoting app ⬢ myapp-space-dev \.\.\. ✓)/);
    assertTold(result, [
      "Promoting app ⬢ myapp-space-dev ... ✓",
      "= myapp pipeline (development -> staging)",
      "Promoted: ⬢ myapp-space-dev (Release: <id>)",
      "To: ⬢ myapp-space-qa",
      "⬢ myapp-space-stg",
    ]);
    await runStep("releases -a myapp-space-qa", [
      "• v1 (<id>) - current",
      "Build: <id>",
      "Created: just now",
      "Status: succeeded",
      "Description: Promotion from myapp-space-dev",
    ]);

    // Required status checks when adding an app: the documented line, with the only pipeline.
    await runStep("apps:create myapp", null);
    const prod = await runStep(
      "pipelines:add -a myapp -c my-status-check -c my-other-check -s production",
      added("myapp", "production", "my-other-check, my-status-check"),
    );
    const coupling = idIn(prod, "\\nid\\s+");
    const refused = await runStep("pipelines:promote -a myapp-space-stg", null, 3);
    assert.match(refused, /✗ myapp requires my-other-check, which was never reported\./);
    assert.match(refused, /✗ myapp requires my-status-check, which was never reported\./);

    // View the required checks, and list the available ones.
    const info = await runStep("pipelines:info myapp", null);
    assert.match(info, new RegExp(`᱿ production\\n  Id: ${coupling}\\n  App: myapp \\(${ID}\\)\\n`));
    assert.match(info, /Status Checks: my-other-check, my-status-check\n/);
    await runStep("releases:status current -a myapp-space-stg -c my-status-check -s success", null);
    assert.match(await runStep("pipelines:checks myapp", null), /my-status-check/);
    await runStep("promote -a myapp-space-stg", null, 3);

    // Update them, and promote once they pass.
    await runStep(`pipelines:update ${coupling} -c my-status-check`, [
      "⬢ myapp requires my-status-check; no longer my-other-check.",
    ]);
    assert.match(await runStep("promote -a myapp-space-stg", null), /To: ⬢ myapp\n/);

    // Remove them.
    await runStep(`pipelines:update ${coupling} --yes`, [
      "Removed all required status checks of ⬢ myapp: my-status-check.",
    ]);

    // A team's pipeline: two people's apps, promoted separately, and a named release to a named target.
    await runStep("pipelines:create team", null);
    for (const [name, stage] of [
      ["myapp-jim-dev", "development"],
      ["myapp-kim-dev", "development"],
      ["myapp-staging", "staging"],
      ["myapp-web", "production"],
    ]) {
      await runStep(`apps:create ${name}`, null);
      await runStep(`pipelines:add team -a ${name} -s ${stage}`, null);
    }
    for (const name of ["jim", "kim"]) {
      const made = await cli.json([
        "builds:create",
        "--repository",
        "acme/web",
        "--sha",
        `beef${name === "jim" ? 1 : 2}`,
        "--artifact",
        "registry.test/x",
      ]);
      await runStep(`releases:create -a myapp-${name}-dev --build ${made.id}`, null);
    }
    assert.match(await runStep("promote -p team -s development", null), /Promoted: ⬢ myapp-jim-dev/);
    assert.match(await runStep("promote -a myapp-kim-dev -r v1 -t myapp-staging", null), /To: ⬢ myapp-staging\n/);
    assert.match(await runStep("promote -a myapp-staging", null), /= team pipeline \(staging -> production\)/);
    assert.match(await runStep("releases:info current -a myapp-web", null), /Commit\s+beef2\n/);

    // Twelve production regions at once.
    await runStep("pipelines:create regions", null);
    await runStep("apps:create stage", null);
    await runStep("pipelines:add regions -a stage -s staging", null);
    const regions = Array.from({ length: 12 }, (_, index) => `prod-${index + 1}`);
    await Promise.all(
      regions.map(async (name) => {
        await cli.json(["apps:create", name, "--region", name]);
        await cli.json(["pipelines:add", "regions", "-a", name, "-s", "production"]);
      }),
    );
    await runStep(`releases:create -a stage --build ${idIn(build, "build\\s+")}`, null);
    const everywhere = await runStep("promote -a stage", null);
    for (const name of regions) assert.match(everywhere, new RegExp(`⬢ ${name}\\n`));
  });
});
