import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { LOG_START, Socket } from "../../support/clients/socket.js";
import { Seed, unique } from "../../support/data/seed.js";
import { ADMIN_SECRET, startServer, type TestServer } from "../../support/service/server.js";

const DENIED =
  "{ events(types: [ACCESS_DENIED], first: 100) { nodes { type actor { name role } ... on ChangeEvent { subjectName summary } } } }";

// biome-ignore lint/suspicious/noExplicitAny: the caller knows the shape of the selected data.
async function denied(server: TestServer): Promise<any[]> {
  return (await server.admin.ask(DENIED)).events.nodes;
}

describe("a refused attempt of an ADMIN action", () => {
  it("appends an event, over HTTP, WebSocket and the Platform API", async (t) => {
    const server = await startServer(t);
    const operator = await server.as("OPERATOR");
    const app = await new Seed(server.admin).app();
    await operator.mutationError("deleteApp", { app: app.id });
    const socket = await Socket.open(t, server.url, operator.secret);
    const received = socket.run("{ tokens { totalCount } }");
    await received.until(({ results, errors }) => errors !== null || results.length > 0);
    const headers = { authorization: `Bearer ${operator.secret}` };
    assert.equal((await fetch(`${server.url}/apps/${app.name}`, { method: "DELETE", headers })).status, 403);
    const actor = { name: "a OPERATOR", role: "OPERATOR" };
    const event = (what: string) => ({
      type: "ACCESS_DENIED",
      actor,
      subjectName: actor.name,
      summary: `${what} denied for OPERATOR; it requires the ADMIN role`,
    });
    assert.deepEqual(await denied(server), [event("deleteApp"), event("readTokens"), event("deleteApp")]);
  });

  it("is recorded once per action of an operation, and at most 60 times per minute and token", async (t) => {
    const server = await startServer(t);
    const viewer = await server.as("VIEWER");
    const query = `{ ${Array.from({ length: 20 }, (_, i) => `a${i}: tokens { totalCount }`).join(" ")} }`;
    await viewer.post(query);
    assert.equal((await denied(server)).length, 1);
    for (let i = 0; i < 70; i += 1) await viewer.post("{ tokens { totalCount } }");
    assert.equal((await denied(server)).length, 60);
  });

  it("is not recorded for other actions or unauthenticated clients", async (t) => {
    const server = await startServer(t);
    const viewer = await server.as("VIEWER");
    await viewer.mutationError("createApp", { name: unique() });
    await fetch(`${server.url}/graphql`, {
      method: "POST",
      body: '{"query":"{ tokens { totalCount } }"}',
      headers: { "content-type": "application/json" },
    });
    assert.deepEqual(await denied(server), []);
  });

  it("is visible to administrators only: in lists, by cursor and in subscriptions", async (t) => {
    const server = await startServer(t);
    const viewer = await server.as("VIEWER");
    const follow = "subscription ($after: EventCursor) { events(after: $after) { type } }";
    const open = (secret: string) => Socket.open(t, server.url, secret);
    const [asViewer, asAdmin] = [await open(viewer.secret ?? ""), await open(ADMIN_SECRET)];
    const live = [asViewer, asAdmin].map((socket) => socket.run(follow, { after: LOG_START }));
    await viewer.post("{ tokens { totalCount } }");
    await new Seed(server.admin).app();
    const types = ["TOKEN_CREATED", "TOKEN_CREATED", "ACCESS_DENIED", "APP_CREATED"];
    const [others, admins] = await Promise.all([live[0]?.take(3), live[1]?.take(4)]);
    assert.deepEqual(
      admins?.map(({ type }) => type),
      types,
    );
    assert.deepEqual(
      others?.map(({ type }) => type),
      types.filter((type) => type !== "ACCESS_DENIED"),
    );
    // No API shows it to others, so read it from the log itself.
    const late = asViewer.run(follow, { after: LOG_START });
    assert.deepEqual(
      (await late.take(3)).map(({ type }) => type),
      types.filter((type) => type !== "ACCESS_DENIED"),
    );
    for (const args of ["first: 100", "last: 100", "types: [ACCESS_DENIED]", "types: [ACCESS_DENIED, APP_CREATED]"]) {
      const { nodes } = (await viewer.ask(`{ events(${args}) { nodes { type } } }`)).events;
      assert.ok(
        nodes.every(({ type }: { type: string }) => type !== "ACCESS_DENIED"),
        args,
      );
    }
    const { pageInfo } = (await viewer.ask("{ events(first: 2) { pageInfo { endCursor hasNextPage } } }")).events;
    assert.equal(pageInfo.hasNextPage, true);
    const next = await viewer.ask("query ($a: EventCursor) { events(after: $a) { nodes { type } } }", {
      a: pageInfo.endCursor,
    });
    assert.deepEqual(next.events.nodes, [{ type: "APP_CREATED" }]);
  });
});
