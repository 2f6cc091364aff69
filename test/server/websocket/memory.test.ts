import assert from "node:assert/strict";
import { once } from "node:events";
import { describe, it } from "node:test";
import { eventually } from "../../../src/async/eventually.js";
import { Socket } from "../../support/clients/socket.js";
import { Seed } from "../../support/data/seed.js";
import { RawConnection } from "../../support/network/raw-connection.js";
import { untilAtRest } from "../../support/service/memory.js";
import { ADMIN_SECRET, type Cleanup, startServer, type TestServer } from "../../support/service/server.js";

const PAYLOAD = { x: "y".repeat(50_000) };
/** More than the kernel takes for both ends of a connection. */
const FLOOD_MESSAGES = 400;

describe("a WebSocket that has not signed in", () => {
  it("may send only a few bytes, of any content", async (t) => {
    const server = await startServer(t);
    const flood = await Socket.connect(t, server.url);
    flood.ws.pause();
    for (let count = 0; count < 10; count += 1) flood.send({ type: "ping", payload: PAYLOAD });
    flood.ws.resume();
    assert.equal(await flood.closed, 1009);
    const pings = await Socket.connect(t, server.url);
    for (let count = 0; count < 200; count += 1) pings.ws.ping("x".repeat(125));
    // ws itself disconnects a client with many pings at a time.
    assert.ok([1006, 1009].includes(await pings.closed));
    const slow = await Socket.connect(t, server.url);
    for (let count = 0; count < 200 && slow.code === null; count += 1) {
      slow.ws.ping("x".repeat(125));
      await Promise.race([once(slow.ws, "pong"), slow.closed]);
    }
    assert.equal(await slow.closed, 1009);
    const signed = await Socket.open(t, server.url, ADMIN_SECRET, {
      params: { authorization: `Bearer ${ADMIN_SECRET}`, other: "x".repeat(10_000) },
    });
    assert.equal(signed.acknowledged, true);
  });
});

describe("a client that does not read", () => {
  it("is not read from, whether it sends pings of the protocol or queries, and disconnected for pings of WebSocket", async (t) => {
    const server = await startServer(t);
    await fillBuilds(server);
    const kinds: ((socket: Socket) => void)[] = [
      (socket) => socket.send({ type: "ping", payload: PAYLOAD }),
      (socket) => socket.run(`{ builds(first: 20) { nodes { commit { message } } } } # ${"x".repeat(50_000)}`),
    ];
    for (const send of kinds) {
      const socket = await Socket.open(t, server.url, ADMIN_SECRET);
      socket.ws.pause();
      for (let count = 0; count < FLOOD_MESSAGES; count += 1) send(socket);
      await answerOthers(server, socket);
      assert.ok(socket.ws.bufferedAmount > 1_000_000, "the rest stays with the client");
      socket.ws.terminate();
    }
    const pings = await Socket.open(t, server.url, ADMIN_SECRET);
    pings.ws.pause();
    for (let count = 0; count < 100 * FLOOD_MESSAGES; count += 1) pings.ws.ping("x".repeat(125));
    await answerOthers(server, pings);
    const isHeldBack = pings.ws.bufferedAmount > 1_000_000;
    pings.ws.resume();
    assert.ok(isHeldBack || (await pings.closed) === 1006);
  });

  it("gets everything when it reads again", async (t) => {
    const server = await startServer(t);
    await fillBuilds(server);
    const socket = await Socket.open(t, server.url, ADMIN_SECRET);
    socket.ws.pause();
    const operations = Array.from({ length: 60 }, () =>
      socket.run("{ builds(first: 20) { nodes { commit { message } } } }"),
    );
    const executed = await untilAtRest(server.url, "query builds");
    assert.ok(executed < 50, `${executed} of 60 were executed before any was read`);
    socket.ws.resume();
    await Promise.all(operations.map((operation) => operation.until(({ results }) => results.length > 0)));
  });

  it("shares a bounded memory with all others, and is closed beyond it", async (t) => {
    const server = await startServer(t, { env: { MAX_OUTGOING_MB: "8" } });
    await fillBuilds(server);
    const reading = await Socket.open(t, server.url, ADMIN_SECRET);
    const fields = Array.from(
      { length: 10 },
      (_, index) => `a${index}: builds(first: 20) { nodes { commit { message } } }`,
    );
    const query = `{ ${fields.join(" ")} }`;
    const sockets = await Promise.all(
      Array.from({ length: 12 }, async () => {
        const socket = await Socket.open(t, server.url, ADMIN_SECRET);
        socket.ws.pause();
        for (let count = 0; count < 8; count += 1) socket.run(query);
        return socket;
      }),
    );
    assert.ok(
      await eventually(async () => {
        const metrics = await (await fetch(`${server.url}/metrics`)).text();
        return Number(/railyard_sockets (\d+)/.exec(metrics)?.[1]) < sockets.length + 1;
      }),
    );
    await reading.run(query).until(({ results }) => results.length > 0);
  });
});

describe("a message that does not end", () => {
  it("shares a bounded memory with all others, and is closed beyond it", async (t) => {
    const server = await startServer(t, { env: { MAX_INCOMING_MB: "8" } });
    const sockets: RawConnection[] = [];
    for (let count = 0; count < 60; count += 1) sockets.push(await openWithUnfinishedFrame(t, server));
    const held = () => sockets.filter(({ closed }) => !closed).length * 249_000;
    assert.ok(await eventually(() => held() <= 8 * 1024 * 1024));
    assert.ok(held() > 4 * 1024 * 1024, "no more are closed than necessary");
    assert.equal(sockets.at(-1)?.closed, false);
  });

  it("is closed after a time", async (t) => {
    const server = await startServer(t, { env: { REQUEST_TIMEOUT: "1s" } });
    const idle = await Socket.open(t, server.url, ADMIN_SECRET);
    const socket = await openWithUnfinishedFrame(t, server);
    assert.ok(await eventually(() => socket.closed));
    await idle.run("{ viewer { name } }").until(({ results }) => results.length > 0);
  });
});

/** Yields to the server, so that it has time to read everything that it accepts. */
async function answerOthers(server: TestServer, socket: Socket): Promise<void> {
  let [before, unchanged] = [-1, 0];
  while (unchanged < 30 && socket.ws.bufferedAmount > 0) {
    await server.admin.ask("{ viewer { name } }");
    unchanged = socket.ws.bufferedAmount === before ? unchanged + 1 : 0;
    before = socket.ws.bufferedAmount;
  }
}

/** 20 builds with messages of 8 kB. */
async function fillBuilds(server: TestServer): Promise<void> {
  const seed = new Seed(server.admin);
  const message = "x".repeat(8000);
  const shas = Array.from({ length: 20 }, (_, index) => index.toString(16).padStart(40, "0"));
  await Promise.all(shas.map((sha) => seed.build({ commit: { sha, message } })));
}

/** Signs in, and sends all but the end of a frame of 250 kB. */
async function openWithUnfinishedFrame(t: Cleanup, server: TestServer): Promise<RawConnection> {
  const connection = new RawConnection(t, server.url);
  const handshake = [
    "GET /graphql HTTP/1.1",
    "Host: test",
    "Upgrade: websocket",
    "Connection: Upgrade",
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
    "Sec-WebSocket-Version: 13",
    "Sec-WebSocket-Protocol: graphql-transport-ws",
  ];
  await connection.write(`${handshake.join("\r\n")}\r\n\r\n`);
  assert.ok(await eventually(() => connection.received.includes("101")));
  const init = JSON.stringify({ type: "connection_init", payload: { authorization: `Bearer ${ADMIN_SECRET}` } });
  // A mask of zeros.
  await connection.write(Buffer.concat([Buffer.from([0x81, 0x80 | init.length, 0, 0, 0, 0]), Buffer.from(init)]));
  assert.ok(await eventually(() => connection.received.includes("connection_ack")));
  const head = Buffer.alloc(14);
  head[0] = 0x81;
  head[1] = 0xff;
  head.writeBigUInt64BE(250_000n, 2);
  await connection.write(head);
  await connection.write(Buffer.alloc(249_000, " "));
  return connection;
}
