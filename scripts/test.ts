import { spawn } from "node:child_process";
import { readdirSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { startCluster } from "../test/support/cluster.js";
import { administer, createTemplate } from "../test/support/engine.js";
import { type Engine, findEngines, findUnknownNames, getStartRank } from "./engines.js";

/*
 * Runs the tests on SQLite and on PostgreSQL: the one that TEST_DATABASE_URL names, or one that is started for the run. Each
 * file is a process of its own, some at a time. Arguments are parts of the names of the files to run; all of
 * them, if there are none.
 */

/** One more than there are processors: tests wait, too. */
const CONCURRENCY = availableParallelism() + 1;
/** A file that has not ended by then hangs, in milliseconds. */
const FILE_TIMEOUT_MS = 300_000;

interface Job {
  readonly file: string;
  readonly engine: Engine;
}

interface Outcome extends Job {
  readonly passed: boolean;
  readonly tests: number;
  /** Tests that failed or were cancelled. */
  readonly failures: number;
  readonly seconds: number;
}

/** The folder of the compiled tests; another one runs every file in it, whatever `scripts/engines.ts` says. */
const FOLDER = process.env.TEST_FOLDER || "dist/test";

const nameFilters = process.argv.slice(2);
const { TEST_DATABASE_URL: existing, ...environment } = process.env;
const running = new Set<ReturnType<typeof spawn>>();
let interrupted = false;
process.once("SIGINT", () => {
  interrupted = true;
  for (const child of running) child.kill("SIGINT");
});

// Exit explicitly: a handler of a dependency must not replace the result.
process.exit(await main());

async function main(): Promise<number> {
  const files = readdirSync(FOLDER, { recursive: true, encoding: "utf8" }).filter((one) => one.endsWith(".test.js"));
  const gone = FOLDER === "dist/test" ? findUnknownNames(files) : [];
  if (gone.length > 0) throw new Error(`scripts/engines.ts names tests that are not there: ${gone.join(", ")}`);
  const jobs = files
    .filter((file) => nameFilters.length === 0 || nameFilters.some((name) => file.includes(name)))
    .sort((a, b) => getStartRank(a) - getStartRank(b))
    .flatMap((file) => findEngines(file).map((engine) => ({ file, engine })));
  if (existing) return runJobs(existing, jobs);
  const cluster = await startCluster();
  try {
    return await runJobs(cluster.url, jobs);
  } finally {
    await cluster.remove();
  }
}

/** Resolves to 0 where all passed, and to 1 where not. */
async function runJobs(url: string, jobs: Job[]): Promise<number> {
  const template = await createTemplate(url);
  const environments: Record<Engine, NodeJS.ProcessEnv> = {
    SQLite: environment,
    PostgreSQL: { ...environment, TEST_DATABASE_URL: url, TEST_DATABASE_TEMPLATE: template },
  };
  const begun = performance.now();
  const outcomes: Outcome[] = [];
  const worker = async () => {
    for (let job = jobs.shift(); job !== undefined && !interrupted; job = jobs.shift()) {
      outcomes.push(await run(job, environments[job.engine]));
    }
  };
  try {
    await Promise.all(Array.from({ length: CONCURRENCY }, worker));
  } finally {
    await administer(url, `DROP DATABASE ${template}`);
  }
  const failed = outcomes.filter(({ passed }) => !passed);
  const tests = outcomes.reduce((sum, outcome) => sum + outcome.tests, 0);
  const failures = outcomes.reduce((sum, outcome) => sum + outcome.failures, 0);
  const seconds = Math.round((performance.now() - begun) / 1000);
  console.log(`\n${outcomes.length} files in ${seconds} seconds; ${failed.length} files failed`);
  for (const { file, engine } of failed) console.log(`✖ ${file} on ${engine}`);
  console.log(`${tests - failures} passed, ${failures} failed`);
  return failed.length === 0 && outcomes.length > 0 && !interrupted ? 0 : 1;
}

/** Runs one file. What it says is shown where it fails. */
async function run({ file, engine }: Job, env: NodeJS.ProcessEnv): Promise<Outcome> {
  const begun = performance.now();
  const child = spawn(process.execPath, ["--test-reporter=spec", join(FOLDER, file)], { env });
  running.add(child);
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => {
      output += text;
    });
  }
  const deadline = setTimeout(() => {
    output += `\n${file} had not ended after ${FILE_TIMEOUT_MS / 1000} seconds.\n`;
    child.kill("SIGKILL");
  }, FILE_TIMEOUT_MS);
  const code = await new Promise((resolve) => child.once("close", resolve));
  clearTimeout(deadline);
  running.delete(child);
  const count = (what: string) => Number(new RegExp(`^ℹ ${what} (\\d+)$`, "m").exec(output)?.[1] ?? 0);
  const tests = count("tests");
  const failures = count("fail") + count("cancelled");
  const passed = code === 0 && tests > 0 && failures === 0;
  const seconds = (performance.now() - begun) / 1000;
  console.log(`${passed ? "✔" : "✖"} ${file} on ${engine}: ${tests} tests, ${seconds.toFixed(1)} s`);
  if (!passed) console.log(output);
  return { file, engine, passed, tests, failures, seconds };
}
