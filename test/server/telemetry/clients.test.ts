import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Operation, Socket } from "../../support/clients/socket.js";
import { ADMIN_SECRET, startServer, type TestServer } from "../../support/service/server.js";

const QUERY = "{ viewer { name } }";

/** The operations of each client in the metrics, by name and version. */
async function readClients(server: TestServer): Promise<Record<string, number>> {
  const metrics = await (await fetch(`${server.url}/metrics`)).text();
  const lines = [...metrics.matchAll(/^railyard_client_operations_total\{name="(.*)",version="(.*)"\} (\d+)$/gm)];
  return Object.fromEntries(lines.map(([, name, version, count]) => [`${name} ${version}`.trim(), Number(count)]));
}

describe("the metrics", () => {
  it("count the operations of each client, by what its headers or extensions say, over every transport", async (t) => {
    const server = await startServer(t);
    const send = (body: object, headers: Record<string, string> = {}) =>
      fetch(`${server.url}/graphql`, {
        method: "POST",
        headers: { authorization: `Bearer ${ADMIN_SECRET}`, "content-type": "application/json", ...headers },
        body: JSON.stringify(body),
      });
    const library = { clientLibrary: { name: "@apollo/client", version: "4.0.7" } };
    const cacheable = '{ app(app: "none") { id } pipeline(pipeline: "none") { id } }';
    await server.admin.mutate("createApp", { name: "none" }, "__typename");
    await server.admin.mutate("createPipeline", { name: "none" }, "__typename");
    // The first takes the regular path, the others the fast path; the last ones are sent from the cache.
    for (let turn = 0; turn < 4; turn += 1) await send({ query: cacheable, extensions: library });
    const board = { "apollographql-client-name": "board", "apollographql-client-version": "1.2" };
    for (let turn = 0; turn < 3; turn += 1) await send({ query: cacheable, extensions: library }, board);
    await send({ query: QUERY }, { "x-graphql-client-name": "script" });
    const extensions = encodeURIComponent(JSON.stringify(library));
    const headers = { authorization: `Bearer ${ADMIN_SECRET}` };
    await fetch(`${server.url}/graphql?query=${encodeURIComponent(QUERY)}&extensions=${extensions}`, { headers });
    const socket = await Socket.open(t, server.url, ADMIN_SECRET);
    const operation = new Operation("a", socket);
    socket.operations.set("a", operation);
    socket.send({ id: "a", type: "subscribe", payload: { query: QUERY, extensions: library } });
    await operation.take(1);
    assert.deepEqual(await readClients(server), { unknown: 2, "@apollo/client 4.0.7": 6, "board 1.2": 3, script: 1 });
  });

  it("bound the clients that they tell apart, and count no unauthenticated ones", async (t) => {
    const server = await startServer(t);
    const send = (name: unknown, secret: string) =>
      fetch(`${server.url}/graphql`, {
        method: "POST",
        headers: { authorization: `Bearer ${secret}`, "content-type": "application/json" },
        body: JSON.stringify({ query: QUERY, extensions: { clientLibrary: { name, version: 1 } } }),
      });
    await send("nobody", "not-a-token");
    for (const name of ["a\nb", 'a"b', "x".repeat(65), 1, null, ""]) await send(name, ADMIN_SECRET);
    assert.deepEqual(await readClients(server), { unknown: 6 });
    for (let count = 0; count < 105; count += 1) await send(`client-${count}`, ADMIN_SECRET);
    const clients = await readClients(server);
    assert.equal(Object.keys(clients).length, 102, "a hundred, and what is unknown or beyond them");
    assert.deepEqual([clients["client-99"], clients["client-100"], clients.other], [1, undefined, 5]);
  });
});
