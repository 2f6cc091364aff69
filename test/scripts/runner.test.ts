import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { text } from "node:stream/consumers";
import { describe, it } from "node:test";
import { pathToFileURL } from "node:url";
import { eventually } from "../../src/async/eventually.js";
import { temporaryFolder } from "../support/service/temporary-folder.js";

/** Starts `npm test` on a folder of test files, after the build. */
function startTests(folder: string) {
  const { NODE_TEST_CONTEXT: _, TEST_DATABASE_URL: __, ...env } = process.env;
  const child = spawn(process.execPath, ["dist/scripts/test.js"], {
    env: { ...env, TEST_FOLDER: folder },
    stdio: ["ignore", "pipe", "inherit"],
  });
  return { child, exited: new Promise<number | null>((done) => child.once("close", done)) };
}

async function runTests(folder: string): Promise<{ code: number | null; output: string }> {
  const { child, exited } = startTests(folder);
  return { output: await text(child.stdout), code: await exited };
}

/** A test file that starts a PostgreSQL cluster and then runs `body`. */
function testFile(body: string): string {
  const cluster = pathToFileURL(resolve("dist/test/support/database/cluster.js")).href;
  return `
    import assert from "node:assert/strict";
    import { it } from "node:test";
    import { startCluster } from ${JSON.stringify(cluster)};
    const cluster = await startCluster();
    it("starts", () => undefined);
    it("compares", () => ${body});
    it("stops", () => cluster.remove());
  `;
}

describe("the test runner", () => {
  it("exits with 1 and counts the failure if a test fails, also in a file that has started PostgreSQL", async (t) => {
    const folder = temporaryFolder(t);
    writeFileSync(join(folder, "failing.test.js"), testFile("assert.equal(1, 2)"));
    const { code, output } = await runTests(folder);
    assert.equal(code, 1, output);
    assert.match(output, /✖ failing\.test\.js on SQLite: 3 tests/);
    assert.match(output, /^4 passed, 2 failed$/m);
  });

  it("exits with 0 if all tests pass", async (t) => {
    const folder = temporaryFolder(t);
    writeFileSync(join(folder, "passing.test.js"), testFile("assert.equal(1, 1)"));
    const { code, output } = await runTests(folder);
    assert.equal(code, 0, output);
    assert.match(output, /^6 passed, 0 failed$/m);
  });

  it("ends the processes of its tests when it is terminated", async (t) => {
    const folder = temporaryFolder(t);
    const pids = join(folder, "pids");
    const hangs = `
      import { appendFileSync } from "node:fs";
      import { it } from "node:test";
      it("hangs", () => {
        appendFileSync(${JSON.stringify(pids)}, process.pid + "\\n");
        return new Promise((resolve) => setTimeout(resolve, 600_000));
      });`;
    writeFileSync(join(folder, "hanging.test.js"), hangs);
    const { child, exited } = startTests(folder);
    t.after(() => child.kill("SIGKILL"));
    const started = () => (existsSync(pids) ? readFileSync(pids, "utf8").trim().split("\n").map(Number) : []);
    assert.ok(await eventually(() => started().length === 2, { timeoutMs: 60_000 }));
    child.kill("SIGTERM");
    assert.equal(await exited, 1);
    for (const pid of started()) assert.throws(() => process.kill(pid, 0), { code: "ESRCH" });
  });
});
