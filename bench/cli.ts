/*
 * Start-up of the command line: `railyard --help`, and a query against a local server, each as a whole process from its
 * start to its end, beside an empty Node process in the same run.
 *
 *   npm run build && node dist/bench/cli.js [--json]
 *
 * It ends with 1 where a median is above what is promised: 150 ms for `--help`, 300 ms for a query.
 */
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const ROUNDS = 15;
const MAIN = "dist/src/cli/main.js";
const SECRET = "a-benchmark";
/** What is promised, in milliseconds. */
const MOST = { help: 150, query: 300 };

const folder = mkdtempSync(join(tmpdir(), "railyard-bench-"));
const env: NodeJS.ProcessEnv = { PATH: process.env.PATH, HOME: folder, XDG_CONFIG_HOME: folder };

// The server is another process, as it is for a user: it must not wait while this one waits for the command.
const server = spawn(process.execPath, ["dist/src/main.js"], {
  env: {
    ...env,
    PORT: "0",
    DATABASE_URL: `sqlite:${join(folder, "db.sqlite")}`,
    ADMIN_TOKEN: SECRET,
    LOG_LEVEL: "silent",
  },
  stdio: ["ignore", "pipe", "inherit"],
});

function addressOf(): Promise<string> {
  return new Promise((resolve, reject) => {
    let said = "";
    server.stdout.on("data", (chunk: Buffer) => {
      said += chunk.toString();
      const url = /(http:\/\/\S+)\/graphql/.exec(said)?.[1];
      if (url !== undefined) resolve(url);
    });
    server.once("exit", () => reject(new Error(`The server did not start: ${said}`)));
  });
}

/** How long a process takes from its start to its end, in milliseconds. */
function timed(args: readonly string[], more: NodeJS.ProcessEnv = {}): number {
  const start = process.hrtime.bigint();
  const { status, stderr } = spawnSync(process.execPath, args, { env: { ...env, ...more }, encoding: "utf8" });
  const time = Number(process.hrtime.bigint() - start) / 1e6;
  if (status !== 0) throw new Error(`${args.join(" ")} ended with ${status}: ${stderr}`);
  return time;
}

function median(times: readonly number[]): number {
  const sorted = [...times].sort((a, b) => a - b);
  return Math.round(sorted[Math.floor(sorted.length / 2)] ?? Number.NaN);
}

try {
  const url = await addressOf();
  const signedIn = { RAILYARD_URL: url, RAILYARD_TOKEN: SECRET };
  const times: Record<"node" | "help" | "query", number[]> = { node: [], help: [], query: [] };
  for (let round = -1; round < ROUNDS; round++) {
    // Taken in turn, so that whatever else the machine does falls on all of them; the first round only warms up.
    const taken = {
      node: timed(["-e", "0"]),
      help: timed([MAIN, "--help"]),
      query: timed([MAIN, "pipelines"], signedIn),
    };
    if (round >= 0) for (const what of ["node", "help", "query"] as const) times[what].push(taken[what]);
  }
  const medians = { node: median(times.node), help: median(times.help), query: median(times.query) };
  const best = (what: "node" | "help" | "query") => Math.round(Math.min(...times[what]));
  if (process.argv.includes("--json")) {
    const fastest = { node: best("node"), help: best("help"), query: best("query") };
    console.log(JSON.stringify({ cli: { medians, fastest, most: MOST } }));
  } else {
    console.log(`an empty Node process   ${medians.node} ms, at best ${best("node")}`);
    console.log(`railyard --help         ${medians.help} ms, at best ${best("help")}; promised ${MOST.help}`);
    console.log(`railyard pipelines      ${medians.query} ms, at best ${best("query")}; promised ${MOST.query}`);
  }
  if (medians.help > MOST.help || medians.query > MOST.query) process.exitCode = 1;
} finally {
  server.kill("SIGTERM");
  await once(server, "exit");
  rmSync(folder, { recursive: true, force: true });
}
