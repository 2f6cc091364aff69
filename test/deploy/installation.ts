import assert from "node:assert/strict";
import { connect } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { Client } from "../support/clients/client.js";
import { freePort } from "../support/database/cluster.js";
import { freshDatabase } from "../support/database/engine.js";
import { type Nginx, startNginx } from "../support/network/nginx.js";
import { ADMIN_SECRET } from "../support/service/server.js";
import { type ServerProcess, startProcess } from "../support/service/server-process.js";
import type { Cleanup } from "../support/service/temporary-folder.js";

/** Maximum time to wait for a condition. */
const DEADLINE_MS = 30_000;

export async function waitUntil(holds: () => boolean, what: string): Promise<void> {
  for (const deadline = Date.now() + DEADLINE_MS; !holds(); await delay(5)) {
    if (Date.now() > deadline) throw new Error(`This did not happen: ${what}.`);
  }
}

/** Two instances on one database, behind nginx. */
export class Installation {
  readonly #cleanup: Cleanup;
  readonly #environment: Readonly<Record<string, string>>;
  readonly #ports: readonly number[];
  readonly #instances: ServerProcess[] = [];
  #marks = 0;
  readonly nginx: Nginx;

  private constructor(cleanup: Cleanup, environment: Record<string, string>, ports: number[], nginx: Nginx) {
    this.#cleanup = cleanup;
    this.#environment = environment;
    this.#ports = ports;
    this.nginx = nginx;
  }

  static async start(cleanup: Cleanup): Promise<Installation> {
    const environment = { DATABASE_URL: await freshDatabase(cleanup), ADMIN_TOKEN: ADMIN_SECRET };
    const ports = [await freePort(), await freePort()];
    const urls = ports.map((port) => `http://127.0.0.1:${port}`);
    const installation = new Installation(cleanup, environment, ports, await startNginx(cleanup, urls));
    await Promise.all(ports.map((_, index) => installation.startInstance(index)));
    return installation;
  }

  /** A client with the administrator's token, through nginx. */
  get client(): Client {
    return new Client(this.nginx.url, ADMIN_SECRET);
  }

  instance(index: number): ServerProcess {
    const found = this.#instances[index];
    if (found === undefined) throw new Error(`There is no instance ${index}.`);
    return found;
  }

  async startInstance(index: number): Promise<void> {
    const settings = { ...this.#environment, PORT: String(this.#ports[index]), SHUTDOWN_DELAY: "500ms" };
    const instance = startProcess(this.#cleanup, settings);
    this.#instances[index] = instance;
    await instance.ready();
  }

  /** Runs `work`, which sends `count` requests. Returns how many of them each instance has served. */
  async requestsDuring(count: number, work: () => Promise<unknown>): Promise<number[]> {
    await this.#readLogs();
    const before = this.#logged();
    await work();
    await this.#readLogs();
    const counts = this.#logged().map((logged, index) => logged - (before[index] ?? 0));
    assert.equal(
      counts.reduce((sum, one) => sum + one, 0),
      count,
      `requests to each instance: ${counts}`,
    );
    return counts;
  }

  #logged(): number[] {
    const isRequest = ({ msg, path }: Record<string, unknown>) => msg === "request" && path === "/graphql";
    return this.#instances.map(({ log }) => log.filter(isRequest).length);
  }

  /** Log lines arrive through a pipe after the responses: waits for all of them. */
  async #readLogs(): Promise<void> {
    for (const [index, port] of this.#ports.entries()) {
      this.#marks += 1;
      const path = `/mark-${this.#marks}`;
      await (await fetch(`http://127.0.0.1:${port}${path}`)).text();
      await waitUntil(() => this.instance(index).log.some((line) => line.path === path), `a log line for ${path}`);
    }
  }
}

/** Sends raw bytes over a new connection. Returns everything received. */
export function sendRaw(url: string, bytes: string): Promise<string> {
  return new Promise((resolve) => {
    let received = "";
    const socket = connect(Number(new URL(url).port), "127.0.0.1", () => socket.write(bytes, "latin1"));
    socket.setEncoding("latin1").on("data", (text) => {
      received += text;
    });
    socket.on("error", () => undefined);
    socket.on("close", () => resolve(received));
  });
}
