import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { text } from "node:stream/consumers";
import { describe, it } from "node:test";
import { freePort } from "../support/database/cluster.js";

import { parseCodeBlocks, readSection } from "../support/documents/markdown.js";
import { temporaryFolder } from "../support/service/temporary-folder.js";

const README = "README.md";
const missing = ["bash", "curl", "openssl"].filter((name) => spawnSync(name, ["--version"]).error !== undefined);
const skip = missing.length > 0 && `not installed: ${missing.join(", ")}`;

describe("the README", () => {
  it("is short", () => {
    assert.ok(readFileSync(README, "utf8").split("\n").length < 250);
  });

  it("leads from installation to a promotion with the printed commands", { skip, timeout: 120_000 }, async (t) => {
    const [block] = parseCodeBlocks(readSection(README, "From nothing to a promotion"));
    assert.ok(block?.language === "sh", "the commands were found");
    const [install, ...commands] = block.text.split("\n");
    // The test runs on the existing build.
    assert.equal(install, "npm ci && npm run build");
    const port = String(await freePort());
    const railyard = `${process.execPath} ${resolve("dist/src/cli/main.js")}`;
    const script = commands.join("\n").replaceAll("npx railyard", railyard).replaceAll(":4000/", `:${port}/`);
    const folder = temporaryFolder(t);
    const env = {
      PATH: process.env.PATH,
      HOME: folder,
      PORT: port,
      RAILYARD_URL: `http://127.0.0.1:${port}`,
      DATABASE_URL: `sqlite:${join(folder, "railyard.sqlite")}`,
    };
    // `$!` is the service, which the commands start in the background.
    const child = spawn("bash", ["-e", "-c", `trap 'kill $!; wait $!' EXIT\n${script}`], { cwd: folder, env });
    const ended = once(child, "close");
    const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)]);
    const [code] = await ended;
    assert.equal(code, 0, `${stdout}\n${stderr}`);
    assert.match(stdout, /"createBuild":\{"build":\{"phase":"SUCCEEDED"\}\}/);
    assert.match(stdout, /To: ⬢ shop-qa {2}v1 succeeded/);
  });
});
