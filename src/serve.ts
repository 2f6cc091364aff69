import { type App, startApp } from "./app.js";
import { loginFile, writeFirstLogin } from "./cli/auth/login-file.js";
import { type Config, InvalidConfig, readConfig } from "./config.js";
import { DatabaseOpenError } from "./database/database.js";
import { StartAborted } from "./database/start-up.js";
import { RevokedAdminToken } from "./domain/access/tokens.js";
import { collectSecrets } from "./secrets.js";
import { InvalidManifest } from "./server/execution/admission/trusted-documents.js";
import { createLogger, type Logger } from "./server/telemetry/log.js";
import { welcome } from "./welcome.js";

/** Maximum duration of a shutdown, in milliseconds. Then the process exits. */
const STOP_DEADLINE_MS = 10_000;

/** Time that a start has to stop in order after a signal, in milliseconds. Then the process exits. */
const START_DEADLINE_MS = 800;

/** Grace period for the last trace export and log line after everything is closed, in milliseconds. */
const EXIT_DELAY_MS = 100;

/** Error codes of `listen` that are caused by PORT or HOST. */
const LISTEN_ERROR_CODES: ReadonlySet<string> = new Set([
  "EADDRINUSE",
  "EACCES",
  "EADDRNOTAVAIL",
  "EAFNOSUPPORT",
  "EINVAL",
  "ENOTFOUND",
  "EAI_AGAIN",
]);

/**
 * Runs the service until a signal stops it. Errors at startup are explained to the operator and set the exit code.
 *
 * @param started called when the service is ready
 */
export async function serve(started: () => void): Promise<void> {
  try {
    await run(started);
  } catch (error) {
    process.stderr.write(`${explain(error)}\n`);
    process.exitCode = 1;
  }
  // Retries of an export, and a database that does not respond, would keep the process alive.
  setTimeout(() => process.exit(), EXIT_DELAY_MS).unref();
}

async function run(started: () => void): Promise<void> {
  const config = readConfig(process.env);
  const log = createLogger(config.logLevel, { secrets: collectSecrets(config) });
  // Registered before startup, so that a signal during startup also stops the service in order. The listeners stay: a
  // process group is often signalled twice, and without a listener the second signal would kill the process during
  // shutdown.
  const signalled = new Promise<string>((resolve) => {
    for (const name of ["SIGTERM", "SIGINT"] as const) process.on(name, resolve);
  });
  // The process that reads standard output may exit; the service continues. The logger handles its own errors.
  process.stdout.on("error", () => undefined);
  const app = await startUntilSignal(config, log, signalled);
  if (app === null) return;
  started();
  const loginNote = app.adminSecret === null ? null : saveLogin(app.url, app.adminSecret);
  process.stdout.write(welcome(app.url, app.adminSecret, loginNote));
  const signal = await signalled;
  log.info({ signal }, "stopping");
  // A person who presses Ctrl-C is waiting. SIGTERM comes from a supervisor that replaces instances.
  if (signal === "SIGTERM") await drain(app);
  setTimeout(() => {
    log.error("shutdown timed out");
    process.exit(1);
  }, STOP_DEADLINE_MS).unref();
  await app.close();
  log.info("stopped");
}

/** Starts the service; null if a signal ended the start, which may wait for the database. */
async function startUntilSignal(config: Config, log: Logger, signalled: Promise<string>): Promise<App | null> {
  const abort = new AbortController();
  let starting = true;
  let timer: NodeJS.Timeout | undefined;
  void signalled.then(() => {
    if (!starting) return;
    abort.abort();
    timer = setTimeout(() => {
      log.warn("stopped before the start was complete");
      process.exit();
    }, START_DEADLINE_MS);
  });
  try {
    return await startApp(config, { log, signal: abort.signal });
  } catch (error) {
    if (!(error instanceof StartAborted)) throw error;
    log.info("stopped");
    return null;
  } finally {
    starting = false;
    clearTimeout(timer);
  }
}

/** Drains connections before the stop. SIGINT ends the drain early. */
async function drain(app: App): Promise<void> {
  const abort = new AbortController();
  const interrupt = () => abort.abort();
  process.once("SIGINT", interrupt);
  await app.drain(abort.signal);
  process.off("SIGINT", interrupt);
}

/**
 * Signs in the `railyard` command on this machine after the first start: stores the token where `railyard login` would,
 * readable only by this user, and never replaces another login.
 *
 * @returns a line that reports the result
 */
function saveLogin(url: string, token: string): string {
  const signIn = "To sign in with this token, run `railyard login`.";
  try {
    const file = loginFile(process.env);
    // A wildcard address is not a valid destination on every platform.
    const local = url.replace("//0.0.0.0:", "//127.0.0.1:").replace("//[::]:", "//[::1]:");
    if (writeFirstLogin(file, { url: local, token }))
      return `The railyard command uses this token; it is stored in ${file}.`;
    return `The railyard command is already signed in (${file}). ${signIn}`;
  } catch (error) {
    return `The token could not be stored for the railyard command: ${(error as Error).message}. ${signIn}`;
  }
}

/** Explains configuration errors in one line. Other errors include their stack trace. */
function explain(error: unknown): string {
  if (error instanceof InvalidConfig || error instanceof InvalidManifest) return error.message;
  if (error instanceof DatabaseOpenError) return `DATABASE_URL cannot be used. ${error.message}`;
  if (error instanceof RevokedAdminToken) return "ADMIN_TOKEN was revoked. Set a different one.";
  const { code, message } = error as NodeJS.ErrnoException;
  if (code !== undefined && LISTEN_ERROR_CODES.has(code)) return `PORT or HOST cannot be used: ${message}.`;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
