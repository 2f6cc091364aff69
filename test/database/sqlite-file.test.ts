import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { SqliteFile } from "../../src/database/sqlite/file.js";

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

/** Only the statement references the file after this returns. */
function prepare() {
  const file = new SqliteFile(":memory:");
  return { statement: file.prepare("SELECT 42 AS answer"), file: new WeakRef(file) };
}
