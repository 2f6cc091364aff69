import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { arch, platform } from "node:os";
import { delimiter, join } from "node:path";
import { before, describe, it } from "node:test";
import { Client } from "../support/clients/client.js";
import { suiteCleanup } from "../support/service/cleanup.js";
import { ADMIN_SECRET } from "../support/service/server.js";
import { ServerProcess } from "../support/service/server-process.js";
import { temporaryFolder } from "../support/service/temporary-folder.js";

/** Every release line that `engines` allows. The packages `node-<platform>-<arch>` contain the program. */
const NODE_VERSIONS = ["20.19", "22", "24", "26"] as const;
const NODE_PACKAGE = `node-${platform()}-${arch()}`;

function npm(folder: string, ...args: string[]): string {
  const { status, stdout, stderr } = spawnSync(
    "npm",
    [...args, "--prefer-offline", "--no-audit", "--no-fund", "--loglevel=error"],
    {
      cwd: folder,
      encoding: "utf8",
    },
  );
  if (status !== 0) throw new Error(`npm ${args.join(" ")} failed in ${folder}: ${stderr}`);
  return stdout;
}

function reachesRegistry(): boolean {
  return spawnSync("npm", ["view", NODE_PACKAGE, "version", "--fetch-retries=0"]).status === 0;
}

const skip = reachesRegistry() ? false : `the npm registry has no answer for ${NODE_PACKAGE}`;

describe("the package, installed in an empty folder", { skip }, () => {
  const cleanup = suiteCleanup();
  const folder = temporaryFolder(cleanup);
  const programs = temporaryFolder(cleanup);

  before(() => {
    // Without scripts: they would rebuild the folder that other tests run from. `npm test` has just built it.
    npm(".", "pack", "--ignore-scripts", "--pack-destination", folder);
    const [tarball = ""] = readdirSync(folder);
    npm(folder, "init", "--yes");
    npm(folder, "install", "--omit=dev", join(folder, tarball));
    const versions = NODE_VERSIONS.map((version) => `node-${version}@npm:${NODE_PACKAGE}@${version}`);
    npm(programs, "install", "--ignore-scripts", "--no-save", ...versions);
  });

  it("contains what runs, and neither sources nor tests", () => {
    const root = join(folder, "node_modules/railyard");
    assert.deepEqual(readdirSync(root).sort(), [
      ...["CHANGELOG.md", "LICENSE", "README.md", "SECURITY.md", "dist", "package.json", "src"],
    ]);
    assert.deepEqual(readdirSync(join(root, "dist")).sort(), ["src", "web"]);
    assert.deepEqual(readdirSync(join(root, "dist/web")).sort(), ["assets", "documents.json", "index.html"]);
    assert.deepEqual(readdirSync(join(root, "src"), { recursive: true }), ["schema", join("schema", "schema.graphql")]);
    assert.ok(!existsSync(join(folder, "node_modules/typescript")));
  });

  for (const version of NODE_VERSIONS) {
    it(`serves and runs the walkthrough on Node ${version}, and keeps its data when killed`, async (t) => {
      const bin = join(programs, `node_modules/node-${version}/bin`);
      const env = {
        PATH: [bin, process.env.PATH].join(delimiter),
        HOME: temporaryFolder(t),
        ADMIN_TOKEN: ADMIN_SECRET,
      };
      const database = `sqlite:${join(temporaryFolder(t), "railyard.sqlite")}`;
      const start = () => {
        const command = [join(folder, "node_modules/.bin/railyard"), "serve", "--port", "0", "--database", database];
        // Options override the environment.
        const server = new ServerProcess({ ...env, PORT: "1", DATABASE_URL: "sqlite:/nowhere" }, command);
        t.after(() => server.signal("SIGKILL"));
        return server;
      };
      const first = start();
      const url = await first.ready();
      const railyard = (...args: string[]) => {
        const { status, stdout, stderr } = spawnSync(join(folder, "node_modules/.bin/railyard"), args, {
          env: { ...env, RAILYARD_URL: url, RAILYARD_TOKEN: ADMIN_SECRET },
          encoding: "utf8",
        });
        assert.equal(status, 0, `railyard ${args.join(" ")}: ${stdout}${stderr}`);
        return stdout;
      };
      railyard("pipelines:create", "shop");
      for (const [app, stage] of [
        ["shop-staging", "staging"],
        ["shop", "production"],
      ] as const) {
        railyard("apps:create", app);
        railyard("pipelines:add", "shop", "-a", app, "-s", stage);
      }
      const source = ["--repository", "acme/shop", "--sha", "1f0c2ab", "--artifact", "registry.test/shop:1"];
      const build = JSON.parse(railyard("builds:create", ...source, "--json")) as { id: string };
      railyard("releases:create", "-a", "shop-staging", "--build", build.id);
      railyard("promote", "-a", "shop-staging");

      first.signal("SIGKILL");
      assert.equal(await first.exit(), "SIGKILL");
      const second = start();
      const client = new Client(await second.ready(), ADMIN_SECRET);
      const page = await (await fetch(client.url)).text();
      const [, script] = /<script type="module" [^>]*src="\.(\/assets\/[^"]+)"/.exec(page) ?? [];
      assert.equal((await fetch(`${client.url}${script}`)).status, 200);
      const found = await client.ask('{ app(app: "shop") { currentRelease { build { id } } } }');
      assert.equal(found.app.currentRelease.build.id, build.id);
      second.signal("SIGTERM");
      assert.equal(await second.exit(), 0, second.stderr);
    });
  }
});
