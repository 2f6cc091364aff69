import assert from "node:assert/strict";
import { join } from "node:path";
import { describe, it } from "node:test";
import { openDatabase } from "../../src/database/open.js";
import { PromotionTarget } from "../../src/entities/releases/promotion-target.js";
import { Release } from "../../src/entities/releases/release.js";
import { type Named, Seed, unique } from "../support/data/seed.js";
import { engine } from "../support/database/engine.js";
import { leastStatements } from "../support/database/least-statements.js";
import { onlyOn, startServer, type TestServer, temporaryFolder } from "../support/service/server.js";

const BOARD = `query ($pipeline: ID!) {
  pipeline(pipeline: $pipeline) {
    stages {
      stage
      couplings {
        requiredChecks
        app { name currentRelease { version state statuses { context state } build { commit { sha } artifact } } }
      }
    }
  }
}`;

const NESTED = `query ($few: Int!) {
  pipelines {
    nodes {
      promotions(first: 2) { nodes { id targets { phase app { name } } } }
      events(last: 3) { nodes { type } }
      couplings { app { config { key fingerprint } requiredConfig releases(first: $few) { totalCount nodes { statuses { context } } } } }
      availableChecks { context }
    }
  }
}`;

describe("the number of statements", () => {
  it("of the board is the same for 1 app and for 100", async (t) => {
    const server = await startServer(t);
    const seed = new Seed(server.admin);
    const small = await seed.pipeline();
    await populate(seed, small, 1);
    const large = await seed.pipeline();
    await populate(seed, large, 100);
    const one = await getCost(server, BOARD, { pipeline: small.id });
    const hundred = await getCost(server, BOARD, { pipeline: large.id });
    assert.equal(getApps(one.data), 1);
    assert.equal(getApps(hundred.data), 100);
    assert.equal(hundred.statements, one.statements);
    // The pipeline, its couplings, their apps, the releases, their builds, and their statuses.
    assert.equal(one.statements, 6);
  });

  it("of nested lists does not depend on the number of parents", async (t) => {
    const server = await startServer(t);
    const seed = new Seed(server.admin);
    await populate(seed, await seed.pipeline(), 2);
    const few = await getCost(server, NESTED, { few: 2 });
    for (let index = 0; index < 9; index += 1) await populate(seed, await seed.pipeline(), 4);
    const many = await getCost(server, NESTED, { few: 2 });
    assert.deepEqual([few.data.pipelines.nodes.length, many.data.pipelines.nodes.length], [1, 10]);
    assert.ok(
      many.data.pipelines.nodes.every((node: { events: { nodes: unknown[] } }) => node.events.nodes.length === 3),
    );
    assert.equal(many.statements, few.statements);
  });

  it("of the explanations of automatic deploys does not depend on the number of builds, branches and apps", async (t) => {
    const server = await startServer(t);
    const seed = new Seed(server.admin);
    const explained = async (builds: number, apps: number) => {
      const repository = `github.com/tests/${unique("repo")}`;
      for (let index = 0; index < apps; index += 1) {
        const pipeline = await seed.pipeline({ repository, branch: `b${index % 3}`, reviewAppsEnabled: true });
        await seed.coupled(pipeline, "DEVELOPMENT", { requiredChecks: index % 2 === 0 ? [] : ["ci"] });
        const pullRequest = { number: 1, branch: `b${index % 3}` };
        await server.admin.mutate("openReviewApp", { pipeline: pipeline.id, pullRequest }, "__typename");
      }
      for (let index = 0; index < builds; index += 1) await seed.build({ repository, branch: `b${index % 3}` });
      const query = `query ($repository: String!) { builds(repository: $repository, first: 100) {
        nodes { autoDeploys { outcome message } } } }`;
      return getCost(server, query, { repository });
    };
    const one = await explained(1, 1);
    const many = await explained(24, 8);
    assert.equal(one.data.builds.nodes[0].autoDeploys.length, 2);
    assert.equal(many.data.builds.nodes.length, 24);
    assert.ok(many.data.builds.nodes.every((node: { autoDeploys: unknown[] }) => node.autoDeploys.length >= 4));
    assert.equal(many.statements, one.statements);
    // The page; the repository's current name, followers, statuses, latest releases, own releases, the branch's releases, its order, closed apps; the pipelines, apps and
    // policies for the gates, quarantines, whether there are windows or freezes and, on PostgreSQL, the time.
    assert.equal(one.statements, 14 + (engine === "postgres" ? 1 : 0));
  });

  it("includes one count per list only if totalCount is selected", async (t) => {
    const server = await startServer(t);
    const seed = new Seed(server.admin);
    const pipeline = await seed.pipeline();
    await populate(seed, pipeline, 3);
    const lists = ["pipelines", "apps", "couplings", "builds", "promotions", "tokens"];
    for (const list of lists) {
      const without = await getCost(server, `{ ${list} { nodes { id } pageInfo { hasNextPage endCursor } } }`);
      const counted = await getCost(server, `{ ${list} { nodes { id } totalCount } }`);
      assert.equal(without.statements, 1, `${list}: the page`);
      assert.equal(counted.statements, 2, `${list}: and the count`);
      assert.ok(counted.data[list].totalCount >= 1);
    }
    const nested = (field: string) => `{ apps { nodes { releases(first: 1) { nodes { id } ${field} } } } }`;
    const plain = await getCost(server, nested(""));
    const counted = await getCost(server, nested("totalCount"));
    assert.equal(counted.statements, plain.statements + 1, "one for the lists of all parents");
  });

  it("includes the backward check of a cursor only if it is selected", async (t) => {
    const server = await startServer(t);
    const seed = new Seed(server.admin);
    for (let index = 0; index < 3; index += 1) await seed.app();
    const { apps } = await server.admin.ask("{ apps(first: 1) { pageInfo { endCursor } } }");
    const page = (field: string) =>
      `query ($after: String) { apps(after: $after) { nodes { id } pageInfo { ${field} } } }`;
    const after = apps.pageInfo.endCursor;
    assert.equal((await getCost(server, page("hasNextPage"), { after })).statements, 1);
    assert.equal((await getCost(server, page("hasPreviousPage"), { after })).statements, 2);
  });
});

describe("the plan of a statement", () => {
  it("uses the index of the rows in one phase, not that of all rows of an app", onlyOn("sqlite"), async (t) => {
    const database = await openDatabase(`sqlite:${join(temporaryFolder(t), "db.sqlite")}`);
    t.after(() => database.close());
    const plans: string[] = [];
    const explaining = database.reader.withRunner((runner) => ({
      query: async (text, values) => {
        plans.push(JSON.stringify(await runner.query(`EXPLAIN QUERY PLAN ${text}`, values)));
        return [];
      },
    }));
    await explaining.find(PromotionTarget, { appId: ["a", "b"], ownPhase: "WAITING" });
    await explaining.find(Release, { appId: "a", phase: "QUEUED" });
    assert.match(plans[0] ?? "", /USING INDEX promotion_targets_waiting \(app_id=\?\)/);
    assert.match(plans[1] ?? "", /USING INDEX releases_queued \(app_id=\?\)/);
  });
});

/** Apps with a release and statuses in two stages, and a promotion from the first if there are several. */
async function populate(seed: Seed, pipeline: Named, apps: number): Promise<void> {
  const build = await seed.build();
  const report = { build: build.id, context: "ci/build", state: "SUCCESS" };
  await seed.client.mutate("reportStatus", report, "status { id }");
  const coupled = [];
  for (let index = 0; index < apps; index += 1) {
    const app = await seed.coupled(pipeline, index % 2 === 0 ? "DEVELOPMENT" : "STAGING");
    const release = await seed.release(app, build);
    const own = { release: release.id, context: "qa", state: "PENDING" };
    await seed.client.mutate("reportStatus", own, "status { id }");
    coupled.push(app);
  }
  const [first, second] = coupled;
  if (first === undefined || second === undefined) return;
  for (let index = 0; index < 3; index += 1) await seed.client.mutate("promote", { app: first.id }, "promotion { id }");
}

/**
 * Counts the statements of a query and returns its response. Excludes the lookup of the token, which not every engine
 * repeats.
 */
async function getCost(server: TestServer, query: string, variables: Record<string, unknown> = {}) {
  const token = await getLeast(server, () => "{ viewer { name } }", {});
  // The same bytes again would come from the response cache.
  const once = await getLeast(server, () => `${query}\n# ${unique()}`, variables);
  // Frequent documents are compiled. An unused variable makes the cache key unique.
  for (let turn = 0; turn < 10; turn += 1) await server.admin.ask(query, { ...variables, unused: unique() });
  const often = await getLeast(server, () => query, variables);
  assert.deepEqual(often, once);
  return { data: once.data, statements: once.statements - token.statements };
}

async function getLeast(server: TestServer, query: () => string, variables: Record<string, unknown>) {
  const ask = () => server.admin.ask(query(), { ...variables, unused: unique() });
  const { result: data, statements } = await leastStatements(server.app, ask);
  return { data, statements };
}

function getApps(data: { pipeline: { stages: { couplings: unknown[] }[] } }): number {
  return data.pipeline.stages.flatMap((stage) => stage.couplings).length;
}
