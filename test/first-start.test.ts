import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { describe, it } from "node:test";
import { promisify } from "node:util";
import { Client } from "./support/clients/client.js";
import { type Cleanup, temporaryFolder } from "./support/service/server.js";

/** The output of a start until it was ready, and until it exited. */
interface Start {
  readonly url: string;
  readonly secret: string | undefined;
  stop(): Promise<{ code: number; stdout: string }>;
}

/** Starts the service as `npm start` does after the build, on a free port. */
async function start(t: Cleanup, folder: string): Promise<Start> {
  const { ADMIN_TOKEN: _, FORCE_COLOR: __, ...env } = process.env;
  const child = spawn(process.execPath, ["dist/src/main.js"], {
    env: {
      ...env,
      NO_COLOR: "1",
      PORT: "0",
      HOST: "127.0.0.1",
      DATABASE_URL: `sqlite:${join(folder, "a.sqlite")}`,
      // The first start stores a login for the CLI: here, not in the home folder of the person who runs the tests.
      XDG_CONFIG_HOME: join(folder, "config"),
    },
    stdio: ["ignore", "pipe", "inherit"],
  });
  t.after(() => child.kill("SIGKILL"));
  const closed = once(child, "close");
  let stdout = "";
  await new Promise<void>((resolve, reject) => {
    child.once("exit", () => reject(new Error(`It ended before it was ready:\n${stdout}`)));
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      stdout += text;
      if (stdout.includes("Explorer") && stdout.includes('"ready"')) resolve();
    });
  });
  const stop = async () => {
    child.kill("SIGTERM");
    const [code] = (await closed) as [number];
    return { code, stdout };
  };
  const url = /^Railyard is at (http:\S+)$/m.exec(stdout)?.[1] ?? "";
  return { url, secret: /Admin token {2}(\S+) shown only once/.exec(stdout)?.[1], stop };
}

describe("the first start", () => {
  it("prints the URL, the explorer's URL and a working admin token, and logs JSON lines", async (t) => {
    const first = await start(t, temporaryFolder(t));
    const { viewer } = await new Client(first.url, first.secret ?? null).ask("{ viewer { name role } }");
    assert.deepEqual(viewer, { name: "admin", role: "ADMIN" });
    const { code, stdout } = await first.stop();
    assert.equal(code, 0);
    assert.match(stdout, new RegExp(`^ {2}GraphQL {6}${first.url}/graphql$`, "m"));
    assert.match(stdout, new RegExp(`^ {2}Explorer {5}${first.url}/graphql in a browser$`, "m"));
    const logged = stdout.split("\n").filter((line) => line !== "" && !/^(Railyard is at| {2})/.test(line));
    assert.ok(logged.map((line) => JSON.parse(line).msg).includes("stopped"));
    assert.ok(!logged.join().includes(first.secret ?? "no secret"), "the log holds no secret");
  });

  it("is the only one that prints the token, which stays valid", async (t) => {
    const folder = temporaryFolder(t);
    const first = await start(t, folder);
    await first.stop();
    const second = await start(t, folder);
    assert.equal(second.secret, undefined);
    const { viewer } = await new Client(second.url, first.secret ?? null).ask("{ viewer { role } }");
    assert.deepEqual(viewer, { role: "ADMIN" });
    await second.stop();
  });

  it("logs one line for a person on a terminal", async () => {
    const script = `
      const { createLogger } = await import("./dist/src/server/telemetry/log.js");
      createLogger("info", { terminal: true }).info({ port: 4000 }, "ready");`;
    const { stdout } = await promisify(execFile)(process.execPath, ["--input-type=module", "-e", script]);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: color codes start with one.
    const plain = stdout.replace(/\u001b\[\d+m/g, "");
    assert.match(plain, /^\[\d\d:\d\d:\d\d\] INFO: ready \{"port":4000\}\n$/);
  });
});
