import assert from "node:assert/strict";
import { join } from "node:path";
import { before, describe, it } from "node:test";
import { SqliteFile } from "../../../src/database/sqlite/file.js";
import { Client } from "../../support/clients/client.js";
import { Seed } from "../../support/data/seed.js";
import { suiteCleanup } from "../../support/service/cleanup.js";
import { ADMIN_SECRET, startServer, type TestServer, temporaryFolder } from "../../support/service/server.js";
import { startProcess } from "../../support/service/server-process.js";

const BODY_LIMIT = 64 * 1024;
const JSON_TYPE = { "content-type": "application/json" };

describe("an invalid request", () => {
  let server: TestServer;
  const cleanup = suiteCleanup();
  before(async () => {
    server = await startServer(cleanup);
  });

  async function send(init: RequestInit, path = "/graphql") {
    const headers = { authorization: `Bearer ${ADMIN_SECRET}`, ...(init.headers as Record<string, string>) };
    const response = await fetch(`${server.url}${path}`, { method: "POST", ...init, headers });
    const text = await response.text();
    const body = JSON.parse(text) as { data?: unknown; errors?: { message: string; extensions: { code: string } }[] };
    return { status: response.status, response, code: body.errors?.[0]?.extensions.code, ...body };
  }

  /** Asserts that a request was refused as a whole: nothing was executed, and one error says what is valid. */
  async function refuse(code: string, status: number, init: RequestInit, path?: string): Promise<void> {
    const answer = await send(init, path);
    const what = `${JSON.stringify(init).slice(0, 200)} ${path ?? ""}`;
    assert.deepEqual([answer.code, answer.status, answer.data], [code, status, undefined], what);
    assert.match(answer.errors?.[0]?.message ?? "", /^.{10,}$/s);
    assert.match(answer.response.headers.get("x-request-id") ?? "", /^[0-9a-f-]{36}$/);
    await server.admin.ask("{ viewer { name } }");
  }

  it("is refused if the body is not JSON, or not an object with a query", async () => {
    const bodies = [
      "{",
      "",
      "null",
      "5",
      '"a"',
      "[]",
      "{}",
      '{"query":5}',
      '{"query":null}',
      "{ viewer }",
      "\0",
      '{"__proto__":{}}',
    ];
    for (const body of [
      ...bodies,
      '{"query":"{ viewer { name } }","variables":5}',
      '{"query":"{ viewer { name } }","variables":[]}',
    ]) {
      await refuse("BAD_USER_INPUT", 400, { headers: JSON_TYPE, body });
    }
  });

  it("is refused if its operation is ambiguous", async () => {
    const two = "query a { viewer { name } } query b { viewer { name } }";
    await refuse("BAD_USER_INPUT", 400, { headers: JSON_TYPE, body: JSON.stringify({ query: two }) });
    const other = JSON.stringify({ query: two, operationName: "c" });
    await refuse("BAD_USER_INPUT", 400, { headers: JSON_TYPE, body: other });
  });

  it("is refused if the document is not GraphQL, or invalid against the schema", async () => {
    for (const query of ["{", "}", "query {", "{ viewer { name }", "{ \ud800 }", "\0", "mutation", "#"]) {
      await refuse("GRAPHQL_PARSE_FAILED", 400, { headers: JSON_TYPE, body: JSON.stringify({ query }) });
    }
    for (const query of [
      "{ nothing }",
      "{ viewer }",
      "{ viewer { name(x: 1) } }",
      "{ pipelines(first: 5000000000) { totalCount } }",
    ]) {
      await refuse("GRAPHQL_VALIDATION_FAILED", 400, { headers: JSON_TYPE, body: JSON.stringify({ query }) });
    }
  });

  it("is refused with another content type", async () => {
    const body = JSON.stringify({ query: "{ viewer { name } }" });
    for (const type of [
      "text/plain",
      "application/x-www-form-urlencoded",
      "multipart/form-data; boundary=x",
      "image/png",
    ]) {
      const { code } = await send({ headers: { "content-type": type }, body });
      assert.equal(code, "BAD_USER_INPUT", type);
    }
  });

  it("is refused if it is a batch", async () => {
    const one = { query: "{ viewer { name } }" };
    await refuse("BAD_USER_INPUT", 400, { headers: JSON_TYPE, body: JSON.stringify([one, one]) });
  });

  it("is refused if it is a mutation by GET, which allows queries", async () => {
    const headers = { "apollo-require-preflight": "true" };
    const mutation = encodeURIComponent('mutation { createApp(input: { name: "by-get" }) { app { id } } }');
    await refuse("BAD_USER_INPUT", 405, { method: "GET", headers }, `/graphql?query=${mutation}`);
    assert.equal((await server.admin.ask('{ app(app: "by-get") { id } }')).app, null);
    const query = encodeURIComponent("{ viewer { name } }");
    const answer = await send({ method: "GET", headers }, `/graphql?query=${query}`);
    assert.deepEqual(answer.data, { viewer: { name: "admin" } });
    const variables = encodeURIComponent("{");
    await refuse("BAD_USER_INPUT", 400, { method: "GET", headers }, `/graphql?query=${query}&variables=${variables}`);
  });

  it("is accepted up to the maximum body size, and refused above it", async () => {
    const frame = JSON.stringify({ query: "{ viewer { name } }", variables: { x: "" } });
    const fill = (bytes: number) => frame.replace('"x":""', `"x":"${"y".repeat(bytes - frame.length)}"`);
    const { data } = await send({ headers: JSON_TYPE, body: fill(BODY_LIMIT) });
    assert.deepEqual(data, { viewer: { name: "admin" } });
    await refuse("QUERY_TOO_LARGE", 413, { headers: JSON_TYPE, body: fill(BODY_LIMIT + 1) });
    await refuse("QUERY_TOO_LARGE", 413, { headers: JSON_TYPE, body: fill(8 * 1024 * 1024) });
  });

  it("is refused if it is too deeply nested", async () => {
    const deep = [
      "{a".repeat(20_000),
      `${"{a".repeat(15_000)}${"}".repeat(15_000)}`,
      `{ pipelines(first: ${"[".repeat(50_000)}`,
      `{ pipeline(pipeline: ${"[".repeat(20_000)}${"]".repeat(20_000)}) { id } }`,
      `{ pipeline(pipeline: "a") ${"{ stages { pipeline ".repeat(1500)} { id } ${"} }".repeat(1500)} }`,
    ];
    const codes = ["QUERY_TOO_LARGE", "GRAPHQL_PARSE_FAILED", "GRAPHQL_VALIDATION_FAILED"];
    for (const query of deep) {
      const { code, status, errors = [] } = await send({ headers: JSON_TYPE, body: JSON.stringify({ query }) });
      assert.doesNotMatch(errors.map((error) => error.message).join(), /call stack/);
      assert.ok(code === undefined ? status === 200 : codes.includes(code), `${query.slice(0, 40)}: ${code}`);
    }
    const input = `${"[".repeat(25_000)}${"]".repeat(25_000)}`;
    const query = "mutation ($input: CreateAppInput!) { createApp(input: $input) { app { id } } }";
    const { code } = await send({
      headers: JSON_TYPE,
      body: `{"query":${JSON.stringify(query)},"variables":{"input":${input}}}`,
    });
    assert.ok(code === "BAD_USER_INPUT" || code === "QUERY_TOO_LARGE", code);
    await server.admin.ask("{ viewer { name } }");
  });

  it("is refused at unknown paths", async () => {
    await refuse("NOT_FOUND", 404, { method: "GET" }, "/nothing/here.json");
    await refuse("NOT_FOUND", 404, { method: "DELETE" }, "/graphql/more");
    await refuse("NOT_FOUND", 404, { method: "GET" }, `/${"x".repeat(3000)}`);
    const odd = await send({ method: "GET" }, "/%zz");
    assert.deepEqual([odd.code, odd.status], ["BAD_USER_INPUT", 400]);
  });
});

describe("an internal error", () => {
  it("shows only the request id, which leads to it in the log", async (t) => {
    const file = join(temporaryFolder(t), "railyard.sqlite");
    const server = startProcess(t, { DATABASE_URL: `sqlite:${file}`, ADMIN_TOKEN: ADMIN_SECRET });
    const url = await server.ready();
    const client = new Client(url, ADMIN_SECRET);
    const seed = new Seed(client);
    await seed.coupled(await seed.pipeline(), "STAGING");
    // Only a manual change of the file can do this: the row is invalid for the service.
    const hand = new SqliteFile(file);
    hand.exec("UPDATE couplings SET required_checks = 'a broken secret'");
    hand.close();

    const response = await fetch(`${url}/graphql`, {
      method: "POST",
      headers: { ...JSON_TYPE, authorization: `Bearer ${ADMIN_SECRET}` },
      body: JSON.stringify({ query: "{ viewer { name } couplings { nodes { requiredChecks } } }" }),
    });
    const text = await response.text();
    const [error] = JSON.parse(text).errors;
    const requestId = response.headers.get("x-request-id");
    assert.deepEqual(error.extensions, { code: "INTERNAL_SERVER_ERROR", requestId });
    assert.equal(error.message, "Internal server error; see the log for this requestId.");
    assert.doesNotMatch(text, /secret|JSON|SyntaxError|\.js|stack/i);

    assert.equal((await client.ask("{ viewer { name } }")).viewer.name, "admin");
    server.signal("SIGTERM");
    assert.equal(await server.exit(), 0);
    const line = server.log.find((one) => one.requestId === requestId && one.level === 50);
    assert.match(JSON.stringify(line), /SyntaxError.*broken secret|broken secret.*SyntaxError|not valid JSON/);
  });
});
