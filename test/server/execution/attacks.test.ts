import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { before, describe, it } from "node:test";
import fc from "fast-check";
import type { GraphQLSchema } from "graphql";
import { ATTACKS } from "../../support/clients/attacks.js";
import { Client, type ResponseError } from "../../support/clients/client.js";
import { Operation, Socket } from "../../support/clients/socket.js";
import { Seed } from "../../support/data/seed.js";
import { engine, runsPerEngine } from "../../support/database/engine.js";
import { arbitrarySelection } from "../../support/documents/arbitrary-documents.js";
import { introspect } from "../../support/documents/operations.js";
import { suiteCleanup } from "../../support/service/cleanup.js";
import { ADMIN_SECRET, startServer, type TestServer, temporaryFolder } from "../../support/service/server.js";

/** Number of generated documents for each of the two kinds. FUZZ_RUNS overrides it. */
const RUNS = Number(process.env.FUZZ_RUNS ?? runsPerEngine(500));

describe("an attack", () => {
  let server: TestServer;
  let schema: GraphQLSchema;
  const cleanup = suiteCleanup();
  before(async () => {
    server = await startServer(cleanup);
    schema = await introspect(server.admin);
  });

  for (const [name, { query, variables, code }] of Object.entries(ATTACKS)) {
    it(`by ${name} gets the same response over HTTP and WebSocket, and the server keeps running`, async (t) => {
      const overHttp = await server.admin.post(query, variables);
      const socket = await Socket.open(t, server.url, ADMIN_SECRET);
      const overSocket = await getAnswer(socket, query, variables);
      assert.deepEqual(getCodes(overSocket.errors), getCodes(overHttp.errors), name);
      assert.equal(getCodes(overHttp.errors)[0] ?? "-", code);
      if (code === "QUERY_TOO_LARGE") {
        assert.equal(typeof overHttp.errors?.[0]?.extensions.limit, "number", "the limit is told");
        assert.equal(overHttp.status, 413);
      }
      assert.equal((await getAnswer(socket, "{ viewer { role } }")).data?.viewer.role, "ADMIN");
      await server.admin.ask("{ viewer { name } }");
    });
  }

  it("by generated documents gets the same response over HTTP and WebSocket", async (t) => {
    const root = schema.getQueryType();
    assert.ok(root);
    const socket = await Socket.open(t, server.url, ADMIN_SECRET);
    const documents = fc
      .infiniteStream(fc.nat())
      .map((numbers) => `query ${arbitrarySelection(schema, root.name, numbers, 8)}`);
    await fc.assert(
      fc.asyncProperty(documents, async (query) => {
        const overHttp = await server.admin.post(query);
        const overSocket = await getAnswer(socket, query);
        assert.deepEqual(getCodes(overSocket.errors), getCodes(overHttp.errors), query);
        assert.ok(!getCodes(overHttp.errors).includes("INTERNAL_SERVER_ERROR"), query);
        socket.operations.clear();
      }),
      { numRuns: RUNS },
    );
    await server.admin.ask("{ viewer { name } }");
  });

  it("by a batch, or from a page of another origin, is refused", async (t) => {
    const headers = { "content-type": "application/json", authorization: `Bearer ${ADMIN_SECRET}` };
    const send = async (init: RequestInit, path = "/graphql") => {
      const response = await fetch(`${server.url}${path}`, { method: "POST", headers, ...init });
      return ((await response.json()) as { errors: ResponseError[] }).errors[0]?.extensions.code;
    };
    assert.equal(await send({ body: JSON.stringify([{ query: "{ viewer { name } }" }]) }), "BAD_USER_INPUT");
    // A page cannot send the header Authorization without CORS, and nothing else authenticates.
    const simple = { cookie: headers.authorization, "content-type": "text/plain" };
    assert.equal(
      await send({ method: "GET", headers: simple }, "/graphql?query=%7Bviewer%7Bname%7D%7D"),
      "UNAUTHENTICATED",
    );
    await assert.rejects(Socket.connect(t, server.url, { headers: { origin: "https://evil.example" } }), /HTTP 403/);
  });
});

describe("the limits", () => {
  it("each have a setting", async (t) => {
    const cases: [Record<string, string>, string, string][] = [
      [{ QUERY_MAX_TOKENS: "8" }, "{ viewer { name role } }", "{ viewer { name role } a: __typename }"],
      [{ QUERY_MAX_DEPTH: "2" }, "{ viewer { name } }", "{ pipelines { nodes { id } } }"],
      [
        { QUERY_MAX_ROOT_FIELDS: "2" },
        "{ a: __typename b: __typename }",
        "{ a: __typename b: __typename c: __typename }",
      ],
      [
        { QUERY_MAX_DIRECTIVES: "1" },
        "{ __typename @skip(if: false) }",
        "{ viewer @skip(if: false) { name @skip(if: false) } }",
      ],
      [
        { QUERY_MAX_COST: "21" },
        "{ pipelines(first: 20) { edges { cursor } } }",
        "{ pipelines(first: 100) { edges { cursor } } }",
      ],
    ];
    for (const [env, small, large] of cases) {
      const { admin } = await startServer(t, { env: { QUERY_MAX_COST: "250000", ...env } });
      const [name] = Object.keys(env);
      if (name !== "QUERY_MAX_COST") await admin.ask(small);
      const { code, limit } = (await admin.queryError(large)).extensions;
      assert.deepEqual([code, String(limit)], ["QUERY_TOO_LARGE", env[name ?? ""]], name);
    }
  });

  it("on the cost per token refuse its requests over both transports, and no other token's", async (t) => {
    const server = await startServer(t, { env: { COST_PER_MINUTE: "6" } });
    const other = await server.as("VIEWER");
    const first = await server.admin.post("{ viewer { name } }");
    assert.deepEqual(first.extensions?.cost, { requested: 2, limit: 250_000, remaining: 2 }, "making the token cost 2");
    const socket = await Socket.open(t, server.url, ADMIN_SECRET);
    assert.equal((await getAnswer(socket, "{ viewer { name } }")).errors, undefined);
    const refused = await server.admin.post("{ viewer { name } }");
    assert.deepEqual([refused.status, refused.errors?.[0]?.extensions.code], [429, "RATE_LIMITED"]);
    assert.equal(refused.errors?.[0]?.extensions.limit, 6);
    assert.deepEqual(getCodes((await getAnswer(socket, "{ viewer { name } }")).errors), ["RATE_LIMITED"]);
    await other.ask("{ viewer { name } }");
  });
});

describe("a repeated query", () => {
  it("costs points each time, whether its response is cached or not", async (t) => {
    const { admin } = await startServer(t, { env: { COST_PER_MINUTE: "1000" } });
    const app = await new Seed(admin).app();
    const left = async () =>
      (await admin.post(`{ app(app: "${app.id}") { id name } }`)).extensions?.cost?.remaining ?? 0;
    const first = await left();
    assert.deepEqual([await left(), await left(), await left()], [first - 3, first - 6, first - 9]);
  });

  it("is measured each time, whether its response is cached or not", async (t) => {
    const { admin, url } = await startServer(t);
    const app = await new Seed(admin).app();
    for (let i = 0; i < 5; i += 1) await admin.ask(`{ app(app: "${app.id}") { id name } }`);
    const metrics = await (await fetch(`${url}/metrics`)).text();
    assert.match(metrics, /railyard_operation_duration_seconds_count\{operation="query app",code="OK"\} 5\n/);
    assert.match(metrics, /railyard_http_request_duration_seconds_count\{route="POST \/graphql",status="200"\} 6\n/);
    // On PostgreSQL, the first response is not sent again if the app became known after it was stored.
    assert.match(metrics, /railyard_response_cache_requests_total\{result="hit"\} [234]\n/);
    if (engine === "sqlite") assert.match(metrics, /railyard_response_cache_requests_total\{result="miss"\} [1-9]/);
    assert.match(metrics, /railyard_response_cache_entries 1\n/);
    assert.match(metrics, /railyard_response_cache_bytes [1-9]\d+\n/);
  });
});

describe("trusted documents", () => {
  it("run by their hash over both transports, and all other documents are refused", async (t) => {
    const text = "query Me { viewer { role } }";
    const hash = createHash("sha256").update(text).digest("hex");
    const path = join(temporaryFolder(t), "persisted-documents.json");
    writeFileSync(path, JSON.stringify({ [hash]: text }));
    const server = await startServer(t, { env: { TRUSTED_DOCUMENTS: path } });
    const post = async (body: object) => {
      const headers = { "content-type": "application/json", authorization: `Bearer ${ADMIN_SECRET}` };
      const response = await fetch(`${server.url}/graphql`, { method: "POST", headers, body: JSON.stringify(body) });
      return (await response.json()) as { data?: unknown; errors?: ResponseError[] };
    };
    const get = async (body: object) => {
      const entries = Object.entries(body).map(([name, value]): [string, string] => [
        name,
        typeof value === "string" ? value : JSON.stringify(value),
      ]);
      const headers = { authorization: `Bearer ${ADMIN_SECRET}` };
      const response = await fetch(`${server.url}/graphql?${new URLSearchParams(entries)}`, { headers });
      return (await response.json()) as { data?: unknown; errors?: ResponseError[] };
    };
    const socket = await Socket.open(t, server.url, ADMIN_SECRET);
    const ways = [post, get, (body: object) => answerTo(socket, { query: "", ...body })];
    for (const way of ways) {
      const role = { viewer: { role: "ADMIN" } };
      assert.deepEqual((await way({ documentId: `sha256:${hash}` })).data, role);
      assert.deepEqual((await way({ extensions: { persistedQuery: { version: 1, sha256Hash: hash } } })).data, role);
      assert.deepEqual(getCodes((await way({ query: text })).errors), ["BAD_USER_INPUT"]);
      assert.deepEqual(
        getCodes((await way({ query: "{ tokens { totalCount } }", documentId: "0".repeat(64) })).errors),
        ["BAD_USER_INPUT"],
      );
      for (const trusted of [{ documentId: hash }, { extensions: { persistedQuery: { sha256Hash: hash } } }]) {
        const { data } = await way({ query: "{ tokens { totalCount } }", ...trusted });
        assert.deepEqual(data, role, "the hash says what runs");
      }
    }
    assert.equal((await new Client(server.url, null).post("{ viewer { name } }")).status, 401);
  });
});

interface SocketAnswer {
  // biome-ignore lint/suspicious/noExplicitAny: the caller knows the shape of the selected data.
  readonly data?: any;
  readonly errors?: readonly ResponseError[] | undefined;
}

async function getAnswer(
  socket: Socket,
  query: string,
  variables: Record<string, unknown> = {},
): Promise<SocketAnswer> {
  return receiveAnswer(socket, (id) => socket.run(query, variables, id));
}

function answerTo(socket: Socket, payload: object): Promise<SocketAnswer> {
  return receiveAnswer(socket, (id) => {
    const operation = new Operation(id, socket);
    socket.operations.set(id, operation);
    socket.send({ id, type: "subscribe", payload });
    return operation;
  });
}

let count = 0;
async function receiveAnswer(_: Socket, begin: (id: string) => ReturnType<Socket["run"]>): Promise<SocketAnswer> {
  count += 1;
  const operation = await begin(`attack-${count}`).until(
    ({ results, errors }) => errors !== null || results.length > 0,
  );
  return operation.results[0] ?? { errors: operation.errors ?? undefined };
}

function getCodes(errors: readonly ResponseError[] | null | undefined): string[] {
  return (errors ?? []).map(({ extensions }) => extensions.code);
}
