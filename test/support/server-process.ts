import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import type { Cleanup } from "./server.js";

/** A server as its operator runs it: a process of its own, told by its environment. */
export class ServerProcess {
  readonly #child: ChildProcess;
  readonly #exited: Promise<readonly [number | null, NodeJS.Signals | null]>;
  stdout = "";
  stderr = "";

  /** @param command what starts it, where that is not this checkout's build */
  constructor(environment: Readonly<Record<string, string>>, command = [process.execPath, "dist/src/main.js"]) {
    // Nothing of the tests' own environment but what a process needs to start.
    // A first start signs its user in with the command line; nothing can be kept there, least of all in a tester's home.
    const env = {
      PATH: process.env.PATH ?? "",
      PORT: "0",
      XDG_CONFIG_HOME: "/dev/null",
      // On PostgreSQL it would otherwise wait for load balancers that are not there.
      SHUTDOWN_DELAY: "0s",
      ...environment,
    };
    const [file = "", ...args] = command;
    this.#child = spawn(file, args, { env, stdio: ["ignore", "pipe", "pipe"] });
    this.#child.stdout?.setEncoding("utf8").on("data", (text: string) => {
      this.stdout += text;
    });
    this.#child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      this.stderr += text;
    });
    this.#exited = once(this.#child, "close") as Promise<[number | null, NodeJS.Signals | null]>;
  }

  /** The address, once it serves. Throws what it said where it ended instead. */
  async ready(): Promise<string> {
    for (;;) {
      const url = /^Railyard is at (http:\S+)$/m.exec(this.stdout)?.[1];
      if (url !== undefined) return url;
      const said = once(this.#child.stdout as NodeJS.ReadableStream, "data");
      const ended = await Promise.race([said.then(() => false), this.#exited.then(() => true)]);
      if (ended) throw new Error(`The server ended before it was ready: ${this.stderr}`);
    }
  }

  get pid(): number {
    return this.#child.pid ?? Number.NaN;
  }

  /** The admin token that this start has made and printed, or null. */
  get printedSecret(): string | null {
    return /Admin token +(\S+)/.exec(this.stdout)?.[1] ?? null;
  }

  /** The lines of the log. */
  get log(): Record<string, unknown>[] {
    const lines = this.stdout.split("\n").filter((line) => line.startsWith("{"));
    return lines.map((line) => JSON.parse(line));
  }

  /** Goes away as the reader of its standard output. */
  closeStdout(): void {
    this.#child.stdout?.destroy();
  }

  signal(name: NodeJS.Signals): void {
    this.#child.kill(name);
  }

  /** How it ended: its exit code, or the signal that ended it. */
  async exit(): Promise<number | NodeJS.Signals | null> {
    const [code, signal] = await this.#exited;
    return code ?? signal;
  }

  get running(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }
}

/** Starts a server process for a test; it is killed with the test if it has not ended by then. */
export function startProcess(
  t: Cleanup,
  environment: Readonly<Record<string, string>>,
  command?: string[],
): ServerProcess {
  const server = new ServerProcess(environment, command);
  t.after(async () => {
    if (server.running) server.signal("SIGKILL");
    await server.exit();
  });
  return server;
}
