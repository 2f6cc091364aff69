import { spawn } from "node:child_process";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { startCluster } from "../test/support/cluster.js";
import { administer, createTemplate } from "../test/support/engine.js";

/*
 * Runs every test file twice: on SQLite, and on PostgreSQL. The latter is the one that TEST_DATABASE_URL names, or one that
 * is started for the run. Arguments are the names of the files to run; all of them, if there are none.
 */

const given = process.argv.slice(2);
const files = readdirSync("dist/test", { recursive: true, encoding: "utf8" })
  .filter((file) => file.endsWith(".test.js"))
  .filter((file) => given.length === 0 || given.some((name) => file.includes(name)))
  .map((file) => join("dist/test", file));

process.exitCode = await main();

async function main(): Promise<number> {
  const { TEST_DATABASE_URL, ...environment } = process.env;
  console.log(`\n${files.length} files of tests on SQLite`);
  const onSqlite = await run(environment);
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
    console.log(`\n${files.length} files of tests on PostgreSQL`);
    return await run({ ...process.env, TEST_DATABASE_URL: url, TEST_DATABASE_TEMPLATE: template });
  } finally {
    await administer(url, `DROP DATABASE ${template}`);
  }
}

/** Resolves to 0 where all passed, and to 1 where not. */
function run(env: NodeJS.ProcessEnv): Promise<number> {
  const child = spawn(process.execPath, ["--test", "--test-concurrency=2", ...files], { env, stdio: "inherit" });
  const interrupt = () => child.kill("SIGINT");
  process.once("SIGINT", interrupt);
  return new Promise((resolve) => {
    child.once("exit", (code) => {
      process.off("SIGINT", interrupt);
      resolve(code === 0 ? 0 : 1);
    });
  });
}
