import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { fileURLToPath } from "node:url";
import { eventually } from "../../src/async/eventually.js";

/** The path of a compiled file. This file is in `dist/bench/support/`. */
const compiledPath = (path: string) => fileURLToPath(new URL(`../${path}`, import.meta.url));

export const ADMIN_SECRET = "the-administrator-of-the-benchmarks";

/** Resource usage of a process: CPU time in microseconds, resident memory in bytes. */
export interface Usage {
  readonly cpu: number;
  readonly resident: number;
}

/** A child process that handles calls over IPC: the subject, a baseline or a load generator. */
export class Child {
  readonly #process: ChildProcess;
  #calls = 0;

  constructor(process: ChildProcess) {
    this.#process = process;
  }

  /** Starts one of the benchmark's own processes. */
  static start(script: string, ...args: string[]): Child {
    return new Child(fork(compiledPath(script), args, { stdio: ["ignore", "inherit", "inherit", "ipc"] }));
  }

  get pid(): number {
    return this.#process.pid as number;
  }

  call<T>(name: string, ...args: unknown[]): Promise<T> {
    this.#calls += 1;
    const id = this.#calls;
    return new Promise((resolve, reject) => {
      const ended = () => reject(new Error(`A benchmark process exited during the call ${name}.`));
      const listen = (message: { id: number; result?: T; error?: string }) => {
        if (message.id !== id) return;
        this.#process.off("message", listen).off("exit", ended);
        if (message.error === undefined) resolve(message.result as T);
        else reject(new Error(message.error));
      };
      this.#process.on("message", listen).once("exit", ended);
      this.#process.send({ id, name, args });
    });
  }

  usage(): Promise<Usage> {
    return this.call("usage");
  }

  async stop(): Promise<void> {
    if (this.#process.exitCode !== null) return;
    const gone = once(this.#process, "exit");
    this.#process.kill("SIGTERM");
    await gone;
  }
}

/** The `DATABASE_URL` for the path of a SQLite file. A PostgreSQL URL is returned unchanged. */
export const databaseUrl = (database: string) => (database.includes("://") ? database : `sqlite:${database}`);

/** The real server in a child process. */
export class Server extends Child {
  private constructor(
    process: ChildProcess,
    readonly port: number,
  ) {
    super(process);
  }

  /**
   * @param database the path of a SQLite file or the URL of a PostgreSQL database
   * @returns the server, and the milliseconds from process start until it was ready
   */
  static async launch(database: string, settings: Readonly<Record<string, string>> = {}): Promise<[Server, number]> {
    const port = await freePort();
    const env = {
      ...process.env,
      NODE_ENV: "production",
      PORT: String(port),
      HOST: "127.0.0.1",
      DATABASE_URL: databaseUrl(database),
      ADMIN_TOKEN: ADMIN_SECRET,
      LOG_LEVEL: "warn",
      ...settings,
    };
    const start = performance.now();
    const child = fork(compiledPath("../src/main.js"), [], {
      env,
      execArgv: ["--import", new URL("./child-process.js", import.meta.url).href],
      stdio: ["ignore", "ignore", "inherit", "ipc"],
    });
    await waitUntilReady(port, child);
    return [new Server(child, port), performance.now() - start];
  }
}

/** Polls /readyz until it returns 200. */
export async function waitUntilReady(port: number, child?: ChildProcess): Promise<void> {
  const ready = async () => {
    if (child != null && child.exitCode !== null) throw new Error("The server exited before it was ready.");
    const response = await fetch(`http://127.0.0.1:${port}/readyz`).catch(() => null);
    await response?.arrayBuffer();
    return response?.status === 200;
  };
  if (!(await eventually(ready, { intervalMs: 2 }))) throw new Error("The server was not ready in time.");
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (address === null || typeof address === "string") throw new Error("No port is free.");
  return address.port;
}
