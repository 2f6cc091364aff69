import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { exportJWK, type JWTPayload, SignJWT } from "jose";
import { eventually } from "../../../src/async/eventually.js";
import { Client } from "../../support/clients/client.js";
import { Socket } from "../../support/clients/socket.js";
import { unique } from "../../support/data/seed.js";
import { Issuer, type Keys } from "../../support/network/oidc-issuer.js";
import { Clock, HOUR, MINUTE } from "../../support/service/clock.js";
import { startServer } from "../../support/service/server.js";

function settings(issuer: Issuer): Record<string, string> {
  return {
    OIDC_ISSUER: issuer.url,
    OIDC_AUDIENCE: "railyard",
    OIDC_ROLE_CLAIM: "realm_access.roles",
    OIDC_ROLES: "everyone=VIEWER,deployers=OPERATOR",
  };
}

const groups = (...roles: string[]) => ({ realm_access: { roles } });

describe("a JWT of the issuer", () => {
  it("signs in with the highest role of its claim, under a name that is distinct from tokens", async (t) => {
    const issuer = await Issuer.start(t);
    const server = await startServer(t, { env: settings(issuer) });
    const client = new Client(server.url, await issuer.sign(groups("deployers", "everyone", "else")));
    assert.deepEqual((await client.ask("{ viewer { name role } }")).viewer, {
      name: "ada@example.com",
      role: "OPERATOR",
    });
    const identified = new Client(server.url, await issuer.sign({ ...groups("deployers"), groups: ["qa", 7, ""] }));
    const { viewer } = await identified.ask("{ viewer { person groups } }");
    assert.deepEqual(viewer, { person: "ada@example.com", groups: ["qa"] });
    const { app } = await identified.mutate("createApp", { name: unique() }, "app { id }");
    const { events } = await server.admin.ask(
      "query ($app: ID!) { events(app: $app, last: 1) { nodes { actor { subject person } } } }",
      { app: app.id },
    );
    assert.deepEqual(events.nodes[0].actor, { subject: `${issuer.url} ada`, person: "ada@example.com" });
    const reader = new Client(server.url, await issuer.sign(groups("everyone")));
    assert.equal((await reader.mutationError("createApp", { name: unique() })).extensions.code, "FORBIDDEN");
    const stranger = await new Client(server.url, await issuer.sign(groups("else"))).post("{ viewer { name } }");
    assert.deepEqual([stranger.status, stranger.errors?.[0]?.extensions.code], [403, "FORBIDDEN"]);
    await server.admin.ask("{ viewer { name } }");
  });

  it("is refused if any part of it is invalid", async (t) => {
    const issuer = await Issuer.start(t);
    const other = await Issuer.start(t);
    const server = await startServer(t, { env: settings(issuer) });
    const good = await issuer.sign(groups("deployers"));
    const [head = "", body = "", signature = ""] = good.split(".");
    const none = Buffer.from('{"alg":"none"}').toString("base64url");
    const raised = Buffer.from(
      JSON.stringify({ ...JSON.parse(Buffer.from(body, "base64url").toString()), sub: "eve" }),
    );
    const [key] = issuer.keys;
    const publicKey = Buffer.from(JSON.stringify(await exportJWK(key?.pair.publicKey as Keys["publicKey"])));
    const symmetric = new SignJWT({ sub: "eve", aud: "railyard", ...groups("deployers") })
      .setProtectedHeader({ alg: "HS256", kid: key?.kid ?? "" })
      .setIssuer(issuer.url)
      .setExpirationTime("5m");
    const bad: Record<string, string> = {
      "without a signature": `${none}.${body}.x`,
      "another's words": `${head}.${raised.toString("base64url")}.${signature}`,
      "signed with the public key": await symmetric.sign(publicKey),
      expired: await issuer.sign(groups("deployers"), { expires: new Date(Date.now() - 31_000) }),
      "of another audience": await issuer.sign({ ...groups("deployers"), aud: "another" }),
      "of another issuer": await other.sign(groups("deployers")),
      "of another's keys in its name": await other.sign(groups("deployers"), { issuer: issuer.url }),
    };
    for (const [what, token] of Object.entries(bad)) {
      const { status, errors } = await new Client(server.url, token).post("{ viewer { name } }");
      assert.deepEqual([status, errors?.[0]?.extensions.code], [401, "UNAUTHENTICATED"], what);
    }
    const late = await issuer.sign(groups("deployers"), { expires: new Date(Date.now() - 5000) });
    await new Client(server.url, late).ask("{ viewer { name } }");
    await new Client(server.url, good).ask("{ viewer { name } }");
  });

  it("is refused without a subject, and grants no role for anything but strings", async (t) => {
    const issuer = await Issuer.start(t);
    const server = await startServer(t, { env: settings(issuer) });
    const post = async (claims: object) =>
      new Client(server.url, await issuer.sign(claims as JWTPayload)).post("{ viewer { role } }");
    for (const sub of ["", 7, { a: 1 }, ["ada"]]) {
      assert.equal((await post({ ...groups("everyone"), sub })).status, 401, JSON.stringify(sub));
    }
    for (const roles of [[["deployers"]], [{ toString: "deployers" }], [null], { 0: "deployers", length: 1 }]) {
      assert.equal((await post({ realm_access: { roles } })).status, 403, JSON.stringify(roles));
    }
    assert.equal((await post({ realm_access: { roles: [null, ["deployers"], "everyone"] } })).status, 200);
  });

  it("names a user by one line of printable characters that never is the service's own name", async (t) => {
    const issuer = await Issuer.start(t);
    const server = await startServer(t, { env: settings(issuer) });
    const nameFor = async (claims: object) => {
      const client = new Client(server.url, await issuer.sign({ ...groups("everyone"), ...claims } as JWTPayload));
      return (await client.ask("{ viewer { name } }")).viewer.name;
    };
    const names: [object, string][] = [
      [{ email: "ada@example.com" }, "ada@example.com"],
      [{ email: "ada@example.com", email_verified: true }, "ada@example.com"],
      [{ email: "ada@example.com", email_verified: false, preferred_username: "ada" }, "ada"],
      [{ email: "ada@example.com\n\u0000\u202Eevil" }, "ada@example.com evil"],
      [{ email: "a".repeat(5000) }, "a".repeat(256)],
      [{ email: "\u{1F600}".repeat(300) }, "\u{1F600}".repeat(256)],
      [{ email: "\n \u200B", sub: "u1" }, "u1"],
      [{ email: "railyard", sub: "u1" }, "oidc:u1"],
      [{ email: " Railyard\u200B", sub: "u1" }, "oidc:u1"],
    ];
    for (const [claims, name] of names) assert.equal(await nameFor(claims), name, JSON.stringify(claims).slice(0, 80));
  });

  it("is accepted for 24 hours after the issuer went away, and refused after that", async (t) => {
    const clock = new Clock();
    const issuer = await Issuer.start(t);
    const server = await startServer(t, { now: clock.now, env: settings(issuer) });
    const expires = new Date(clock.now().getTime() + 48 * HOUR);
    const client = new Client(server.url, await issuer.sign(groups("everyone"), { expires }));
    const ask = async () => (await client.post("{ viewer { role } }")).errors?.[0]?.extensions.code ?? "OK";
    assert.equal(await ask(), "OK");
    issuer.isDown = true;
    for (const hours of [0.1, 0.5, 12, 11]) {
      clock.advance(hours * HOUR);
      assert.equal(await ask(), "OK", `${hours} more hours later`);
    }
    // An unknown key may be a new one: whether it is valid cannot be known.
    const [key] = issuer.keys;
    await issuer.rotate();
    const other = new Client(server.url, await issuer.sign(groups("everyone"), { expires }));
    assert.equal((await other.queryError("{ viewer { role } }")).extensions.code, "UNAVAILABLE");
    clock.advance(HOUR);
    assert.equal(await ask(), "UNAVAILABLE");
    issuer.keys = key === undefined ? [] : [key];
    issuer.isDown = false;
    clock.advance(MINUTE);
    assert.equal(await ask(), "OK");
    // The key was removed while its tokens are not expired yet.
    await issuer.rotate();
    clock.advance(11 * MINUTE);
    assert.equal(await ask(), "UNAUTHENTICATED");
  });

  it("is accepted with a new key as soon as the issuer publishes it, and refused with a removed one", async (t) => {
    const issuer = await Issuer.start(t);
    const server = await startServer(t, { env: settings(issuer) });
    const before = new Client(server.url, await issuer.sign(groups("everyone")));
    for (let i = 0; i < 20; i += 1) await before.ask("{ viewer { name } }");
    assert.equal(issuer.asked, 1, "the keys are kept");
    await issuer.rotate();
    const after = new Client(server.url, await issuer.sign(groups("everyone")));
    assert.ok(
      await eventually(async () => (await after.post("{ viewer { name } }")).status !== 401, { intervalMs: 100 }),
    );
    assert.equal((await after.post("{ viewer { name } }")).status, 200);
    assert.equal((await before.post("{ viewer { name } }")).status, 401);
  });

  it("is UNAVAILABLE while the issuer is unreachable, and Railyard tokens keep working", async (t) => {
    const issuer = await Issuer.start(t);
    const env = { ...settings(issuer), OIDC_ISSUER: "http://127.0.0.1:9" };
    const server = await startServer(t, { env });
    const { status, errors } = await new Client(server.url, await issuer.sign(groups("everyone"))).post(
      "{ viewer { name } }",
    );
    assert.deepEqual([status, errors?.[0]?.extensions.code], [503, "UNAVAILABLE"]);
    await server.admin.ask("{ viewer { name } }");
  });

  it("owns its idempotency keys across JWTs of the same subject", async (t) => {
    const issuer = await Issuer.start(t);
    const server = await startServer(t, { env: settings(issuer) });
    const input = { name: unique("app"), idempotencyKey: "once" };
    const ids = [];
    for (let i = 0; i < 2; i += 1) {
      const client = new Client(server.url, await issuer.sign(groups("deployers")));
      ids.push((await client.mutate("createApp", input, "app { id }")).app.id);
    }
    assert.equal(ids[0], ids[1]);
    const other = new Client(server.url, await issuer.sign({ ...groups("deployers"), sub: "bob" }));
    assert.equal((await other.mutationError("createApp", input)).extensions.code, "CONFLICT");
  });

  it("ends its WebSockets when it expires", async (t) => {
    const issuer = await Issuer.start(t);
    let ahead = 0;
    const server = await startServer(t, { env: settings(issuer), now: () => new Date(Date.now() + ahead) });
    const socket = await Socket.open(t, server.url, await issuer.sign(groups("everyone")));
    assert.ok(socket.acknowledged);
    ahead = 6 * 60_000;
    assert.equal(await socket.closed, 4401);
  });
});
