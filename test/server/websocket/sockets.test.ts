import assert from "node:assert/strict";
import { once } from "node:events";
import { describe, it } from "node:test";
import { LOG_START, Socket } from "../../support/clients/socket.js";
import { Seed, unique } from "../../support/data/seed.js";
import { ADMIN_SECRET, startServer } from "../../support/service/server.js";

const FOLLOW = `subscription { events(after: "${LOG_START}") { cursor } }`;

// An open socket would delay the shutdown by this long.
describe("a WebSocket", { timeout: 120_000 }, () => {
  it("requires a token, and is closed with 4401 without one", async (t) => {
    const server = await startServer(t);
    for (const params of [{}, { authorization: "Bearer nobody" }, { authorization: 7 }]) {
      const socket = await Socket.open(t, server.url, null, { params });
      assert.equal(await socket.closed, 4401);
      assert.equal(socket.acknowledged, false);
    }
    const early = await Socket.connect(t, server.url);
    early.run(FOLLOW);
    assert.equal(await early.closed, 4401);
  });

  it("accepts pages of the server's own and of allowed origins only", async (t) => {
    const server = await startServer(t, { env: { ALLOWED_ORIGINS: "https://dash.example.com" } });
    const from = (origin: string) => Socket.connect(t, server.url, { headers: { origin } });
    await from("https://dash.example.com");
    await from(server.url);
    for (const origin of ["https://evil.example.com", "null", "http://127.0.0.1:1"]) {
      await assert.rejects(from(origin), /HTTP 403/, origin);
    }
    await assert.rejects(Socket.connect(t, `${server.url}/elsewhere`), /HTTP 404/);
  });

  it("reports a syntax, validation or field error for its operation only", async (t) => {
    const server = await startServer(t);
    const socket = await Socket.open(t, server.url, ADMIN_SECRET);
    const watch = socket.run(FOLLOW);
    await watch.take(1);
    const codes = [];
    for (const query of [
      "subscription {",
      "subscription { nope }",
      "",
      "query A { viewer { name } } query B { viewer { name } }",
    ]) {
      codes.push((await socket.run(query).error()).extensions.code);
    }
    assert.deepEqual(codes, ["GRAPHQL_PARSE_FAILED", "GRAPHQL_VALIDATION_FAILED", "BAD_USER_INPUT", "BAD_USER_INPUT"]);
    await new Seed(server.admin).app();
    await watch.take(2);
    assert.equal(socket.code, null);
  });

  it("runs queries and mutations as HTTP does, with the same errors", async (t) => {
    const server = await startServer(t);
    const viewer = await server.as("VIEWER");
    const socket = await Socket.open(t, server.url, viewer.secret);
    const operations: [string, Record<string, unknown>][] = [
      ["{ viewer { name role } }", {}],
      ['{ pipeline(pipeline: "nope") { id } }', {}],
      ["{ pipelines(first: -1) { totalCount } }", {}],
      ["mutation ($input: CreateAppInput!) { createApp(input: $input) { app { id } } }", { input: { name: unique() } }],
      ["mutation ($input: CreateAppInput!) { createApp(input: $input) { app { id } } }", {}],
      ["{ tokens { totalCount } }", {}],
      ["{ nope }", {}],
      ["{ viewer { name ", {}],
      ["query ($a: ID!) { app(app: $a) { id } }", { a: [] }],
      ["{ __schema { queryType { name } } }", {}],
    ];
    for (const [query, variables] of operations) {
      const { status: _, extensions: __, ...overHttp } = await viewer.post(query, variables);
      const operation = await socket
        .run(query, variables)
        .until(({ results, errors }) => errors !== null || results.length > 0);
      const { extensions: ___, ...overSocket } = operation.results[0] ?? { errors: operation.errors ?? [] };
      assert.deepEqual(overSocket, overHttp, query);
    }
    const made = socket.run("mutation ($input: CreateAppInput!) { createApp(input: $input) { app { id } } }");
    assert.equal((await made.error()).extensions.code, "BAD_USER_INPUT");
  });

  it("carries subscriptions, which HTTP refuses with a hint", async (t) => {
    const server = await startServer(t);
    const answer = await server.admin.post("subscription { events { cursor } }");
    assert.equal(answer.status, 400);
    assert.equal(answer.errors?.[0]?.extensions.code, "BAD_USER_INPUT");
    assert.match(answer.errors?.[0]?.message ?? "", /WebSocket/);
  });

  it("carries at most 100 concurrent operations; only the next one is refused", async (t) => {
    const server = await startServer(t);
    const socket = await Socket.open(t, server.url, ADMIN_SECRET);
    const watches = Array.from({ length: 100 }, () => socket.run(FOLLOW));
    await Promise.all(watches.map((watch) => watch.take(1)));
    const refusal = await socket.run(FOLLOW).error();
    assert.deepEqual([refusal.extensions.code, refusal.extensions.limit], ["RATE_LIMITED", 100]);
    watches[0]?.stop();
    await socket.run("{ viewer { name } }").until(({ results, errors }) => results.length > 0 || errors !== null);
    await socket.run(FOLLOW).take(1);
  });

  it("is one of at most 500 per token; the next is closed with a code to retry later", async (t) => {
    const server = await startServer(t);
    const viewer = await server.as("VIEWER");
    const reporter = await server.as("REPORTER");
    const open = () => Socket.open(t, server.url, viewer.secret);
    for (let batch = 0; batch < 10; batch += 1) await Promise.all(Array.from({ length: 50 }, open));
    assert.equal(await (await open()).closed, 1013);
    assert.equal((await Socket.open(t, server.url, reporter.secret)).acknowledged, true);
  });

  it("accepts messages up to HTTP's size, refuses larger ones, and is closed by one four times as large", async (t) => {
    const server = await startServer(t);
    const socket = await Socket.open(t, server.url, ADMIN_SECRET);
    const fits = socket.run(`{ viewer { name } } # ${"x".repeat(60_000)}`);
    await fits.until(({ results }) => results.length > 0);
    const refused = await socket.run(`{ viewer { name } } # ${"x".repeat(70_000)}`).error();
    assert.deepEqual(refused.extensions, { code: "QUERY_TOO_LARGE", limit: 65_536 });
    assert.equal(socket.code, null);
    socket.run(`{ viewer { name } } # ${"x".repeat(300_000)}`);
    assert.equal(await socket.closed, 1009);
  });

  it("is closed with 4403 when its token is revoked; sockets of other tokens stay open", async (t) => {
    const server = await startServer(t);
    const { token, secret } = await server.admin.mutate(
      "createToken",
      { name: "watcher", role: "VIEWER" },
      "token { id } secret",
    );
    const [mine, other] = [await Socket.open(t, server.url, secret), await Socket.open(t, server.url, ADMIN_SECRET)];
    await mine.run(FOLLOW).take(1);
    const watch = other.run(FOLLOW);
    await server.admin.mutate("revokeToken", { token: token.id }, "token { id }");
    // From the revocation on, before the socket is closed, its operations are refused.
    const refusal = await mine
      .run("{ viewer { name } }")
      .error()
      .catch(() => null);
    if (refusal !== null) assert.equal(refusal.extensions.code, "UNAUTHENTICATED");
    assert.equal(await mine.closed, 4403);
    await watch.until(({ results }) => results.length >= 3);
    assert.equal(server.app.feed.stats.followers, 1);
  });

  it("is closed with 4403 on revocation also if it is idle", async (t) => {
    const server = await startServer(t);
    const viewer = await server.as("VIEWER");
    const socket = await Socket.open(t, server.url, viewer.secret);
    const { tokens } = await server.admin.ask("{ tokens(last: 1) { nodes { id } } }");
    await server.admin.mutate("revokeToken", { token: tokens.nodes[0].id }, "token { id }");
    assert.equal(await socket.closed, 4403);
  });

  it("is closed if its peer does not answer two pings in a row; others stay open", async (t) => {
    const server = await startServer(t, { heartbeat: 200 });
    const alive = await Socket.open(t, server.url, ADMIN_SECRET);
    const dead = await Socket.open(t, server.url, ADMIN_SECRET, { autoPong: false });
    let pings = 0;
    alive.ws.on("ping", () => {
      pings += 1;
    });
    const watch = alive.run(FOLLOW);
    await dead.run(FOLLOW).take(1);
    // Terminated without a close frame: the peer could not answer one.
    assert.equal(await dead.closed, 1006);
    const before = pings;
    while (pings < before + 3) await once(alive.ws, "ping");
    await watch.take(1);
    assert.equal(alive.code, null);
    assert.equal(server.app.feed.stats.followers, 1);
  });

  it("is closed with 4401 when its token expires", async (t) => {
    let late = 0;
    const server = await startServer(t, { now: () => new Date(Date.now() + late) });
    const expiresAt = new Date(Date.now() + 3_600_000);
    const made = await server.admin.mutate("createToken", { name: "guest", role: "VIEWER", expiresAt }, "secret");
    const socket = await Socket.open(t, server.url, made.secret);
    await socket.run(FOLLOW).take(1);
    late = 3_600_001;
    assert.equal(await socket.closed, 4401);
  });

  it("is closed with 1001 at shutdown, after running operations have finished", async (t) => {
    const server = await startServer(t);
    const socket = await Socket.open(t, server.url, ADMIN_SECRET);
    const watch = socket.run(FOLLOW);
    await watch.take(1);
    const names = Array.from({ length: 20 }, () => unique("app"));
    const query = "mutation ($input: CreateAppInput!) { createApp(input: $input) { app { name } } }";
    const under = names.map((name) => socket.run(query, { input: { name } }));
    await under[0]?.until(({ results }) => results.length > 0);
    const stopped = server.stop();
    assert.equal(await socket.closed, 1001);
    await stopped;
    // The subscription must not complete: the client should reconnect with its cursor.
    assert.equal(watch.complete, false);
    const answered = under.filter(({ results }) => results.length > 0).length;
    const refused = under.filter(({ errors }) => errors?.[0]?.extensions.code === "UNAVAILABLE").length;
    assert.equal(answered + refused, names.length);
    await server.start();
    const { apps } = await server.admin.ask("{ apps(first: 100) { nodes { name } } }");
    assert.equal(apps.nodes.length, answered);
  });
});
