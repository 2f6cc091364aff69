import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import { type Named, Seed, unique } from "../support/data/seed.js";
import { suiteCleanup } from "../support/service/cleanup.js";
import { startServer, type TestServer } from "../support/service/server.js";

/** A list with `orderBy`, and what tells its items apart. */
interface List {
  /** The field with `ARGS` where its arguments are, and without its selection. */
  readonly field: string;
  /** Arguments besides paging and order. */
  readonly args?: string;
  /** The field that is selected of each item. */
  readonly select: string;
}

const PAGE = "pageInfo { startCursor endCursor hasNextPage hasPreviousPage } totalCount";

describe("orderBy", () => {
  let server: TestServer;
  let seed: Seed;
  const cleanup = suiteCleanup();
  before(async () => {
    // A clock that goes back with every look at it: no order may depend on it.
    let now = Date.parse("2026-03-01T12:00:00Z");
    server = await startServer(cleanup, {
      now: () => {
        now -= 1000;
        return new Date(now);
      },
    });
    seed = new Seed(server.admin);
  });

  async function readPage({ field, args = "", select }: List, paging: string) {
    const query = `{ list: ${field.replace("ARGS", `(${args} ${paging})`)} { nodes { value: ${select} } ${PAGE} } ${"}".repeat(field.split("{").length)}`;
    const { list } = await server.admin.ask(query);
    // A nested list is the only field of its parent.
    const connection = list.nodes === undefined ? Object.values(list)[0] : list;
    return { ...connection, values: connection.nodes.map((node: { value: unknown }) => node.value) };
  }

  /** Reads a list in pages of two, and checks that it is the same backward and in one page. */
  async function read(list: List, order: string): Promise<unknown[]> {
    const values: unknown[] = [];
    for (let after = ""; ; ) {
      const page = await readPage(list, `first: 2 ${order} ${after}`);
      values.push(...page.values);
      if (!page.pageInfo.hasNextPage) break;
      after = `after: "${page.pageInfo.endCursor}"`;
    }
    const backward: unknown[] = [];
    for (let before = ""; ; ) {
      const page = await readPage(list, `last: 2 ${order} ${before}`);
      backward.unshift(...page.values);
      if (!page.pageInfo.hasPreviousPage) break;
      before = `before: "${page.pageInfo.startCursor}"`;
    }
    assert.deepEqual(backward, values, order);
    assert.equal((await readPage(list, `${order} first: 0`)).totalCount, values.length);
    return values;
  }

  /** Checks the orders by field in both directions, and the one without `orderBy`. */
  async function check(list: List, orders: Record<string, readonly unknown[]>, byDefault: readonly unknown[]) {
    for (const [field, expected] of Object.entries(orders)) {
      assert.deepEqual(await read(list, `orderBy: { field: ${field} }`), expected, field);
      const reverse = `orderBy: { field: ${field}, direction: DESC }`;
      assert.deepEqual(await read(list, reverse), [...expected].reverse(), reverse);
    }
    for (const order of ["", "orderBy: null"]) assert.deepEqual(await read(list, order), byDefault, "the default");
  }

  for (const [plural, argument] of [
    ["pipelines", "pipeline"],
    ["apps", "app"],
  ] as const) {
    it(`sorts ${plural} by name, creation and update, by no clock`, async () => {
      const mark = unique();
      const type = argument === "app" ? "App" : "Pipeline";
      const names = ["c", "e", "a", "d", "b"].map((letter) => `${letter}-${mark}`);
      const [c, e, a, d, b] = names as [string, string, string, string, string];
      for (const name of names) await server.admin.mutate(`create${type}`, { name }, "__typename");
      for (const name of [d, c]) {
        await server.admin.mutate(`update${type}`, { [argument]: name, description: "Changed" }, "__typename");
      }
      const list = { field: `${plural} ARGS`, args: `nameContains: "${mark}"`, select: "name" };
      const byName = [a, b, c, d, e];
      await check(list, { NAME: byName, CREATED: names, UPDATED: [e, a, b, d, c] }, byName);
    });
  }

  it("sorts builds and releases by creation, by no clock", async () => {
    const repository = `github.com/tests/${unique()}`;
    const app = await seed.app();
    const branches = ["c", "e", "a", "d", "b"];
    for (const branch of branches) await seed.release(app, await seed.build({ repository, branch }));
    const builds = { field: "builds ARGS", args: `repository: "${repository}"`, select: "branch" };
    await check(builds, { CREATED: branches }, [...branches].reverse());
    const releases = { field: `app(app: "${app.id}") { releases ARGS`, select: "version" };
    await check(releases, { CREATED: [1, 2, 3, 4, 5] }, [5, 4, 3, 2, 1]);
    const build = await seed.build();
    for (const region of branches) await seed.release(await seed.app({ region }), build, { description: region });
    const ofBuild = { field: `build(id: "${build.id}") { releases ARGS`, select: "description" };
    await check(ofBuild, { CREATED: branches }, [...branches].reverse());
  });

  it("sorts promotions by creation, and by the last change of their phase, by no clock", async () => {
    const pipeline = await seed.pipeline();
    const dev = await seed.coupled(pipeline, "DEVELOPMENT");
    const targets: Named[] = [];
    for (let count = 0; count < 3; count += 1) {
      targets.push(await seed.coupled(pipeline, "STAGING", { deploymentMode: "REPORTED" }));
    }
    await seed.forcedRelease(dev);
    const started: { id: string; targets: { release: { id: string } }[] }[] = [];
    for (const target of targets) {
      const input = { app: dev.id, targets: [target.id], force: true, reason: "For a test" };
      const payload = await server.admin.mutate("promote", input, "promotion { id targets { release { id } } }");
      started.push(payload.promotion);
    }
    const ids = started.map(({ id }) => id) as [string, string, string];
    // The second one ends first, then the first.
    for (const promotion of [started[1], started[0]]) {
      const release = promotion?.targets[0]?.release.id;
      await server.admin.mutate("reportDeployment", { release, phase: "SUCCEEDED" }, "__typename");
    }
    const [first, second, third] = ids;
    const orders = { CREATED: ids, UPDATED: [third, second, first] };
    const newestFirst = [...ids].reverse();
    await check({ field: `pipeline(pipeline: "${pipeline.id}") { promotions ARGS`, select: "id" }, orders, newestFirst);
    const list = { field: "promotions ARGS", args: `pipeline: "${pipeline.id}"`, select: "id" };
    await check(list, orders, newestFirst);
  });

  it("refuses a cursor of another order", async () => {
    await seed.app();
    const { endCursor } = (await server.admin.ask("{ apps(first: 1) { pageInfo { endCursor } } }")).apps.pageInfo;
    const query = `{ apps(after: "${endCursor}", orderBy: { field: CREATED }) { totalCount } }`;
    const refusal = await server.admin.queryError(query);
    assert.deepEqual(refusal.extensions, { code: "BAD_USER_INPUT", field: "after" });
  });
});
