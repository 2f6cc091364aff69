import assert from "node:assert/strict";
import { chmodSync, statSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { SqliteFile } from "../../src/database/sqlite/file.js";
import { Seed } from "../support/data/seed.js";
import { startServer, temporaryFolder } from "../support/service/server.js";

setFlagsFromString("--expose-gc");
const collectGarbage: () => void = runInNewContext("gc");

describe("a SQLite file", () => {
  it("is not garbage-collected while one of its statements is in use", async () => {
    const { statement, file } = prepare();
    for (let round = 0; round < 5; round++) {
      await new Promise(setImmediate);
      collectGarbage();
    }
    assert.notEqual(file.deref(), undefined);
    assert.deepEqual({ ...statement.get() }, { answer: 42 });
  });
});

describe("the files of a database", () => {
  it("are readable and writable only by their owner, with any umask", async (t) => {
    const path = join(temporaryFolder(t), "railyard.sqlite");
    const umask = process.umask(0);
    try {
      const server = await startServer(t, { env: { DATABASE_URL: `sqlite:${path}` } });
      await new Seed(server.admin).app();
      for (const suffix of ["", "-wal", "-shm"]) assert.equal(statSync(path + suffix).mode & 0o777, 0o600, suffix);
    } finally {
      process.umask(umask);
    }
  });

  it("keep the mode that an operator has given them", async (t) => {
    const path = join(temporaryFolder(t), "railyard.sqlite");
    const server = await startServer(t, { env: { DATABASE_URL: `sqlite:${path}` } });
    await server.stop();
    chmodSync(path, 0o640);
    await server.start();
    await new Seed(server.admin).app();
    for (const suffix of ["", "-wal"]) assert.equal(statSync(path + suffix).mode & 0o777, 0o640, suffix);
  });
});

/** Only the statement references the file after this returns. */
function prepare() {
  const file = new SqliteFile(":memory:");
  return { statement: file.prepare("SELECT 42 AS answer"), file: new WeakRef(file) };
}
