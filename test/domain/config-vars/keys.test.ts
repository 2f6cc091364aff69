import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { pino } from "pino";
import { startApp } from "../../../src/app.js";
import { readConfig } from "../../../src/config.js";
import type { Client } from "../../support/clients/client.js";
import { configKeys } from "../../support/data/config-keys.js";
import { type Named, Seed } from "../../support/data/seed.js";
import { freshDatabase } from "../../support/database/engine.js";
import { ADMIN_SECRET, startServer } from "../../support/service/server.js";

async function value(client: Client, { id }: Named, key: string): Promise<string> {
  const query = "query ($app: ID!, $key: String!) { app(app: $app) { config(keys: [$key]) { value } } }";
  return (await client.ask(query, { app: id, key })).app.config[0].value;
}

const set = (app: Named, vars: Record<string, string>, unset: string[] = []) => ({
  app: app.id,
  set: Object.entries(vars).map(([key, value]) => ({ key, value })),
  unset,
});

const rotate = (client: Client, input: object = {}) => client.mutate("rotateConfigKeys", input, "key rotated missing");

/** The lines that a service logs at its start. */
async function startLog(DATABASE_URL: string, env: object): Promise<string> {
  let lines = "";
  const log = pino({ level: "error" }, { write: (line: string) => (lines += line) });
  const config = readConfig({ PORT: "0", ADMIN_TOKEN: ADMIN_SECRET, ...env, DATABASE_URL });
  const app = await startApp(config, { log });
  await app.close();
  return lines;
}

describe("CONFIG_KEYS", () => {
  it("is needed to set config vars, and the refusal says how to make a key", async (t) => {
    const { admin } = await startServer(t);
    const app = await new Seed(admin).app();
    const refused = await admin.mutationError("setConfig", set(app, { A: "1" }));
    assert.equal(refused.extensions.code, "CONFLICT");
    assert.match(refused.message, /CONFIG_KEYS.*openssl rand -base64 32/);
  });

  it("is rotated: the first key encrypts, all decrypt, and afterwards the old one is not needed", async (t) => {
    const DATABASE_URL = await freshDatabase(t);
    const start = (...names: string[]) => startServer(t, { env: { DATABASE_URL, ...configKeys(...names) } });
    const first = await start("k1");
    const seed = new Seed(first.admin);
    const pipeline = await seed.pipeline();
    const apps = [await seed.coupled(pipeline, "STAGING"), await seed.coupled(pipeline, "STAGING")];
    for (const app of apps) await first.admin.mutate("setConfig", set(app, { A: "equal" }), "app { id }");
    await first.stop();
    const second = await start("k2", "k1");
    assert.equal(await value(second.admin, apps[0] as Named, "A"), "equal");
    // Two apps and the pipeline.
    assert.deepEqual(await rotate(second.admin, { dryRun: true }), { key: "k2", rotated: 3, missing: [] });
    assert.deepEqual(await rotate(second.admin), { key: "k2", rotated: 3, missing: [] });
    assert.deepEqual(await rotate(second.admin), { key: "k2", rotated: 0, missing: [] });
    await second.stop();
    const third = await start("k2");
    for (const app of apps) assert.equal(await value(third.admin, app, "A"), "equal");
    const query = "query ($apps: ID!) { app(app: $apps) { config { fingerprint } } }";
    const prints = await Promise.all(apps.map(({ id }) => third.admin.ask(query, { apps: id })));
    assert.deepEqual(prints[0].app, prints[1].app, "fingerprints outlast the rotation");
  });

  for (const { what, env } of [
    { what: "is missing", env: configKeys("k2") },
    { what: "is not set at all", env: {} },
    {
      what: "is another one with the same name",
      env: { CONFIG_KEYS: configKeys("k2").CONFIG_KEYS.replace("k2:", "k1:") },
    },
  ]) {
    it(`names a key that ${what} at start, with the apps that need it, and refuses what needs it`, async (t) => {
      const DATABASE_URL = await freshDatabase(t);
      const first = await startServer(t, { env: { DATABASE_URL, ...configKeys("k1") } });
      const app = await new Seed(first.admin).app();
      await first.admin.mutate("setConfig", set(app, { A: "1", B: "2" }), "app { id }");
      await first.stop();
      const log = JSON.parse((await startLog(DATABASE_URL, env)).trim());
      assert.deepEqual([log.key, log.subjects], ["k1", [app.name]]);
      const { admin } = await startServer(t, { env: { DATABASE_URL, ...env } });
      const query = "query ($app: ID!) { app(app: $app) { config { key fingerprint } } }";
      assert.equal((await admin.ask(query, { app: app.id })).app.config.length, 2, "keys are listed all the same");
      const unread = await admin.queryError("query ($app: ID!) { app(app: $app) { config { value } } }", {
        app: app.id,
      });
      assert.equal(unread.extensions.code, "CONFLICT");
      assert.match(unread.message, /the key k1 is missing from CONFIG_KEYS/);
      const refused = await admin.mutationError("setConfig", set(app, { A: "3" }));
      assert.match(refused.message, env.CONFIG_KEYS === undefined ? /no CONFIG_KEYS/ : /the key k1 is missing/);
      if (env.CONFIG_KEYS === undefined) return;
      await admin.mutate("setConfig", set(app, { A: "3" }, ["B"]), "app { id }");
      assert.equal(await value(admin, app, "A"), "3", "to replace all values at once replaces the lost key");
    });
  }

  it("must hold keys of 32 bytes with different names", () => {
    const one = configKeys("k1").CONFIG_KEYS;
    for (const CONFIG_KEYS of ["k1", "k1:short", one.slice(3), `${one},${one}`, `k1:${"A".repeat(44)}`]) {
      assert.throws(() => readConfig({ CONFIG_KEYS }), /CONFIG_KEYS must be name:key pairs.*openssl rand -base64 32/);
    }
    const { configKeys: keys } = readConfig(configKeys("k2", "k1"));
    assert.deepEqual(
      keys.map(({ name, key }) => [name, key.length]),
      [
        ["k2", 32],
        ["k1", 32],
      ],
    );
  });
});
