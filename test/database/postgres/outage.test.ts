import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import pg from "pg";
import { eventually } from "../../../src/async/eventually.js";
import { openDatabase } from "../../../src/database/open.js";
import type { Client } from "../../support/clients/client.js";
import { RestClient } from "../../support/clients/rest.js";
import { Seed, unique } from "../../support/data/seed.js";
import { type Cluster, startCluster } from "../../support/database/cluster.js";
import { createDatabase, query } from "../../support/database/database-pool.js";
import { startPostgresProxy } from "../../support/database/postgres-proxy.js";
import { ADMIN_SECRET, type Cleanup, onlyOn, startServer } from "../../support/service/server.js";

const CREATE_APP = "mutation ($input: CreateAppInput!) { createApp(input: $input) { app { name } } }";

describe("without its database", onlyOn("postgres"), () => {
  let cluster: Cluster;
  before(async () => {
    cluster = await startCluster();
  });
  after(() => cluster.remove());

  it("a running service reports it, loses nothing, and recovers automatically", async (t) => {
    const server = await startServer(t, { env: { DATABASE_URL: await createDatabase(t, cluster.url) } });
    const { admin, url } = server;
    let writing = true;
    const acknowledged: string[] = [];
    const codes = new Set<string>();
    const write = async () => {
      while (writing) {
        const name = unique("app");
        const { errors } = await admin.post(CREATE_APP, { input: { name } });
        if (errors === undefined) acknowledged.push(name);
        else codes.add(errors[0]?.extensions.code ?? "");
      }
    };
    const writers = Promise.all(Array.from({ length: 8 }, write));
    assert.ok(await eventually(() => acknowledged.length >= 20));
    await cluster.stop();

    assert.equal((await admin.queryError("{ stages { stage } }")).extensions.code, "UNAVAILABLE");
    assert.equal((await admin.post(CREATE_APP, { input: { name: unique("app") } })).status, 503);
    const rest = await new RestClient(url, ADMIN_SECRET).get("/apps");
    assert.deepEqual([rest.status, rest.body.id], [503, "unavailable"]);
    assert.equal((await fetch(`${url}/readyz`)).status, 503);
    assert.equal((await fetch(`${url}/livez`)).status, 200);

    await cluster.start();
    assert.ok(await eventually(async () => (await fetch(`${url}/readyz`)).status === 200, { intervalMs: 50 }));
    const before = acknowledged.length;
    assert.ok(await eventually(() => acknowledged.length >= before + 20));
    writing = false;
    await writers;
    assert.deepEqual([...codes], ["UNAVAILABLE"]);
    assert.deepEqual(await missing(admin, acknowledged), []);
  });

  it("a starting service waits for it", async (t) => {
    const DATABASE_URL = await createDatabase(t, cluster.url);
    await cluster.stop();
    const starting = startServer(t, { env: { DATABASE_URL } });
    await delay(700);
    await cluster.start();
    const server = await starting;
    await new Seed(server.admin).app();
  });

  it("an open database reports the problem once, and its end", async (t) => {
    const problems: (string | null)[] = [];
    const database = await openDatabase(await createDatabase(t, cluster.url), {
      poolSize: 2,
      onProblem: (problem) => problems.push(problem),
    });
    t.after(() => database.close());
    const read = async () => {
      try {
        await database.check();
        return true;
      } catch {
        return false;
      }
    };
    assert.equal(await read(), true);
    await cluster.stop();
    for (let count = 0; count < 3; count += 1) assert.equal(await read(), false);
    await cluster.start();
    assert.ok(await eventually(read, { intervalMs: 50 }));
    assert.equal(problems.length, 2);
    assert.match(problems[0] ?? "", /^The database cannot be reached: [^\n]+$/);
    assert.equal(problems[1], null);
  });

  it("a starting service gives up with a one-line error without the password", async () => {
    const unreachable = "postgres://railyard:secret@127.0.0.1:9/railyard";
    await assert.rejects(openDatabase(unreachable, { poolSize: 1, startTimeout: 100 }), {
      name: "DatabaseOpenError",
      message: "The database 127.0.0.1:9/railyard cannot be reached: connect ECONNREFUSED 127.0.0.1:9",
    });
    const wrong = cluster.url.replace("postgres:postgres@", "postgres:secret@");
    await assert.rejects(openDatabase(wrong, { poolSize: 1 }), (error: Error) => {
      assert.match(error.message, /cannot be opened: password authentication failed for user "postgres"$/);
      return !error.message.includes("secret");
    });
  });

  it("a mutation that waits for a lock fails after the timeout, and writes nothing", async (t) => {
    const DATABASE_URL = await createDatabase(t, cluster.url);
    const { admin } = await startServer(t, { env: { DATABASE_URL: `${DATABASE_URL}?statement_timeout=300` } });
    const app = await new Seed(admin).app();
    const holder = await connect(t, DATABASE_URL);
    await holder.query("BEGIN");
    await holder.query("SELECT * FROM apps FOR UPDATE");
    const input = { app: app.id, description: "changed" };
    assert.equal((await admin.mutationError("updateApp", input)).extensions.code, "UNAVAILABLE");
    await holder.query("ROLLBACK");
    const { app: after } = await admin.ask("query ($app: ID!) { app(app: $app) { description } }", { app: app.id });
    assert.equal(after.description, "");
    await admin.mutate("updateApp", input, "app { id }");
  });

  it("a mutation without any response from PostgreSQL fails after the timeout, and later ones succeed", async (t) => {
    const proxy = await startPostgresProxy(t, await createDatabase(t, cluster.url));
    const { admin } = await startServer(t, { env: { DATABASE_URL: `${proxy.url}?query_timeout=2000` } });
    const seed = new Seed(admin);
    // Several at once, so that several connections are open.
    await Promise.all(Array.from({ length: 5 }, () => seed.app()));
    proxy.freezeAll();
    const acknowledged: string[] = [];
    const codes = new Set<string>();
    while (acknowledged.length < 10) {
      const name = unique("app");
      const { errors } = await admin.post(CREATE_APP, { input: { name } });
      if (errors === undefined) acknowledged.push(name);
      else codes.add(errors[0]?.extensions.code ?? "");
    }
    assert.deepEqual([...codes], ["UNAVAILABLE"]);
    assert.deepEqual(await missing(admin, acknowledged), []);
  });

  it("a follower of the log is woken after its listening connection was closed", async (t) => {
    const DATABASE_URL = await createDatabase(t, cluster.url);
    const env = { DATABASE_URL };
    const [a, b] = [await startServer(t, { env }), await startServer(t, { env })];
    let woken = 0;
    t.after(
      b.app.database.onWakeUp((head) => {
        // With a head, it was polled.
        if (head === undefined) woken += 1;
      }),
    );
    const listeners = () =>
      query(
        DATABASE_URL,
        "SELECT pid FROM pg_stat_activity WHERE application_name = 'railyard listener' AND query <> '' AND datname = current_database()",
      ) as Promise<{ pid: number }[]>;
    const listening = async (not?: number): Promise<number> => {
      let pid: number | undefined;
      const found = async () => {
        pid = (await listeners()).find((one) => one.pid !== not)?.pid;
        return pid !== undefined;
      };
      assert.ok(await eventually(found, { intervalMs: 20 }));
      return pid as unknown as number;
    };
    const first = await listening();
    const wakes = async (client: Client) => {
      const before = woken;
      await new Seed(client).app();
      assert.ok(await eventually(() => woken > before));
    };
    await wakes(a.admin);
    await query(DATABASE_URL, `SELECT pg_terminate_backend(${first})`);
    await listening(first);
    await wakes(a.admin);
    await wakes(b.admin);
  });

  it("a commit with events sends a notification, and one without does not", async (t) => {
    const DATABASE_URL = await createDatabase(t, cluster.url);
    const { admin } = await startServer(t, { env: { DATABASE_URL } });
    const app = await new Seed(admin).app();
    const client = await connect(t, DATABASE_URL);
    let announced = 0;
    client.on("notification", () => {
      announced += 1;
    });
    await client.query("LISTEN railyard_log");
    await admin.mutate("updateApp", { app: app.id, description: "" }, "app { id }");
    await admin.mutationError("createApp", { name: app.name });
    await client.query("SELECT 1");
    assert.equal(announced, 0);
    await admin.mutate("updateApp", { app: app.id, description: "changed" }, "app { id }");
    await client.query("SELECT 1");
    assert.equal(announced, 1);
  });
});

/** A second client that stays connected until the end of the test. */
async function connect(t: Cleanup, url: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url });
  client.on("error", () => undefined);
  await client.connect();
  t.after(() => client.end());
  return client;
}

/** Returns which of these apps do not exist. */
async function missing(client: Client, names: readonly string[]): Promise<string[]> {
  const gone: string[] = [];
  for (const name of names) {
    const { app } = await client.ask("query ($app: ID!) { app(app: $app) { id } }", { app: name });
    if (app === null) gone.push(name);
  }
  return gone;
}
