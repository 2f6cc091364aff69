import assert from "node:assert/strict";
import { after, describe, it } from "node:test";
import { ConfigValue } from "../../../src/entities/config-vars/config-var.js";
import { Client } from "../../support/clients/client.js";
import { Socket } from "../../support/clients/socket.js";
import { configKeys } from "../../support/data/config-keys.js";
import { type Named, Seed } from "../../support/data/seed.js";
import { dumpRows } from "../../support/database/database-content.js";
import { Issuer } from "../../support/network/oidc-issuer.js";
import { ADMIN_SECRET, startServer } from "../../support/service/server.js";

const server = await startServer({ after }, { env: configKeys("k1") });
const { admin } = server;
const operator = await server.as("OPERATOR");
const viewer = await server.as("VIEWER");
const seed = new Seed(admin);

interface Var {
  readonly key: string;
  readonly secret: boolean;
  readonly value: string | null;
  readonly fingerprint: string;
  readonly required: boolean;
  readonly description: string | null;
  readonly updatedBy: { readonly name: string };
}

const FIELDS = "key secret value fingerprint required description updatedBy { name }";

async function config(client: Client, app: Named): Promise<Record<string, Var>> {
  const asked = await client.ask(`query ($app: ID!) { app(app: $app) { config { ${FIELDS} } } }`, { app: app.id });
  return Object.fromEntries(asked.app.config.map((one: Var) => [one.key, one]));
}

async function version(app: Named): Promise<number> {
  return (await admin.ask("query ($app: ID!) { app(app: $app) { configVersion } }", { app: app.id })).app.configVersion;
}

const set = (app: Named, vars: Record<string, string>, rest: object = {}) =>
  operator.mutate(
    "setConfig",
    { app: app.id, set: Object.entries(vars).map(([key, value]) => ({ key, value })), ...rest },
    "app { configVersion } release { id }",
  );

async function events(app: Named) {
  const selection = "type actor { name } ... on ConfigEvent { keys configVersion appName app { id } }";
  const query = `query ($app: ID!) { events(app: $app, types: [CONFIG_CHANGED, CONFIG_READ], last: 50) { nodes { ${selection} } } }`;
  return (await admin.ask(query, { app: app.id })).events.nodes;
}

describe("config vars", () => {
  it("are set by an OPERATOR, who does not read secrets, and read by an ADMIN", async () => {
    const app = await seed.app();
    await operator.mutate(
      "setConfig",
      {
        app: app.name,
        set: [
          { key: "DATABASE_URL", value: "postgres://canary-secret", description: "The database" },
          { key: "LOG_LEVEL", value: "info", secret: false, required: true },
        ],
      },
      "app { configVersion }",
    );
    for (const client of [operator, viewer]) {
      const { DATABASE_URL, LOG_LEVEL } = await config(client, app);
      assert.equal(DATABASE_URL?.value, null);
      assert.equal(DATABASE_URL?.secret, true);
      assert.equal(DATABASE_URL?.description, "The database");
      assert.match(DATABASE_URL?.fingerprint ?? "", /^[0-9a-f]{12}$/);
      assert.deepEqual([LOG_LEVEL?.value, LOG_LEVEL?.secret, LOG_LEVEL?.required], ["info", false, true]);
      assert.equal(LOG_LEVEL?.updatedBy.name, "a OPERATOR");
    }
    assert.equal((await config(admin, app)).DATABASE_URL?.value, "postgres://canary-secret");
    assert.equal((await viewer.mutationError("setConfig", { app: app.id, unset: ["A"] })).extensions.code, "FORBIDDEN");
  });

  it("are encrypted in the database", async () => {
    const app = await seed.app();
    await set(app, { A: "canary-at-rest", B: "canary-at-rest" });
    const rows = (await dumpRows(server)).filter((row) => row.includes(app.id));
    assert.ok(rows.some((row) => row.startsWith("config_values")));
    assert.ok(!rows.join("\n").includes("canary-at-rest"));
    const sealed = rows
      .filter((row) => row.startsWith("config_values"))
      .map((row) => /"sealed":"([^"]+)"/.exec(row)?.[1]);
    assert.notEqual(sealed[0], sealed[1], "equal values are encrypted differently");
  });

  it("cannot be read after they were exchanged in the database", async () => {
    const [app, other] = [await seed.app(), await seed.app()];
    await set(app, { A: "canary-exchanged", B: "2" });
    await set(other, { A: "1" });
    const { database } = server.app;
    const read = async (from: Named, key: string) =>
      (await database.reader.first(ConfigValue, { appId: from.id, key }))?.sealed ?? "";
    const own = await read(app, "B");
    for (const sealed of [await read(app, "A"), await read(other, "A")]) {
      await database.write((tx) => tx.update(ConfigValue, { appId: app.id, key: "B" }, { sealed }));
      const error = await admin.queryError('query ($app: ID!) { app(app: $app) { config(keys: ["B"]) { value } } }', {
        app: app.id,
      });
      assert.equal(error.extensions.code, "INTERNAL_SERVER_ERROR");
    }
    await database.write((tx) => tx.update(ConfigValue, { appId: app.id, key: "B" }, { sealed: own }));
    assert.equal((await config(admin, app)).B?.value, "2");
  });

  it("count a version for each change, and none for what stays", async () => {
    const app = await seed.app();
    assert.equal(await version(app), 0);
    await set(app, { A: "1", B: "2" });
    assert.equal(await version(app), 1);
    await set(app, { A: "1" });
    assert.equal(await version(app), 1);
    await set(app, { A: "1" }, { unset: ["B", "C"] });
    assert.equal(await version(app), 2);
    assert.deepEqual(Object.keys(await config(viewer, app)), ["A"]);
    assert.deepEqual(
      (await events(app)).map((one: { type: string; keys: string[]; configVersion: number }) => [
        one.type,
        one.keys,
        one.configVersion,
      ]),
      [
        ["CONFIG_CHANGED", ["A", "B"], 1],
        ["CONFIG_CHANGED", ["B"], 2],
      ],
    );
  });

  it("raise one CONFIG_READ event for each app and operation that reads secrets", async () => {
    const app = await seed.app();
    await set(app, { A: "1", B: "2" });
    await operator.mutate(
      "setConfig",
      { app: app.id, set: [{ key: "PLAIN", value: "p", secret: false }] },
      "app { id }",
    );
    await config(viewer, app);
    await admin.ask("query ($app: ID!) { app(app: $app) { config { key fingerprint } } }", { app: app.id });
    await admin.ask('query ($app: ID!) { app(app: $app) { config(keys: ["PLAIN"]) { value } } }', { app: app.id });
    assert.deepEqual(
      (await events(app)).filter((one: { type: string }) => one.type === "CONFIG_READ"),
      [],
    );
    await config(admin, app);
    const [read, ...others] = (await events(app)).filter((one: { type: string }) => one.type === "CONFIG_READ");
    assert.deepEqual(others, []);
    const expected = { type: "CONFIG_READ", actor: { name: "admin" }, keys: ["A", "B"], configVersion: 2 };
    assert.deepEqual(read, { ...expected, appName: app.name, app: { id: app.id } });
  });

  it("are read by tokens with readConfig, in the pipelines of the token only", async () => {
    const [here, elsewhere] = [await seed.pipeline(), await seed.pipeline()];
    const [mine, other] = [await seed.coupled(here, "STAGING"), await seed.coupled(elsewhere, "STAGING")];
    for (const app of [mine, other]) await set(app, { A: `of ${app.name}` });
    const input = { name: "a deployer", role: "REPORTER", readConfig: true, pipelines: [here.id] };
    const { secret, token } = await admin.mutate("createToken", input, "secret token { readConfig }");
    assert.equal(token.readConfig, true);
    const deployer = new Client(server.url, secret);
    assert.equal((await config(deployer, mine)).A?.value, `of ${mine.name}`);
    assert.equal((await deployer.ask("query ($app: ID!) { app(app: $app) { id } }", { app: other.id })).app, null);
    assert.deepEqual(
      (await events(mine)).map((one: { actor: { name: string } }) => one.actor.name),
      ["a OPERATOR", "a deployer"],
    );
  });

  it("are never sent from the response cache to a token of the same role that may not read them", async () => {
    const app = await seed.coupled(await seed.pipeline(), "STAGING");
    await set(app, { A: "1" });
    const create = async (readConfig: boolean) => {
      const input = { name: `reads: ${readConfig}`, role: "VIEWER", readConfig };
      return new Client(server.url, (await admin.mutate("createToken", input, "secret")).secret);
    };
    const [reader, other] = [await create(true), await create(false)];
    for (let turn = 0; turn < 4; turn++) {
      assert.equal((await config(reader, app)).A?.value, "1");
      assert.equal((await config(other, app)).A?.value, null);
    }
    const read = (await events(app)).filter((one: { actor: { name: string } }) => one.actor.name === "reads: true");
    assert.equal(read.length, 4, "each read is on record");
  });

  it("are read by an ADMIN who signs in at the issuer", async (t) => {
    const issuer = await Issuer.start(t);
    const oidc = { OIDC_ISSUER: issuer.url, OIDC_AUDIENCE: "railyard", OIDC_ROLES: "ops=ADMIN,dev=OPERATOR" };
    const signedIn = await startServer(t, { env: { ...configKeys("k1"), ...oidc } });
    const app = await new Seed(signedIn.admin).app();
    const input = { app: app.id, set: [{ key: "A", value: "1" }] };
    const as = async (role: string) => new Client(signedIn.url, await issuer.sign({ roles: [role] }));
    const changed = await (await as("dev")).mutate("setConfig", input, "app { configVersion }");
    assert.equal(changed.app.configVersion, 1);
    assert.equal((await config(await as("dev"), app)).A?.value, null);
    assert.equal((await config(await as("ops"), app)).A?.value, "1");
    const query = "query ($app: ID!) { events(app: $app, types: [CONFIG_READ]) { nodes { actor { person } } } }";
    const { nodes } = (await signedIn.admin.ask(query, { app: app.id })).events;
    assert.deepEqual(nodes, [{ actor: { person: "ada@example.com" } }]);
  });

  it("are in no event of a subscription, also where it asks who the viewer is, and it raises none", async (t) => {
    const app = await seed.app();
    await set(app, { A: "1" });
    const socket = await Socket.open(t, server.url, ADMIN_SECRET);
    const personal = "... on ApprovalEvent { promotion { approvalProgress { viewerMayVote } } }";
    const selection = `type ${personal} ... on ConfigEvent { app { config { value } } }`;
    const watched = socket.run(
      `subscription ($app: ID, $after: EventCursor) { events(app: $app, after: $after) { ${selection} } }`,
      {
        app: app.id,
        after: (await admin.ask("{ cursor }")).cursor,
      },
    );
    await set(app, { A: "2" });
    await config(admin, app);
    await set(app, { A: "3" });
    const unread = { app: { config: [{ value: null }] } };
    assert.deepEqual(await watched.take(3), [
      { type: "CONFIG_CHANGED", ...unread },
      { type: "CONFIG_READ", ...unread },
      { type: "CONFIG_CHANGED", ...unread },
    ]);
    const reads = (await events(app)).filter((one: { type: string }) => one.type === "CONFIG_READ");
    assert.equal(reads.length, 1, "only the query has read");
  });

  it("are in no response that a cache between may keep", async () => {
    const app = await seed.app();
    await set(app, { A: "canary-cached" });
    const query = encodeURIComponent(`{ app(app: "${app.id}") { config { value } } }`);
    const headers = { authorization: `Bearer ${ADMIN_SECRET}`, "apollo-require-preflight": "1" };
    const response = await fetch(`${server.url}/graphql?query=${query}`, { headers });
    assert.match(await response.text(), /canary-cached/);
    assert.deepEqual([response.headers.get("cache-control"), response.headers.get("etag")], ["no-store", null]);
  });
});
