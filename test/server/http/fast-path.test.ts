import assert from "node:assert/strict";
import { once } from "node:events";
import { request as httpRequest, type IncomingMessage } from "node:http";
import { describe, it } from "node:test";
import fc from "fast-check";
import { Seed } from "../../support/data/seed.js";
import { leastStatements } from "../../support/database/least-statements.js";
import { onlyOn, startServer, type TestServer } from "../../support/service/server.js";

interface Answered {
  readonly status: number;
  readonly headers: Record<string, unknown>;
  readonly body: string;
}

/**
 * Sends a body to `POST /graphql`. A chunked body takes the regular path through Fastify; one with a Content-Length may take
 * the fast path.
 */
async function send(server: TestServer, secret: string, body: string, inPieces: boolean): Promise<Answered> {
  const headers = {
    "content-type": "application/json",
    authorization: `Bearer ${secret}`,
    ...(inPieces ? { "transfer-encoding": "chunked" } : { "content-length": Buffer.byteLength(body) }),
  };
  const sent = httpRequest(`${server.url}/graphql`, { method: "POST", headers });
  sent.end(body);
  const [response] = (await once(sent, "response")) as [IncomingMessage];
  let text = "";
  for await (const chunk of response.setEncoding("utf8")) text += chunk;
  const { date, "x-request-id": id, ...rest } = response.headers;
  assert.match(String(id), /^[0-9a-f-]{36}$/);
  // Request ids differ. Everything else must be equal.
  return { status: response.statusCode ?? 0, headers: rest, body: text.replaceAll(String(id), "the request's id") };
}

const NAMED = "query A { viewer { name } } query B { viewer { role } }";
const ECHO = "query ($id: ID!) { pipeline(pipeline: $id) { id name description } }";
const CREATE = "mutation ($input: CreatePipelineInput!) { createPipeline(input: $input) { pipeline { id } } }";

/** Valid, unusual and invalid request bodies. */
function bodies(pipeline: string): Record<string, string> {
  const json = (value: unknown) => JSON.stringify(value);
  return {
    "a query": json({ query: ECHO, variables: { id: pipeline } }),
    "a query for an unknown id": json({ query: ECHO, variables: { id: "not-there" } }),
    "one of two operations": json({ query: NAMED, operationName: "B" }),
    "two operations, and neither is named": json({ query: NAMED }),
    "an unknown operation name": json({ query: NAMED, operationName: "C" }),
    "a syntax error": json({ query: "{ viewer {" }),
    "an unknown field": json({ query: "{ viewer { secret } }" }),
    "a variable that is missing": json({ query: ECHO }),
    "a variable of another type": json({ query: ECHO, variables: { id: { a: 1 } } }),
    "null for variables and operation": json({ query: "{ viewer { name } }", variables: null, operationName: null }),
    "a refused mutation": json({ query: CREATE, variables: { input: { name: "NOT A NAME" } } }),
    "a conflict": json({ query: CREATE, variables: { input: { name: "taken-already" } } }),
    "a subscription": json({ query: "subscription { events { cursor } }" }),
    "too large a document": json({ query: `{ ${"viewer { name } ".repeat(1000)} }` }),
    "too dear an operation": json({
      query:
        "{ apps(first: 100) { nodes { releases(first: 100) { nodes { app { releases(first: 100) { totalCount } } } } } } }",
    }),
    "letters of all kinds": json({ query: `{ pipelines(nameContains: "ä🚀\u2028") { totalCount } }` }),
    "escaped letters": '{"query":"{ pipelines(nameContains: \\"\\u00e4\\") { totalCount } }"}',
    "extensions of another kind": json({ query: "{ viewer { name } }", extensions: { a: 1 } }),
    "an unknown hash": json({ extensions: { persistedQuery: { version: 1, sha256Hash: "ab" } } }),
    "what is not asked for": json({ query: "{ viewer { name } }", more: 1 }),
    "a client that names itself": json({ query: "{ viewer { name } }", extensions: { clientLibrary: { name: "a" } } }),
    "a prototype": '{"query":"{ viewer { name } }","__proto__":{"a":1}}',
    "a nested prototype": '{"query":"{ viewer { name } }","variables":{"a":[{"__proto__":{"a":1}}]}}',
    "the name of a prototype": json({ query: '{ pipelines(nameContains: "__proto__") { totalCount } }' }),
    "a prototype, escaped": '{"query":"{ viewer { name } }","variables":{"\\u005f_proto__":{"a":1}}}',
    "a constructor": '{"query":"{ viewer { name } }","variables":{"constructor":{"prototype":{"a":1}}}}',
    "a batch": json([{ query: "{ viewer { name } }" }]),
    "a number for a query": json({ query: 1 }),
    "an empty query": json({ query: "" }),
    "text for variables": json({ query: "{ viewer { name } }", variables: "{}" }),
    "a list for variables": json({ query: "{ viewer { name } }", variables: [] }),
    "a number for an operation": json({ query: "{ viewer { name } }", operationName: 1 }),
    "nothing at all": "",
    "null alone": "null",
    "half of it": '{"query":"{ viewer { na',
    "a mark of the byte order": `\ufeff${json({ query: "{ viewer { name } }" })}`,
  };
}

describe("the fast path", () => {
  it("has the status, headers and body of the regular path", async (t) => {
    const server = await startServer(t);
    const seed = new Seed(server.admin);
    const pipeline = await seed.pipeline();
    await server.admin.mutate("createPipeline", { name: "taken-already" }, "__typename");
    const viewer = (await server.admin.mutate("createToken", { name: "v", role: "VIEWER" }, "secret")).secret;
    for (const secret of [server.admin.secret as string, viewer]) {
      // The regular path, from which the fast path learns the headers.
      await send(server, secret, JSON.stringify({ query: "{ viewer { name } }" }), false);
      for (const [what, body] of Object.entries(bodies(pipeline.id))) {
        const long = await send(server, secret, body, true);
        for (let turn = 0; turn < 2; turn++) {
          const short = await send(server, secret, body, false);
          assert.deepEqual(short, long, what);
          const isRefused = what.includes("prototype") && what !== "the name of a prototype";
          if (isRefused || what === "a constructor") assert.equal(short.status, 400, what);
        }
      }
    }
  });

  it("is equal for random bodies too", async (t) => {
    const server = await startServer(t);
    const secret = server.admin.secret as string;
    await send(server, secret, JSON.stringify({ query: "{ viewer { name } }" }), false);
    const part = fc.oneof(
      fc.constantFrom(NAMED, "{ viewer { name } }", "A", "B", null, 0, true, {}, []),
      fc.jsonValue({ maxDepth: 2 }),
    );
    const keys = fc.constantFrom("query", "variables", "operationName", "extensions", "documentId", "__proto__", "x");
    const body = fc
      .array(fc.tuple(keys, part), { maxLength: 4 })
      .map((entries) => `{${entries.map(([key, value]) => `${JSON.stringify(key)}:${JSON.stringify(value)}`)}}`);
    await fc.assert(
      fc.asyncProperty(body, async (text) => {
        assert.deepEqual(await send(server, secret, text, false), await send(server, secret, text, true), text);
      }),
      { numRuns: 200 },
    );
  });

  it("does not look up a token again, also for a client that sends extensions", onlyOn("sqlite"), async (t) => {
    const server = await startServer(t);
    const secret = server.admin.secret as string;
    const query = "{ pipelines { totalCount } }";
    for (const extensions of [undefined, { clientLibrary: { name: "@apollo/client", version: "4.0.0" } }]) {
      const body = JSON.stringify({ query, extensions });
      const statements = async (inPieces: boolean) =>
        (await leastStatements(server.app, () => send(server, secret, body, inPieces))).statements;
      for (const inPieces of [false, true]) await statements(inPieces);
      assert.equal(await statements(false), (await statements(true)) - 1);
    }
  });

  it("refuses a token from the moment of its revocation", async (t) => {
    const server = await startServer(t);
    const made = await server.admin.mutate("createToken", { name: "a script", role: "VIEWER" }, "secret token { id }");
    const body = JSON.stringify({ query: "{ pipelines { totalCount } }" });
    for (let turn = 0; turn < 2; turn++) assert.equal((await send(server, made.secret, body, false)).status, 200);
    await server.admin.mutate("revokeToken", { token: made.token.id }, "__typename");
    assert.equal((await send(server, made.secret, body, false)).status, 401);
    assert.equal((await send(server, "never-made", body, false)).status, 401);
  });
});
