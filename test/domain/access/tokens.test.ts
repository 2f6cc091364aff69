import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { Client } from "../../support/clients/client.js";
import { ADMIN_SECRET, startServer, temporaryFolder } from "../../support/service/server.js";

const MAKE = "secret token { id name role createdAt expiresAt lastUsedAt revokedAt }";
const START = new Date("2026-03-01T12:00:00.000Z").getTime();

describe("a token", () => {
  it("works at once with its name and role, until it is revoked", async (t) => {
    const { admin, url } = await startServer(t);
    const { token, secret } = await admin.mutate("createToken", { name: "ci", role: "REPORTER" }, MAKE);
    assert.match(secret, /^railyard_[\w-]{43}$/);
    const client = new Client(url, secret);
    assert.deepEqual((await client.ask("{ viewer { name role } }")).viewer, { name: "ci", role: "REPORTER" });
    const revoked = await admin.mutate("revokeToken", { token: token.id }, "token { id revokedAt }");
    assert.ok(revoked.token.revokedAt);
    assert.equal((await client.queryError("{ viewer { name } }")).extensions.code, "UNAUTHENTICATED");
    const again = await admin.mutate("revokeToken", { token: token.id.toUpperCase() }, "token { id revokedAt }");
    assert.deepEqual(again, revoked);
  });

  it("is stored as the SHA-256 of its secret only", async (t) => {
    const folder = temporaryFolder(t);
    const server = await startServer(t, { env: { DATABASE_URL: `sqlite:${join(folder, "kept.sqlite")}` } });
    const { secret } = await server.admin.mutate("createToken", { name: "ci", role: "ADMIN" }, MAKE);
    await new Client(server.url, secret).ask("{ viewer { name } }");
    const kept = () => readdirSync(folder).map((file) => readFileSync(join(folder, file)).toString("latin1"));
    const holds = (text: string) => kept().some((content) => content.includes(text));
    for (const stage of ["while it runs", "after it has stopped"]) {
      for (const known of [secret, ADMIN_SECRET]) {
        assert.ok(!holds(known), `the secret is in no file ${stage}`);
        assert.ok(holds(createHash("sha256").update(known).digest("hex")), `its hash is there ${stage}`);
      }
      await server.stop();
    }
  });

  it("expires at expiresAt, which must be in the future", async (t) => {
    let now = START;
    const { admin, url } = await startServer(t, { now: () => new Date(now) });
    for (const expiresAt of [START - 1, START].map((time) => new Date(time).toISOString())) {
      const refusal = await admin.mutationError("createToken", { name: "late", role: "VIEWER", expiresAt });
      assert.deepEqual(refusal.extensions, { code: "BAD_USER_INPUT", field: "expiresAt" });
      assert.match(refusal.message, /must be in the future/);
    }
    const expiresAt = new Date(START + 1000).toISOString();
    const { token, secret } = await admin.mutate("createToken", { name: "soon", role: "VIEWER", expiresAt }, MAKE);
    assert.equal(token.expiresAt, expiresAt);
    const client = new Client(url, secret);
    now = START + 999;
    assert.equal((await client.ask("{ viewer { name } }")).viewer.name, "soon");
    now = START + 1000;
    assert.equal((await client.queryError("{ viewer { name } }")).extensions.code, "UNAUTHENTICATED");
  });

  it("shows when it was last used, to the minute", async (t) => {
    let now = START;
    const server = await startServer(t, { now: () => new Date(now) });
    const { token, secret } = await server.admin.mutate("createToken", { name: "ci", role: "VIEWER" }, MAKE);
    assert.equal(token.lastUsedAt, null);
    const client = new Client(server.url, secret);
    const lastUsed = async (): Promise<string | null> => {
      await client.ask("{ viewer { name } }");
      // The time is written concurrently with the response. Writes are serialized, so after the next write it is stored.
      await server.admin.mutate("createToken", { name: "behind", role: "VIEWER" }, "token { id }");
      const { tokens } = await server.admin.ask("{ tokens { nodes { id lastUsedAt } } }");
      return tokens.nodes.find((one: { id: string }) => one.id === token.id).lastUsedAt;
    };
    assert.equal(await lastUsed(), new Date(START).toISOString());
    now = START + 59_999;
    assert.equal(await lastUsed(), new Date(START).toISOString());
    now = START + 60_000;
    assert.equal(await lastUsed(), new Date(START + 60_000).toISOString());
  });

  it("is hidden from viewers that may not read tokens, also as a node", async (t) => {
    const server = await startServer(t);
    const { token } = await server.admin.mutate("createToken", { name: "ci", role: "VIEWER" }, MAKE);
    const look = "query ($id: ID!) { node(id: $id) { id } }";
    assert.deepEqual((await server.admin.ask(look, { id: token.id })).node, { id: token.id });
    assert.equal((await (await server.as("OPERATOR")).ask(look, { id: token.id })).node, null);
  });

  it("appends an event when it is created and when it is revoked, without its secret", async (t) => {
    const { admin } = await startServer(t);
    const { token, secret } = await admin.mutate("createToken", { name: "ci", role: "VIEWER" }, MAKE);
    await admin.mutate("revokeToken", { token: token.id }, "token { id }");
    const { events } = await admin.ask(
      "{ events(last: 2) { nodes { type ... on ChangeEvent { subjectId subjectName summary } } } }",
    );
    assert.deepEqual(
      events.nodes.map((event: { type: string; subjectId: string }) => [event.type, event.subjectId]),
      [
        ["TOKEN_CREATED", token.id],
        ["TOKEN_REVOKED", token.id],
      ],
    );
    assert.ok(!JSON.stringify(events).includes(secret));
  });
});
