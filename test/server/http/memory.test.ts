import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { eventually } from "../../../src/async/eventually.js";
import { Seed } from "../../support/data/seed.js";
import { signature, WEBHOOK_SECRET } from "../../support/network/github-webhooks.js";
import { RawConnection, requestHead } from "../../support/network/raw-connection.js";
import { untilAtRest } from "../../support/service/memory.js";
import { ADMIN_SECRET, startServer, type TestServer } from "../../support/service/server.js";

const AUTHORIZATION = { Authorization: `Bearer ${ADMIN_SECRET}` };
const OPERATION = JSON.stringify({ query: "{ viewer { name } }" });

/** The bytes that unfinished requests make the process keep. */
function countHeld(connections: readonly RawConnection[], bytes: number): number {
  return connections.filter(({ closed }) => !closed).length * bytes;
}

describe("a request that does not end", () => {
  for (const [name, path, headers] of [
    ["an operation", "/graphql", {}],
    ["an operation of a client that was answered before", "/graphql", { Accept: "*/*" }],
    ["an operation in chunks", "/graphql", { "Transfer-Encoding": "chunked" }],
    ["a request of the Platform API", "/pipelines", AUTHORIZATION],
  ] as const) {
    it(`shares a bounded memory with all others: ${name}`, async (t) => {
      const server = await startServer(t, { env: { MAX_INCOMING_MB: "8" } });
      const answered = new RawConnection(t, server.url);
      await answered.write(requestHead("/graphql", OPERATION.length, { ...AUTHORIZATION, Accept: "*/*" }) + OPERATION);
      assert.ok(await eventually(() => answered.received.includes("admin")));
      const chunked = "Transfer-Encoding" in headers;
      const head = requestHead(path, 60_001, headers).replace(chunked ? "Content-Length: 60001\r\n" : "\0", "");
      const open = async () => {
        const connection = new RawConnection(t, server.url);
        await connection.write(head + (chunked ? "ea61\r\n" : ""));
        await connection.write(" ".repeat(60_000));
        return connection;
      };
      const connections: RawConnection[] = [];
      for (let count = 0; count < 180; count += 20)
        connections.push(...(await Promise.all(Array.from({ length: 20 }, open))));
      const limit = 8 * 1024 * 1024;
      assert.ok(await eventually(() => countHeld(connections, 60_000) <= limit), "the oldest are cut off");
      assert.ok(countHeld(connections, 60_000) > limit / 2, "and no more than necessary");
      assert.equal(connections.at(-1)?.closed, false);
      await server.admin.ask("{ viewer { name } }");
      // A stop would wait for them.
      for (const connection of connections) connection.destroy();
    });
  }

  it("is ended by a deadline for its headers, and one for its body", async (t) => {
    const server = await startServer(t, { env: { REQUEST_TIMEOUT: "1s" } });
    const starts = ["POST /graphql HTTP/1.1\r\nHost: test\r\n", `${requestHead("/graphql", 100)}{`, "G"];
    const connections = starts.map((start) => {
      const connection = new RawConnection(t, server.url);
      void connection.write(start);
      return connection;
    });
    for (const connection of connections) {
      assert.ok(await eventually(() => connection.closed));
      assert.match(connection.received, /^HTTP\/1\.1 408 .*"code":"BAD_USER_INPUT"/s);
    }
  });
});

describe("a response that is not read", () => {
  it("shares a bounded memory with all others", async (t) => {
    const server = await startServer(t, { env: { MAX_OUTGOING_MB: "8" } });
    await fillBuilds(server);
    const query = JSON.stringify({ query: LARGE_QUERY });
    const connections = await Promise.all(
      Array.from({ length: 12 }, async () => {
        const connection = new RawConnection(t, server.url);
        connection.pause();
        // Several requests on each, since the kernel takes the first megabytes of a response.
        await connection.write((requestHead("/graphql", query.length, AUTHORIZATION) + query).repeat(5));
        return connection;
      }),
    );
    await untilAtRest(server.url, "query builds");
    const { data } = await server.admin.post(LARGE_QUERY);
    assert.ok(data, "a client that reads is not affected");
    for (const connection of connections) connection.resume();
    const isComplete = ({ received }: RawConnection) => received.length > 5 * 1_600_000;
    assert.ok(await eventually(() => connections.every((connection) => connection.closed || isComplete(connection))));
    // The kernel has some of the responses, whose sizes depend on its settings.
    const complete = connections.filter(isComplete).length;
    assert.ok(complete < connections.length, "the oldest were cut off");
  });

  it("is the only one of its connection: others are answered one by one, and not more than a hundred may wait", async (t) => {
    const server = await startServer(t);
    const send = (aliases: readonly string[]) => {
      const bodies = aliases.map((alias) =>
        JSON.stringify({ query: `{ ${alias}: __typename pipelines { nodes { id } } }` }),
      );
      const connection = new RawConnection(t, server.url);
      void connection.write(bodies.map((body) => requestHead("/graphql", body.length, AUTHORIZATION) + body).join(""));
      return connection;
    };
    const aliases = Array.from({ length: 50 }, (_, index) => `x${index}x`);
    const ordinary = send(aliases);
    assert.ok(await eventually(() => ordinary.received.includes("x49x")));
    assert.deepEqual(ordinary.received.match(/x\d+x/g), aliases);
    assert.equal(ordinary.closed, false);
    const flood = send(Array.from({ length: 500 }, (_, index) => `x${index}`));
    assert.ok(await eventually(() => flood.closed));
  });
});

/** Its response has about 1.5 MB. */
const LARGE_QUERY = `{ ${Array.from({ length: 10 }, (_, index) => `a${index}: builds(first: 20) { nodes { commit { message } } }`).join(" ")} }`;

async function fillBuilds(server: TestServer): Promise<void> {
  const seed = new Seed(server.admin);
  const message = "x".repeat(8000);
  await Promise.all(
    Array.from({ length: 20 }, (_, index) =>
      seed.build({ commit: { sha: index.toString(16).padStart(40, "0"), message } }),
    ),
  );
}

describe("a large webhook", () => {
  it("is refused by its signature, also among many, and accepted with the right one", async (t) => {
    const server = await startServer(t, { env: { GITHUB_WEBHOOK_SECRET: WEBHOOK_SECRET, MAX_INCOMING_MB: "8" } });
    const body = JSON.stringify({ zen: "x".repeat(1_500_000) });
    const deliver = async (headers: Record<string, string>) => {
      const delivery = { "content-type": "application/json", "x-github-event": "ping", "x-github-delivery": "large" };
      const init = { method: "POST", headers: { ...delivery, ...headers }, body };
      return (await fetch(`${server.url}/webhooks/github`, init)).status;
    };
    const forged = Array.from({ length: 20 }, () => deliver({ "x-hub-signature-256": signature(body, "another") }));
    const [status, ...others] = await Promise.all([deliver({ "x-hub-signature-256": signature(body) }), ...forged]);
    assert.equal(status, 200);
    assert.deepEqual(new Set(others), new Set([401]));
  });
});

describe("a stop", () => {
  it("answers requests that arrive meanwhile with UNAVAILABLE, in the format of their API", async (t) => {
    const server = await startServer(t);
    const graphql = new RawConnection(t, server.url);
    await graphql.write(requestHead("/graphql", OPERATION.length, AUTHORIZATION) + OPERATION.slice(0, 5));
    const known = new RawConnection(t, server.url);
    await known.write(requestHead("/graphql", OPERATION.length, AUTHORIZATION) + OPERATION);
    const rest = new RawConnection(t, server.url);
    await rest.write(`GET /apps HTTP/1.1\r\nHost: test\r\nAuthorization: Bearer ${ADMIN_SECRET}\r\n`);
    assert.ok(await eventually(() => known.received.includes("admin")));
    await known.write(requestHead("/graphql", OPERATION.length, AUTHORIZATION) + OPERATION.slice(0, 5));
    await server.admin.ask("{ viewer { name } }");
    const stopped = server.app.close();
    const isRefused = async () => (await fetch(`${server.url}/livez`).catch(() => null)) === null;
    assert.ok(await eventually(isRefused), "it is stopping when new connections are refused");
    await known.write(OPERATION.slice(5));
    await graphql.write(OPERATION.slice(5));
    await rest.write("\r\n");
    await stopped;
    assert.ok(await eventually(() => graphql.closed && rest.closed && known.closed));
    assert.match(rest.received, /^HTTP\/1\.1 503 .*\{"id":"unavailable","message":"The service is stopping/s);
    for (const { received } of [graphql, known]) {
      // Requests that arrived in time are answered as usual.
      const last = received.slice(received.lastIndexOf("HTTP/1.1"));
      assert.match(last, /^HTTP\/1\.1 (200 .*"admin"|503 .*"code":"UNAVAILABLE")/s);
    }
  });
});
