import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { describe, it } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { eventually } from "../../../src/async/eventually.js";
import { SqliteFile } from "../../../src/database/sqlite/file.js";
import { Client } from "../../support/clients/client.js";
import { RestClient } from "../../support/clients/rest.js";
import { Socket } from "../../support/clients/socket.js";
import { Seed, unique } from "../../support/data/seed.js";
import { engine, freshDatabase } from "../../support/database/engine.js";
import { API_TOKEN, FakeGithub } from "../../support/network/fake-github.js";
import { OtlpCollector } from "../../support/network/otlp-collector.js";
import { type Cleanup, temporaryFolder } from "../../support/service/server.js";
import { startProcess } from "../../support/service/server-process.js";

const SECRET = "canary-admin-0123456789-0123456789";
const TRACE = "4bf92f3577b34da6a3ce929d0e0e4736";
const PARENT = "00f067aa0ba902b7";
const TRACEPARENT = `00-${TRACE}-${PARENT}-01`;

/** A running service that exports to a collector. `stop` returns its exit code. */
async function run(t: Cleanup, env: Readonly<Record<string, string>>) {
  const file = join(temporaryFolder(t), "canaryInTheDatabaseUrl.sqlite");
  const server = startProcess(t, { DATABASE_URL: `sqlite:${file}`, ADMIN_TOKEN: SECRET, ...env });
  const url = await server.ready();
  const post = async (query: string, variables = {}, headers: Record<string, string> = {}) => {
    const response = await fetch(`${url}/graphql`, {
      method: "POST",
      headers: { "content-type": "application/json", authorization: `Bearer ${SECRET}`, ...headers },
      body: JSON.stringify({ query, variables }),
    });
    return { requestId: response.headers.get("x-request-id"), body: await response.text() };
  };
  const stop = async () => {
    server.signal("SIGTERM");
    return server.exit();
  };
  return { url, file, server, post, stop };
}

describe("traces", () => {
  it("contain a request as part of the caller's trace, with its transaction, queue time and commit", async (t) => {
    const collector = await new OtlpCollector().listen(t);
    const DATABASE_URL = await freshDatabase(t);
    const { post, stop } = await run(t, { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url, DATABASE_URL });
    const mutation = "mutation Make($input: CreateAppInput!) { createApp(input: $input) { app { id } } }";
    const name = unique("app");
    const { requestId } = await post(mutation, { input: { name } }, { traceparent: TRACEPARENT });
    await post(mutation.replace("Make", "Again"), { input: { name } });
    assert.equal(await stop(), 0);

    assert.ok(collector.requests.every(({ path }) => path === "/v1/traces"));
    assert.equal(collector.resources[0]?.["service.name"], "railyard");
    const named = (operation: string) =>
      collector.one("POST /graphql", (span) => span.attributes["graphql.operation.name"] === operation);
    const refused = named("Again");
    const rolledBack = collector.findChildren(refused).filter(({ name }) => name === "transaction");
    assert.ok(rolledBack.some(({ attributes }) => attributes["error.type"] === "CONFLICT"));
    for (const { status } of [refused, ...rolledBack]) assert.equal(status, 0, "a refusal is no error of the service");
    const request = named("Make");
    assert.deepEqual([request.traceId, request.parentSpanId, request.kind, request.status], [TRACE, PARENT, 2, 0]);
    assert.deepEqual(request.attributes, {
      "http.request.method": "POST",
      "http.route": "/graphql",
      "http.response.status_code": 200,
      "graphql.operation.type": "mutation",
      "graphql.operation.name": "Make",
      "railyard.operation": "mutation createApp",
      "railyard.code": "OK",
      "railyard.request_id": requestId,
    });
    // The use of the token is recorded in a separate transaction.
    const transactions = collector.findChildren(request).filter(({ name }) => name === "transaction");
    assert.ok(transactions.length >= 1);
    for (const transaction of transactions) {
      assert.equal(transaction.attributes["db.system.name"], engine === "postgres" ? "postgresql" : "sqlite");
      const steps = collector.findChildren(transaction).map(({ name }) => name);
      assert.deepEqual(steps.sort(), ["commit", "transaction queue"]);
    }
  });

  it("contain operations over WebSocket, the Platform API and cache hits, each with its code", async (t) => {
    const collector = await new OtlpCollector().listen(t);
    const { url, post, stop } = await run(t, { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url });
    const app = await new Seed(new Client(url, SECRET)).app();
    const socket = await Socket.open(t, url, SECRET);
    const answered = async (id: string, payload: object) => {
      const operation = socket.run("", {}, `unused-${id}`);
      socket.operations.set(id, operation);
      socket.send({ id, type: "subscribe", payload });
      await operation.until(({ results, errors }) => errors !== null || results.length > 0);
    };
    await answered("1", { query: "query Me { viewer { name } }", extensions: { traceparent: TRACEPARENT } });
    await answered("2", { query: "{ viewer {" });
    await new RestClient(url, SECRET).get(`/apps/${app.name}`, { traceparent: TRACEPARENT });
    for (let turn = 0; turn < 3; turn += 1) {
      await post(`query Kept { app(app: "${app.id}") { id } }`, {}, { traceparent: TRACEPARENT });
    }
    await fetch(`${url}/readyz`);
    await stop();

    const me = collector.one("query");
    assert.deepEqual([me.traceId, me.parentSpanId, me.kind], [TRACE, PARENT, 2]);
    const { "railyard.request_id": _, ...told } = me.attributes;
    assert.deepEqual(told, {
      "network.protocol.name": "websocket",
      "graphql.operation.type": "query",
      "graphql.operation.name": "Me",
      "railyard.operation": "query viewer",
      "railyard.code": "OK",
    });
    const broken = collector.one(
      "GraphQL Operation",
      (span) => span.attributes["error.type"] === "GRAPHQL_PARSE_FAILED",
    );
    assert.deepEqual([broken.parentSpanId, broken.status], ["", 0]);
    const rest = collector.one("GET /apps/:app");
    assert.deepEqual(
      [rest.traceId, rest.parentSpanId, rest.attributes["http.response.status_code"]],
      [TRACE, PARENT, 200],
    );
    const kept = collector.spans.filter((span) => span.attributes["graphql.operation.type"] === "query");
    const again = kept.filter((span) => span.attributes["railyard.cache.hit"] === true);
    assert.equal(again.length, 2);
    for (const span of again) assert.deepEqual([span.traceId, span.parentSpanId], [TRACE, PARENT]);
    assert.deepEqual(
      collector.spans.filter(({ name }) => name.includes("readyz")),
      [],
    );
  });

  it("contain requests to GitHub", async (t) => {
    const collector = await new OtlpCollector().listen(t);
    const github = await new FakeGithub().listen(t);
    const { url, stop } = await run(t, {
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
      GITHUB_TOKEN: API_TOKEN,
      GITHUB_API_URL: github.url,
    });
    const seed = new Seed(new Client(url, SECRET));
    const repository = `acme/${unique("repo")}`;
    await seed.release(await seed.app(), await seed.build({ repository, branch: "main" }));
    assert.ok(await eventually(() => github.requests.some((request) => request.endsWith("/statuses"))));
    await stop();
    const call = collector.one(
      "POST",
      (span) => span.attributes["url.full"] === `${github.url}/repos/${repository}/deployments`,
    );
    assert.deepEqual(
      [call.kind, call.attributes["http.response.status_code"], call.attributes["server.address"]],
      [3, 201, "127.0.0.1"],
    );
  });

  it("contain no secret, for any client input or error", async (t) => {
    const collector = await new OtlpCollector().listen(t);
    const github = await new FakeGithub().listen(t);
    const canary = (what: string) => `canary-${what}-0123456789`;
    const { url, file, post, stop, server } = await run(t, {
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
      OTEL_EXPORTER_OTLP_HEADERS: `x-collector-key=${canary("collector")}`,
      GITHUB_TOKEN: canary("github"),
      GITHUB_API_URL: github.url,
      GITHUB_WEBHOOK_SECRET: canary("webhook"),
      LOG_LEVEL: "trace",
    });
    const seed = new Seed(new Client(url, SECRET));
    await seed.release(await seed.app(), await seed.build({ repository: `acme/${unique("repo")}`, branch: "main" }));
    assert.ok(await eventually(() => github.requests.length > 0));
    const hand = new SqliteFile(file);
    hand.exec(`CREATE TRIGGER canary BEFORE INSERT ON apps BEGIN SELECT RAISE(ABORT, '${canary("fault")}'); END`);
    hand.close();
    const mutation = "mutation ($input: CreateAppInput!) { createApp(input: $input) { app { id } } }";
    const header = { "x-api-key": canary("header"), cookie: canary("header"), tracestate: `a=${canary("header")}` };
    const input = { name: unique("app"), description: canary("variable") };
    const { body } = await post(mutation, { input }, { ...header, traceparent: TRACEPARENT });
    assert.match(body, /INTERNAL_SERVER_ERROR/, "the fault was met");
    await post(`{ pipeline(pipeline: "${canary("argument")}") { id } }`);
    await post("{ viewer { name } }", {}, { authorization: `Bearer ${canary("token")}` });
    await new RestClient(url, SECRET).get(`/apps/${canary("path")}?key=${canary("path")}`);
    await new RestClient(url, SECRET).get(`/nowhere/${canary("path")}`);
    await fetch(`${url}/webhooks/github`, { method: "POST", headers: { "x-hub-signature-256": canary("webhook") } });
    const socket = await Socket.open(t, url, SECRET, { headers: header });
    await socket.run(mutation, { input }).until(({ results, errors }) => errors !== null || results.length > 0);
    await stop();

    assert.equal(collector.requests[0]?.headers["x-collector-key"], canary("collector"), "the header was sent");
    const fault = collector.one("POST /graphql", ({ status }) => status === 2);
    assert.equal(fault.attributes["error.type"], "INTERNAL_SERVER_ERROR");
    const sent = Buffer.concat(collector.requests.map((request) => request.body)).toString("latin1");
    assert.ok(sent.includes("railyard.code"), "what was sent can be searched");
    for (const secret of [SECRET, "canary", "Canary", file]) assert.ok(!sent.includes(secret), `${secret} was sent`);
    for (const what of ["collector", "github", "webhook", "token", "header"]) {
      assert.ok(!server.stdout.includes(canary(what)), `${what} was logged`);
    }
  });

  it("follow OpenTelemetry's standard settings", async (t) => {
    const collector = await new OtlpCollector().listen(t);
    const env = { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url };
    const off = await run(t, { ...env, OTEL_TRACES_SAMPLER: "always_off" });
    await off.post("{ viewer { name } }");
    await off.stop();
    assert.deepEqual(collector.requests, []);
    const named = await run(t, {
      ...env,
      OTEL_SERVICE_NAME: "depot",
      OTEL_RESOURCE_ATTRIBUTES: "deployment.environment.name=qa",
      OTEL_TRACES_SAMPLER: "parentbased_always_off",
    });
    await named.post("{ viewer { name } }");
    await named.post("{ viewer { role } }", {}, { traceparent: TRACEPARENT });
    await named.stop();
    assert.equal(collector.one("POST /graphql").parentSpanId, PARENT);
    const { "service.name": name, "deployment.environment.name": environment } = collector.resources[0] ?? {};
    assert.deepEqual([name, environment], ["depot", "qa"]);
  });

  for (const [how, listens] of [
    ["is not there", false],
    ["never answers", true],
  ] as const) {
    it(`delay neither requests nor the shutdown if the collector ${how}`, async (t) => {
      const silent = createServer((socket) => socket.resume());
      await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
      const { port } = silent.address() as { port: number };
      const close = () => new Promise<void>((resolve) => silent.close(() => resolve()));
      if (!listens) await close();
      const { post, stop, server } = await run(t, {
        OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${port}`,
        OTEL_BSP_SCHEDULE_DELAY: "10",
      });
      for (let turn = 0; turn < 20; turn += 1) {
        assert.match((await post(`{ a${turn}: viewer { name } }`)).body, /"name":"admin"/);
        await delay(10);
      }
      assert.equal(await stop(), 0, "a stop that takes longer than it may ends with 1");
      assert.match(server.stdout, /"msg":"stopped"/);
      if (listens) await close();
    });
  }

  it("load no OpenTelemetry SDK if they are disabled", async (t) => {
    const loaded = async (env: Readonly<Record<string, string>>) => {
      const folder = temporaryFolder(t);
      const { post, stop } = await run(t, { ...env, NODE_V8_COVERAGE: folder });
      await post("{ viewer { name } }");
      await stop();
      const scripts = readdirSync(folder).map((file) => readFileSync(join(folder, file), "utf8"));
      assert.ok(scripts.join("").includes("node_modules/fastify/"), "what was loaded is known");
      // The API package, which has no implementation, is a dependency of prom-client.
      return /node_modules\/@opentelemetry\/(?!api\/)|server\/tracing\.js/.test(scripts.join(""));
    };
    const collector = await new OtlpCollector().listen(t);
    assert.equal(await loaded({}), false);
    assert.equal(await loaded({ OTEL_EXPORTER_OTLP_ENDPOINT: collector.url }), true);
  });
});
