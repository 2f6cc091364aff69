import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { text } from "node:stream/consumers";
import { before, describe, it } from "node:test";
import { suiteCleanup } from "../support/service/cleanup.js";
import { type Cleanup, temporaryFolder } from "../support/service/temporary-folder.js";

const SCRIPT = resolve("scripts/build.mjs");
const TSCONFIG = {
  compilerOptions: { module: "nodenext", target: "es2023", rootDir: ".", sourceMap: true, types: [] },
  include: ["src", "test"],
};

/** A small project with the build script of this one. */
class Project {
  readonly root: string;

  constructor(t: Cleanup) {
    this.root = temporaryFolder(t);
    symlinkSync(resolve("node_modules"), join(this.root, "node_modules"));
    this.write("package.json", JSON.stringify({ type: "module" }));
    this.write("tsconfig.json", JSON.stringify(TSCONFIG));
    this.write("src/cli/main.ts", "export const main = 1;\n");
    this.write("test/one.test.ts", "export const one = 1;\n");
  }

  path(file: string): string {
    return join(this.root, file);
  }

  write(file: string, content: string): void {
    mkdirSync(dirname(this.path(file)), { recursive: true });
    writeFileSync(this.path(file), content);
  }

  remove(file: string): void {
    rmSync(this.path(file));
  }

  read(file: string): string {
    return readFileSync(this.path(file), "utf8");
  }

  async build(...args: string[]): Promise<{ code: number | null; output: string }> {
    const child = spawn(process.execPath, [SCRIPT, ...args], { cwd: this.root, stdio: ["ignore", "pipe", "pipe"] });
    const exited = new Promise<number | null>((done) => child.once("close", done));
    const [output, errors] = await Promise.all([text(child.stdout), text(child.stderr)]);
    return { code: await exited, output: output + errors };
  }

  async builds(...args: string[]): Promise<void> {
    const { code, output } = await this.build(...args);
    assert.equal(code, 0, output);
  }
}

describe("the build", () => {
  const project = new Project(suiteCleanup());

  before(() => project.builds());

  it("makes the CLI executable", () => {
    assert.equal(statSync(project.path("dist/src/cli/main.js")).mode & 0o777, 0o755);
  });

  it("writes nothing if nothing changed", async () => {
    const state = () => {
      const { ino, mtimeMs, ctimeMs } = statSync(project.path("dist/src/cli/main.js"));
      return { ino, mtimeMs, ctimeMs };
    };
    const first = state();
    await project.builds();
    assert.deepEqual(state(), first);
  });

  it("replaces a changed file atomically", async () => {
    const content = (value: string) => `export const main = "${value.repeat(200_000)}";\n`;
    project.write("src/cli/main.ts", content("a"));
    await project.builds();
    project.write("src/cli/main.ts", content("b"));
    const { size } = statSync(project.path("dist/src/cli/main.js"));
    let building = true;
    const built = project.builds().finally(() => {
      building = false;
    });
    let reads = 0;
    while (building) {
      assert.equal(project.read("dist/src/cli/main.js").length, size);
      reads++;
      await new Promise(setImmediate);
    }
    await built;
    assert.ok(reads > 10);
    assert.match(project.read("dist/src/cli/main.js"), /"b/);
    assert.equal(statSync(project.path("dist/src/cli/main.js")).mode & 0o777, 0o755);
  });

  it("changes nothing if a file does not compile, and recovers", async () => {
    project.write("src/other.ts", "export const other = 1;\n");
    project.write("test/one.test.ts", "export const one: string = 1;\n");
    const { code, output } = await project.build();
    assert.equal(code, 2);
    assert.match(output, /test\/one\.test\.ts.+TS2322/);
    assert.ok(!existsSync(project.path("dist/src/other.js")));
    project.write("test/one.test.ts", "export const one = 2;\n");
    await project.builds();
    assert.ok(existsSync(project.path("dist/src/other.js")));
    assert.match(project.read("dist/test/one.test.js"), /one = 2/);
  });

  it("keeps the output of a removed source for running services, and deletes that of a removed test", async () => {
    project.write("src/old.ts", "export const old = 1;\n");
    project.write("test/old.test.ts", "export const old = 1;\n");
    await project.builds();
    project.remove("src/old.ts");
    project.remove("test/old.test.ts");
    await project.builds();
    assert.ok(existsSync(project.path("dist/src/old.js")));
    assert.ok(!existsSync(project.path("dist/test/old.test.js")));
    assert.ok(!existsSync(project.path("dist/test/old.test.js.map")));
    await project.builds("--prune");
    assert.ok(!existsSync(project.path("dist/src/old.js")));
  });

  it("serializes three concurrent builds, and takes over the lock of a killed one", async () => {
    // No process has this id: it is above Linux's maximum.
    project.write(".build/lock", "4194305");
    project.write("src/cli/main.ts", "export const main = 3;\n");
    await Promise.all([project.builds(), project.builds(), project.builds()]);
    assert.match(project.read("dist/src/cli/main.js"), /main = 3/);
    assert.ok(!existsSync(project.path(".build/lock")));
  });
});
