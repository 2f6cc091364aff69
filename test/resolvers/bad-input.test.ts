import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import type { ResponseError } from "../support/clients/client.js";
import { Socket } from "../support/clients/socket.js";
import { type Named, Seed, type SeededBuild, type SeededRelease, unique } from "../support/data/seed.js";
import { suiteCleanup } from "../support/service/cleanup.js";
import { ADMIN_SECRET, startServer, type TestServer } from "../support/service/server.js";

const UNKNOWN_ID = "01890a5d-ac96-774b-bcce-b302099a8057";

/** Neither an id nor a name of anything. */
const BAD_IDS = ["", " ", "no-such-thing", "a\0b", "\ud800", "'", "%", `${UNKNOWN_ID}x`, "x".repeat(10_000)];

interface State {
  readonly pipeline: Named;
  readonly app: Named & { couplingId: string };
  readonly build: SeededBuild;
  readonly release: SeededRelease;
  readonly promotionId: string;
  readonly statusId: string;
}

describe("an operation of several mutations", () => {
  it("returns the results of the others if one is refused", async (t) => {
    const { admin } = await startServer(t);
    const name = unique("taken");
    await admin.mutate("createApp", { name }, "__typename");
    const { data, errors } = await admin.post<{ token: { secret: string }; app: null }>(
      `mutation ($name: String!) {
        token: createToken(input: { name: $name, role: VIEWER }) { secret }
        app: createApp(input: { name: $name }) { app { id } }
      }`,
      { name },
    );
    assert.equal(typeof data?.token.secret, "string", "the only time that the secret is shown");
    assert.equal(data?.app, null);
    assert.deepEqual(
      errors?.map((error: ResponseError) => [error.extensions.code, error.path]),
      [["CONFLICT", ["app"]]],
    );
  });

  it("does so on a socket too, with the refused one in the middle", async (t) => {
    const { url } = await startServer(t);
    const token = (alias: string) => `${alias}: createToken(input: { name: "t", role: VIEWER }) { secret }`;
    const query = `mutation { ${token("before")} refused: deleteApp(input: { app: "missing" }) { deletedAppId } ${token("after")} }`;
    const operation = (await Socket.open(t, url, ADMIN_SECRET)).run(query);
    await operation.until(({ complete }) => complete);
    const [{ data, errors } = {}] = operation.results;
    for (const shown of [data?.before, data?.after]) assert.match(shown?.secret ?? "", /^railyard_/);
    assert.equal(data?.refused, null);
    assert.deepEqual(
      errors?.map((error) => [error.extensions.code, error.path]),
      [["NOT_FOUND", ["refused"]]],
    );
  });

  it("keeps what was created before two refusals", async (t) => {
    const { admin } = await startServer(t);
    const { data, errors } = await admin.post(
      `mutation ($input: CreateAppInput!) { made: createApp(input: $input) { app { name } } again: createApp(input: $input) { app { name } }
        coupled: addCoupling(input: { pipeline: "missing", app: "kept", stage: STAGING }) { coupling { id } } }`,
      { input: { name: "kept" } },
    );
    assert.deepEqual(data, { made: { app: { name: "kept" } }, again: null, coupled: null });
    assert.deepEqual(
      errors?.map((error) => error.extensions.code),
      ["CONFLICT", "NOT_FOUND"],
    );
    assert.equal((await admin.ask('{ app(app: "kept") { name } }')).app.name, "kept");
  });
});

describe("bad input", () => {
  let server: TestServer;
  let there: State;
  const cleanup = suiteCleanup();
  before(async () => {
    server = await startServer(cleanup);
    const seed = new Seed(server.admin);
    const pipeline = await seed.pipeline();
    const app = await seed.coupled(pipeline, "DEVELOPMENT");
    await seed.coupled(pipeline, "STAGING");
    const build = await seed.build();
    const release = await seed.release(app, build);
    const { promotion } = await server.admin.mutate("promote", { app: app.id }, "promotion { id }");
    const report = { release: release.id, context: "ci", state: "PENDING" };
    const { status } = await server.admin.mutate("reportStatus", report, "status { id }");
    there = { pipeline, app, build, release, promotionId: promotion.id, statusId: status.id };
  });

  it("a malformed id differs from an unknown one, and ids match in either case", async () => {
    const { pipeline, app, build, release, promotionId, statusId } = there;
    /** The queries by id, with an existing id, and whether any other text finds nothing instead of being refused. */
    const lookups: [query: string, id: string, named: boolean][] = [
      ["node(id: $id) { id }", pipeline.id, true],
      ["node(id: $id) { id }", statusId, true],
      ["pipeline(pipeline: $id) { id }", pipeline.id, true],
      ["stage(pipeline: $id, stage: REVIEW) { pipeline { id } }", pipeline.id, true],
      ["coupling(id: $id) { id }", app.couplingId, false],
      ["coupling(app: $id) { app { id } }", app.id, true],
      ["app(app: $id) { id }", app.id, true],
      ["release(id: $id) { id }", release.id, false],
      ["build(id: $id) { id }", build.id, false],
      ["promotion(id: $id) { id }", promotionId, false],
    ];
    for (const [lookup, id, named] of lookups) {
      const query = `query ($id: ID!) { found: ${lookup} }`;
      const found = (await server.admin.ask(query, { id })).found;
      assert.ok(JSON.stringify(found).includes(id), lookup);
      assert.deepEqual((await server.admin.ask(query, { id: id.toUpperCase() })).found, found, lookup);
      assert.equal((await server.admin.ask(query, { id: UNKNOWN_ID })).found, null, lookup);
      for (const bad of BAD_IDS) {
        if (named) {
          assert.equal((await server.admin.ask(query, { id: bad })).found, null, `${lookup} ${bad}`);
          continue;
        }
        const refusal = await server.admin.queryError(query, { id: bad });
        assert.deepEqual(refusal.extensions, { code: "BAD_USER_INPUT", field: "id" }, `${lookup} ${bad}`);
        assert.match(refusal.message, /^id must be an id: a UUID/);
      }
    }
  });

  it("in the ids of a list's filter is NOT_FOUND with the argument's name", async () => {
    for (const [list, argument] of [
      ["couplings", "pipeline"],
      ["promotions", "pipeline"],
      ["promotions", "app"],
      ["events", "pipeline"],
      ["events", "app"],
    ]) {
      const query = `query ($id: ID!) { ${list}(${argument}: $id) { nodes { __typename } } }`;
      for (const id of [...BAD_IDS, UNKNOWN_ID]) {
        const { extensions, message } = await server.admin.queryError(query, { id });
        assert.deepEqual(extensions, { code: "NOT_FOUND", field: argument }, `${list} ${id}`);
        assert.match(message, /^There is no (pipeline|app) "/);
        assert.ok(message.length < 150 && !/\p{C}/u.test(message), message);
      }
      const known = { id: (argument === "app" ? there.app : there.pipeline).id.toUpperCase() };
      assert.ok((await server.admin.ask(query, known))[list as string].nodes.length > 0);
    }
  });

  it("in the ids of a mutation is refused with the field, and ids match in either case", async () => {
    const { pipeline, app, build, release } = there;
    /** For each mutation an input that changes nothing, its id fields, and whether any other text finds nothing instead of being refused. */
    const mutations: [name: string, input: Record<string, unknown>, fields: Record<string, "id" | "name">][] = [
      ["updatePipeline", { pipeline: pipeline.id }, { pipeline: "name" }],
      ["updateApp", { app: app.id }, { app: "name" }],
      ["updateChecks", { coupling: app.couplingId, requiredChecks: [] }, { coupling: "id" }],
      ["moveCoupling", { coupling: app.couplingId, stage: "DEVELOPMENT" }, { coupling: "id" }],
      ["setAutoDeploy", { coupling: app.couplingId, autoDeploy: true }, { coupling: "id" }],
      ["createRelease", { app: app.id, build: build.id }, { app: "name", build: "id" }],
      ["rollback", { app: app.id, release: release.id }, { app: "name", release: "id" }],
      ["reportStatus", { release: release.id, context: "ci", state: "PENDING" }, { release: "id" }],
      ["reportStatus", { build: build.id, context: "ci", state: "PENDING" }, { build: "id" }],
      ["reportDeployment", { release: release.id, phase: "SUCCEEDED" }, { release: "id" }],
      ["promote", { app: app.id, release: release.id }, { app: "name", release: "id" }],
      ["updateBuild", { build: build.id, phase: "SUCCEEDED" }, { build: "id" }],
    ];
    for (const [name, input, fields] of mutations) {
      for (const [field, kind] of Object.entries(fields)) {
        await server.admin.mutate(name, { ...input, [field]: String(input[field]).toUpperCase() }, "__typename");
        for (const bad of [...BAD_IDS, UNKNOWN_ID]) {
          const { extensions } = await server.admin.mutationError(name, { ...input, [field]: bad });
          const code = kind === "name" || bad === UNKNOWN_ID ? "NOT_FOUND" : "BAD_USER_INPUT";
          assert.deepEqual(extensions, { code, field }, `${name} ${field} ${bad.slice(0, 40)}`);
        }
      }
    }
    for (const [name, field] of [
      ["deletePipeline", "pipeline"],
      ["deleteApp", "app"],
      ["removeCoupling", "coupling"],
      ["revokeToken", "token"],
      ["openReviewApp", "pipeline"],
      ["closeReviewApp", "pipeline"],
    ] as const) {
      const rest = {
        openReviewApp: { pullRequest: { number: 1, branch: "b" } },
        closeReviewApp: { pullRequestNumber: 1 },
      };
      const input = { ...(rest as Record<string, object>)[name], [field]: UNKNOWN_ID };
      assert.deepEqual((await server.admin.mutationError(name, input)).extensions, { code: "NOT_FOUND", field });
    }
    const target = await server.admin.mutationError("promote", { app: app.id, targets: [app.id, UNKNOWN_ID] });
    assert.deepEqual(target.extensions, { code: "BAD_USER_INPUT", field: "targets.0" });
  });

  it("in text is refused with the path of the field and a sentence that says what is valid", async () => {
    const { app, release } = there;
    const commit = { sha: "abcdef0" };
    const build = { repository: "acme/shop", commit, artifact: "image" };
    const status = { release: release.id, context: "ci", state: "PENDING" };
    const longest: Record<string, number> = { description: 1024, reason: 1024, region: 256, "commit.message": 8192 };
    /** Every text field: the mutation, the path of the field, and an otherwise valid input. */
    const fields: [name: string, field: string, input: Record<string, unknown>, mayBeEmpty?: boolean][] = [
      ["createPipeline", "name", {}],
      ["createPipeline", "description", { name: "ok" }, true],
      ["createPipeline", "repository", { name: "ok" }],
      ["createPipeline", "branch", { name: "ok" }],
      ["createApp", "name", {}],
      ["createApp", "description", { name: "ok" }, true],
      ["createApp", "region", { name: "ok" }],
      ["updateApp", "description", { app: app.id }, true],
      ["updateApp", "region", { app: app.id }],
      ["createBuild", "repository", build],
      ["createBuild", "branch", build],
      ["createBuild", "commit.sha", build],
      ["createBuild", "commit.message", build, true],
      ["createBuild", "commit.author", build],
      ["createBuild", "commit.url", build],
      ["createBuild", "artifact", build],
      ["createBuild", "checksum", build],
      ["createRelease", "description", { app: app.id, build: there.build.id }, true],
      ["rollback", "reason", { app: app.id }, true],
      ["promote", "reason", { app: app.id }, true],
      ["reportStatus", "context", status],
      ["reportStatus", "name", status],
      ["reportStatus", "description", status, true],
      ["reportStatus", "targetUrl", status],
      ["reportStatus", "imageUrl", status],
      ["createToken", "name", { role: "VIEWER" }],
      ["updateChecks", "requiredChecks.0", { coupling: app.couplingId }],
    ];
    for (const [name, field, input, mayBeEmpty = false] of fields) {
      const bad = ["\0", "a\0b", "\ud800", "x\udfff\ud800", "\u0007", "y".repeat((longest[field] ?? 2048) + 7000)];
      for (const text of mayBeEmpty ? bad : ["", " ", ...bad]) {
        const refusal = await server.admin.mutationError(name, withField(input, field, text));
        assert.deepEqual(
          refusal.extensions,
          { code: "BAD_USER_INPUT", field },
          `${name} ${JSON.stringify(text.slice(0, 20))}`,
        );
        expectSentence(refusal, field);
        assert.ok(!refusal.message.includes("yyy"), "what was sent is not repeated");
      }
    }
    const { viewer } = await server.admin.ask("{ viewer { name } }");
    assert.equal(viewer.name, "admin");
  });

  it("in the text of a filter finds nothing, or is refused with the argument's name", async () => {
    const odd = ["", "\0", "a\0", "\ud800", "%", "_", "\\", "'", "%".repeat(30_000), "x".repeat(60_000)];
    for (const [list, argument] of [
      ["pipelines", "nameContains"],
      ["apps", "nameContains"],
      ["apps", "region"],
      ["builds", "repository"],
      ["builds", "branch"],
      ["builds", "commitSha"],
    ] as const) {
      const query = `query ($text: String!) { ${list}(${argument}: $text) { totalCount nodes { id } } }`;
      for (const text of odd) {
        const { data, errors } = await server.admin.post<Record<string, { totalCount: number }>>(query, { text });
        const what = `${list}(${argument}: ${JSON.stringify(text.slice(0, 10))})`;
        if (argument === "repository") {
          assert.deepEqual(errors?.[0]?.extensions, { code: "BAD_USER_INPUT", field: argument }, what);
        } else if (text !== "" || argument !== "nameContains") {
          assert.deepEqual([errors, data?.[list]?.totalCount], [undefined, 0], what);
        }
      }
    }
    const found = (await server.admin.ask('{ apps(nameContains: "APP-") { totalCount } }')).apps.totalCount;
    assert.equal(found, 2);
  });

  it("in pagination arguments is refused with the argument's name", async () => {
    const lists = ["pipelines", "apps", "couplings", "builds", "promotions", "tokens", "events"];
    const elsewhere = (await server.admin.ask("{ pipelines { edges { cursor } } }")).pipelines.edges[0].cursor;
    for (const list of lists) {
      const refused = async (args: string, field: string) => {
        const refusal = await server.admin.queryError(`{ ${list}(${args}) { pageInfo { hasNextPage } } }`);
        assert.deepEqual(refusal.extensions, { code: "BAD_USER_INPUT", field }, `${list}(${args})`);
        expectSentence(refusal, args.includes("last") && args.includes("first") ? "first" : field);
      };
      for (const size of [-1, -(2 ** 31), 101, 2 ** 31 - 1]) {
        await refused(`first: ${size}`, "first");
        await refused(`last: ${size}`, "last");
      }
      await refused("first: 1, last: 1", "first");
      await refused('after: "x", last: 1', "after");
      const foreign = list === "pipelines" || list === "apps" ? getCursor("version:1") : elsewhere;
      const garbage = [
        "",
        " ",
        "x",
        "\\u0000",
        "%%%",
        foreign,
        getCursor("name:\\u0000"),
        getCursor("id:"),
        "A".repeat(5000),
      ];
      for (const cursor of garbage) {
        await refused(`after: "${cursor}"`, "after");
        await refused(`first: 5, after: "${cursor}"`, "after");
        await refused(`before: "${cursor}"`, "before");
      }
      const { [list]: none } = await server.admin.ask(
        `{ ${list}(first: 0) { edges { cursor } pageInfo { hasNextPage } } }`,
      );
      assert.deepEqual(none, { edges: [], pageInfo: { hasNextPage: true } }, `${list}(first: 0)`);
    }
  });

  it("of a wrong type is refused with the path of the field", async () => {
    const cases: [name: string, input: unknown, field: string][] = [
      ["createApp", {}, "name"],
      ["createApp", { name: null }, "name"],
      ["createApp", { name: 5 }, "name"],
      ["createApp", { name: ["a"] }, "name"],
      ["createApp", { name: "a", deploymentMode: "SOMETIMES" }, "deploymentMode"],
      ["createApp", null, "input"],
      ["createApp", "a", "input"],
      ["createBuild", { repository: "a/b", commit: {}, artifact: "x" }, "commit.sha"],
      ["createBuild", { repository: "a/b", commit: { sha: {} }, artifact: "x" }, "commit.sha"],
      ["updateChecks", { coupling: there.app.couplingId, requiredChecks: ["a", 5] }, "requiredChecks.1"],
      ["createToken", { name: "a", role: "VIEWER", expiresAt: "tomorrow" }, "expiresAt"],
      ["createToken", { name: "a", role: "VIEWER", expiresAt: "2026-02-30T00:00:00Z" }, "expiresAt"],
    ];
    for (const [name, input, field] of cases) {
      const refusal = await server.admin.mutationError(name, input as object);
      assert.deepEqual(refusal.extensions, { code: "BAD_USER_INPUT", field }, `${name} ${JSON.stringify(input)}`);
    }
  });
});

/** An error is a sentence and names the field. */
function expectSentence({ message }: ResponseError, field: string): void {
  assert.match(message, /^[\p{L}\d].{10,}\.$/u);
  assert.ok(message.includes(field), message);
}

/** Sets a text at the path of a field of the input. */
function withField(input: Record<string, unknown>, field: string, text: string): Record<string, unknown> {
  const [head = "", inner] = field.split(".");
  if (inner === undefined) return { ...input, [head]: text };
  return { ...input, [head]: inner === "0" ? [text] : { ...(input[head] as object), [inner]: text } };
}

function getCursor(text: string): string {
  return Buffer.from(JSON.parse(`"${text}"`)).toString("base64url");
}
