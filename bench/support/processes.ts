import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { fileURLToPath } from "node:url";

/** Node runs the compiled files: `dist/bench/support/` is where this one is. */
const compiledPath = (path: string) => fileURLToPath(new URL(`../${path}`, import.meta.url));

export const ADMIN_SECRET = "the-administrator-of-the-benchmarks";

/** What a process says of itself. Times are microseconds of processor, sizes are bytes. */
export interface Usage {
  readonly cpu: number;
  readonly resident: number;
}

/** A process that answers calls: what is measured, what it is measured against, and who asks them. */
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
      const ended = () => reject(new Error(`A process of the benchmark ended while it was asked to ${name}.`));
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

/** The `DATABASE_URL` of a file, or of a PostgreSQL database, whose address is one already. */
export const databaseUrl = (database: string) => (database.includes("://") ? database : `sqlite:${database}`);

/** A real server, in a process of its own. */
export class Server extends Child {
  private constructor(
    process: ChildProcess,
    readonly port: number,
  ) {
    super(process);
  }

  /**
   * @param database the path of a SQLite file, or the address of a PostgreSQL database
   * @returns the server, and how long it took from the start of its process until it was ready, in milliseconds
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

/** Asks a server until it answers that it is ready. */
export async function waitUntilReady(port: number, child?: ChildProcess): Promise<void> {
  for (;;) {
    const answer = await fetch(`http://127.0.0.1:${port}/readyz`).catch(() => null);
    await answer?.arrayBuffer();
    if (answer?.status === 200) return;
    if (child != null && child.exitCode !== null) throw new Error("The server ended before it was ready.");
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

/** Asks again and again until something holds. */
export async function waitUntil(holds: () => Promise<boolean>): Promise<void> {
  while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 2));
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (address === null || typeof address === "string") throw new Error("There is no free port.");
  return address.port;
}
