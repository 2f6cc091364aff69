import assert from "node:assert/strict";
import { after, describe, it } from "node:test";
import { Seed, unique } from "../support/data/seed.js";
import { startServer } from "../support/service/server.js";

const server = await startServer({ after });
const { admin } = server;
const seed = new Seed(admin);

interface Walked {
  readonly ids: string[];
  readonly pages: number;
  readonly total: number | null;
}

/** Every list that can grow: the field and its other arguments, for the data of `populate`. */
type List = readonly [name: string, field: (page: string) => string, path: readonly string[]];

/** Creates this many of everything in one pipeline. Returns the lists that contain them. */
async function populate(count: number): Promise<List[]> {
  const text = unique("many");
  const pipeline = await seed.pipeline({ name: `${text}-0` });
  const dev = await seed.coupled(pipeline, "DEVELOPMENT");
  await seed.coupled(pipeline, "STAGING");
  const repository = `github.com/tests/${text}`;
  const build = await seed.build({ repository });
  await seed.release(dev, build);
  for (let index = 1; index < count; index += 1) {
    await seed.pipeline({ name: `${text}-${index}` });
    await admin.mutate("createApp", { name: `${text}-${index}` }, "app { id }");
    await admin.mutate(
      "addCoupling",
      { pipeline: pipeline.id, app: `${text}-${index}`, stage: "PRODUCTION" },
      "coupling { id }",
    );
    await seed.build({ repository });
    await seed.release(dev, build);
    await admin.mutate("promote", { app: dev.id }, "promotion { id }");
    await admin.mutate("createToken", { name: `${text}-${index}`, role: "VIEWER" }, "token { id }");
  }
  const within = (parent: string, field: string): List => [
    `${parent} ${field}`,
    (page) => `${parent} { ${field}(${page}) { ...page } }`,
    [parent.split("(")[0] as string, field],
  ];
  const top = (field: string, rest = ""): List => [field, (page) => `${field}(${page} ${rest}) { ...page }`, [field]];
  return [
    top("pipelines", `nameContains: "${text}"`),
    top("apps", `nameContains: "${text}"`),
    top("couplings", `pipeline: "${pipeline.id}"`),
    top("builds", `repository: "${repository}"`),
    top("promotions", `pipeline: "${pipeline.id}"`),
    top("promotions", `app: "${dev.id}"`),
    top("tokens"),
    top("events", `pipeline: "${pipeline.id}"`),
    top("events", `app: "${dev.id}"`),
    top("events", `app: "${dev.id}", types: [RELEASE_CREATED, COUPLING_ADDED]`),
    within(`pipeline(pipeline: "${pipeline.id}")`, "promotions"),
    within(`pipeline(pipeline: "${pipeline.id}")`, "events"),
    within(`app(app: "${dev.id}")`, "releases"),
    within(`build(id: "${build.id}")`, "releases"),
  ];
}

async function page([name, field, path]: List, args: string, counted = true) {
  const type = (path.at(-1) as string).replace(/^./, (letter) => letter.toUpperCase()).replace(/s$/, "");
  const node = type === "Event" ? "cursor" : "node { id }";
  const total = counted && type !== "Event" ? "totalCount" : "";
  const answer = await admin.ask(`{ ${field(args)} }
    fragment page on ${type}Connection { ${total} edges { cursor ${node} } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } }`);
  const connection = path.reduce((value, step) => value[step], answer);
  assert.ok(connection, name);
  return connection;
}

const getId = (edge: { cursor: string; node?: { id: string } }) => edge.node?.id ?? edge.cursor;

/** Reads a whole list in pages, forward or backward. Runs `between` after each page. */
async function walk(list: List, size: number, backward: boolean, between?: () => Promise<void>): Promise<Walked> {
  const ids: string[] = [];
  let [args, pages, total] = [backward ? `last: ${size}` : `first: ${size}`, 0, null as number | null];
  for (;;) {
    const { edges, pageInfo, totalCount } = await page(list, args);
    pages += 1;
    total = totalCount ?? null;
    const found = edges.map(getId);
    if (backward) ids.unshift(...found);
    else ids.push(...found);
    assert.ok(found.length <= size);
    const behind = backward ? pageInfo.hasNextPage : pageInfo.hasPreviousPage;
    if (between === undefined) assert.equal(behind, pages > 1, "what lies behind");
    if (!(backward ? pageInfo.hasPreviousPage : pageInfo.hasNextPage)) return { ids, pages, total };
    args = backward
      ? `last: ${size}, before: "${pageInfo.startCursor}"`
      : `first: ${size}, after: "${pageInfo.endCursor}"`;
    await between?.();
  }
}

describe("every list that can grow", () => {
  it("is paginated, with 25 items by default and at most 100", async () => {
    for (const list of await populate(27)) {
      const [name] = list;
      assert.equal((await page(list, "first: null")).edges.length, 25, name);
      assert.equal((await page(list, "first: 0")).edges.length, 0, name);
      for (const args of ["first: 101", "first: -1", "last: 101", "last: -1"]) {
        await assert.rejects(page(list, args), { code: "BAD_USER_INPUT" }, `${name} ${args}`);
      }
    }
  });

  it("is complete in pages of any size, forward and backward, with each row once", async () => {
    for (const list of await populate(7)) {
      const [name] = list;
      const { ids, total } = await walk(list, 100, false);
      assert.ok(ids.length >= 6, name);
      assert.equal(new Set(ids).size, ids.length, name);
      if (total !== null) assert.equal(total, ids.length, name);
      for (const size of [1, 4]) {
        assert.deepEqual((await walk(list, size, false)).ids, ids, `${name} forward by ${size}`);
        assert.deepEqual((await walk(list, size, true)).ids, ids, `${name} backward by ${size}`);
      }
    }
  });

  it("keeps its order while rows are added and removed: remaining rows are neither lost nor repeated", async () => {
    const app = await seed.app();
    for (let count = 0; count < 9; count += 1) await seed.release(app);
    const list: List = [
      "releases",
      (args) => `app(app: "${app.id}") { releases(${args}) { ...page } }`,
      ["app", "releases"],
    ];
    const before = (await walk(list, 100, false)).ids;
    const { ids } = await walk(list, 2, false, async () => {
      await seed.release(app);
    });
    assert.deepEqual(ids, before, "newest first: what is new stands before the page");
    const text = unique("moving");
    const named = ["a", "c", "e", "g"].map((letter) => `${text}-${letter}`);
    for (const name of named) await seed.pipeline({ name });
    const pipelines: List = [
      "pipelines",
      (args) => `pipelines(${args}, nameContains: "${text}") { ...page }`,
      ["pipelines"],
    ];
    const known = (await walk(pipelines, 100, false)).ids;
    let turn = 0;
    const met = await walk(pipelines, 1, false, async () => {
      turn += 1;
      if (turn === 1) await admin.mutate("deletePipeline", { pipeline: named[0] }, "deletedPipelineId");
      if (turn === 2) await seed.pipeline({ name: `${text}-b` });
      if (turn === 3) await seed.pipeline({ name: `${text}-f` });
    });
    assert.deepEqual(
      met.ids.filter((id) => known.includes(id)),
      known,
    );
    assert.equal(met.ids.length, known.length + 1, "one came behind the page, one before it");
  });
});
