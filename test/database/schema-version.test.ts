import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { Seed } from "../support/data/seed.js";
import { dumpRows } from "../support/database/database-content.js";
import { freshDatabase, queryStopped } from "../support/database/engine.js";
import { ADMIN_SECRET, type Cleanup, startServer } from "../support/service/server.js";
import { startProcess } from "../support/service/server-process.js";

const { version } = JSON.parse(readFileSync("package.json", "utf8")) as { version: string };

const recorded = (url: string) => queryStopped(url, "SELECT version FROM schema_version");

/** Starts the service as a process, and returns how it ended. */
async function startProcessOn(t: Cleanup, url: string) {
  const child = startProcess(t, { DATABASE_URL: url, ADMIN_TOKEN: ADMIN_SECRET });
  const code = await child.exit();
  return { code, stdout: child.stdout, lines: child.stderr.trimEnd().split("\n") };
}

describe("a database of a newer version", () => {
  for (const [title, statement, undo, writer] of [
    [
      "that has a migration which this version does not know",
      "INSERT INTO migrations (timestamp, name) VALUES (9999999999999, 'Later9999999999999')",
      "DELETE FROM migrations WHERE name = 'Later9999999999999'",
      /was written by a newer version of Railyard \(migration Later9999999999999\); this is /,
    ],
    [
      "that names a newer version",
      "UPDATE schema_version SET version = '99.10.0'",
      "UPDATE schema_version SET version = '0.0.1'",
      /was written by Railyard 99\.10\.0; this is /,
    ],
  ] as const) {
    it(`${title} is refused at start, with one line and unchanged`, async (t) => {
      const url = await freshDatabase(t);
      const server = await startServer(t, { env: { DATABASE_URL: url } });
      await new Seed(server.admin).app();
      const before = await dumpRows(server);
      await server.stop();
      await queryStopped(url, statement);
      const { code, stdout, lines } = await startProcessOn(t, url);
      assert.deepEqual([code, stdout, lines.length], [1, "", 1]);
      assert.match(lines[0] ?? "", writer);
      assert.match(lines[0] ?? "", /Start that version or a newer one, or restore a backup from before the upgrade\.$/);
      await queryStopped(url, undo);
      await server.start();
      assert.deepEqual(await dumpRows(server), before);
    });
  }

  it("is not one that an older version wrote: that is migrated, and the version is recorded", async (t) => {
    const url = await freshDatabase(t);
    const server = await startServer(t, { env: { DATABASE_URL: url } });
    await server.stop();
    assert.deepEqual(await recorded(url), [{ version }]);
    await queryStopped(url, "UPDATE schema_version SET version = '0.0.0'");
    await server.start();
    await server.stop();
    assert.deepEqual(await recorded(url), [{ version }], "it was not recorded before");
    await queryStopped(url, "UPDATE schema_version SET version = '0.0.9'");
    await server.start();
    await server.stop();
    assert.deepEqual(await recorded(url), [{ version: "0.0.9" }], "nothing was migrated, so 0.0.9 may still open it");
  });
});
