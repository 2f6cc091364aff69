import assert from "node:assert/strict";
import { execFile, spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { promisify } from "node:util";
import { readConfig } from "../../src/config.js";
import { Seed, unique } from "../support/data/seed.js";
import { deliverWebhook, type Payload, pullRequest, withGithub } from "../support/network/github-webhooks.js";
import { startServer, temporaryFolder } from "../support/service/server.js";

const document = readFileSync("docs/github.md", "utf8");
const missing = ["bash", "curl", "jq"].filter((command) => spawnSync(command, ["--version"]).error !== undefined);
const needed = { skip: missing.length > 0 && `these are not here: ${missing.join(", ")}` };

/** The lines of a YAML block scalar, after a line that ends in `|`, without their indentation. */
function scripts(section: string): string[] {
  const [, text = ""] = document.split(`\n## ${section}\n`);
  const lines = text.split("\n## ")[0]?.split("\n") ?? [];
  return lines.flatMap((line, index) => {
    if (!/(run:|-) \|$/.test(line)) return [];
    const depth = /^ */.exec(lines[index + 1] ?? "")?.[0].length ?? 0;
    const rest = lines.slice(index + 1);
    const end = rest.findIndex((one) => one.trim() !== "" && !one.startsWith(" ".repeat(depth)));
    return [
      rest
        .slice(0, end)
        .map((one) => one.slice(depth))
        .join("\n"),
    ];
  });
}

describe("the GitHub page", () => {
  for (const [section, context] of [
    ["From GitHub Actions", "scan/licences"],
    ["From GitLab CI", "ci/build"],
  ] as const) {
    it(`registers a build as pending, then its result and a status ${section.toLowerCase()}`, needed, async (t) => {
      const server = await startServer(t);
      const ci = await server.as("REPORTER");
      const repository = `acme/${unique()}`;
      const seed = new Seed(server.admin);
      const pipeline = await seed.pipeline({ repository });
      const dev = await seed.coupled(pipeline, "DEVELOPMENT");
      const cwd = temporaryFolder(t);
      const isGitlab = section === "From GitLab CI";
      const all = scripts(section);
      // A job of GitLab CI begins with the script of the template, and later jobs have the variables of the first.
      const begin = isGitlab ? `${all.shift()}\n[ ! -f build.env ] || export "$(cat build.env)"\n` : "";
      const runStep = (index: number, run: string) => {
        const env = {
          PATH: process.env.PATH,
          RAILYARD_URL: server.url,
          RAILYARD_TOKEN: ci.secret ?? "",
          REPOSITORY: isGitlab ? `https://github.com/${repository}` : repository,
          BRANCH: "main",
          SHA: run.padStart(40, "4f3c2a1d"),
          RUN: run,
          CI_PIPELINE_IID: run,
          IMAGE: `registry.example.com/shop:${run}`,
          RUNNER_TEMP: cwd,
        };
        return promisify(execFile)("bash", ["-e", "-c", `${begin}${all[index]}`], { cwd, env });
      };
      const [register, succeed, fail, report] = isGitlab ? [0, 1, 2, 1] : [0, 1, 2, 3];
      assert.equal(all.length, report === 3 ? 4 : 3);
      const phases = async () =>
        (
          await server.admin.ask("query ($r: String!) { builds(repository: $r) { nodes { phase } } }", {
            r: repository,
          })
        ).builds.nodes;
      await runStep(register, "7");
      assert.deepEqual(await phases(), [{ phase: "PENDING" }]);
      await runStep(register, "7");
      await runStep(fail, "7");
      assert.deepEqual(await phases(), [{ phase: "FAILED" }], "a run that is started again has the same build");
      await runStep(register, "8");
      for (const step of new Set([succeed, report])) await runStep(step, "8");
      assert.deepEqual(await phases(), [{ phase: "SUCCEEDED" }, { phase: "FAILED" }]);
      const found: Payload = await server.admin.ask(
        "query ($app: ID!) { app(app: $app) { currentRelease { build { artifact branch } statuses { context state } } } }",
        { app: dev.id },
      );
      assert.deepEqual(found.app.currentRelease, {
        build: { artifact: "registry.example.com/shop:8", branch: "main" },
        statuses: [{ context, state: "SUCCESS" }],
      });
      await assert.rejects(runStep(fail, "8"), ({ stdout }) => stdout.includes("CONFLICT"));
    });
  }

  it("shows a query of deliveries that returns what is described", async (t) => {
    const { server, admin } = await withGithub(t);
    const opened = pullRequest("acme/shop", "opened");
    const { status, outcome, message } = await deliverWebhook(server.url, "pull_request", opened);
    const row = new RegExp(
      `^\\| ${status} \\| \`${outcome}\` \\|.*no pipeline has the repository.*\\| \`PENDING\` \\|$`,
      "m",
    );
    assert.match(document, row);
    const section = document.slice(document.indexOf("## Deliveries"));
    const [, query = ""] = /```graphql\n(.*?)```/s.exec(section) ?? [];
    const [delivery] = (await admin.ask(query)).webhookDeliveries.nodes;
    assert.deepEqual([delivery.repository, delivery.message], ["github.com/acme/shop", message]);
  });

  it("lists every GitHub setting with its default", () => {
    const source = readFileSync("src/settings.ts", "utf8");
    const settings = [...source.matchAll(/^ {2}(GITHUB_\w+):/gm)].map((match) => match[1]);
    assert.equal(settings.length, 6);
    for (const setting of settings) assert.match(document, new RegExp(`^\\| \`${setting}\` \\|`, "m"));
    const { githubForks, githubApiUrl, githubToken, githubWebhookSecrets } = readConfig({});
    assert.deepEqual(
      [githubForks, githubApiUrl, githubToken, githubWebhookSecrets],
      [false, "https://api.github.com", null, []],
    );
    assert.match(document, new RegExp(`\`${githubApiUrl}\``));
    assert.deepEqual(readConfig({ GITHUB_WEBHOOK_SECRET: "the-new-one,the-old-one" }).githubWebhookSecrets, [
      "the-new-one",
      "the-old-one",
    ]);
    assert.throws(() => readConfig({ GITHUB_WEBHOOK_SECRET: "the-new-one," }), /GITHUB_WEBHOOK_SECRET/);
    assert.throws(() => readConfig({ GITHUB_FORKS: "yes" }), /GITHUB_FORKS must be allow or deny/);
    assert.throws(() => readConfig({ GITHUB_API_URL: "api.github.com" }), /GITHUB_API_URL/);
  });
});
