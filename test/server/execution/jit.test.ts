import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ApolloServer } from "@apollo/server";
import fc from "fast-check";
import { execute, type GraphQLSchema, parse, validate } from "graphql";
import { type Ctx, SYSTEM_VIEWER } from "../../../src/domain/core/context.js";
import { getSchema } from "../../../src/schema/build.js";
import { Context } from "../../../src/schema/context.js";
import { ResultSize } from "../../../src/schema/result-size.js";
import { CompiledQueries } from "../../../src/server/execution/jit.js";
import { Seed } from "../../support/data/seed.js";
import { leastStatements } from "../../support/database/least-statements.js";
import { arbitrarySelection } from "../../support/documents/arbitrary-documents.js";
import { OFFLINE } from "../../support/service/offline.js";
import { startServer, type TestServer } from "../../support/service/server.js";

/** How often each query runs: more often than the threshold for compilation. */
const TIMES = 12;

interface World {
  readonly roots: readonly (readonly [field: string, type: string])[];
}

/** A query for one object of each type, with its relations. */
async function world({ admin }: TestServer): Promise<World> {
  const seed = new Seed(admin);
  const pipeline = await seed.pipeline();
  const build = await seed.build();
  const apps = [];
  for (const stage of ["DEVELOPMENT", "STAGING", "PRODUCTION"]) apps.push(await seed.coupled(pipeline, stage));
  const [app] = apps;
  assert.ok(app);
  const release = await seed.release(app, build);
  for (const [context, state] of [
    ["ci", "SUCCESS"],
    ["qa", "PENDING"],
  ]) {
    await admin.mutate("reportStatus", { release: release.id, context, state }, "__typename");
  }
  await admin.mutate("promote", { app: app.id }, "__typename");
  return {
    roots: [
      [`pipeline(pipeline: "${pipeline.id}")`, "Pipeline"],
      [`app(app: "${app.name}")`, "App"],
      [`stage(pipeline: "${pipeline.id}", stage: STAGING)`, "PipelineStage"],
      [`promotionPlan(input: { app: "${app.id}" })`, "PromotionPlan"],
      ["pipelines", "PipelineConnection"],
      ["builds(first: 3)", "BuildConnection"],
      ["promotions(last: 2)", "PromotionConnection"],
      ["events(first: 100)", "EventConnection"],
    ],
  };
}

/** Apollo Server with compiled queries only, on a server's database. */
async function compiling(server: TestServer, schema: GraphQLSchema) {
  const compiled = new CompiledQueries(schema);
  const apollo = new ApolloServer<Context>({
    schema,
    plugins: [compiled.plugin],
    stopOnTerminationSignals: false,
    formatError: (error) => ({ message: error.message }),
  });
  await apollo.start();
  const ctx: Ctx = {
    db: server.app.database,
    viewer: SYSTEM_VIEWER,
    durations: { deployTimeout: 1, reviewAppTtl: 1, eventRetention: 1 },
    ...OFFLINE,
    now: () => new Date(0),
  };
  const context = () => new Context(ctx, "test", ResultSize.unlimited());
  return {
    compiled,
    plainly: async (query: string, variableValues = {}) =>
      text(await execute({ schema, document: parse(query), contextValue: context(), variableValues })),
    compiling: async (query: string, variables = {}) => {
      const { body } = await apollo.executeOperation({ query, variables }, { contextValue: context() });
      assert.equal(body.kind, "single");
      return text(body.kind === "single" ? body.singleResult : {});
    },
    stop: () => apollo.stop(),
  };
}

/** A serialized response without the error messages. */
function text({ data, errors }: { data?: unknown; errors?: readonly { message: string }[] | undefined }): string {
  return JSON.stringify({ data, errors: errors?.map((error) => error.message) });
}

/**
 * Compares two serialized responses. Two fields that fail below the same nullable field race: how many of their errors are
 * reported depends on which one fails first. At least one is, and the data is the same.
 */
function assertSame(code: string, plain: string, query: string): void {
  const [actual, expected] = [JSON.parse(code), JSON.parse(plain)];
  assert.deepEqual(actual.data, expected.data, query);
  const [some = [], all = []] = [actual.errors, expected.errors].sort((a = [], b = []) => a.length - b.length);
  assert.equal(some.length > 0, all.length > 0, query);
  for (const message of some) assert.ok(all.includes(message), `${message}: ${query}`);
}

describe("a frequent query", () => {
  it("runs as compiled code, with the same response as the interpreter", async (t) => {
    const server = await startServer(t);
    const { roots } = await world(server);
    const schema = getSchema();
    const ways = await compiling(server, schema);
    t.after(() => ways.stop());
    let compilable = 0;
    const documents = fc.tuple(fc.constantFrom(...roots), fc.infiniteStream(fc.nat()));
    await fc.assert(
      fc.asyncProperty(documents, async ([[field, type], numbers]) => {
        const query = `{ ${field} ${arbitrarySelection(schema, type, numbers, 5)} }`;
        if (validate(schema, parse(query)).length > 0) return;
        const plain = await ways.plainly(query);
        const before = ways.compiled.runs;
        for (let turn = 0; turn < TIMES; turn++) assertSame(await ways.compiling(query), plain, query);
        if (plain.includes(`"errors"`) || query.length > 2000) return;
        compilable += 1;
        assert.ok(ways.compiled.runs > before, `no code was made of ${query}`);
      }),
      { numRuns: 200, includeErrorInReport: true },
    );
    assert.ok(compilable > 30, `${compilable} documents were valid and answered without errors`);
  });

  it("has the same errors compiled and interpreted, and keeps working", async (t) => {
    const server = await startServer(t);
    const { roots } = await world(server);
    const ways = await compiling(server, getSchema());
    t.after(() => ways.stop());
    const query = `query ($first: Int, $skip: Boolean = false) {
      pipelines(first: $first) { totalCount nodes { name @skip(if: $skip) } pageInfo { hasNextPage } } }`;
    for (let turn = 0; turn < TIMES; turn++) {
      for (const variables of [{ first: 5 }, { first: -1 }, { first: "x" }, { skip: true }, { skip: null }, {}]) {
        const [plain, code] = [await ways.plainly(query, variables), await ways.compiling(query, variables)];
        assert.equal(code, plain, JSON.stringify(variables));
      }
    }
    assert.ok(roots.length > 0);
  });

  it("does not run twice each time if the compiled code cannot handle it", async (t) => {
    const server = await startServer(t);
    await world(server);
    const ways = await compiling(server, getSchema());
    t.after(() => ways.stop());
    const query = "{ a: pipelines(first: 1) { nodes { id } } b: pipelines(first: -1) { nodes { id } } }";
    const run = async () => void (await ways.compiling(query));
    const { statements: once } = await leastStatements(server.app, run);
    for (let turn = 0; turn < 3 * TIMES; turn++) await run();
    const { statements: later } = await leastStatements(server.app, run);
    assert.equal(later, once);
  });
});
