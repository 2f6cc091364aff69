import assert from "node:assert/strict";
import { createServer, type Socket as TcpSocket } from "node:net";
import { describe, it, type TestContext } from "node:test";
import pg from "pg";
import { eventually } from "../../../src/async/eventually.js";
import { openDatabase } from "../../../src/database/open.js";
import { ADVISORY_LOCKS } from "../../../src/database/rows/dialect.js";
import { Client } from "../../support/clients/client.js";
import { Socket } from "../../support/clients/socket.js";
import { Seed, unique } from "../../support/data/seed.js";
import { query } from "../../support/database/database-pool.js";
import { freshDatabase } from "../../support/database/engine.js";
import { startPostgresProxy } from "../../support/database/postgres-proxy.js";
import { ADMIN_SECRET, onlyOn, startServer } from "../../support/service/server.js";
import { type ServerProcess, startProcess } from "../../support/service/server-process.js";

const CREATE_APP = "mutation ($input: CreateAppInput!) { createApp(input: $input) { app { name } } }";

describe("a start", onlyOn("postgres"), () => {
  it("logs which session holds the lock for migrations, and continues when it is released", async (t) => {
    const DATABASE_URL = await freshDatabase(t);
    const { pid, release } = await holdMigrations(t, DATABASE_URL);
    const server = startProcess(t, { DATABASE_URL });
    const reason = await waitsFor(server);
    assert.equal(reason, `Another session holds the lock for migrations: process ${pid} (the holder).`);
    await release();
    await server.ready();
    assert.equal(server.log.filter(({ msg }) => msg === "waiting for the database").length, 1);
  });

  it("does not wait for that lock if no migration is missing", async (t) => {
    const DATABASE_URL = await freshDatabase(t);
    await (await openDatabase(DATABASE_URL, { poolSize: 1 })).close();
    await holdMigrations(t, DATABASE_URL);
    await query(DATABASE_URL, "UPDATE schema_version SET version = '0.0.1'");
    await (await openDatabase(DATABASE_URL, { poolSize: 1, startTimeout: 2500 })).close();
  });

  it("that waits for the lock exits within a second of SIGTERM, with 0", async (t) => {
    const DATABASE_URL = await freshDatabase(t);
    await holdMigrations(t, DATABASE_URL);
    const server = startProcess(t, { DATABASE_URL });
    await waitsFor(server);
    await exitsSoon(server);
  });

  it("against a server that never responds logs it, and exits within a second of SIGTERM, with 0", async (t) => {
    const server = startProcess(t, { DATABASE_URL: await blackHole(t) });
    assert.equal(await waitsFor(server), "The database has not responded yet.");
    await exitsSoon(server);
  });

  it("gives up with one line that says what it waited for", async (t) => {
    const DATABASE_URL = await freshDatabase(t);
    await holdMigrations(t, DATABASE_URL);
    await givesUp(
      DATABASE_URL,
      /cannot be reached: Another session holds the lock for migrations: process \d+ \(the holder\)\.$/,
    );
    await givesUp(await blackHole(t), /cannot be reached: It did not respond in time\.$/);
    const role = `limited_${unique("role").replaceAll("-", "_")}`;
    await query(DATABASE_URL, `CREATE ROLE ${role} LOGIN PASSWORD 'limited' CONNECTION LIMIT 0`);
    try {
      const limited = new URL(DATABASE_URL);
      limited.username = role;
      limited.password = "limited";
      await givesUp(limited.href, /cannot be reached: too many connections for role "\w+"$/);
    } finally {
      await query(DATABASE_URL, `DROP ROLE ${role}`);
    }
  });
});

describe("a stop while PostgreSQL does not respond", onlyOn("postgres"), () => {
  it("answers what is in progress with UNAVAILABLE, and exits with 0", async (t) => {
    const proxy = await startPostgresProxy(t, await freshDatabase(t));
    const server = startProcess(t, { DATABASE_URL: proxy.url, ADMIN_TOKEN: ADMIN_SECRET });
    const idle = startProcess(t, { DATABASE_URL: proxy.url, ADMIN_TOKEN: ADMIN_SECRET });
    const url = await server.ready();
    await idle.ready();
    const client = new Client(url, ADMIN_SECRET);
    await new Seed(client).app();
    const socket = await Socket.open(t, url, ADMIN_SECRET);
    await socket.run("{ viewer { name } }").take(1);
    proxy.freezeAll();
    proxy.freezeNew();
    const overHttp = client.post(CREATE_APP, { input: { name: unique("app") } });
    const overSocket = socket.run("{ apps { totalCount } }").error();
    // Usually long enough for both to reach the service. One that arrives after the signal gets the same answer.
    await new Promise((resolve) => setTimeout(resolve, 300));
    server.signal("SIGTERM");
    idle.signal("SIGTERM");
    const { errors } = await overHttp;
    assert.equal(errors?.[0]?.extensions.code, "UNAVAILABLE");
    assert.equal((await overSocket).extensions.code, "UNAVAILABLE");
    assert.equal(await socket.closed, 1001);
    for (const one of [server, idle]) {
      assert.equal(await one.exit(), 0);
      assert.equal(one.log.at(-1)?.msg, "stopped");
    }
  });
});

describe("a connection that PostgreSQL ends in the packet that opens it", onlyOn("postgres"), () => {
  it("fails its operation with UNAVAILABLE, and not the service", async (t) => {
    const proxy = await startPostgresProxy(t, await freshDatabase(t));
    const { admin } = await startServer(t, { env: { DATABASE_URL: proxy.url } });
    proxy.endNew();
    const results = await Promise.all(
      Array.from({ length: 8 }, () => admin.post(CREATE_APP, { input: { name: unique("app") } })),
    );
    const codes = results.map(({ errors }) => errors?.[0]?.extensions.code ?? "none");
    assert.deepEqual(
      codes.filter((code) => !["none", "UNAVAILABLE"].includes(code)),
      [],
    );
    assert.ok(codes.includes("UNAVAILABLE"));
  });
});

/** Holds the lock for migrations on another connection, of a database that the next start has to look at. */
async function holdMigrations(t: TestContext, url: string) {
  const holder = new pg.Client({ connectionString: url, application_name: "the holder" });
  holder.on("error", () => undefined);
  await holder.connect();
  t.after(() => holder.end().catch(() => undefined));
  const { rows } = await holder.query("SELECT pg_backend_pid() AS pid");
  await holder.query("UPDATE schema_version SET version = '0.0.0'");
  await holder.query(`SELECT pg_advisory_lock(${ADVISORY_LOCKS.migrations})`);
  return { pid: rows[0].pid as number, release: () => holder.end() };
}

/** The URL of a server that accepts connections and never sends anything. */
async function blackHole(t: TestContext): Promise<string> {
  const sockets = new Set<TcpSocket>();
  const server = createServer((socket) => sockets.add(socket.on("error", () => undefined)));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return `postgres://railyard@127.0.0.1:${(server.address() as { port: number }).port}/railyard`;
}

/** Waits until a server logs what it waits for. */
async function waitsFor(server: ServerProcess): Promise<unknown> {
  const find = () => server.log.find(({ msg }) => msg === "waiting for the database");
  assert.ok(await eventually(() => find() !== undefined || !server.running, { timeoutMs: 60_000 }));
  return find()?.reason;
}

async function exitsSoon(server: ServerProcess): Promise<void> {
  const since = performance.now();
  server.signal("SIGTERM");
  assert.equal(await server.exit(), 0);
  // It takes 100 ms, and a few more on a busy machine. An attempt to connect would take 10 seconds.
  assert.ok(performance.now() - since < 3000);
  assert.equal(server.stderr, "");
  assert.equal(server.log.at(-1)?.msg, "stopped");
}

async function givesUp(url: string, message: RegExp): Promise<void> {
  const since = performance.now();
  await assert.rejects(openDatabase(url, { poolSize: 1, startTimeout: 2500 }), (error: Error) => {
    assert.equal(error.name, "DatabaseOpenError");
    assert.match(error.message, message);
    return !error.message.includes("\n");
  });
  assert.ok(performance.now() - since < 8000);
}
