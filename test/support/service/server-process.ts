import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import type { Cleanup } from "./server.js";

/** A server in a child process, configured by environment variables. */
export class ServerProcess {
  readonly #child: ChildProcess;
  readonly #exited: Promise<readonly [number | null, NodeJS.Signals | null]>;
  stdout = "";
  stderr = "";

  /** @param command what to run instead of this checkout's build */
  constructor(environment: Readonly<Record<string, string>>, command = [process.execPath, "dist/src/main.js"]) {
    // Does not inherit the tests' environment. The first start saves a login for the CLI; the config folder prevents that it
    // changes the home folder of the person who runs the tests.
    const env = {
      PATH: process.env.PATH ?? "",
      PORT: "0",
      XDG_CONFIG_HOME: "/dev/null",
      // Otherwise a server on PostgreSQL waits for load balancers.
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

  /** Waits until it serves and returns its URL. Throws with its standard error if it exits first. */
  async ready(): Promise<string> {
    for (;;) {
      const url = /^Railyard is at (http:\S+)$/m.exec(this.stdout)?.[1];
      if (url !== undefined) return url;
      const reported = once(this.#child.stdout as NodeJS.ReadableStream, "data");
      const ended = await Promise.race([reported.then(() => false), this.#exited.then(() => true)]);
      if (ended) throw new Error(`The server exited before it was ready: ${this.stderr}`);
    }
  }

  get pid(): number {
    return this.#child.pid ?? Number.NaN;
  }

  /** The admin token that it printed, or null. */
  get printedSecret(): string | null {
    return /Admin token +(\S+)/.exec(this.stdout)?.[1] ?? null;
  }

  /** The parsed lines of the log. */
  get log(): Record<string, unknown>[] {
    const lines = this.stdout.split("\n").filter((line) => line.startsWith("{"));
    return lines.map((line) => JSON.parse(line));
  }

  /** Closes the reading end of its standard output. */
  closeStdout(): void {
    this.#child.stdout?.destroy();
  }

  signal(name: NodeJS.Signals): void {
    this.#child.kill(name);
  }

  /** Waits for the exit. Returns the exit code or the signal. */
  async exit(): Promise<number | NodeJS.Signals | null> {
    const [code, signal] = await this.#exited;
    return code ?? signal;
  }

  get running(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }
}

/** Starts a server process for a test and kills it at the end of the test. */
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
