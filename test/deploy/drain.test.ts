import assert from "node:assert/strict";
import { connect } from "node:net";
import { join } from "node:path";
import { describe, it, type TestContext } from "node:test";
import { readConfig } from "../../src/config.js";
import { Client } from "../support/clients/client.js";
import { ADMIN_SECRET, temporaryFolder } from "../support/service/server.js";
import { startProcess } from "../support/service/server-process.js";
import { waitUntil } from "./installation.js";

function start(t: TestContext, SHUTDOWN_DELAY: string) {
  const DATABASE_URL = `sqlite:${join(temporaryFolder(t), "railyard.sqlite")}`;
  return startProcess(t, { DATABASE_URL, ADMIN_TOKEN: ADMIN_SECRET, SHUTDOWN_DELAY });
}

/** A bare keep-alive connection. */
async function connection(t: TestContext, url: string) {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  t.after(() => socket.destroy());
  let text = "";
  socket.setEncoding("utf8").on("data", (chunk: string) => {
    text += chunk;
  });
  const closed = new Promise<void>((resolve) => socket.once("close", () => resolve()));
  await new Promise((resolve, reject) => socket.once("connect", resolve).once("error", reject));
  /** Waits for the next response, which must be JSON. */
  const received = async () => {
    await waitUntil(() => text.trimEnd().endsWith("}"), "a response");
    return text;
  };
  const get = (path: string) => {
    text = "";
    socket.write(`GET ${path} HTTP/1.1\r\nhost: x\r\n\r\n`);
    return received();
  };
  return { socket, closed, received, get };
}

describe("a shutdown with SHUTDOWN_DELAY", () => {
  it("reports not ready and serves new connections until SIGINT ends the delay", async (t) => {
    const server = start(t, "5m");
    const url = await server.ready();
    server.signal("SIGTERM");
    await waitUntil(() => server.log.some(({ msg }) => msg === "stopping"), "the signal arrived");
    const ready = await fetch(`${url}/readyz`);
    assert.deepEqual([ready.status, await ready.json()], [503, { status: "stopping" }]);
    assert.equal((await fetch(`${url}/livez`)).status, 200);
    const client = new Client(url, ADMIN_SECRET);
    for (let index = 0; index < 3; index += 1) {
      await client.mutate("createApp", { name: `late-${index}` }, "app { id }");
    }
    const { get } = await connection(t, url);
    assert.doesNotMatch(await get("/livez"), /connection: close/i);
    server.signal("SIGINT");
    assert.equal(await server.exit(), 0);
    assert.equal(server.log.at(-1)?.msg, "stopped");
  });

  it("then refuses new connections, and serves one last request on open ones", async (t) => {
    const server = start(t, "200ms");
    const url = await server.ready();
    const open = await Promise.all([0, 1].map(() => connection(t, url)));
    for (const { get } of open) assert.doesNotMatch(await get("/livez"), /connection: close/i);
    server.signal("SIGTERM");
    let refused = false;
    while (!refused)
      refused = await connection(t, url).then(
        () => false,
        () => true,
      );
    for (const { get } of open) assert.match(await get("/livez"), /^HTTP\/1\.1 200 OK\r\n[\s\S]*connection: close/i);
    assert.equal(await server.exit(), 0);
  });

  it("does not wait for connections that browsers open in advance", async (t) => {
    const server = start(t, "0s");
    const url = await server.ready();
    const unused = await connection(t, url);
    const busy = await connection(t, url);
    const body = JSON.stringify({ query: "{ viewer { name } }" });
    const head = `POST /graphql HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${ADMIN_SECRET}\r\n`;
    busy.socket.write(`${head}content-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n{`);
    // Accepted after both of them.
    assert.equal((await fetch(`${url}/livez`)).status, 200);
    server.signal("SIGTERM");
    await unused.closed;
    // A deadline would have closed this one as well.
    busy.socket.write(body.slice(1));
    assert.match(await busy.received(), /"name":"admin"/);
    assert.equal(await server.exit(), 0);
  });

  it("is 5 seconds by default on PostgreSQL, and 0 on SQLite, which has no other instance", () => {
    assert.equal(readConfig({ DATABASE_URL: "postgres://railyard@localhost/railyard" }).shutdownDelay, 5000);
    assert.equal(readConfig({}).shutdownDelay, 0);
  });

  it("must be a duration of at most 5 minutes", async (t) => {
    const message = "SHUTDOWN_DELAY must be a duration from 0s to 5m, for example 5s.";
    for (const wrong of ["5", "-1s", "301s", "soon"]) {
      assert.throws(() => readConfig({ SHUTDOWN_DELAY: wrong }), { message }, wrong);
    }
    const server = start(t, "6m");
    assert.equal(await server.exit(), 1);
    assert.equal(server.stderr, `${message}\n`);
  });
});
