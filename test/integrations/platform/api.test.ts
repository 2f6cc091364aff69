import assert from "node:assert/strict";
import { after, describe, it } from "node:test";
import fc from "fast-check";
import { RestClient } from "../../support/clients/rest.js";
import { type Named, Seed, unique } from "../../support/data/seed.js";
import { runsPerEngine } from "../../support/database/engine.js";
import { ADMIN_SECRET, startServer, type TestServer } from "../../support/service/server.js";

const server = await startServer({ after });
const rest = new RestClient(server.url, ADMIN_SECRET);
const seed = new Seed(server.admin);

describe("the Platform API", () => {
  it("pages long lists by Range and Next-Range in both orders, with every row once", async () => {
    const app = await seed.app();
    const build = await seed.build();
    for (let version = 1; version <= 7; version += 1) await seed.release(app, build);
    for (const order of ["asc", "desc"]) {
      const seen: number[] = [];
      let range: string | null = `version ..; max=3, order=${order}`;
      const statuses: number[] = [];
      while (range !== null) {
        const answer = await rest.get(`/apps/${app.name}/releases`, { range });
        statuses.push(answer.status);
        seen.push(...answer.body.map((release: { version: number }) => release.version));
        range = answer.headers.get("next-range");
      }
      assert.deepEqual(statuses, [206, 206, 200]);
      const versions = [1, 2, 3, 4, 5, 6, 7];
      assert.deepEqual(seen, order === "asc" ? versions : versions.reverse());
    }
  });

  it("returns the whole list to a client that does not use ranges", async () => {
    const app = await seed.app();
    const build = await seed.build();
    for (let version = 1; version <= 30; version += 1) await seed.release(app, build);
    const { status, body } = await rest.get(`/apps/${app.name}/releases`);
    assert.deepEqual([status, body.length], [200, 30]);
  });

  it("responds with 304 if the client's copy is current", async () => {
    const app = await seed.app();
    const first = await rest.get(`/apps/${app.name}`);
    const tag = first.headers.get("etag") ?? "";
    assert.notEqual(tag, "");
    assert.equal((await rest.get(`/apps/${app.name}`, { "if-none-match": tag })).status, 304);
    await seed.release(app);
    assert.equal((await rest.get(`/apps/${app.name}`, { "if-none-match": tag })).status, 200);
  });

  it("repeats the response of an Idempotency-Key", async () => {
    const body = { name: unique("pipeline") };
    const key = { "idempotency-key": unique("key") };
    const first = await rest.send("POST", "/pipelines", body, key);
    const second = await rest.send("POST", "/pipelines", body, key);
    assert.deepEqual([first.status, second.status, second.body.id], [201, 201, first.body.id]);
  });

  it("refuses bad ids, bodies, types and sizes with a 4xx of { id, message }, never a 500", async () => {
    const huge = JSON.stringify({ name: "x".repeat(70_000) });
    const attempts: [string, string, unknown?][] = [
      ["GET", "/pipelines/nope"],
      ["GET", "/pipelines/%00"],
      ["GET", `/apps/${"x".repeat(900)}`],
      ["GET", "/apps/NOPE/releases"],
      ["GET", "/slugs/not-an-id"],
      ["GET", "/pipeline-couplings/%F0%9F%92%A9"],
      ["GET", "/pipeline-promotions/00000000-0000-7000-8000-000000000000"],
      ["POST", "/pipelines", { name: 5 }],
      ["POST", "/pipelines", { name: "Not A Name" }],
      ["POST", "/pipelines", "{"],
      ["POST", "/pipelines", "[]"],
      ["POST", "/pipelines", huge],
      ["POST", "/pipeline-couplings", { app: "a", pipeline: "b", stage: "nowhere" }],
      ["POST", "/pipeline-promotions", {}],
      ["POST", "/pipeline-promotions", { source: { app: {} } }],
      ["PATCH", "/pipeline-couplings/x", { stage: "staging" }],
      ["DELETE", "/pipelines/x"],
      ["POST", "/filters/apps", { in: { id: "x" } }],
    ];
    for (const [method, path, body] of attempts) {
      const answer = await rest.send(method, path, body);
      const where = `${method} ${path.slice(0, 60)} → ${answer.status} ${JSON.stringify(answer.body)}`;
      assert.ok(answer.status >= 400 && answer.status < 500, where);
      assert.equal(typeof answer.body.id, "string", where);
      assert.equal(typeof answer.body.message, "string", where);
    }
    const badRange = await rest.get("/pipelines", { range: "bytes=0-5" });
    assert.deepEqual([badRange.status, badRange.body.id], [422, "invalid_params"]);
    assert.deepEqual((await rest.post("/filters/apps", { in: { id: ["nope"] } })).body, []);
  });

  it("responds to an unknown route with 404 and { id, message }", async () => {
    for (const path of ["/no/such/route", "/apps/shop/domains?x=1"]) {
      const { status, body } = await rest.get(path);
      assert.deepEqual([status, body.id], [404, "not_found"]);
      assert.match(body.message, new RegExp(`no route GET ${path.split("?")[0]}\\.`));
    }
  });

  it("requires a token, and enforces roles", async () => {
    const none = await new RestClient(server.url, null).get("/pipelines");
    assert.deepEqual([none.status, none.body.id], [401, "unauthorized"]);
    const viewer = new RestClient(server.url, (await server.as("VIEWER")).secret);
    assert.equal((await viewer.get("/pipelines")).status, 200);
    assert.equal((await viewer.post("/pipelines", { name: unique("pipeline") })).status, 403);
    const operator = new RestClient(server.url, (await server.as("OPERATOR")).secret);
    const pipeline = await seed.pipeline();
    assert.equal((await operator.delete(`/pipelines/${pipeline.id}`)).status, 403);
  });

  it("moves an app and replaces its checks together, or does neither", async () => {
    const app = await seed.coupled(await seed.pipeline(), "STAGING");
    const refused = await rest.patch(`/pipeline-couplings/${app.couplingId}`, {
      stage: "production",
      required_status_checks: { contexts: ["no\u0007bell"] },
    });
    assert.equal(refused.status, 422);
    assert.equal((await rest.get(`/pipeline-couplings/${app.couplingId}`)).body.stage, "staging");
  });

  it("releases past gates only with force and a reason, and registers builds of the pipeline's component", async () => {
    const pipeline = await seed.pipeline({ repository: `tests/${unique()}`, component: "api" });
    const app = await seed.coupled(pipeline, "STAGING", { requiredChecks: ["ci"] });
    const { body: build } = await rest.post(`/apps/${app.name}/builds`, { url: "registry.test/image:1" });
    const release = { slug: build.slug.id };
    const blocked = await rest.post(`/apps/${app.name}/releases`, release);
    assert.deepEqual([blocked.status, blocked.body.id], [409, "promotion_blocked"]);
    assert.match(blocked.body.message, /requires ci/);
    assert.doesNotMatch(blocked.body.message, /is for builds of/, "its component is that of the pipeline");
    const unexplained = await rest.post(`/apps/${app.name}/releases`, { ...release, force: true });
    assert.deepEqual([unexplained.status, unexplained.body.id], [422, "invalid_params"]);
    const operator = new RestClient(server.url, (await server.as("OPERATOR")).secret);
    const forced = { ...release, force: true, reason: "hotfix" };
    assert.equal((await operator.post(`/apps/${app.name}/releases`, forced)).status, 403);
    const { status, body } = await rest.post(`/apps/${app.name}/releases`, forced);
    assert.equal(status, 201);
    const { release: found } = await server.admin.ask("query ($id: ID!) { release(id: $id) { forced reason } }", {
      id: body.id,
    });
    assert.deepEqual(found, { forced: true, reason: "hotfix" });
  });

  it("sets and shows the component of pipelines and builds, and takes that of the app's pipeline", async () => {
    const made = await rest.post("/pipelines", { name: unique("pipeline"), component: "web" });
    assert.deepEqual([made.status, made.body.component], [201, "web"]);
    const pipeline: Named = made.body;
    const repository = `github.com/acme/${unique("repo")}`;
    await server.admin.mutate("updatePipeline", { pipeline: pipeline.id, repository }, "__typename");
    const app = await seed.coupled(pipeline, "DEVELOPMENT");
    const component = async (body: object) => {
      const built = await rest.post(`/apps/${app.name}/builds`, {
        url: "https://example.com/app.tgz",
        branch: "main",
        ...body,
      });
      assert.equal(built.status, 201);
      const { body: slug } = await rest.get(`/slugs/${built.body.slug.id}`);
      assert.equal(slug.component, built.body.component);
      return built.body.component;
    };
    assert.equal(await component({}), "web");
    assert.equal(await component({ repo: `https://${repository}.git` }), "web");
    assert.equal(await component({ component: "api" }), "api");
    assert.equal(await component({ repo: "acme/other" }), null);
    const { body: releases } = await rest.get(`/apps/${app.name}/releases`);
    assert.equal(releases.length, 2, "only builds of its component are deployed");
    const patch = async (body: object) => (await rest.patch(`/pipelines/${pipeline.id}`, body)).body.component;
    assert.equal(await patch({ name: unique("renamed") }), "web");
    assert.equal(await patch({ component: "api" }), "api");
    assert.equal(await patch({ component: null }), null);
    assert.equal((await rest.get(`/pipelines/${pipeline.id}`)).body.component, null);
  });

  it("takes an empty body of any method for no body, as Akkeris' command line sends it", async () => {
    const json = { "content-type": "application/json" };
    const app = await seed.app();
    const deleted = await rest.send("DELETE", `/apps/${app.name}`, undefined, json);
    assert.deepEqual([deleted.status, deleted.body.id], [200, app.id]);
    const created = await rest.send("POST", "/pipelines", undefined, json);
    assert.deepEqual([created.status, created.body.id], [422, "invalid_params"]);
    const unknown = await rest.send("DELETE", `/apps/${app.name}/dynos`, undefined, json);
    assert.deepEqual([unknown.status, unknown.body.id], [404, "not_found"]);
  });

  it("renames an app, and refuses what it cannot change", async () => {
    const [app, other, name] = [await seed.app(), await seed.app(), unique("renamed")];
    const renamed = await rest.patch(`/apps/${app.name}`, { name });
    assert.deepEqual([renamed.status, renamed.body.id, renamed.body.name], [200, app.id, name]);
    assert.equal((await rest.get(`/apps/${app.name}`)).status, 404);
    const taken = await rest.patch(`/apps/${other.name}`, { name });
    assert.deepEqual([taken.status, taken.body.id], [409, "conflict"]);
    const refused = await rest.patch(`/apps/${name}`, { maintenance: true });
    assert.deepEqual([refused.status, refused.body.id], [422, "invalid_params"]);
    assert.match(refused.body.message, /maintenance of an app cannot be changed/);
    const { events } = await server.admin.ask(
      "query ($app: ID!) { events(app: $app, types: [APP_UPDATED]) { nodes { ... on ChangeEvent { summary } } } }",
      { app: app.id },
    );
    assert.deepEqual(events.nodes, [{ summary: `App ${app.name}: name "${name}"` }]);
  });

  it("registers a build from a source_blob, with its version as the commit if it is a hash", async () => {
    const app = await seed.app();
    const build = async (version: string) => {
      const source_blob = { url: "https://registry.test/shop.tgz", checksum: "SHA256:1", version };
      const { status, body } = await rest.post(`/apps/${app.name}/builds`, { source_blob });
      assert.deepEqual([status, body.source_blob.url, body.source_blob.checksum], [201, source_blob.url, "SHA256:1"]);
      return body.source_blob.commit;
    };
    assert.equal(await build("0123456789abcdef0123456789abcdef01234567"), "0123456789abcdef0123456789abcdef01234567");
    assert.match(await build("v1.3"), /^[0-9a-f]{40}$/);
    const missing = await rest.post(`/apps/${app.name}/builds`, { checksum: "SHA256:1" });
    assert.deepEqual([missing.status, missing.body.message], [422, "url or source_blob.url must be given."]);
  });

  it("describes every route", async () => {
    const { body } = await rest.get("/openapi.json");
    assert.match(body.openapi, /^3\./);
    for (const path of [
      "/pipelines",
      "/pipeline-couplings",
      "/pipeline-promotions",
      "/apps/{app}/releases/{release}/statuses",
    ]) {
      assert.ok(body.paths[path], `${path} is described`);
    }
    const page = await (await fetch(`${server.url}/reference`)).text();
    for (const path of Object.keys(body.paths)) assert.ok(page.includes(path), `${path} is on the page`);
  });

  it("writes the same rows and events as the same operations through GraphQL", async (t) => {
    const [left, right] = [await startServer(t), await startServer(t)];
    const viaGraphql = graphqlActs(left);
    const viaRest = restActs(right);
    const act = fc.oneof(
      fc.record({ kind: fc.constant("release" as const), app: fc.nat(3) }),
      fc.record({ kind: fc.constant("promote" as const), app: fc.nat(3), unsafe: fc.boolean() }),
      fc.record({ kind: fc.constant("status" as const), app: fc.nat(3), state: fc.constantFrom("SUCCESS", "FAILURE") }),
      fc.record({
        kind: fc.constant("move" as const),
        app: fc.nat(3),
        stage: fc.constantFrom("DEVELOPMENT", "STAGING", "PRODUCTION"),
      }),
      fc.record({ kind: fc.constant("checks" as const), app: fc.nat(3), checks: fc.subarray(["qa", "ci/build"]) }),
      fc.record({ kind: fc.constant("rollback" as const), app: fc.nat(3) }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(act, { minLength: 1, maxLength: 12 }), async (acts) => {
        const name = unique("same");
        const [a, b] = [await viaGraphql.begin(name), await viaRest.begin(name)];
        for (const one of acts) {
          const [x, y] = [await viaGraphql.act(a, one), await viaRest.act(b, one)];
          assert.equal(x, y, `${JSON.stringify(one)} was ${x ? "done" : "refused"} through GraphQL only`);
        }
        assert.deepEqual(await readState(right, name), await readState(left, name));
      }),
      { numRuns: runsPerEngine(25) },
    );
  });
});

type Act =
  | { kind: "release"; app: number }
  | { kind: "rollback"; app: number }
  | { kind: "promote"; app: number; unsafe: boolean }
  | { kind: "status"; app: number; state: string }
  | { kind: "move"; app: number; stage: string }
  | { kind: "checks"; app: number; checks: string[] };

interface Setting {
  readonly pipeline: Named;
  readonly apps: (Named & { couplingId: string })[];
  readonly build: { readonly id: string };
}

interface Acts {
  begin(name: string): Promise<Setting>;
  /** Whether the operation succeeded rather than being refused. */
  act(setting: Setting, act: Act): Promise<boolean>;
}

const STAGES = ["DEVELOPMENT", "STAGING", "STAGING", "PRODUCTION"];

async function begin(on: TestServer, name: string): Promise<Setting> {
  const seeds = new Seed(on.admin);
  const pipeline = await seeds.pipeline({ name });
  const apps = [];
  for (const [index, stage] of STAGES.entries()) {
    const app = await seeds.app({ name: `${name}-${index}` });
    const added = await on.admin.mutate("addCoupling", { pipeline: name, app: app.name, stage }, "coupling { id }");
    apps.push({ ...app, couplingId: added.coupling.id });
  }
  const build = await seeds.build({ repository: `tests/${name}`, commit: { sha: "0123abcd" }, artifact: "image" });
  return { pipeline, apps, build };
}

function graphqlActs(on: TestServer): Acts {
  const done = async (mutation: string, input: object) =>
    (
      await on.admin.post(
        `mutation ($input: ${mutation[0]?.toUpperCase()}${mutation.slice(1)}Input!) { ${mutation}(input: $input) { __typename } }`,
        { input },
      )
    ).errors === undefined;
  return {
    begin: (name) => begin(on, name),
    async act({ apps, build }, act) {
      const app = apps[act.app] as Named & { couplingId: string };
      if (act.kind === "release") return done("createRelease", { app: app.id, build: build.id });
      if (act.kind === "rollback") {
        const first = await releaseId(on, app);
        return first !== null && done("rollback", { app: app.id, release: first });
      }
      if (act.kind === "promote") {
        const reason = "Asked for with safe: false through the Platform API.";
        return done("promote", { app: app.id, ...(act.unsafe && { force: true, reason }) });
      }
      if (act.kind === "move") return done("moveCoupling", { coupling: app.couplingId, stage: act.stage });
      if (act.kind === "checks") return done("updateChecks", { coupling: app.couplingId, requiredChecks: act.checks });
      const release = await releaseId(on, app);
      return release !== null && done("reportStatus", { release, context: "qa", state: act.state });
    },
  };
}

function restActs(on: TestServer): Acts {
  const client = new RestClient(on.url, ADMIN_SECRET);
  const done = async (method: string, path: string, body: unknown) =>
    (await client.send(method, path, body)).status < 300;
  return {
    begin: (name) => begin(on, name),
    async act({ apps, build, pipeline }, act) {
      const app = apps[act.app] as Named & { couplingId: string };
      if (act.kind === "release") return done("POST", `/apps/${app.name}/releases`, { slug: build.id });
      if (act.kind === "rollback") return done("POST", `/apps/${app.name}/releases`, { release: "v1" });
      if (act.kind === "promote") {
        const body = {
          pipeline: { id: pipeline.id },
          source: { app: { id: app.id } },
          ...(act.unsafe && { safe: false }),
        };
        return done("POST", "/pipeline-promotions", body);
      }
      const coupling = `/pipeline-couplings/${app.couplingId}`;
      if (act.kind === "move") return done("PATCH", coupling, { stage: act.stage.toLowerCase() });
      if (act.kind === "checks") return done("PATCH", coupling, { required_status_checks: { contexts: act.checks } });
      const body = { context: "qa", state: act.state.toLowerCase() };
      return done("POST", `/apps/${app.name}/releases/v1/statuses`, body);
    },
  };
}

/** The first release of an app. */
async function releaseId(on: TestServer, app: Named): Promise<string | null> {
  const found = await on.admin.ask("query ($app: ID!) { app(app: $app) { releases(last: 1) { nodes { id } } } }", {
    app: app.id,
  });
  return found.app.releases.nodes[0]?.id ?? null;
}

/** Everything in a pipeline, without ids and times. */
async function readState(on: TestServer, name: string): Promise<unknown> {
  return on.admin.ask(
    `query ($name: ID!) { pipeline(pipeline: $name) {
      couplings { stage requiredChecks app { name releases(first: 100) { nodes {
        version phase trigger description current state statuses { context state } } } } }
      promotions(first: 100) { nodes { phase from to forced reason targets { phase checks { context state passed } app { name } } } }
      events(first: 100) { nodes { type actor { name }
        ... on ChangeEvent { subjectName summary } ... on PromotionEvent { promotionPhase targetPhase }
        ... on ReleaseEvent { releasePhase } ... on ReleaseStatusEvent { context state previousState } } }
    } }`,
    { name },
  );
}
