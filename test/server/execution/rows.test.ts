import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import { buildSchema, execute, getIntrospectionQuery, parse } from "graphql";
import { ResultSize } from "../../../src/schema/result-size.js";
import { countResults } from "../../../src/server/execution/count-results.js";
import { Socket } from "../../support/clients/socket.js";
import { type Named, Seed } from "../../support/data/seed.js";
import { createWidePipeline } from "../../support/data/wide-pipeline.js";
import { suiteCleanup } from "../../support/service/cleanup.js";
import { ADMIN_SECRET, onlyOn, startServer, type TestServer } from "../../support/service/server.js";
import { countTurns } from "../../support/service/turns.js";

describe("the rows of a response", () => {
  let server: TestServer;
  let pipeline: Named;
  const cleanup = suiteCleanup();
  before(async () => {
    server = await startServer(cleanup, { env: { QUERY_MAX_ROWS: "1000" } });
    pipeline = await createWidePipeline(server);
  });
  const back = () => `{ pipeline(pipeline: "${pipeline.id}") { couplings { pipeline { couplings { id } } } } }`;

  it("are counted while it executes, over both transports, also when its query is compiled", async (t) => {
    for (let run = 0; run < 15; run += 1) {
      const { status, data, errors = [] } = await server.admin.post(back());
      assert.deepEqual([status, data, errors.length], [413, undefined, 1], `run ${run}`);
      assert.deepEqual(errors[0]?.extensions, { code: "QUERY_TOO_LARGE", figure: null, limit: 1000 });
      assert.match(errors[0]?.message ?? "", /more than 1000 rows.*smaller pages or fewer nested lists/);
    }
    const socket = await Socket.open(t, server.url, ADMIN_SECRET);
    assert.equal((await socket.run(back()).error()).extensions.code, "QUERY_TOO_LARGE");
    const { data } = await server.admin.post(`{ pipeline(pipeline: "${pipeline.id}") { couplings { app { name } } } }`);
    assert.ok(data);
  });

  it("are limited before they are loaded, also those that no list shows", async (t) => {
    const { admin } = await startServer(t, { env: { QUERY_MAX_ROWS: "60" } });
    const seed = new Seed(admin);
    const [build, shop] = [await seed.build(), await seed.pipeline()];
    const apps = await Promise.all(Array.from({ length: 5 }, () => seed.coupled(shop, "DEVELOPMENT")));
    for (const app of apps) {
      const fields = Array.from(
        { length: 14 },
        (_, index) => `r${index}: createRelease(input: { app: "${app.id}", build: "${build.id}" }) { release { id } }`,
      );
      await admin.ask(`mutation { ${fields.join("\n")} }`);
    }
    const query = (first: number) =>
      `{ pipeline(pipeline: "${shop.id}") { couplings { app { releases(first: ${first}) { pageInfo { hasNextPage } } } } } }`;
    await admin.ask(query(5));
    assert.equal((await admin.queryError(query(14))).extensions.code, "QUERY_TOO_LARGE");
  });

  it("have texts that count as several fields", async (t) => {
    const { admin } = await startServer(t, { env: { QUERY_MAX_ROWS: "10" } });
    const seed = new Seed(admin);
    for (let index = 0; index < 2; index += 1)
      await seed.build({ commit: { sha: index.toString().repeat(40), message: "x".repeat(8000) } });
    // 62 fields for each message, of 100.
    const query = (first: number) => `{ builds(first: ${first}) { nodes { commit { message } } } }`;
    await admin.ask(query(1));
    const { extensions } = await admin.queryError(query(2));
    assert.deepEqual([extensions.code, extensions.limit], ["QUERY_TOO_LARGE", 100]);
  });

  it("leave a mutation in effect, and its result says so", async () => {
    const input = { pipeline: pipeline.id, description: "changed" };
    const {
      status,
      data,
      errors = [],
    } = await server.admin.post(
      "mutation ($input: UpdatePipelineInput!) { updatePipeline(input: $input) { pipeline { couplings { pipeline { couplings { id } } } } } }",
      { input },
    );
    assert.deepEqual([status, data], [200, { updatePipeline: null }]);
    assert.deepEqual(
      errors.map(({ extensions }) => extensions.code),
      ["QUERY_TOO_LARGE"],
    );
    const { pipeline: found } = await server.admin.ask(`{ pipeline(pipeline: "${pipeline.id}") { description } }`);
    assert.equal(found.description, "changed");
  });

  it("are never left out of a mutation without an error, whichever of its fields took effect", async () => {
    const schema = buildSchema(
      "type Query { a: Int } type Item { id: ID } type Payload { items: [Item!]! } type Mutation { look: Payload change: Payload }",
    );
    countResults(schema);
    const resultSize = new ResultSize({ rows: 10, fields: 100 }, true);
    const items = (count: number) => ({ items: Array.from({ length: count }, () => ({ id: "1" })) });
    const change = () => {
      resultSize.committed = true;
      return items(1);
    };
    const document = parse("mutation { look { items { id } } change { items { id } } }");
    const rootValue = { look: () => items(11), change };
    const { data, errors = [] } = await execute({ schema, document, rootValue, contextValue: { resultSize } });
    assert.deepEqual({ ...data }, { look: null, change: null });
    assert.deepEqual(
      errors.map(({ path }) => path),
      [
        ["look", "items"],
        ["change", "items"],
      ],
    );
  });

  it("are reported once if a mutation exceeds the limit with the last rows that it loads", async (t) => {
    const { admin } = await startServer(t, { env: { QUERY_MAX_COST: "520" } });
    const seed = new Seed(admin);
    const shop = await seed.pipeline();
    for (let index = 0; index < 35; index += 1) await seed.coupled(shop, "DEVELOPMENT");
    // 35 rows of 7 fields with the work of resolving them, and 70 loaded rows that count as five each.
    const { data, errors = [] } = await admin.post(
      "mutation ($input: UpdatePipelineInput!) { updatePipeline(input: $input) { pipeline { couplings { app { name } } } } }",
      { input: { pipeline: shop.id, description: "changed" } },
    );
    assert.equal(JSON.stringify(data).match(/"name"/g)?.length, 35);
    assert.deepEqual(
      errors.map(({ extensions }) => extensions.code),
      ["QUERY_TOO_LARGE"],
    );
  });

  it("end a subscription, which would otherwise miss the event", async (t) => {
    const socket = await Socket.open(t, server.url, ADMIN_SECRET);
    const watch = socket.run(
      "subscription { events { cursor pipeline { couplings { pipeline { couplings { id } } } } } }",
    );
    await socket.run("{ viewer { name } }").until(({ results }) => results.length > 0);
    await server.admin.mutate("updatePipeline", { pipeline: pipeline.id, description: "again" }, "pipeline { id }");
    assert.equal((await watch.error()).extensions.code, "QUERY_TOO_LARGE");
  });
});

describe("the work of an operation", () => {
  let server: TestServer;
  let pipeline: Named;
  const cleanup = suiteCleanup();
  const TARGETS = 20;
  before(async () => {
    // 2,000 fields.
    server = await startServer(cleanup, { env: { QUERY_MAX_ROWS: "200" } });
    const seed = new Seed(server.admin);
    pipeline = await seed.pipeline();
    await seed.release(await seed.coupled(pipeline, "DEVELOPMENT"), await seed.build());
    for (let index = 0; index < TARGETS; index += 1) await seed.coupled(pipeline, "STAGING");
    await server.admin.mutate(
      "startFreeze",
      { reason: "A test", scope: { pipelines: [pipeline.id] } },
      "freeze { id }",
    );
  });
  const repeat = (times: number, field: string) =>
    Array.from({ length: times }, (_, index) => `f${index}: ${field}`).join(" ");
  const plan = () => `promotionPlan(input: { pipeline: "${pipeline.id}", stage: DEVELOPMENT }) { promotable }`;
  const gates = "stages { gate { open nextOpensAt } }";

  it("is limited for plans, even if they show few fields", async () => {
    await server.admin.ask(`{ ${repeat(2, plan())} }`);
    const { message, extensions } = await server.admin.queryError(`{ ${repeat(30, plan())} }`);
    assert.deepEqual(extensions, { code: "QUERY_TOO_LARGE", figure: null, limit: 2000 });
    assert.match(message, /more work than resolving 2000 fields.*plans.*Request fewer of them at once/);
  });

  it("is limited for gates, also when their query is compiled", async () => {
    const query = (times: number) => `{ pipeline(pipeline: "${pipeline.id}") { ${repeat(times, gates)} } }`;
    await server.admin.ask(query(2));
    for (let run = 0; run < 15; run += 1) {
      const { status, data, errors = [] } = await server.admin.post(query(25));
      assert.deepEqual([status, data, errors.length], [413, undefined, 1], `run ${run}`);
      assert.deepEqual(errors[0]?.extensions, { code: "QUERY_TOO_LARGE", figure: null, limit: 2000 });
    }
  });

  it("is limited for related objects, which take more than other fields", async () => {
    const query = (field: string) => `{ pipeline(pipeline: "${pipeline.id}") { couplings { ${repeat(20, field)} } } }`;
    await server.admin.ask(query("stage"));
    const { message } = await server.admin.queryError(query("app { id }"));
    assert.match(message, /more work than resolving 2000 fields.*related objects/);
  });

  it("is limited for pages without rows", async () => {
    const query = (times: number) =>
      `{ pipeline(pipeline: "${pipeline.id}") { couplings { app { ${repeat(times, "releases(first: 1) { totalCount }")} } } } }`;
    await server.admin.ask(query(2));
    assert.equal((await server.admin.queryError(query(12))).extensions.code, "QUERY_TOO_LARGE");
    const paged = `releases(first: 1, after: "${Buffer.from("version:1").toString("base64url")}") { pageInfo { hasPreviousPage } }`;
    const { extensions } = await server.admin.queryError(
      `{ pipeline(pipeline: "${pipeline.id}") { couplings { app { ${repeat(6, paged)} } } } }`,
    );
    assert.equal(extensions.code, "QUERY_TOO_LARGE");
  });

  it("does not undo a mutation, whose result says what was left out", async () => {
    const { status, data, errors } = await server.admin.post(
      `mutation ($input: UpdatePipelineInput!) { updatePipeline(input: $input) { pipeline { ${repeat(25, gates)} } } }`,
      { input: { pipeline: pipeline.id, description: "changed" } },
    );
    assert.deepEqual([status, data], [200, { updatePipeline: null }]);
    assert.deepEqual(
      errors?.map(({ extensions }) => extensions.code),
      ["QUERY_TOO_LARGE"],
    );
    const { pipeline: found } = await server.admin.ask(`{ pipeline(pipeline: "${pipeline.id}") { description } }`);
    assert.equal(found.description, "changed");
  });
});

describe("introspection", () => {
  it("of common tools runs, and its size counts", async (t) => {
    const { admin } = await startServer(t);
    const whole = getIntrospectionQuery({
      ...{ descriptions: true, specifiedByUrl: true, directiveIsRepeatable: true, schemaDescription: true },
      ...{ inputValueDeprecation: true, oneOf: true },
    });
    const { data, extensions } = await admin.post(whole);
    const { __schema: found } = data as { __schema: { types: { name: string; fields: unknown[] | null }[] } };
    assert.ok(found.types.length > 200);
    const cost = extensions?.cost?.requested ?? 0;
    // Less than the half of a budget of 100,000 per minute, so that a tool may repeat it.
    assert.ok(cost > 10_000 && cost < 50_000, `${cost}`);
    const types = (fields: string) => `{ __schema { types { ${fields} } } }`;
    const small = (await admin.post(types("name"))).extensions?.cost?.requested;
    assert.equal(small, 2 * (2 + found.types.length));
    const repeat = (times: number, field: string) =>
      Array.from({ length: times }, (_, index) => `f${index}: ${field}`).join(" ");
    const fields = "fields { name args { name type { name } } type { name ofType { name } } }";
    const error = await admin.queryError(`{ ${repeat(30, `__schema { types { ${fields} } }`)} }`);
    assert.equal(error.extensions.code, "QUERY_TOO_LARGE");
    const one = await admin.post("query ($type: String!) { __type(name: $type) { fields { name } } }", { type: "App" });
    const app = (one.data as { __type: { fields: unknown[] } }).__type;
    assert.equal(one.extensions?.cost?.requested, 2 * (2 + app.fields.length));
  });
});

describe("the message of a refused promotion", () => {
  it("names the first blockers and how many more there are, and the error has all of them", async (t) => {
    const { admin } = await startServer(t);
    const seed = new Seed(admin);
    const pipeline = await seed.pipeline();
    const dev = await seed.coupled(pipeline, "DEVELOPMENT");
    await seed.release(dev, await seed.build());
    for (let index = 0; index < 4; index += 1) {
      await seed.coupled(pipeline, "STAGING", { requiredChecks: ["a", "b", "c"] });
    }
    const { message, extensions } = await admin.mutationError("promote", { app: dev.id });
    assert.equal((extensions.blockers as unknown[]).length, 12);
    assert.equal(message.match(/ requires /g)?.length, 5);
    assert.match(message, /And 7 more; see blockers\.$/);
  });
});

describe("a large response", () => {
  it("may have ten fields in each row on average, and no more than the highest cost", async (t) => {
    const names = (count: number) => Array.from({ length: count }, (_, index) => `n${index}: stage`).join(" ");
    const query = (pipeline: Named, count: number) =>
      `{ pipeline(pipeline: "${pipeline.id}") { couplings { pipeline { couplings { ${names(count)} } } } } }`;
    // 1,640 rows: with n fields of the inner ones, 40 × 40 × n fields, and some hundred to find them.
    const byRows = await startServer(t, { env: { QUERY_MAX_ROWS: "2000" } });
    const first = await createWidePipeline(byRows);
    const { errors, extensions } = await byRows.admin.post(query(first, 10));
    assert.equal(errors, undefined);
    assert.ok((extensions?.cost?.requested ?? 0) < 1600 * 10, "the cost before execution is an estimate");
    const tooWide = await byRows.admin.queryError(query(first, 13));
    assert.deepEqual([tooWide.extensions.code, tooWide.extensions.limit], ["QUERY_TOO_LARGE", 20_000]);
    assert.match(tooWide.message, /20000 fields/);
    const byCost = await startServer(t, { env: { QUERY_MAX_COST: "5000" } });
    const second = await createWidePipeline(byCost);
    const tooExpensive = await byCost.admin.queryError(query(second, 10));
    assert.deepEqual([tooExpensive.extensions.code, tooExpensive.extensions.limit], ["QUERY_TOO_LARGE", 5_000]);
  });

  it("gives the event loop to others before the next begins", onlyOn("sqlite"), async (t) => {
    const server = await startServer(t);
    const pipeline = await createWidePipeline(server);
    const names = Array.from({ length: 14 }, (_, index) => `n${index}: name`).join(" ");
    const query = `{ pipeline(pipeline: "${pipeline.id}") { couplings { pipeline { couplings { app { ${names} } } } } } }`;
    const sockets: Socket[] = [];
    for (let index = 0; index < 20; index += 1) sockets.push(await Socket.open(t, server.url, ADMIN_SECRET));
    // Written at once, so that they arrive in one turn.
    const operations = sockets.map((socket) => socket.run(query));
    const counted = countTurns();
    for (const operation of operations) await operation.until(({ results }) => results.length > 0);
    const turns = counted.stop();
    assert.ok(turns > 20, `${turns} turns of the event loop for 20 queries`);
  });

  it("is charged to the budget with the rows that it had", async (t) => {
    const server = await startServer(t, { env: { COST_PER_MINUTE: "100000" } });
    const pipeline = await createWidePipeline(server);
    const remaining = async () => (await server.admin.post("{ viewer { name } }")).extensions?.cost?.remaining ?? 0;
    const before = await remaining();
    const query = `{ pipeline(pipeline: "${pipeline.id}") { couplings { pipeline { couplings { app { name } } } } } }`;
    const requested = (await server.admin.post(query)).extensions?.cost?.requested ?? 0;
    const spent = before - (await remaining());
    assert.ok(
      spent >= 3200 && spent > requested,
      `${spent} for 1,640 rows with two fields; ${requested} were estimated`,
    );
  });
});
