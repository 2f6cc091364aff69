import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { describe, it } from "node:test";
import { SqliteFile } from "../../../src/database/sqlite/file.js";
import { redactor } from "../../../src/server/telemetry/log.js";
import { Client } from "../../support/clients/client.js";
import { RestClient } from "../../support/clients/rest.js";
import { Socket } from "../../support/clients/socket.js";
import { configKey, configKeys } from "../../support/data/config-keys.js";
import { unique } from "../../support/data/seed.js";
import { OtlpCollector } from "../../support/network/otlp-collector.js";
import { type Cleanup, temporaryFolder } from "../../support/service/server.js";

const ADMIN = "canary-admin-0123456789-0123456789";
const HEADER = "canary-header-0123456789";
const PATH = "railyard_canaryInTheDatabaseUrl";
const DEEP = "railyard_canaryFromDeepInside0123456789abcdefgh";

/** A running server with all of its output. */
async function run(t: Cleanup, file: string, more: Readonly<Record<string, string>> = {}) {
  const env = {
    PATH: process.env.PATH ?? "",
    PORT: "0",
    DATABASE_URL: `sqlite:${file}`,
    ADMIN_TOKEN: ADMIN,
    LOG_LEVEL: "trace",
    ...configKeys("canary-k1"),
    ...more,
  };
  const child = spawn(process.execPath, ["dist/src/main.js"], { env, stdio: ["ignore", "pipe", "pipe"] });
  let reported = "";
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding("utf8").on("data", (text) => (reported += text));
  const closed = once(child, "close");
  t.after(async () => {
    if (child.exitCode === null) child.kill("SIGKILL");
    await closed;
  });
  while (!reported.includes('"ready"')) await Promise.race([once(child.stdout, "data"), closed]);
  const url = /Railyard is at (http:\/\/[^\s/]+)/.exec(reported)?.[1] ?? "";
  const stop = async () => {
    child.kill("SIGTERM");
    await closed;
    return reported;
  };
  return { url, stop };
}

describe("a secret", () => {
  it("is in no response, log line or metric, from any source", async (t) => {
    const file = join(temporaryFolder(t), `${PATH}.sqlite`);
    const server = await run(t, file);
    // An error message of a database driver.
    const hand = new SqliteFile(file);
    hand.exec(
      `CREATE TRIGGER canary BEFORE INSERT ON apps BEGIN SELECT RAISE(ABORT, 'password ${DEEP} at postgres://u:${DEEP}@db, Bearer ${ADMIN}'); END`,
    );
    hand.close();
    const received: string[] = [];
    const send = async (path: string, body: object | null, authorization = `Bearer ${ADMIN}`) => {
      const headers = {
        "content-type": "application/json",
        authorization,
        cookie: HEADER,
        "x-api-key": HEADER,
        "user-agent": HEADER,
        referer: HEADER,
      };
      const response = await fetch(
        `${server.url}${path}`,
        body === null ? { headers } : { method: "POST", headers, body: JSON.stringify(body) },
      );
      received.push(JSON.stringify([...response.headers]), await response.text());
      return response.status;
    };
    const query = `mutation { createApp(input: { name: "${unique("app")}" }) { app { id } } }`;
    await send("/graphql", { query });
    assert.match(received.join(""), /INTERNAL_SERVER_ERROR/, "the fault was met");
    assert.equal(await send("/apps", { name: unique("app") }), 500);
    await send("/graphql", { query: "{ viewer { name } }" }, `Bearer ${HEADER}`);
    await send("/graphql", { query: "{ viewer { name } }" }, `Basic ${HEADER}`);
    const socket = await Socket.open(t, server.url, ADMIN, { headers: { "x-api-key": HEADER } });
    const refused = await socket.run(query).until(({ results, errors }) => errors !== null || results.length > 0);
    received.push(JSON.stringify([refused.results, refused.errors]));
    await new Client(server.url, ADMIN).ask("{ viewer { name } }");
    await send("/metrics", null);
    await send("/readyz", null);
    const reported = await server.stop();
    assert.match(reported, /operation failed/, "the fault is in the log");
    assert.match(reported, /\[secret\]/, "what looked like a secret was blotted out");
    const [, key = ""] = configKey("canary-k1").split(":");
    for (const canary of [ADMIN, HEADER, PATH, DEEP, key]) {
      assert.ok(!received.join("\n").includes(canary), `${canary} was answered`);
      assert.ok(!reported.includes(canary), `${canary} was logged`);
    }
  });

  it("in a config var is in no log line, trace, metric, error, event, stored row or cached response", async (t) => {
    const collector = await new OtlpCollector().listen(t);
    const file = join(temporaryFolder(t), "config.sqlite");
    const server = await run(t, file, { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url });
    const admin = new Client(server.url, ADMIN);
    const { secret } = await admin.mutate("createToken", { name: "viewer", role: "VIEWER" }, "secret");
    const viewer = new Client(server.url, secret);
    const app = unique("app");
    await admin.mutate("createApp", { name: app, deploymentMode: "REPORTED" }, "app { id }");
    const canaries = ["canary-variable-1", "canary-literal-2", "canary-rest-3", "canary-replaced-4", "7070701"];
    const [variable, literal, rest, replaced, number] = canaries as [string, string, string, string, string];
    const received: unknown[] = [];
    const set = (key: string, value: unknown) =>
      admin.post(
        "mutation ($input: SetConfigInput!) { setConfig(input: $input) { app { configVersion } release { id } } }",
        { input: { app, set: [{ key, value }] } },
      );
    received.push(await set("A", replaced), await set("A", variable));
    const inline = (value: string) =>
      `mutation { setConfig(input: { app: "${app}", set: [{ key: "B", value: ${value} }] }) { app { id } } }`;
    received.push(await admin.post(inline(`"${literal}"`)), await admin.post(inline(number)));
    received.push(await set("C", Number(number)), await set("1", variable), await set("C", `${variable}\0`));
    received.push(
      await admin.post("mutation ($input: SetConfigInput!) { setConfig(input: $input) { app { id } } }", {
        input: { app, set: [{ key: "C", value: variable, other: literal }] },
      }),
    );
    const platform = new RestClient(server.url, ADMIN);
    assert.deepEqual((await platform.patch(`/apps/${app}/config-vars`, { D: rest })).body, { D: rest });
    received.push((await platform.patch(`/apps/${app}/config-vars`, { D: { rest } })).body);
    received.push((await platform.patch(`/apps/${app}/config-vars`, { D: [rest] })).body);
    const query = "query ($app: ID!) { app(app: $app) { config { key value } } }";
    const all = { A: variable, B: literal, D: rest };
    const socket = await Socket.open(t, server.url, ADMIN);
    const watched = socket.run(
      "subscription ($app: ID) { events(app: $app) { ... on ConfigEvent { app { config { value } } } } }",
      { app },
    );
    // Asked twice: the second answer must not come from a cache, and every reader gets what is theirs.
    for (let round = 0; round < 2; round++) {
      const { app: read } = await admin.ask(query, { app });
      assert.deepEqual(
        Object.fromEntries(read.config.map((one: { key: string; value: string }) => [one.key, one.value])),
        all,
      );
      received.push(await viewer.ask(query, { app }), await viewer.ask(query, { app }));
      const got = await platform.get(`/apps/${app}/config-vars`);
      assert.deepEqual([got.body, got.headers.get("etag"), got.headers.get("cache-control")], [all, null, "no-store"]);
    }
    await watched.until(({ results }) => results.length > 0);
    received.push(watched.results, watched.errors);
    received.push((await new RestClient(server.url, secret).get(`/apps/${app}/config-vars`)).body);
    received.push(
      await admin.ask(
        "{ events(last: 100) { nodes { type ... on ConfigEvent { appName keys } ... on ChangeEvent { summary } } } }",
      ),
    );
    const reads = await admin.ask("{ events(last: 100, types: [CONFIG_READ]) { nodes { type } } }");
    assert.equal(reads.events.nodes.length, 4, "each read is on record");
    received.push(await (await fetch(`${server.url}/metrics`)).text());
    const reported = await server.stop();
    const hand = new SqliteFile(file);
    const tables = hand.prepare("SELECT name FROM sqlite_master WHERE type = 'table'").all() as { name: string }[];
    const rows = tables.map(({ name }) => JSON.stringify(hand.prepare(`SELECT * FROM "${name}"`).all()));
    hand.close();
    const texts = {
      answered: JSON.stringify(received),
      logged: reported,
      stored: rows.join("\n"),
      traced: collector.requests.map(({ body }) => body.toString("latin1")).join("\n"),
    };
    for (const canary of canaries) {
      for (const [how, text] of Object.entries(texts)) assert.ok(!text.includes(canary), `${canary} was ${how}`);
    }
    assert.match(texts.answered, /got invalid value/, "errors of variables were met");
    assert.ok(collector.spans.length > 0, "traces were sent");
  });

  it("is redacted from log lines; other text stays", () => {
    const blot = redactor(['a "quoted" secret', "x"]);
    const cases: [string, string][] = [
      [JSON.stringify({ a: 'a "quoted" secret' }), '{"a":"[secret]"}'],
      ["postgres://user:pass%40word@host/db", "postgres://user:[secret]@host/db"],
      ["authorization: Bearer abc.def-ghi", "authorization: Bearer [secret]"],
      ["the secret whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw is known", "the secret [secret] is known"],
      ["eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ4In0.c2ln", "[secret]"],
      ["http://127.0.0.1:4000/graphql is x", "http://127.0.0.1:4000/graphql is x"],
    ];
    for (const [line, blotted] of cases) assert.equal(blot(line), blotted);
  });
});

describe("the log of requests", () => {
  it("has one line per request, with its viewer, operation and outcome", async (t) => {
    const server = await run(t, join(temporaryFolder(t), "log.sqlite"));
    const client = new Client(server.url, ADMIN);
    await client.ask("query Named { viewer { name } }");
    await client.post("{ pipeline(pipeline: 5.5) { id } }");
    await client.queryError('{ release(id: "x") { id } }');
    const socket = await Socket.open(t, server.url, ADMIN);
    await socket.run("{ stages { stage } }").until(({ results, errors }) => errors !== null || results.length > 0);
    await new Client(server.url, null).post("{ viewer { name } }");
    const metrics = await (await fetch(`${server.url}/metrics`)).text();
    const lines = (await server.stop())
      .split("\n")
      .filter((line) => line.includes('"duration"'))
      .map((line) => JSON.parse(line));
    const received = lines.map(({ operation, viewer, code }) => [operation, viewer, code]);
    assert.deepEqual(received.slice(0, 3), [
      ["query viewer", "admin", "OK"],
      ["none", "admin", "GRAPHQL_VALIDATION_FAILED"],
      ["query release", "admin", "BAD_USER_INPUT"],
    ]);
    assert.equal(received[3]?.[1], "admin");
    assert.deepEqual(received[4], ["none", null, "UNAUTHENTICATED"]);
    for (const { requestId, duration } of lines) assert.ok(/^[0-9a-f-]{36}$/.test(requestId) && duration >= 0);
    for (const name of [
      "railyard_subscribers 0",
      "railyard_sockets 1",
      "railyard_feed_lag_events 0",
      "railyard_database_pool_waiting 0",
      'railyard_operation_duration_seconds_count{operation="query viewer",code="OK"} 1',
      "railyard_transaction_queue_seconds_count",
      "railyard_events_delivered_total 0",
      "nodejs_eventloop_lag_p99_seconds",
      'route="POST /graphql",status="401"',
    ])
      assert.ok(metrics.includes(name), name);
    assert.ok(!metrics.includes("Named"), "no label is a client's to choose");
  });
});
