import { spawn } from "node:child_process";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { startCluster } from "../test/support/cluster.js";
import { administer, createTemplate } from "../test/support/engine.js";

/*
 * Runs the tests on SQLite, and then again on PostgreSQL: the one that TEST_DATABASE_URL names, or one that is started for
 * the run. Arguments are the names of the files to run; all of them, if there are none.
 */

/**
 * What runs on both engines: the rules, the log, what reads and pages, and what races. The rest runs once, on SQLite: what
 * the engine has no part in (documents, the command line, other people's clients, processes with a file of their own), and
 * the longest of the property tests, which two runs of would take longer than people wait. Any of it runs on PostgreSQL
 * where it is named: `npm test -- model`.
 */
const ON_BOTH = new RegExp(
  `^(${[
    "auto-deploy-hold",
    "automation",
    "bad-input",
    "budget",
    "couplings",
    "deployments",
    "event-indexes",
    "events",
    "gate",
    "github-deliveries",
    "github-pull-requests",
    "github-statuses",
    "github-workflow",
    "history",
    "idempotency",
    "lists",
    "never",
    "platform",
    "promotion-phases",
    "promotions",
    "retention",
    "review-apps",
    "sockets",
    "statements",
    "statuses",
    "subscriptions",
    "tokens",
    "walkthrough",
  ].join("|")})\\.test\\.js$`,
);
/** What needs PostgreSQL. */
const ON_POSTGRES_ONLY = /^postgres[\\/]/;
/** A test that has not ended by then hangs, in milliseconds. */
const TEST_DEADLINE = 120_000;

const given = process.argv.slice(2);
const files = readdirSync("dist/test", { recursive: true, encoding: "utf8" })
  .filter((file) => file.endsWith(".test.js"))
  .filter((file) => given.length === 0 || given.some((name) => file.includes(name)));

process.exitCode = await main();

async function main(): Promise<number> {
  const { TEST_DATABASE_URL, ...environment } = process.env;
  const onSqlite = await run("SQLite", environment, (file) => !ON_POSTGRES_ONLY.test(file));
  if (TEST_DATABASE_URL) return onSqlite + (await runOn(TEST_DATABASE_URL));
  const cluster = await startCluster();
  try {
    return onSqlite + (await runOn(cluster.url));
  } finally {
    await cluster.remove();
  }
}

async function runOn(url: string): Promise<number> {
  const template = await createTemplate(url);
  try {
    const env = { ...process.env, TEST_DATABASE_URL: url, TEST_DATABASE_TEMPLATE: template };
    return await run(
      "PostgreSQL",
      env,
      (file) => given.length > 0 || ON_BOTH.test(file) || ON_POSTGRES_ONLY.test(file),
    );
  } finally {
    await administer(url, `DROP DATABASE ${template}`);
  }
}

/** Resolves to 0 where all passed, and to 1 where not. */
async function run(engine: string, env: NodeJS.ProcessEnv, wanted: (file: string) => boolean): Promise<number> {
  const mine = files.filter(wanted).map((file) => join("dist/test", file));
  if (mine.length === 0) return 0;
  console.log(`\n${mine.length} files of tests on ${engine}`);
  const options = ["--test", "--test-concurrency=2", `--test-timeout=${TEST_DEADLINE}`];
  const child = spawn(process.execPath, [...options, ...mine], { env, stdio: "inherit" });
  const interrupt = () => child.kill("SIGINT");
  process.once("SIGINT", interrupt);
  return new Promise((resolve) => {
    child.once("exit", (code) => {
      process.off("SIGINT", interrupt);
      resolve(code === 0 ? 0 : 1);
    });
  });
}
