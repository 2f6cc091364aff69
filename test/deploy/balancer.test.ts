import assert from "node:assert/strict";
import { createServer, type IncomingHttpHeaders, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, it, type TestContext } from "node:test";
import { Socket } from "../support/clients/socket.js";
import { onlyOn } from "../support/database/engine.js";
import { skipWithoutNginx, startNginx } from "../support/network/nginx.js";
import { suiteCleanup } from "../support/service/cleanup.js";
import { ADMIN_SECRET } from "../support/service/server.js";
import { Installation, sendRaw, waitUntil } from "./installation.js";
import { Load, Watcher } from "./load.js";

const skip = skipWithoutNginx || (onlyOn("postgres").skip ?? false);
const MEBIBYTE = 1024 * 1024;

/** A POST with a body of this size, optionally with more headers or another request line. */
function post(bytes: number, headers = "", requestLine = "POST /graphql HTTP/1.1"): string {
  const head = `${requestLine}\r\nhost: x\r\nconnection: close\r\ncontent-type: application/json\r\n${headers}`;
  return `${head}content-length: ${bytes}\r\n\r\n${"x".repeat(bytes)}`;
}

const GET_WEBSOCKET = "GET /graphql HTTP/1.1\r\nhost: x\r\nconnection: upgrade, close\r\nupgrade: websocket\r\n\r\n";

/** Unauthenticated requests after which a balancer might consider an instance dead. */
const ATTACKS: Readonly<Record<string, string>> = {
  "bodies of 4.5 MB": post(4.5 * MEBIBYTE),
  "unsigned webhooks of 4.5 MB": post(4.5 * MEBIBYTE, "", "POST /webhooks/github HTTP/1.1"),
  "18 kB of headers": post(60_000, ["a", "b", "c"].map((name) => `${name}: ${"x".repeat(6000)}\r\n`).join("")),
  "an unknown method": post(60_000, "", "BREAK /graphql HTTP/1.1"),
  "a path with control characters": post(60_000, "", "POST /\u0001\u00ff HTTP/1.1"),
  "a header with control characters": post(60_000, "a: \u0001\u0002\r\n"),
  "an upgrade to another protocol": post(60_000, "upgrade: h2c\r\n"),
  "a WebSocket without a key": GET_WEBSOCKET,
  "a WebSocket at another path": post(60_000, "upgrade: websocket\r\nsec-websocket-key: x\r\n", "POST /apps HTTP/1.1"),
};

describe("nginx in front of two instances", { skip }, () => {
  const cleanup = suiteCleanup();
  let started: Promise<Installation> | undefined;
  const installation = () => {
    started ??= Installation.start(cleanup);
    return started;
  };

  it("balances requests, and forwards subscriptions over WebSocket", async (t) => {
    const setup = await installation();
    const { client, nginx } = setup;
    const origin = { headers: { origin: nginx.url } };
    const sockets = await Promise.all([0, 1].map(() => Socket.open(t, nginx.url, ADMIN_SECRET, origin)));
    const streams = sockets.map((socket) => socket.run("subscription { events { ... on ChangeEvent { summary } } }"));
    for (const socket of sockets) await socket.run("{ viewer { role } }").until(({ complete }) => complete);
    const names = Array.from({ length: 10 }, (_, index) => `balanced-${index}`);
    const counts = await setup.requestsDuring(10, async () => {
      for (const name of names) await client.mutate("createApp", { name }, "app { id }");
    });
    assert.ok(Math.min(...counts) >= 4, `requests to each instance: ${counts}`);
    for (const stream of streams) {
      const events = await stream.take(names.length);
      assert.deepEqual(
        events.map(({ summary }) => /balanced-\d/.exec(summary)?.[0]),
        names,
      );
    }
  });

  it("refuses WebSockets from pages of another origin", async (t) => {
    const { nginx } = await installation();
    const foreign = Socket.connect(t, nginx.url, { headers: { origin: "https://elsewhere.example" } });
    await assert.rejects(foreign, /HTTP 403/);
  });

  it("refuses bodies over an instance's limit, with errors in the format of the API", async () => {
    const { nginx } = await installation();
    const headers = { "content-type": "application/json", authorization: `Bearer ${ADMIN_SECRET}` };
    for (const [path, limit] of Object.entries({
      "/graphql": 65_536,
      "/apps": 65_536,
      "/webhooks/github": 5_242_880,
    })) {
      const body = Buffer.alloc(limit + 1, " ");
      const response = await fetch(`${nginx.url}${path}`, { method: "POST", headers, body });
      assert.equal(response.status, 413, path);
      assert.equal(response.headers.get("content-type"), "application/json");
      assert.deepEqual(await response.json(), {
        errors: [
          { message: `The body must be at most ${limit} bytes.`, extensions: { code: "QUERY_TOO_LARGE", limit } },
        ],
      });
    }
    const body = JSON.stringify({ query: "{ viewer { name } }" }).padEnd(65_536);
    const largest = await fetch(`${nginx.url}/graphql`, { method: "POST", headers, body });
    assert.deepEqual([largest.status, (await largest.json()).data], [200, { viewer: { name: "admin" } }]);
    const webhook = { method: "POST", headers, body: Buffer.alloc(5_242_880, " ") };
    const answer = await fetch(`${nginx.url}/webhooks/github`, webhook);
    assert.equal(answer.status, 404);
    assert.match(await answer.text(), /GITHUB_WEBHOOK_SECRET/);
  });

  it("does not serve the metrics under any spelling of their path", async () => {
    const { nginx } = await installation();
    for (const path of ["/metrics", "/metrics?a", "//metrics", "/%6detrics", "/a/../metrics"]) {
      const answer = await sendRaw(nginx.url, `GET ${path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n`);
      assert.match(answer, /^HTTP\/1\.1 404 /, path);
      assert.doesNotMatch(answer, /railyard_/);
    }
  });

  for (const [name, bytes] of Object.entries(ATTACKS)) {
    it(`keeps using both instances after ${name}`, async () => {
      const setup = await installation();
      // Several per instance.
      await Promise.all(Array.from({ length: 6 }, () => sendRaw(setup.nginx.url, bytes)));
      const statuses: number[] = [];
      const counts = await setup.requestsDuring(20, async () => {
        for (let index = 0; index < 20; index += 1) {
          statuses.push((await setup.client.post("{ viewer { name } }")).status);
        }
      });
      assert.deepEqual([...new Set(statuses)], [200], setup.nginx.errors());
      assert.ok(Math.min(...counts) >= 8, `requests to each instance: ${counts}`);
    });
  }

  it("fails over if an instance is killed, and returns a JSON error if all are", async () => {
    const setup = await installation();
    const kill = async (index: number) => {
      setup.instance(index).signal("SIGKILL");
      await setup.instance(index).exit();
    };
    await kill(0);
    for (let index = 0; index < 10; index += 1) {
      await setup.client.mutate("createApp", { name: `alone-${index}` }, "app { id }");
    }
    await kill(1);
    const response = await fetch(`${setup.nginx.url}/graphql`, { method: "POST", body: "{}" });
    assert.equal(response.status, 503);
    assert.equal(response.headers.get("retry-after"), "1");
    assert.equal((await response.json()).errors[0].extensions.code, "UNAVAILABLE");
    await Promise.all([0, 1].map((index) => setup.startInstance(index)));
    await setup.client.ask("{ viewer { name } }");
  });

  it("loses no request and no event while both instances restart under load", async (t) => {
    const setup = await installation();
    const watcher = await Watcher.start(t, setup.nginx.url);
    const load = new Load(setup.client);
    await load.answered(50);
    for (const index of [0, 1]) {
      setup.instance(index).signal("SIGTERM");
      assert.equal(await setup.instance(index).exit(), 0);
      await setup.startInstance(index);
      await load.answered(50);
    }
    await load.stop();
    assert.deepEqual(load.failures, []);
    await waitUntil(() => watcher.names.length >= load.created.size, "every event");
    assert.deepEqual([...watcher.names].sort(), [...load.created].sort());
    assert.ok(watcher.closed.length > 0, "the WebSocket was closed by an instance that stopped");
    assert.deepEqual([...new Set(watcher.closed)], [1001]);
  });
});

/** A bare HTTP server instead of an instance, to inspect what it receives. */
async function listen(t: TestContext, handler: RequestListener): Promise<string> {
  const server = createServer(handler);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

describe("an instance behind nginx", { skip: skipWithoutNginx }, () => {
  it("receives the client's address, the requested host, and upgrades to WebSocket only", async (t) => {
    const received: IncomingHttpHeaders[] = [];
    const url = await listen(t, (request, response) => {
      received.push(request.headers);
      response.end();
    });
    const nginx = await startNginx(t, [url, url]);
    const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    const claims = ["x-forwarded-for: 203.0.113.9", "x-forwarded-proto: https", "x-forwarded-host: elsewhere.example"];
    const head = ["GET / HTTP/1.1", "host: rail.example:8443", `traceparent: ${traceparent}`, ...claims];
    await sendRaw(nginx.url, `${head.join("\r\n")}\r\nupgrade: h2c\r\nconnection: upgrade, close\r\n\r\n`);
    assert.deepEqual(received, [
      {
        host: "rail.example:8443",
        "x-forwarded-for": "127.0.0.1",
        "x-forwarded-proto": "http",
        "x-forwarded-host": "rail.example:8443",
        traceparent,
      },
    ]);
  });

  it("receives a mutation once; nginx retries a query if the first instance drops the connection", async (t) => {
    const received: (string | undefined)[] = [];
    const urls = await Promise.all(
      [0, 1].map(() =>
        listen(t, (request) => {
          received.push(request.method);
          request.socket.destroy();
        }),
      ),
    );
    const nginx = await startNginx(t, urls);
    for (const method of ["POST", "GET"]) {
      const response = await fetch(`${nginx.url}/graphql`, { method, ...(method === "POST" && { body: "{}" }) });
      assert.equal(response.status, 503);
    }
    assert.deepEqual(received, ["POST", "GET", "GET"]);
  });
});
