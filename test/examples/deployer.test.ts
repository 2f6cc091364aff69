import assert from "node:assert/strict";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { Script } from "node:vm";
import { eventually } from "../../src/async/eventually.js";
import { Seed } from "../support/data/seed.js";
import { ChildProgram } from "../support/service/child-program.js";
import { startServer, temporaryFolder } from "../support/service/server.js";

const DEPLOYER = "dist/examples/deployer.js";
/** Every third line. For every line (about a minute): `EVERY_LINE=1 node --test dist/test/examples/deployer.test.js`. */
const EVERY_LINE = process.env.EVERY_LINE !== undefined;
/** All deployers run at once. */
const PATIENCE = { timeoutMs: 120_000, intervalMs: 50 };

describe("the example deployer", () => {
  it("deploys every release, at whichever line it is killed", async (t) => {
    const server = await startServer(t);
    const seed = new Seed(server.admin);
    const reporter = await server.as("REPORTER");
    const folder = temporaryFolder(t);
    const build = await seed.build();
    const source = readFileSync(DEPLOYER, "utf8").split("\n");

    const getPhase = async (app: string): Promise<string> => {
      const { app: found } = await server.admin.ask(
        "query ($app: ID!) { app(app: $app) { releases { nodes { phase } } } }",
        {
          app,
        },
      );
      return found.releases.nodes.map((release: { phase: string }) => release.phase).join();
    };
    let killed = 0;
    const tryLine = async (line: number): Promise<void> => {
      const text = [...source.slice(0, line), 'process.kill(process.pid, "SIGKILL");', ...source.slice(line)].join(
        "\n",
      );
      if (!isProgram(text)) return;
      const variant = `dist/examples/killed-at-${line}.js`;
      writeFileSync(variant, text);
      t.after(() => rmSync(variant, { force: true }));
      const app = await seed.app({ deploymentMode: "REPORTED" });
      const env = {
        RAILYARD_URL: server.url,
        RAILYARD_TOKEN: reporter.secret ?? "",
        STATE: join(folder, app.name),
        APP: app.name,
      };
      await seed.release(app, build);
      const first = ChildProgram.start(t, variant, env);
      // It either dies at that line, or never reaches it and completes its work.
      let over = false;
      first.ended.then(() => {
        over = true;
      });
      const ended = async () => over || (await getPhase(app.name)) === "SUCCEEDED";
      assert.ok(await eventually(ended, PATIENCE));
      if (over) killed += 1;
      await first.kill();
      await seed.release(app, build);
      const second = ChildProgram.start(t, DEPLOYER, env);
      assert.ok(await eventually(async () => (await getPhase(app.name)) === "SUCCEEDED,SUCCEEDED", PATIENCE));
      await second.kill();
      assert.match(readFileSync(join(env.STATE, app.name), "utf8"), /^v2 /);
    };
    const code = [...source.keys()].filter((line) => !/^\s*($|\/?\*|\/\/|import )/.test(source[line] ?? ""));
    const lines = code.filter((_, index) => EVERY_LINE || index % 3 === 0).values();
    const work = async () => {
      for (const line of lines) await tryLine(line);
    };
    await Promise.all([work(), work(), work()]);
    assert.ok(killed > 5, `it was killed at ${killed} lines`);
  });
});

/** Whether a program is still valid: a statement cannot be inserted into the middle of an expression. */
function isProgram(text: string): boolean {
  try {
    new Script(`(async () => {${text.replaceAll(/^(import|export) .*$/gm, "")}\n})`);
    return true;
  } catch {
    return false;
  }
}
