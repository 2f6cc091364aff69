import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { after, describe, it } from "node:test";
import { promisify } from "node:util";
import { eventually } from "../../../src/async/eventually.js";
import { ResidentProgram } from "../../support/clients/resident-program.js";
import { RestClient } from "../../support/clients/rest.js";
import { configKeys } from "../../support/data/config-keys.js";
import { Seed, unique } from "../../support/data/seed.js";
import { LOCAL } from "../../support/data/webhooks.js";
import { findUndocumented, readCommands } from "../../support/examples/migrated-commands.js";
import { Receiver } from "../../support/network/webhook-receiver.js";
import { ADMIN_SECRET, startServer, temporaryFolder } from "../../support/service/server.js";

/*
 * The unmodified Heroku CLI in a child process for all commands, but for those that ask something. It has a separate lock file and is installed at first use. If that fails, the
 * test is skipped with the reason.
 */

const FOLDER = "test/clients/heroku";
const BINARY = `${FOLDER}/node_modules/heroku/bin/run.js`;
const PROGRAM = resolve(import.meta.dirname, "../../support/clients/heroku-program.js");
const run = promisify(execFile);

async function install(): Promise<string | null> {
  if (existsSync(BINARY)) return null;
  try {
    await run("npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund"], { cwd: FOLDER, timeout: 240_000 });
    return existsSync(BINARY) ? null : "the package holds no command";
  } catch (error) {
    return (error as Error).message.split("\n")[0] ?? "";
  }
}

const obstacle = await install();
const server = await startServer({ after }, { env: { ...LOCAL, ...configKeys("k1") } });
const home = temporaryFolder({ after });

/** The commands that were run. */
const driven = new Set<string>();

const env = {
  PATH: process.env.PATH,
  HOME: home,
  HEROKU_HOST: server.url,
  HEROKU_API_KEY: ADMIN_SECRET,
  HEROKU_SKIP_NEW_VERSION_CHECK: "1",
  HEROKU_DISABLE_TELEMETRY: "true",
  DISABLE_TELEMETRY: "true",
  CI: "true",
  EDITOR: join(home, "editor.sh"),
  COLUMNS: "200",
};
const cli = obstacle === null ? new ResidentProgram(PROGRAM, [FOLDER], env) : null;
after(() => cli?.kill());

async function heroku(...args: string[]): Promise<{ code: number; output: string }> {
  driven.add(args[0] ?? "");
  if (cli === null) throw new Error("The Heroku CLI is not installed.");
  const { code, stdout, stderr } = await cli.run({ args });
  return { code, output: stdout + stderr };
}

/** Runs a command in a process of its own, as people do, and answers what it asks. */
async function answer(answers: string, ...args: string[]): Promise<string> {
  driven.add(args[0] ?? "");
  const running = run(process.execPath, [BINARY, ...args], { env, timeout: 60_000 });
  running.child.stdin?.end(answers);
  const { stdout, stderr } = await running;
  return stdout + stderr;
}

/** Runs a command that must succeed. Its output must contain all of these texts. */
async function says(args: string[], ...expected: (string | RegExp)[]): Promise<void> {
  const { code, output } = await heroku(...args);
  assert.equal(code, 0, `heroku ${args.join(" ")}\n${output}`);
  for (const one of expected) {
    const found = typeof one === "string" ? output.includes(one) : one.test(output);
    assert.ok(found, `heroku ${args.join(" ")} did not say ${one}:\n${output}`);
  }
}

describe("the Heroku CLI", {
  skip: obstacle === null ? false : `it cannot be installed: ${obstacle}`,
}, () => {
  it("creates, adds, shows, promotes to several apps with one failure, rolls back, renames, moves and destroys", async () => {
    const seed = new Seed(server.admin);
    const rest = new RestClient(server.url, ADMIN_SECRET);
    const name = unique("shop");
    const [dev, qa, stg] = [await seed.app(), await seed.app(), await seed.app({ deploymentMode: "REPORTED" })];

    await says(["pipelines:create", name, "-a", dev.name, "-s", "development"], `Creating ${name} pipeline... done`);
    await says(["pipelines:add", name, "-a", qa.name, "-s", "staging"], "done");
    await says(["pipelines:add", name, "-a", stg.name, "-s", "staging"], "done");
    await says(["pipelines"], name);
    await says(["pipelines:info", name], "owner: railyard (team)", dev.name, qa.name, stg.name, /staging/);

    const build = await seed.build();
    await seed.release(dev, build);
    const failing = failDeployment(stg.name);
    const promoted = await heroku("pipelines:promote", "-a", dev.name);
    await failing;
    assert.match(promoted.output, new RegExp(`${qa.name}: +succeeded`));
    assert.match(promoted.output, new RegExp(`${stg.name}: +failed`));
    assert.match(promoted.output, /the machine is on fire/);
    await says(["pipelines:promote", "-a", dev.name, "-t", qa.name], new RegExp(`${qa.name}: +succeeded`));

    await seed.release(dev);
    await says(["releases", "-a", dev.name], "Current: v2", `Deploy of ${build.commit.sha.slice(0, 7)}`);
    await says(["releases:info", "v1", "-a", dev.name], "Release v1");
    await says(["releases:rollback", "v1", "-a", dev.name], "done, v3");
    assert.equal((await rest.get(`/apps/${dev.name}/releases/v3`)).body.slug.id, build.id);

    await says(["apps"], dev.name);
    await says(["apps:info", "-a", dev.name], `${name} - development`);
    await says(["pipelines:update", "-a", qa.name, "-s", "production"], "done");
    assert.equal((await rest.get(`/apps/${qa.name}/pipeline-couplings`)).body.stage, "production");
    await says(["pipelines:remove", "-a", qa.name], "done");
    const renamed = unique("store");
    await says(["pipelines:rename", name, renamed], "done");
    await says(["pipelines:destroy", renamed], "done");
    assert.equal((await rest.get(`/pipelines/${renamed}`)).status, 404);
  });

  it("creates, renames and destroys apps, and refuses what is not supported with a reason", async () => {
    const [name, renamed] = [unique("app"), unique("renamed")];
    await says(["apps:create", name], `Creating ${name}... done`);
    await says(["apps:rename", "-a", name, renamed], `Renaming ${name} to ${renamed}... done`);
    const { code, output } = await heroku("maintenance:on", "-a", renamed);
    assert.notEqual(code, 0);
    assert.match(output.replace(/\s+›?\s*/g, " "), /maintenance of an app cannot be changed/);
    const unknown = await heroku("domains", "-a", renamed);
    assert.match(unknown.output.replace(/\s+›?\s*/g, " "), /Railyard has no route GET/);
    await says(["apps:destroy", "-a", renamed, "--confirm", renamed], "done");
  });

  it("sets, shows, edits and unsets config vars, and releases a REPORTED app once more", async () => {
    const seed = new Seed(server.admin);
    const app = await seed.app({ deploymentMode: "REPORTED" });
    const { id: release } = await seed.release(app);
    await server.admin.mutate("reportDeployment", { release, phase: "SUCCEEDED" }, "release { id }");
    await says(["config", "-a", app.name], app.name);
    await says(["config:set", "URL=postgres://x", "LEVEL=info", "-a", app.name], /done, v2/, "postgres://x");
    await says(["config:get", "URL", "-a", app.name], "postgres://x");
    await says(["config", "-a", app.name, "--json"], '"LEVEL": "info"');
    await says(["config:unset", "LEVEL", "-a", app.name], "done");
    const editor = join(home, "editor.sh");
    writeFileSync(editor, '#!/bin/sh\nprintf "URL=\'postgres://y\'\\n" > "$1"\n', { mode: 0o755 });
    assert.match(await answer("y\n", "config:edit", "-a", app.name), /Updating config/);
    assert.deepEqual((await new RestClient(server.url, ADMIN_SECRET).get(`/apps/${app.name}/config-vars`)).body, {
      URL: "postgres://y",
    });
  });

  it("shows the installation and what an app has none of", async () => {
    const seed = new Seed(server.admin);
    const app = await seed.app();
    await seed.release(app);
    const commands: [string[], ...(string | RegExp)[]][] = [
      [["regions"], "default"],
      [["spaces"], "default", "railyard"],
      [["spaces:info", "default"], "available"],
      [["teams"], "railyard"],
      [["orgs"], "railyard"],
      [["auth:whoami"], "@railyard"],
      [["apps:stacks", "-a", app.name], "* container"],
      [["maintenance", "-a", app.name], "off"],
      [["features", "-a", app.name], app.name],
      [["access", "-a", app.name]],
      [["addons", "-a", app.name], `No add-ons for app ${app.name}`],
      [["ps", "-a", app.name], `No dynos on ${app.name}`],
      [["releases:info", "-a", app.name], /Eligible for Rollback\?: Yes/],
      [["releases:output", "-a", app.name], "no release output"],
    ];
    for (const [args, ...expected] of commands) await says(args, ...expected);
  });

  it("adds, shows, changes and removes webhooks of apps and pipelines, and shows what they sent", async (t) => {
    const seed = new Seed(server.admin);
    const receiver = await Receiver.start(t);
    const pipeline = await seed.pipeline();
    const app = await seed.coupled(pipeline, "STAGING");
    const add = ["webhooks:add", "-i", "api:release, api:promotion", "-l", "sync", "-u", receiver.url];
    await says(["webhooks", "-a", app.name], "has no webhooks");
    await says(
      [...add, "-a", app.name, "-t", "Bearer it", "-s", "a-secret-of-our-own"],
      "Webhooks Signing Secret",
      "whsec_",
    );
    await says([...add, "-p", pipeline.name], "whsec_");
    const refused = await heroku("webhooks:add", "-a", app.name, "-i", "api:dyno", "-l", "notify", "-u", receiver.url);
    assert.match(refused.output.replace(/\s+›?\s*/g, " "), /include must name entities that Railyard has: api:/);
    const [{ id }] = (await new RestClient(server.url, ADMIN_SECRET).get(`/apps/${app.name}/webhooks`)).body;
    await says(["webhooks", "-a", app.name], id, receiver.url, /api:release/, /sync/);
    await seed.release(app);
    const [event] = await receiver.until(2);
    assert.equal(event?.json.type, "RELEASE_CREATED");
    assert.ok(receiver.received.some(({ headers }) => headers.authorization === "Bearer it"));
    assert.ok(
      await eventually(async () => (await heroku("webhooks:deliveries", "-a", app.name)).output.includes("succeeded")),
    );
    const rest = new RestClient(server.url, ADMIN_SECRET);
    const [delivery] = (await rest.get(`/apps/${app.name}/webhook-deliveries`)).body;
    await says(["webhooks:deliveries", "-a", app.name, "-s", "failed"], "has no deliveries");
    await says(["webhooks:deliveries:info", delivery.id, "-a", app.name], "api:release", "RELEASE_CREATED");
    await says(["webhooks:events", "-p", pipeline.name], delivery.event.id, "release");
    await says(["webhooks:events:info", delivery.event.id, "-a", app.name], "RELEASE_CREATED");
    await says(
      ["webhooks:update", id, "-a", app.name, "-i", "api:app", "-l", "notify", "-u", `${receiver.url}2`],
      "done",
    );
    await says(["webhooks:info", id, "-a", app.name], "api:app", "notify", `${receiver.url}2`);
    await says(["webhooks:remove", id, "-a", app.name], "done");
    await says(["webhooks", "-a", app.name], "has no webhooks");
  });

  it("is described in docs/migrate.md: each command has a place, and those that work are run here", () => {
    const manifest = JSON.parse(readFileSync(`${FOLDER}/node_modules/heroku/oclif.manifest.json`, "utf8"));
    const documented = readCommands("heroku");
    assert.deepEqual(findUndocumented(Object.keys(manifest.commands), documented), []);
    const working = [...documented.works, ...documented.differs];
    assert.deepEqual(
      working.filter((command) => !driven.has(command)),
      [],
    );
  });
});

/** Waits for the app's next release to deploy, and reports it as failed. */
async function failDeployment(app: string): Promise<void> {
  const query = "query ($app: ID!) { app(app: $app) { releases(first: 1) { nodes { id phase } } } }";
  let release: { id: string; phase: string } | undefined;
  const deploying = async () => {
    [release] = (await server.admin.ask(query, { app })).app.releases.nodes;
    return release?.phase === "DEPLOYING";
  };
  assert.ok(await eventually(deploying, { timeoutMs: 60_000, intervalMs: 50 }), "a release was promoted");
  const report = { release: release?.id, phase: "FAILED", failureReason: "the machine is on fire" };
  await server.admin.mutate("reportDeployment", report, "release { id }");
}
