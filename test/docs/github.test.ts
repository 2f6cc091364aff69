import assert from "node:assert/strict";
import { execFile, spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { promisify } from "node:util";
import { readConfig } from "../../src/config.js";
import { deliverWebhook, type Payload, pullRequest, withGithub } from "../support/github-webhooks.js";
import { Seed, unique } from "../support/seed.js";
import { startServer, temporaryFolder } from "../support/server.js";

const document = readFileSync("docs/github.md", "utf8");
const missing = ["bash", "curl", "jq"].filter((command) => spawnSync(command, ["--version"]).error !== undefined);
const needed = { skip: missing.length > 0 && `these are not here: ${missing.join(", ")}` };

/** The lines of a YAML block scalar, after a line that ends in `|`, without their indentation. */
function scripts(section: string): string[] {
  const lines = document.slice(document.indexOf(`## ${section}`)).split("\n");
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
  for (const [section, count, context] of [
    ["From GitHub Actions", 2, "scan/licences"],
    ["From GitLab CI", 1, "ci/build"],
  ] as const) {
    it(`registers a build and reports a status ${section.toLowerCase()}`, needed, async (t) => {
      const server = await startServer(t);
      const ci = await server.as("REPORTER");
      const repository = `acme/${unique()}`;
      const seed = new Seed(server.admin);
      const pipeline = await seed.pipeline({ repository });
      const dev = await seed.coupled(pipeline, "DEVELOPMENT");
      const env = {
        PATH: process.env.PATH,
        RAILYARD_URL: server.url,
        RAILYARD_TOKEN: ci.secret ?? "",
        REPOSITORY: section === "From GitLab CI" ? `https://github.com/${repository}` : repository,
        BRANCH: "main",
        SHA: "4f3c2a1d".repeat(5),
        RUN: "7",
        CI_PIPELINE_IID: "7",
        IMAGE: "registry.example.com/shop:4f3c2a1d",
      };
      const steps = scripts(section).slice(0, count);
      assert.equal(steps.length, count);
      const cwd = temporaryFolder(t);
      for (const step of steps) await promisify(execFile)("bash", ["-e", "-o", "pipefail", "-c", step], { cwd, env });
      const found: Payload = await server.admin.ask(
        "query ($app: ID!) { app(app: $app) { currentRelease { build { artifact branch } statuses { context state } } } }",
        { app: dev.id },
      );
      assert.deepEqual(found.app.currentRelease, {
        build: { artifact: env.IMAGE, branch: "main" },
        statuses: [{ context, state: "SUCCESS" }],
      });
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
    const source = readFileSync("src/config.ts", "utf8");
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
