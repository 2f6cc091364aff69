import { spawn } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { startCluster } from "../test/support/database/cluster.js";
import { createTemplate, query } from "../test/support/database/database-pool.js";
import { createSqliteTemplate } from "../test/support/database/engine.js";
import { type Engine, findEngines, findUnknownNames, getStartRank, needsProcess } from "./engines.js";

/*
 * Runs the tests on SQLite and on PostgreSQL: on the server of TEST_DATABASE_URL, or on one that it starts for the run.
 * Slow files run in a separate process; the others share processes, because loading the service takes longer than most
 * of them run. Arguments select files by a part of their name; without arguments, all files run.
 */

/** One more than there are CPUs, because tests also wait for I/O. */
const CONCURRENCY = availableParallelism() + 1;
/** Maximum number of files that share a process. */
const FILES_PER_PROCESS = 8;
/** A process that runs longer than this counts as hanging. */
const PROCESS_TIMEOUT_MS = 900_000;

/** Files that run in one process. */
interface Job {
  readonly files: readonly string[];
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

const RUN_FILES = join(import.meta.dirname, "run-files.js");

const nameFilters = process.argv.slice(2);
const { TEST_DATABASE_URL: existing, ...environment } = process.env;
const running = new Set<ReturnType<typeof spawn>>();
let interrupted = false;
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.once(signal, () => {
    interrupted = true;
    for (const child of running) child.kill(signal);
  });
}

// Exit explicitly: a handler of a dependency must not replace the result.
process.exit(await main());

async function main(): Promise<number> {
  const files = readdirSync(FOLDER, { recursive: true, encoding: "utf8" }).filter((one) => one.endsWith(".test.js"));
  const gone = FOLDER === "dist/test" ? findUnknownNames(files) : [];
  if (gone.length > 0) throw new Error(`scripts/engines.ts lists tests that do not exist: ${gone.join(", ")}`);
  const jobs = toJobs(
    files
      .filter((file) => nameFilters.length === 0 || nameFilters.some((name) => file.includes(name)))
      .sort((a, b) => getStartRank(a) - getStartRank(b) || a.localeCompare(b)),
  );
  if (existing) return runJobs(existing, jobs);
  const cluster = await startCluster();
  try {
    return await runJobs(cluster.url, jobs);
  } finally {
    await cluster.remove();
  }
}

/** Files that need a process first, in the given order; then the others in groups. */
function toJobs(files: readonly string[]): Job[] {
  const alone = files.filter(needsProcess);
  const jobs: Job[] = alone.flatMap((file) => findEngines(file).map((engine) => ({ files: [file], engine })));
  for (const engine of ["PostgreSQL", "SQLite"] as const) {
    const others = files.filter((file) => !needsProcess(file) && findEngines(file).includes(engine));
    // A small selection is distributed over all workers.
    const size = Math.min(FILES_PER_PROCESS, Math.ceil(others.length / CONCURRENCY));
    for (let start = 0; start < others.length; start += size) {
      jobs.push({ files: others.slice(start, start + size), engine });
    }
  }
  return jobs;
}

/** Resolves to the exit code: 0 if all tests passed, else 1. */
async function runJobs(url: string, jobs: Job[]): Promise<number> {
  const template = await createTemplate(url);
  const folder = mkdtempSync(join(tmpdir(), "railyard-test-"));
  const environments: Record<Engine, NodeJS.ProcessEnv> = {
    SQLite: { ...environment, TEST_SQLITE_TEMPLATE: await createSqliteTemplate(folder) },
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
    rmSync(folder, { recursive: true });
    await query(url, `DROP DATABASE ${template}`).catch((error: unknown) => {
      // The signal has also stopped a cluster that this process started.
      if (!interrupted) throw error;
    });
  }
  const failed = outcomes.filter(({ passed }) => !passed);
  const tests = outcomes.reduce((sum, outcome) => sum + outcome.tests, 0);
  const failures = outcomes.reduce((sum, outcome) => sum + outcome.failures, 0);
  const seconds = Math.round((performance.now() - startedAt) / 1000);
  const count = outcomes.reduce((sum, { files }) => sum + files.length, 0);
  console.log(`\n${count} files in ${seconds} seconds; ${failed.length} of ${outcomes.length} processes failed`);
  for (const { files, engine } of failed) console.log(`✖ ${files.join(" ")} on ${engine}`);
  console.log(`${tests - failures} passed, ${failures} failed`);
  return failed.length === 0 && outcomes.length > 0 && !interrupted ? 0 : 1;
}

/** Runs the files of a job in one process. Prints the output if a test fails. */
async function run({ files, engine }: Job, env: NodeJS.ProcessEnv): Promise<Outcome> {
  const startedAt = performance.now();
  const name = files.join(" ");
  const paths = files.map((file) => join(FOLDER, file));
  const child = spawn(process.execPath, ["--test-reporter=spec", RUN_FILES, ...paths], { env });
  running.add(child);
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => {
      output += text;
    });
  }
  const deadline = setTimeout(() => {
    output += `\n${name} was killed after ${PROCESS_TIMEOUT_MS / 1000} seconds.\n`;
    child.kill("SIGKILL");
  }, PROCESS_TIMEOUT_MS);
  const code = await new Promise((resolve) => child.once("close", resolve));
  clearTimeout(deadline);
  running.delete(child);
  const count = (what: string) => Number(new RegExp(`^ℹ ${what} (\\d+)$`, "m").exec(output)?.[1] ?? 0);
  const tests = count("tests");
  const failures = count("fail") + count("cancelled");
  const passed = code === 0 && tests > 0 && failures === 0;
  const seconds = (performance.now() - startedAt) / 1000;
  console.log(`${passed ? "✔" : "✖"} ${name} on ${engine}: ${tests} tests, ${seconds.toFixed(1)} s`);
  if (!passed) console.log(output);
  return { files, engine, passed, tests, failures, seconds };
}
