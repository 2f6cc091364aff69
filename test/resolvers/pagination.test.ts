import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import fc from "fast-check";
import { type Named, Seed, unique } from "../support/data/seed.js";
import { runsPerEngine } from "../support/database/engine.js";
import { suiteCleanup } from "../support/service/cleanup.js";
import { startServer, type TestServer } from "../support/service/server.js";

const ROWS = 7;

/** A list of the API: its path, and the field that identifies its rows. */
interface List {
  readonly name: string;
  /** The document of one page, with the given arguments and selection. */
  readonly query: (args: string, selection: string) => string;
  readonly path: readonly string[];
  readonly field: string;
  readonly counted: boolean;
}

interface Page {
  readonly edges: readonly { readonly cursor: string; readonly node: Record<string, unknown> }[];
  readonly nodes: readonly Record<string, unknown>[];
  readonly pageInfo: {
    readonly hasNextPage: boolean;
    readonly hasPreviousPage: boolean;
    readonly startCursor: string | null;
    readonly endCursor: string | null;
  };
  readonly totalCount?: number;
}

function root(name: string, field = "id", more = ""): List {
  const query = (args: string, selection: string) =>
    `{ ${name}${[more, args].some(Boolean) ? `(${[more, args].filter(Boolean).join(", ")})` : ""} ${selection} }`;
  return { name: `${name}${more && ` (${more})`}`, query, path: [name], field, counted: name !== "events" };
}

function nested(parent: string, name: string, field = "id"): List {
  const [head = ""] = parent.split("(");
  const query = (args: string, selection: string) => `{ ${parent} { ${name}${args && `(${args})`} ${selection} } }`;
  return { name: `${name} of ${head}`, query, path: [head, name], field, counted: name !== "events" };
}

describe("every list", () => {
  let server: TestServer;
  let seed: Seed;
  let lists: List[];
  const cleanup = suiteCleanup();
  before(async () => {
    server = await startServer(cleanup);
    seed = new Seed(server.admin);
    const pipeline = await furnish(seed);
    const { app, build } = pipeline;
    lists = [
      root("pipelines"),
      root("pipelines", "id", 'nameContains: "PIPELINE"'),
      root("apps"),
      root("apps", "name", 'nameContains: "app"'),
      root("couplings"),
      root("couplings", "id", `pipeline: "${pipeline.name}"`),
      root("builds"),
      root("promotions"),
      root("promotions", "id", `app: "${app.name}"`),
      root("tokens"),
      root("events", "cursor"),
      root("events", "cursor", `app: "${app.name}"`),
      root("events", "cursor", "types: [APP_CREATED]"),
      nested(`pipeline(pipeline: "${pipeline.id}")`, "promotions"),
      nested(`pipeline(pipeline: "${pipeline.id}")`, "events", "cursor"),
      nested(`app(app: "${app.id}")`, "releases", "version"),
      nested(`build(id: "${build.id}")`, "releases"),
    ];
  });

  async function read(list: List, args: string): Promise<Page> {
    const selection = `{
      edges { cursor node { ${list.field} } } nodes { ${list.field} } ${list.counted ? "totalCount" : ""}
      pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
    }`;
    let found = await server.admin.ask(list.query(args, selection));
    for (const step of list.path) found = found[step];
    return found;
  }

  const getKeys = (list: List, page: Page) => page.nodes.map((node) => node[list.field]);

  it("returns the requested page, with correct page info", async () => {
    const whole = new Map<List, Page>();
    for (const list of lists) whole.set(list, await read(list, "first: 100"));
    const asked = fc.record({
      index: fc.nat(lists.length - 1),
      backward: fc.boolean(),
      size: fc.oneof(fc.nat(ROWS + 2), fc.constant(100)),
      place: fc.option(fc.nat(200)),
    });
    await fc.assert(
      fc.asyncProperty(asked, async ({ index, backward, size, place }) => {
        const list = lists[index] as List;
        const { edges } = whole.get(list) as Page;
        assert.ok(edges.length >= ROWS, `${list.name} has rows`);
        const at = place === null ? null : place % edges.length;
        const cursor = at === null ? null : edges[at]?.cursor;
        const words = backward ? (["last", "before"] as const) : (["first", "after"] as const);
        const page = await read(list, `${words[0]}: ${size}${cursor ? `, ${words[1]}: "${cursor}"` : ""}`);

        const start = backward ? Math.max(0, (at ?? edges.length) - size) : (at ?? -1) + 1;
        const end = backward ? (at ?? edges.length) : Math.min(edges.length, start + size);
        const expected = edges.slice(start, end);
        assert.deepEqual(page.edges, expected, list.name);
        assert.deepEqual(
          page.nodes,
          expected.map((edge) => edge.node),
        );
        assert.equal(page.pageInfo.hasPreviousPage, backward ? start > 0 : at !== null, `${list.name}: before`);
        assert.equal(page.pageInfo.hasNextPage, backward ? at !== null : end < edges.length, `${list.name}: behind`);
        if (list.counted) assert.equal(page.totalCount, edges.length);
        assert.equal(page.pageInfo.startCursor, expected[0]?.cursor ?? null);
        // An empty page of the log still has a cursor to continue from.
        const end_ = list.counted || backward || !cursor ? null : cursor;
        assert.equal(page.pageInfo.endCursor, expected.at(-1)?.cursor ?? end_);
      }),
      { numRuns: runsPerEngine(400) },
    );
  });

  it("returns every row once, forward and backward, with any page size", async () => {
    for (const list of lists) {
      const whole = getKeys(list, await read(list, "first: 100"));
      assert.equal(new Set(whole).size, whole.length);
      for (const size of [1, 2, 3, ROWS - 1, ROWS, 100]) {
        assert.deepEqual(await walk(list, size, false), whole, `${list.name} forward by ${size}`);
        assert.deepEqual(await walk(list, size, true), whole, `${list.name} backward by ${size}`);
      }
    }
  });

  async function walk(
    list: List,
    size: number,
    backward: boolean,
    between?: () => Promise<unknown>,
  ): Promise<unknown[]> {
    const found: unknown[] = [];
    for (let cursor: string | null = null; ; ) {
      const words: [string, string] = backward ? ["last", "before"] : ["first", "after"];
      const page: Page = await read(list, `${words[0]}: ${size}${cursor ? `, ${words[1]}: "${cursor}"` : ""}`);
      if (backward) found.unshift(...getKeys(list, page));
      else found.push(...getKeys(list, page));
      if (!(backward ? page.pageInfo.hasPreviousPage : page.pageInfo.hasNextPage)) return found;
      cursor = backward ? page.pageInfo.startCursor : page.pageInfo.endCursor;
      await between?.();
    }
  }

  it("is sorted as documented", async () => {
    const sorted = async (query: string, pick: (data: never) => string[]) => {
      const keys = pick((await server.admin.ask(query)) as never);
      assert.ok(keys.length >= ROWS);
      assert.deepEqual(keys, [...keys].sort());
    };
    type Nodes<K extends string, F extends string> = Record<K, { nodes: Record<F, string>[] }>;
    await sorted("{ pipelines { nodes { name } } }", (data: Nodes<"pipelines", "name">) =>
      data.pipelines.nodes.map((one) => one.name),
    );
    await sorted("{ apps { nodes { name } } }", (data: Nodes<"apps", "name">) =>
      data.apps.nodes.map((one) => one.name),
    );
    await sorted("{ builds { nodes { createdAt } } }", (data: Nodes<"builds", "createdAt">) =>
      data.builds.nodes.map((one) => one.createdAt).reverse(),
    );
    await sorted("{ promotions { nodes { createdAt } } }", (data: Nodes<"promotions", "createdAt">) =>
      data.promotions.nodes.map((one) => one.createdAt).reverse(),
    );
    await sorted("{ events { nodes { occurredAt } } }", (data: Nodes<"events", "occurredAt">) =>
      data.events.nodes.map((one) => one.occurredAt),
    );
  });

  it("returns every initial row once while others are added", async () => {
    for (const list of lists) {
      const before_ = getKeys(list, await read(list, "first: 100"));
      for (const backward of [false, true]) {
        let additions = 0;
        const found = await walk(list, 3, backward, async () => {
          // Only a few: reading a list towards its end would never finish if it grows as fast as it is read.
          additions += 1;
          if (additions <= 2) await add(seed);
        });
        assert.equal(new Set(found).size, found.length, `${list.name}: nothing twice`);
        assert.deepEqual(
          found.filter((key) => before_.includes(key)),
          before_,
          `${list.name}: nothing lost`,
        );
      }
    }
  });

  /** Adds a row to every list. */
  async function add({ client }: Seed): Promise<void> {
    const pipeline = await seed.pipeline();
    const app = await seed.coupled(pipeline, "DEVELOPMENT");
    const { app: source, build, pipeline: home } = furnished;
    await seed.release(app, build);
    await seed.release(source, build);
    await seed.coupled(home, "REVIEW");
    await client.mutate("promote", { app: source.id }, "promotion { id }");
    await client.mutate("createToken", { name: unique("t"), role: "VIEWER" }, "token { id }");
  }

  let furnished: { pipeline: Named; app: Named; build: { id: string } };

  /** Ensures a minimum number of rows in every list. */
  async function furnish({ client }: Seed): Promise<Named & { app: Named; build: { id: string } }> {
    const pipeline = await seed.pipeline();
    const app = await seed.coupled(pipeline, "DEVELOPMENT");
    await seed.coupled(pipeline, "STAGING");
    const build = await seed.build();
    furnished = { pipeline, app, build };
    for (let index = 0; index < ROWS; index += 1) {
      await seed.pipeline();
      await seed.build();
      await seed.coupled(pipeline, "REVIEW");
      await seed.release(app, build);
      await client.mutate("promote", { app: app.id }, "promotion { id }");
      await client.mutate("createToken", { name: unique("t"), role: "VIEWER" }, "token { id }");
    }
    return { ...pipeline, app, build };
  }
});
