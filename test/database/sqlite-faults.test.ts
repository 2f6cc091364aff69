import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import {
  linkSync,
  mkdtempSync,
  openSync,
  renameSync,
  rmdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it, type TestContext } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { eventually } from "../../src/async/eventually.js";
import { openDatabase } from "../../src/database/open.js";
import { SqliteFile } from "../../src/database/sqlite/file.js";
import { Client } from "../support/clients/client.js";
import { Seed, unique } from "../support/data/seed.js";
import { ADMIN_SECRET, startServer, temporaryFolder } from "../support/service/server.js";
import { type ServerProcess, startProcess } from "../support/service/server-process.js";

const CREATE_APP = "mutation ($input: CreateAppInput!) { createApp(input: $input) { app { name } } }";
const WRITE_LOCK = "BEGIN IMMEDIATE";

describe("one file", () => {
  it("is not opened twice under two names, or after its lock was deleted", async (t) => {
    const folder = temporaryFolder(t);
    const path = join(folder, "railyard.sqlite");
    const first = await openDatabase(`sqlite:${path}`, { poolSize: 1 });
    t.after(() => first.close());
    const link = join(folder, "link.sqlite");
    symlinkSync(path, link);
    const inUse = { name: "DatabaseOpenError", message: /is in use by another Railyard process/ };
    await assert.rejects(openDatabase(`sqlite:${link}`, { poolSize: 1 }), inUse);
    rmSync(`${path}.lock`);
    if (process.platform === "linux") await assert.rejects(openDatabase(`sqlite:${path}`, { poolSize: 1 }), inUse);
  });

  it("with a second name, as a hard link, is refused: its log is beside one of them only", async (t) => {
    const path = join(temporaryFolder(t), "railyard.sqlite");
    await (await openDatabase(`sqlite:${path}`, { poolSize: 1 })).close();
    linkSync(path, `${path}.copy`);
    for (const name of [path, `${path}.copy`])
      await assert.rejects(openDatabase(`sqlite:${name}`, { poolSize: 1 }), /is a file with 2 names \(hard links\)/);
    rmSync(`${path}.copy`);
    await (await openDatabase(`sqlite:${path}`, { poolSize: 1 })).close();
  });
});

describe("a database file that disappears while the service runs", () => {
  it("is noticed: writes are refused, and the service is not ready, until it is back", async (t) => {
    const { path, client, server, url } = await start(t);
    renameSync(path, `${path}.away`);
    await isUnavailable(client, url);
    assert.equal((await client.ask("{ apps { totalCount } }")).apps.totalCount, 1);
    renameSync(`${path}.away`, path);
    assert.equal((await fetch(`${url}/readyz`)).status, 200);
    await new Seed(client).app();
    await logged(server, [`The database file ${path} was deleted or replaced. Restart the service.`, null]);
  });

  it("does not damage the file that replaced it", async (t) => {
    const { path, client, server, url } = await start(t);
    // A backup of an earlier state is put in place without stopping the service.
    const backup = new SqliteFile(path);
    backup.exec(`VACUUM INTO '${path}.backup'`);
    backup.close();
    await new Seed(client).app();
    const there = statSync(path).ino;
    renameSync(`${path}.backup`, path);
    assert.notEqual(statSync(path).ino, there);
    await isUnavailable(client, url);
    // Not in order: a log that is left beside the file would be applied to it.
    server.signal("SIGKILL");
    await server.exit();
    const restored = await start(t, path);
    assert.equal((await restored.client.ask("{ apps { totalCount } }")).apps.totalCount, 1);
    await new Seed(restored.client).app();
    restored.server.signal("SIGTERM");
    assert.equal(await restored.server.exit(), 0);
    const file = new SqliteFile(path, { readonly: true });
    assert.deepEqual({ ...file.prepare("PRAGMA integrity_check").get() }, { integrity_check: "ok" });
    file.close();
  });
});

/** Locks a file for writing; false if it is locked already. */
function takesLock(file: SqliteFile): boolean {
  try {
    file.exec(WRITE_LOCK);
    return true;
  } catch (error) {
    if ((error as { code?: string }).code === "SQLITE_BUSY") return false;
    throw error;
  }
}

describe("while another process has the file locked", () => {
  it("a write waits, requests are answered meanwhile, and it fails with UNAVAILABLE after five seconds", async (t) => {
    const path = join(temporaryFolder(t), "railyard.sqlite");
    const { admin, url } = await startServer(t, { env: { DATABASE_URL: `sqlite:${path}` } });
    await new Seed(admin).app();
    const other = new SqliteFile(path, { timeout: 0 });
    t.after(() => other.close());
    const write = () => admin.post(CREATE_APP, { input: { name: unique("app") } });
    // The service may be recording that a token was used.
    const lock = async () => assert.ok(await eventually(() => takesLock(other), { intervalMs: 5 }));

    await lock();
    const waiting = write();
    await delay(300);
    other.exec("ROLLBACK");
    assert.equal((await waiting).errors, undefined);

    await lock();
    const refused = write();
    let slowest = 0;
    for (let ended = false; !ended; ) {
      const since = performance.now();
      ended = await Promise.race([refused.then(() => true), fetch(`${url}/livez`).then(() => false)]);
      slowest = Math.max(slowest, performance.now() - since);
    }
    // Five seconds if SQLite itself waits.
    assert.ok(slowest < 2500, `${slowest} ms`);
    const { errors } = await refused;
    assert.equal(errors?.[0]?.extensions.code, "UNAVAILABLE");
    other.exec("ROLLBACK");
    assert.equal((await write()).errors, undefined);
  });

  it("a start waits for it, and says so", async (t) => {
    const path = join(temporaryFolder(t), "railyard.sqlite");
    const other = new SqliteFile(path, { timeout: 0 });
    t.after(() => other.close());
    other.pragma("journal_mode = WAL");
    other.exec("CREATE TABLE something (id INTEGER)");
    other.exec(WRITE_LOCK);
    const server = startProcess(t, { DATABASE_URL: `sqlite:${path}`, ADMIN_TOKEN: ADMIN_SECRET });
    const waits = () => server.log.some(({ msg }) => msg === "waiting for the database");
    assert.ok(await eventually(() => waits() || !server.running));
    other.exec("ROLLBACK");
    await server.ready();
    await assert.rejects(
      openDatabase(`sqlite:${path}`, { poolSize: 1, startTimeout: 0 }),
      /is in use by another Railyard process/,
    );
  });
});

describe("a fault of the disk", () => {
  it(
    "that is full makes writes UNAVAILABLE and the service not ready; both recover with room",
    rootOnly(),
    async (t) => {
      const folder = mkdtempSync(join(tmpdir(), "railyard-disk-"));
      execFileSync("mount", ["-t", "tmpfs", "-o", "size=8m", "tmpfs", folder]);
      t.after(() => {
        execFileSync("umount", ["-l", folder]);
        rmdirSync(folder);
      });
      const path = join(folder, "railyard.sqlite");
      const { client, server, url } = await start(t, path);
      execFileSync("sh", ["-c", `dd if=/dev/zero of=${folder}/ballast bs=4k 2>/dev/null || true`]);
      const acknowledged: string[] = [];
      let code: string | undefined;
      while (code === undefined) {
        const input = { name: unique("app"), description: "x".repeat(200) };
        const { errors } = await client.post(CREATE_APP, { input });
        if (errors === undefined) acknowledged.push(input.name);
        else code = errors[0]?.extensions.code;
      }
      assert.equal(code, "UNAVAILABLE");
      await isUnavailable(client, url);
      assert.equal((await client.ask("{ apps { totalCount } }")).apps.totalCount, acknowledged.length + 1);
      rmSync(`${folder}/ballast`);
      // It recovers without a client that writes.
      assert.ok(await eventually(async () => (await fetch(`${url}/readyz`)).status === 200, { intervalMs: 50 }));
      await new Seed(client).app();
      await logged(server, ["The disk is full.", null]);
    },
  );

  it("that damaged the file is UNAVAILABLE, for good, and in one line of the log", async (t) => {
    const { path, client, server } = await start(t);
    const seed = new Seed(client);
    for (let count = 0; count < 40; count += 1) await seed.app();
    server.signal("SIGTERM");
    await server.exit();
    damage(path);
    const damaged = await start(t, path, false);
    const read = () => damaged.client.post("{ apps(first: 100) { nodes { name } } }");
    for (let count = 0; count < 2; count += 1) {
      const { errors } = await read();
      assert.equal(errors?.[0]?.extensions.code, "UNAVAILABLE");
    }
    await isUnavailable(damaged.client, damaged.url);
    await logged(damaged.server, ["The database file is damaged. Restore a backup."]);
  });
});

/** Starts a service in a process of its own, with one app unless told otherwise. */
async function start(t: TestContext, path = join(temporaryFolder(t), "railyard.sqlite"), withApp = true) {
  const isNew = withApp && statSync(path, { throwIfNoEntry: false }) === undefined;
  const server = startProcess(t, { DATABASE_URL: `sqlite:${path}`, ADMIN_TOKEN: ADMIN_SECRET });
  const url = await server.ready();
  const client = new Client(url, ADMIN_SECRET);
  if (isNew) await new Seed(client).app();
  return { path, server, url, client };
}

/** Checks that writes are refused and the service is not ready. */
async function isUnavailable(client: Client, url: string): Promise<void> {
  const { errors } = await client.post(CREATE_APP, {
    input: { name: unique("app"), description: "x".repeat(200) },
  });
  assert.equal(errors?.[0]?.extensions.code, "UNAVAILABLE");
  assert.equal((await fetch(`${url}/readyz`)).status, 503);
  assert.equal((await fetch(`${url}/livez`)).status, 200);
}

/** What the service logged of its database. */
function problems(server: ServerProcess): unknown[] {
  const messages = ["database cannot be used", "database can be used again"];
  return server.log.filter(({ msg }) => messages.includes(msg as string)).map(({ problem = null }) => problem);
}

/** Checks it, once what the process has written to its log has arrived here. */
async function logged(server: ServerProcess, expected: unknown[]): Promise<void> {
  await eventually(() => problems(server).length >= expected.length);
  assert.deepEqual(problems(server), expected);
}

/** Overwrites the pages of the table and the indexes of apps. */
function damage(path: string): void {
  const file = new SqliteFile(path, { readonly: true });
  const size = file.prepare("PRAGMA page_size").get()?.page_size as number;
  const roots = file.prepare("SELECT rootpage FROM sqlite_schema WHERE tbl_name = 'apps' AND rootpage > 0").all();
  file.close();
  const handle = openSync(path, "r+");
  for (const { rootpage } of roots)
    writeSync(handle, Buffer.alloc(size, 0xa5), 0, size, ((rootpage as number) - 1) * size);
}

function rootOnly(): { skip?: string } {
  return process.getuid?.() === 0 ? {} : { skip: "mounts a file system" };
}
