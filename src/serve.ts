import { type App, startApp } from "./app.js";
import { loginFile, writeFirstLogin } from "./cli/auth/login-file.js";
import { InvalidConfig, readConfig } from "./config.js";
import { DatabaseOpenError } from "./database/database.js";
import { RevokedAdminToken } from "./domain/access/tokens.js";
import { secretsOf } from "./secrets.js";
import { InvalidManifest } from "./server/execution/admission.js";
import { createLogger } from "./server/telemetry/log.js";
import { welcome } from "./welcome.js";

/** After this long a stop is no longer waited for, in milliseconds. */
const STOP_DEADLINE_MS = 10_000;

/** After everything was closed, how long what still goes on is let go on, in milliseconds. */
const EXIT_DELAY_MS = 100;

/** Why a server cannot listen where it was told to: taken, not allowed, not of this machine, or no address at all. */
const UNUSABLE_ADDRESS: ReadonlySet<string> = new Set([
  "EADDRINUSE",
  "EACCES",
  "EADDRNOTAVAIL",
  "EAFNOSUPPORT",
  "EINVAL",
  "ENOTFOUND",
  "EAI_AGAIN",
]);

/**
 * Runs the service until a signal stops it. What keeps it from starting is told in words for the operator, and in the
 * exit code of the process.
 *
 * @param started called when it is ready
 */
export async function serve(started: () => void): Promise<void> {
  try {
    await run(started);
  } catch (error) {
    process.stderr.write(`${explain(error)}\n`);
    process.exitCode = 1;
  }
}

async function run(started: () => void): Promise<void> {
  const config = readConfig(process.env);
  const log = createLogger(config.logLevel, { secrets: secretsOf(config) });
  // Before anything is started: a signal that comes meanwhile stops in order as well. The listeners stay: a process group
  // is often signalled twice, and without a listener the second signal would end the process in the middle of the stop.
  const signalled = new Promise<string>((resolve) => {
    for (const name of ["SIGTERM", "SIGINT"] as const) process.on(name, resolve);
  });
  // Whoever reads along may go away: what the service is there for does not end with that. The log sees to itself.
  process.stdout.on("error", () => undefined);
  const app = await startApp(config, { log });
  started();
  const kept = app.adminSecret === null ? null : keepForCommandLine(app.url, app.adminSecret);
  process.stdout.write(welcome(app.url, app.adminSecret, kept));
  const signal = await signalled;
  log.info({ signal }, "stopping");
  // A person who presses Ctrl-C waits; SIGTERM comes from a supervisor that replaces instances.
  if (signal === "SIGTERM") await drain(app);
  setTimeout(() => {
    log.error("stopping took too long");
    process.exit(1);
  }, STOP_DEADLINE_MS).unref();
  await app.close();
  log.info("stopped");
  // What is still on its way to a collector that does not answer would hold the process for as long as it is tried again.
  if (config.tracesEndpoint !== null) setTimeout(() => process.exit(), EXIT_DELAY_MS).unref();
}

/** Hands over to other instances; SIGINT cuts it short. */
async function drain(app: App): Promise<void> {
  const abort = new AbortController();
  const interrupt = () => abort.abort();
  process.once("SIGINT", interrupt);
  await app.drain(abort.signal);
  process.off("SIGINT", interrupt);
}

/**
 * Signs whoever has started the service for the first time in with the `railyard` command, so that it just works here:
 * the secret goes where `railyard login` would put it, readable by them alone, and never in the place of another login.
 *
 * @returns the line that says so
 */
function keepForCommandLine(url: string, token: string): string {
  const signIn = "`railyard login` signs the railyard command in with it.";
  try {
    const file = loginFile(process.env);
    // An address that stands for all of them is none to connect to everywhere.
    const local = url.replace("//0.0.0.0:", "//127.0.0.1:").replace("//[::]:", "//[::1]:");
    if (writeFirstLogin(file, { url: local, token })) return `The railyard command is signed in with it, in ${file}.`;
    return `The railyard command is signed in already, in ${file}; ${signIn}`;
  } catch (error) {
    return `It could not be kept for the railyard command (${(error as Error).message}); ${signIn}`;
  }
}

/** What is the operator's to mend is said in a line; anything else comes with where it happened. */
function explain(error: unknown): string {
  if (error instanceof InvalidConfig || error instanceof InvalidManifest) return error.message;
  if (error instanceof DatabaseOpenError) return `DATABASE_URL cannot be used. ${error.message}`;
  if (error instanceof RevokedAdminToken) return "ADMIN_TOKEN must be another one: this one was revoked.";
  const { code, message } = error as NodeJS.ErrnoException;
  if (code !== undefined && UNUSABLE_ADDRESS.has(code)) return `PORT or HOST cannot be used: ${message}.`;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
