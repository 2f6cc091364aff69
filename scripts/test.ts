import { spawn } from "node:child_process";
import { readdirSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { startCluster } from "../test/support/database/cluster.js";
import { administer, createTemplate } from "../test/support/database/engine.js";
import { type Engine, findEngines, findUnknownNames, getStartRank } from "./engines.js";

/*
 * Runs the tests on SQLite and on PostgreSQL: on the server of TEST_DATABASE_URL, or on one that it starts for the run. Each
 * file runs in a separate process. Arguments select files by a part of their name; without arguments, all files run.
 */

/** One more than there are CPUs, because tests also wait for I/O. */
const CONCURRENCY = availableParallelism() + 1;
/** A file that runs longer than this counts as hanging. */
const FILE_TIMEOUT_MS = 600_000;

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

/** The folder of the compiled tests. With another folder, names in `scripts/engines.ts` need not exist. */
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
  if (gone.length > 0) throw new Error(`scripts/engines.ts lists tests that do not exist: ${gone.join(", ")}`);
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

/** Resolves to the exit code: 0 if all tests passed, else 1. */
async function runJobs(url: string, jobs: Job[]): Promise<number> {
  const template = await createTemplate(url);
  const environments: Record<Engine, NodeJS.ProcessEnv> = {
    SQLite: environment,
    PostgreSQL: { ...environment, TEST_DATABASE_URL: url, TEST_DATABASE_TEMPLATE: template },
  };
  const startedAt = performance.now();
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
  const seconds = Math.round((performance.now() - startedAt) / 1000);
  console.log(`\n${outcomes.length} files in ${seconds} seconds; ${failed.length} files failed`);
  for (const { file, engine } of failed) console.log(`✖ ${file} on ${engine}`);
  console.log(`${tests - failures} passed, ${failures} failed`);
  return failed.length === 0 && outcomes.length > 0 && !interrupted ? 0 : 1;
}

/** Runs one file. Prints its output if it fails. */
async function run({ file, engine }: Job, env: NodeJS.ProcessEnv): Promise<Outcome> {
  const startedAt = performance.now();
  const child = spawn(process.execPath, ["--test-reporter=spec", join(FOLDER, file)], { env });
  running.add(child);
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => {
      output += text;
    });
  }
  const deadline = setTimeout(() => {
    output += `\n${file} was killed after ${FILE_TIMEOUT_MS / 1000} seconds.\n`;
    child.kill("SIGKILL");
  }, FILE_TIMEOUT_MS);
  const code = await new Promise((resolve) => child.once("close", resolve));
  clearTimeout(deadline);
  running.delete(child);
  const count = (what: string) => Number(new RegExp(`^ℹ ${what} (\\d+)$`, "m").exec(output)?.[1] ?? 0);
  const tests = count("tests");
  const failures = count("fail") + count("cancelled");
  const passed = code === 0 && tests > 0 && failures === 0;
  const seconds = (performance.now() - startedAt) / 1000;
  console.log(`${passed ? "✔" : "✖"} ${file} on ${engine}: ${tests} tests, ${seconds.toFixed(1)} s`);
  if (!passed) console.log(output);
  return { file, engine, passed, tests, failures, seconds };
}
