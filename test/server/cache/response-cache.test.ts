import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";
import fc from "fast-check";
import { SYSTEM_VIEWER } from "../../../src/domain/core/context.js";
import { append } from "../../../src/events/append.js";
import { changed } from "../../../src/events/draft.js";
import { followChanges } from "../../../src/events/log-changes.js";
import { ResponseStore } from "../../../src/server/cache/response-store.js";
import { Client, RequestFailed } from "../../support/clients/client.js";
import { type Named, Seed, unique } from "../../support/data/seed.js";
import { engine, runsPerEngine } from "../../support/database/engine.js";
import { leastStatements } from "../../support/database/least-statements.js";
import { startInstances } from "../../support/service/instances.js";
import { startServer, type TestServer } from "../../support/service/server.js";

/** A cacheable query that covers every cacheable part of the contract at least once. */
const APP = `id name description region deletedAt coupling { id stage } currentRelease {
  id version phase current state build { id phase commit { sha } } statuses { id context state description } }`;
const COUPLING = `id stage requiredChecks autoDeploy pipeline { name } app { ${APP} }`;
const BOARD = `query ($pipeline: ID!) { pipeline(pipeline: $pipeline) {
  id name description couplings(stage: STAGING) { id } stages { stage couplings { ${COUPLING} } } } }`;
const STAGE = `query ($pipeline: ID!) { stage(pipeline: $pipeline, stage: PRODUCTION) {
  stage pipeline { description } next { stage } couplings { ${COUPLING} } } }`;
const ONE_APP = `query ($app: ID!) { app(app: $app) { ${APP} } }`;
/** Queries that are not cacheable. They run too, and must be equal too. */
const MORE = `query ($pipeline: ID!) { viewer { name } pipeline(pipeline: $pipeline) {
  name availableChecks { context } promotions(first: 2) { nodes { phase } } } }`;

const AUTO_DEPLOYS = `query ($pipeline: ID!) { pipeline(pipeline: $pipeline) { couplings { app { currentRelease {
  build { autoDeploys { outcome message coupling { id } } } } } } } }`;

const STAGES = ["DEVELOPMENT", "STAGING", "PRODUCTION"] as const;

interface World {
  readonly seed: Seed;
  readonly client: Client;
  readonly pipelines: Named[];
  readonly apps: Named[];
  readonly build: { readonly id: string };
  readonly repository: string;
}

async function world(client: Client): Promise<World> {
  const seed = new Seed(client);
  const repository = `github.com/tests/${unique("repo")}`;
  const pipelines = [await seed.pipeline({ repository }), await seed.pipeline()];
  const apps: Named[] = [];
  for (const stage of STAGES) apps.push(await seed.coupled(pipelines[0] as Named, stage));
  apps.push(await seed.app());
  const build = await seed.build({ repository });
  await seed.release(apps[0] as Named, build);
  return { seed, client, pipelines, apps, build, repository };
}

/** A write operation. A refused one changes nothing, and is as good a test as any. */
interface Step {
  readonly what: (typeof WRITES)[number];
  readonly app: number;
  readonly pipeline: number;
  readonly stage: (typeof STAGES)[number];
  readonly text: string;
}

const WRITES = [
  "describe pipeline",
  "rename pipeline",
  "describe app",
  "add",
  "move",
  "remove",
  "checks",
  "release",
  "promote",
  "build",
  "status of release",
  "status of build",
  "delete app",
  "delete pipeline",
] as const;

const step: fc.Arbitrary<Step> = fc.record({
  what: fc.constantFrom(...WRITES),
  app: fc.nat(3),
  pipeline: fc.nat(1),
  stage: fc.constantFrom(...STAGES),
  text: fc.string({ minLength: 1, maxLength: 8, unit: fc.constantFrom(..."abcdefgh") }),
});

const COUPLING_OF = "query ($app: ID!) { coupling(app: $app) { id } app(app: $app) { currentRelease { id } } }";

async function perform({ client, pipelines, apps, build, repository }: World, { what, ...step }: Step): Promise<void> {
  const app = apps[step.app] as Named;
  const pipeline = pipelines[step.pipeline] as Named;
  const mutate = (name: string, input: object) => client.mutate(name, input, "__typename");
  const about = await client.ask(COUPLING_OF, { app: app.id }).catch(() => ({}));
  const coupling = about.coupling?.id ?? app.id;
  const { text, stage } = step;
  const requiredChecks = text < "d" ? [] : [text];
  const status = { context: text, state: text < "d" ? "PENDING" : "SUCCESS", description: text };
  const commit = { sha: Buffer.from(unique()).toString("hex").padEnd(40, "0").slice(0, 40) };
  const acts: Record<Step["what"], () => Promise<unknown>> = {
    "describe pipeline": () => mutate("updatePipeline", { pipeline: pipeline.id, description: text }),
    "rename pipeline": () => mutate("updatePipeline", { pipeline: pipeline.id, name: unique(text) }),
    "describe app": () => mutate("updateApp", { app: app.id, description: text, region: text }),
    add: () => mutate("addCoupling", { pipeline: pipeline.id, app: app.id, stage }),
    move: () => mutate("moveCoupling", { coupling, stage }),
    remove: () => mutate("removeCoupling", { coupling }),
    checks: () => mutate("updateChecks", { coupling, requiredChecks }),
    release: () => mutate("createRelease", { app: app.id, build: build.id, description: text }),
    promote: () => mutate("promote", { app: app.id, force: true, reason: text }),
    build: () => mutate("createBuild", { repository, branch: "main", commit, artifact: text }),
    "status of release": () => mutate("reportStatus", { release: about.app?.currentRelease?.id ?? app.id, ...status }),
    "status of build": () => mutate("reportStatus", { build: build.id, ...status }),
    "delete app": () => mutate("deleteApp", { app: app.id }),
    "delete pipeline": () => mutate("deletePipeline", { pipeline: pipeline.id }),
  };
  try {
    await acts[what]();
  } catch (error) {
    // Refused: it changes nothing. Internal errors are not expected.
    if (!(error instanceof RequestFailed) || error.code === "INTERNAL_SERVER_ERROR") throw error;
  }
}

/** All queries on the data, by id and by original name. */
function listQueries({ pipelines, apps }: World): [string, Record<string, string>][] {
  return [
    ...pipelines.flatMap(({ id, name }) =>
      [BOARD, STAGE, MORE].flatMap((query): [string, Record<string, string>][] => [
        [query, { pipeline: id }],
        [query, { pipeline: name }],
      ]),
    ),
    [AUTO_DEPLOYS, { pipeline: pipelines[0]?.id ?? "" }],
    ...apps.flatMap(({ id, name }): [string, Record<string, string>][] => [
      [ONE_APP, { app: id }],
      [ONE_APP, { app: name }],
    ]),
  ];
}

/** The statements of a response from the cache: on PostgreSQL, one that asks whether anything was committed. */
const CHECK = engine === "postgres" ? 1 : 0;

/** A server to read from, and one to write to: on PostgreSQL, where instances share a database, another one. */
async function startPair(t: TestContext): Promise<{ reader: TestServer; writer: TestServer }> {
  const [reader, writer = reader] = await startInstances(t, engine === "postgres" ? 2 : 1);
  assert.ok(reader && writer);
  return { reader, writer };
}

let asked = 0;

/** The same query with a new cache key: an undeclared variable makes the bytes unique. */
function plainly(client: Client, query: string, variables: object) {
  asked += 1;
  return client.post(query, { ...variables, asked });
}

/** The number of responses from the cache so far. */
async function readHits({ url, admin }: TestServer): Promise<number> {
  const metrics = await fetch(`${url}/metrics`, { headers: { authorization: `Bearer ${admin.secret}` } });
  return Number(/^railyard_response_cache_requests_total\{result="hit"\} (\d+)$/m.exec(await metrics.text())?.[1]);
}

/** The number of statements of a query. */
async function cost({ app }: TestServer, ask: () => Promise<unknown>): Promise<number> {
  return (await leastStatements(app, ask)).statements;
}

describe("a cached response", () => {
  it("always equals a fresh one, after any write", async (t) => {
    const { reader, writer } = await startPair(t);
    const { admin } = reader;
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 10 }), async (steps) => {
        const given = await world(writer.admin);
        const all = listQueries(given);
        for (const one of [null, ...steps]) {
          if (one !== null) await perform(given, one);
          // The first of the two would be stale if it survived the write. The second is always a cache hit.
          for (const [query, variables] of all) {
            const [kept, again] = [await admin.post(query, variables), await admin.post(query, variables)];
            const fresh = await plainly(admin, query, variables);
            assert.deepEqual(kept, fresh, JSON.stringify(one));
            assert.deepEqual(again, fresh, JSON.stringify(one));
          }
        }
      }),
      { numRuns: runsPerEngine(6) },
    );
    assert.ok((await readHits(reader)) > 100, "most responses came from the cache");
  });

  it("is never older than an acknowledged write, during concurrent reads and writes", async (t) => {
    const { reader, writer } = await startPair(t);
    const { admin } = writer;
    const seed = new Seed(admin);
    const { id } = await seed.pipeline();
    for (const stage of STAGES) await seed.release(await seed.coupled({ id, name: id }, stage));
    let acknowledged = 0;
    let sent = 0;
    const write = async () => {
      for (let turn = 0; turn < 60; turn++) {
        sent += 1;
        await admin.mutate("updatePipeline", { pipeline: id, description: String(sent) }, "__typename");
        acknowledged = sent;
      }
    };
    const writing = write();
    let done = false;
    writing.finally(() => {
      done = true;
    });
    const read = async () => {
      while (!done) {
        const least = acknowledged;
        const { pipeline } = await reader.admin.ask(BOARD, { pipeline: id });
        assert.ok(Number(pipeline.description) >= least, `${pipeline.description} was answered after ${least}`);
      }
    };
    await Promise.all([writing, ...Array.from({ length: 8 }, read)]);
  });

  it("is not stored if anything was committed during its execution", async (t) => {
    const server = await startServer(t);
    const db = server.app.database;
    const changes = await followChanges(db);
    const answers = new ResponseStore(changes);
    const kept = { body: Buffer.from("{}"), operation: "query app", client: null };
    const begunAt = answers.commits;
    const event = changed("APP_UPDATED", { id: "1", name: "x" }, "x", { pipelineId: "1" });
    await db.write((tx) => append(tx, SYSTEM_VIEWER, new Date(), [event]));
    await changes.catchUp?.();
    // Not even for unrelated data: it is unknown how much was read after the commit.
    answers.store("begun before", kept, new Set(["2"]), begunAt);
    answers.store("begun after", kept, new Set(["2"]), answers.commits);
    assert.equal(answers.find("begun before"), null);
    assert.notEqual(answers.find("begun after"), null);
  });

  it("is evicted when the cache is full, least recently used first", async (t) => {
    const server = await startServer(t);
    const answers = new ResponseStore(await followChanges(server.app.database), 100_000);
    const kept = { body: Buffer.alloc(5000), operation: "query app", client: null };
    for (let turn = 0; turn < 100; turn++) {
      answers.store(`question ${turn}`, kept, new Set([String(turn)]), answers.commits);
      assert.notEqual(answers.find("question 0"), null);
    }
    assert.equal(answers.find("question 1"), null);
    assert.notEqual(answers.find("question 99"), null);
    const { bytes, entries } = answers.statistics;
    assert.ok(bytes <= 100_000 && entries < 20, `${entries} answers weigh ${bytes}`);
  });

  it("needs no statement until its data changes, except one that looks for changes of other instances", async (t) => {
    const { reader, writer } = await startPair(t);
    const seed = new Seed(writer.admin);
    const [mine, other] = [await seed.pipeline(), await seed.pipeline()];
    await seed.coupled(mine, "STAGING");
    const ask = () => reader.admin.ask(BOARD, { pipeline: mine.id });
    const describe = ({ id }: Named, description: string) =>
      writer.admin.mutate("updatePipeline", { pipeline: id, description }, "__typename");
    for (let turn = 0; turn < 3; turn++) await ask();
    assert.equal(await cost(reader, ask), CHECK);
    await describe(other, "Something else");
    await ask();
    assert.equal(await cost(reader, ask), CHECK);
    await describe(mine, "This one");
    assert.equal((await ask()).pipeline.description, "This one");
  });

  it("is never sent for a revoked token, or without a token", async (t) => {
    const { reader: server, writer } = await startPair(t);
    const { admin } = writer;
    const pipeline = await new Seed(admin).pipeline();
    const input = { name: "a dashboard", role: "VIEWER" };
    const { token, secret } = await admin.mutate("createToken", input, "secret token { id }");
    const dashboard = new Client(server.url, secret);
    for (let turn = 0; turn < 3; turn++) await dashboard.ask(BOARD, { pipeline: pipeline.id });
    assert.equal(await cost(server, () => dashboard.ask(BOARD, { pipeline: pipeline.id })), CHECK);
    await admin.mutate("revokeToken", { token: token.id }, "__typename");
    for (const client of [dashboard, new Client(server.url, null), new Client(server.url, "unknown")]) {
      const refused = await client.post(BOARD, { pipeline: pipeline.id });
      assert.equal(refused.status, 401);
      assert.equal(refused.errors?.[0]?.extensions.code, "UNAUTHENTICATED");
    }
  });

  it("is never sent for a token that has expired since", async (t) => {
    let now = Date.now();
    const server = await startServer(t, { now: () => new Date(now) });
    const pipeline = await new Seed(server.admin).pipeline();
    const input = { name: "a visitor", role: "VIEWER", expiresAt: new Date(now + 60_000).toISOString() };
    const visitor = new Client(server.url, (await server.admin.mutate("createToken", input, "secret")).secret);
    for (let turn = 0; turn < 2; turn++) await visitor.ask(BOARD, { pipeline: pipeline.id });
    now += 60_001;
    assert.equal((await visitor.post(BOARD, { pipeline: pipeline.id })).status, 401);
  });

  it("has the headers of any other response, and a new request id", async (t) => {
    const server = await startServer(t);
    const pipeline = await new Seed(server.admin).pipeline();
    const body = JSON.stringify({ query: BOARD, variables: { pipeline: pipeline.id } });
    const headers = { "content-type": "application/json", authorization: `Bearer ${server.admin.secret}` };
    const answers = [];
    for (let turn = 0; turn < 3; turn++) {
      const response = await fetch(`${server.url}/graphql`, { method: "POST", headers, body });
      const { "x-request-id": id, date, ...rest } = Object.fromEntries(response.headers);
      answers.push({ id, text: await response.text(), rest });
    }
    assert.equal(new Set(answers.map((answer) => answer.id)).size, 3);
    assert.equal(new Set(answers.map((answer) => JSON.stringify([answer.text, answer.rest]))).size, 1);
    assert.ok(answers[2]?.rest["content-security-policy"]);
  });

  it("is not stored if a field of it changes without an event", async (t) => {
    let late = 0;
    const now = () => new Date(Date.now() + late);
    const server = await startServer(t, { env: { EVENT_RETENTION: "1h" }, now });
    const pipeline = await new Seed(server.admin).pipeline();
    const query = "query ($pipeline: ID!) { pipeline(pipeline: $pipeline) { name events { nodes { type } } } }";
    const ask = async () => (await server.admin.ask(query, { pipeline: pipeline.id })).pipeline.events.nodes;
    for (let turn = 0; turn < 3; turn++) assert.deepEqual(await ask(), [{ type: "PIPELINE_CREATED" }]);
    // Pruning raises no event.
    late = 2 * 3_600_000;
    await server.app.tick();
    assert.deepEqual(await ask(), []);
  });

  it("is not stored if it depends on the viewer", async (t) => {
    const server = await startServer(t);
    const pipeline = await new Seed(server.admin).pipeline();
    const query = "query ($pipeline: ID!) { viewer { name } pipeline(pipeline: $pipeline) { name } }";
    const make = async (name: string) => {
      const made = await server.admin.mutate("createToken", { name, role: "VIEWER" }, "secret");
      return new Client(server.url, made.secret);
    };
    const clients = { jim: await make("jim"), kim: await make("kim") };
    for (let turn = 0; turn < 3; turn++) {
      for (const [name, client] of Object.entries(clients)) {
        assert.equal((await client.ask(query, { pipeline: pipeline.id })).viewer.name, name);
      }
    }
  });
});
