import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { userInfo } from "node:os";
import { join } from "node:path";
import { eventually } from "../../../src/async/eventually.js";
import { freePort } from "../database/cluster.js";
import { skipWithoutPackage } from "../service/debian.js";
import { type Cleanup, temporaryFolder } from "../service/temporary-folder.js";

/** The path in Debian's package. */
const NGINX = "/usr/sbin/nginx";
const CONFIGURATION = "deploy/nginx.conf";

/** The reason to skip tests that need nginx; false if it is installed. */
export const skipWithoutNginx = skipWithoutPackage(NGINX, "nginx");

/** A running nginx with deploy/nginx.conf in front of instances. */
export interface Nginx {
  /** Its URL, for example `http://127.0.0.1:8080`. */
  readonly url: string;
  /** The content of its error log. */
  errors(): string;
}

/**
 * Starts nginx with deploy/nginx.conf. Changes only addresses and the paths of temporary files.
 *
 * @param instances URLs of the instances that replace railyard-1, railyard-2, …
 */
export async function startNginx(t: Cleanup, instances: readonly string[]): Promise<Nginx> {
  const folder = temporaryFolder(t);
  const port = await freePort();
  const errorLog = join(folder, "error.log");
  const file = writeConfiguration(folder, port, instances);
  const main = `user ${userInfo().username}; daemon off; pid ${join(folder, "nginx.pid")}; error_log ${errorLog};`;
  const args = ["-p", folder, "-e", errorLog, "-c", file, "-g", main];
  const checked = spawnSync(NGINX, ["-t", ...args], { encoding: "utf8" });
  if (checked.status !== 0 || checked.stderr.includes("[warn]")) throw new Error(checked.stderr);
  const child = spawn(NGINX, args, { stdio: "inherit" });
  const exited = once(child, "exit");
  t.after(async () => {
    child.kill("SIGTERM");
    await exited;
  });
  const started = await eventually(async () => child.exitCode !== null || (await accepts(port)));
  if (!started || child.exitCode !== null) throw new Error(`nginx ended: ${readFileSync(errorLog, "utf8")}`);
  return { url: `http://127.0.0.1:${port}`, errors: () => readFileSync(errorLog, "utf8") };
}

function writeConfiguration(folder: string, port: number, instances: readonly string[]): string {
  let text = readFileSync(CONFIGURATION, "utf8");
  const replace = (pattern: RegExp, by: (...groups: string[]) => string, times: number) => {
    let count = 0;
    text = text.replace(pattern, (...groups) => {
      count += 1;
      return by(...groups);
    });
    if (count !== times) throw new Error(`${CONFIGURATION} has ${count} of ${pattern}; the tests need ${times}.`);
  };
  replace(/\bserver railyard-(\d):4000 /g, (_, number) => `server ${getHost(instances[Number(number) - 1])} `, 2);
  replace(/\blisten 80;/g, () => `listen 127.0.0.1:${port};`, 1);
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map((name) => {
    mkdirSync(join(folder, name));
    return `${name}_temp_path ${join(folder, name)};`;
  });
  replace(/^http \{$/gm, (line) => [line, ...temporary, `access_log ${join(folder, "access.log")};`].join("\n"), 1);
  const file = join(folder, "nginx.conf");
  writeFileSync(file, text);
  return file;
}

/** The host of an instance. Without one, an address where nothing listens. */
function getHost(url: string | undefined): string {
  return url === undefined ? "127.0.0.1:1" : new URL(url).host;
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("error", () => resolve(false));
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
  });
}
