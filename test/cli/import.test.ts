import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, it } from "node:test";
import { CommandLine } from "../support/clients/cli.js";
import { Seed, unique } from "../support/data/seed.js";
import { ADMIN_SECRET, startServer } from "../support/service/server.js";

/** The apps of a pipeline by stage, with their required checks. */
const CONTENT = `{ pipelines { nodes { name repository branch couplings { stage requiredChecks app { name region } } } } }`;

interface Imported {
  readonly repository: string | null;
  readonly branch: string;
  readonly couplings: readonly { readonly app: { readonly region: string | null } }[];
}

describe("railyard import", () => {
  it("shows what it would copy, copies it, and duplicates nothing when repeated", async (t) => {
    const [there, here] = [await startServer(t), await startServer(t)];
    const seed = new Seed(there.admin);
    const pipeline = await seed.pipeline({ repository: "acme/shop", branch: "trunk" });
    const { id: app } = await seed.coupled(pipeline, "DEVELOPMENT");
    await there.admin.mutate("updateApp", { app, region: "eu-west" }, "app { id }");
    await seed.coupled(pipeline, "PRODUCTION", { requiredChecks: ["ci/build", "qa"] });
    await seed.pipeline();
    const { secret } = await there.as("VIEWER");
    const cli = new CommandLine(t, { RAILYARD_URL: here.url, RAILYARD_TOKEN: ADMIN_SECRET });
    const args = ["import", "--from", there.url, "--token", secret ?? ""];
    const outcomes = async (...more: string[]) => {
      const { code, stdout, stderr } = await cli.run([...args, "--json", ...more]);
      assert.deepEqual([code, stderr], [0, ""]);
      return (JSON.parse(stdout) as { action: string; outcome: string }[]).map(
        (step) => `${step.action}: ${step.outcome}`,
      );
    };

    const planned = await outcomes();
    const steps = ["create app", "add app"];
    const wanted = ["create pipeline", ...steps, ...steps, "create pipeline"].sort();
    assert.deepEqual(
      planned.sort(),
      wanted.map((action) => `${action}: planned`),
    );
    assert.deepEqual((await here.admin.ask(CONTENT)).pipelines.nodes, []);

    assert.deepEqual(
      (await outcomes("--apply")).sort(),
      wanted.map((action) => `${action}: done`),
    );
    assert.deepEqual(await here.admin.ask(CONTENT), await there.admin.ask(CONTENT));

    const repeated = await outcomes("--apply");
    assert.deepEqual(new Set(repeated), new Set(["leave: already exists"]));
    assert.deepEqual(await here.admin.ask(CONTENT), await there.admin.ask(CONTENT));
  });

  it("adds missing checks, removes none, and skips an app in another pipeline", async (t) => {
    const [there, here] = [await startServer(t), await startServer(t)];
    const copied = await new Seed(there.admin).pipeline();
    const checked = await new Seed(there.admin).coupled(copied, "STAGING", { requiredChecks: ["qa"] });
    const moved = await new Seed(there.admin).coupled(copied, "STAGING");
    const { pipeline } = await here.admin.mutate("createPipeline", { name: copied.name }, "pipeline { id }");
    for (const [app, stage, requiredChecks] of [
      [checked.name, "STAGING", ["ci"]],
      [moved.name, "PRODUCTION", []],
    ] as const) {
      await here.admin.mutate("createApp", { name: app }, "app { id }");
      await here.admin.mutate("addCoupling", { pipeline: pipeline.id, app, stage, requiredChecks }, "coupling { id }");
    }
    const cli = new CommandLine(t, { RAILYARD_URL: here.url, RAILYARD_TOKEN: ADMIN_SECRET });
    const { code, stdout } = await cli.run(["import", "--from", there.url, "--token", ADMIN_SECRET, "--apply"]);
    assert.equal(code, 0);
    assert.match(stdout, /skipped: the app is already in production/);
    const { pipelines } = await here.admin.ask(CONTENT);
    assert.deepEqual(pipelines.nodes[0].couplings, [
      { stage: "STAGING", requiredChecks: ["ci", "qa"], app: { name: checked.name, region: null } },
      { stage: "PRODUCTION", requiredChecks: [], app: { name: moved.name, region: null } },
    ]);
  });

  it("takes the repository and branch of Akkeris' apps, if all agree, and no repository of Heroku's", async (t) => {
    const here = await startServer(t);
    const suffix = unique();
    const url = "https://github.com/acme/shop";
    const apps: Record<string, object[]> = {
      agreed: [
        { git_url: url, git_branch: "trunk", region: { name: "us-seattle" } },
        { git_url: url, git_branch: "trunk", region: null },
      ],
      differing: [
        { git_url: url, git_branch: "trunk" },
        { git_url: `${url}-2`, git_branch: "main" },
      ],
      heroku: [{ git_url: "https://git.heroku.com/shop.git", region: { name: "eu" } }],
    };
    const routes = new Map<string, unknown>([
      ["/pipelines", Object.keys(apps).map((name) => ({ id: name, name: `${name}-${suffix}` }))],
    ]);
    for (const [name, list] of Object.entries(apps)) {
      const named = list.map((app, index) => ({ id: `${name}${index}`, name: `${name}-${index}-${suffix}`, ...app }));
      routes.set(
        `/pipelines/${name}/pipeline-couplings`,
        named.map(({ id }) => ({ app: { id }, stage: "staging" })),
      );
      for (const app of named) routes.set(`/apps/${app.id}`, app);
    }
    const source = createServer((request, response) => response.end(JSON.stringify(routes.get(request.url ?? ""))));
    await new Promise<void>((resolve) => source.listen(0, "127.0.0.1", resolve));
    t.after(() => source.close());
    const cli = new CommandLine(t, { RAILYARD_URL: here.url, RAILYARD_TOKEN: ADMIN_SECRET });
    const from = `http://127.0.0.1:${(source.address() as AddressInfo).port}`;
    const { code, stderr } = await cli.run(["import", "--from", from, "--token", "x", "--apply"]);
    assert.deepEqual([code, stderr], [0, ""]);
    const { pipelines } = await here.admin.ask(CONTENT);
    assert.deepEqual(
      pipelines.nodes.map(({ repository, branch, couplings }: Imported) => [
        repository,
        branch,
        couplings.map(({ app }) => app.region),
      ]),
      [
        ["github.com/acme/shop", "trunk", ["us-seattle", null]],
        [null, "main", [null, null]],
        [null, "main", ["eu"]],
      ],
    );
  });

  it("reports what is wrong if the source is not readable", async (t) => {
    const here = await startServer(t);
    const cli = new CommandLine(t, { RAILYARD_URL: here.url, RAILYARD_TOKEN: ADMIN_SECRET });
    const unknown = await cli.run(["import", "--from", here.url, "--token", "nonsense"]);
    assert.equal(unknown.code, 5);
    assert.match(unknown.stderr, /rejected the token/);
    const unreachable = await cli.run(["import", "--from", "http://127.0.0.1:9", "--token", "x"]);
    assert.equal(unreachable.code, 5);
    const without = await cli.run(["import", "--from", here.url]);
    assert.equal(without.code, 2);
    const nonsense = await cli.run(["import", "--from", "nonsense", "--token", "x"]);
    assert.equal(nonsense.code, 2);
  });
});
