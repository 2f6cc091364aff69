import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import {
  type BenchmarkOptions,
  createComparison,
  createResult,
  interleave,
  percentile,
  type Result,
} from "../support/figures.js";
import { ADMIN_SECRET, Server } from "../support/processes.js";

/** Processes per round. */
const ITERATIONS = 3;
const MAIN = fileURLToPath(new URL("../../src/cli/main.js", import.meta.url));

/** The commands, each with its limit in milliseconds. */
const COMMANDS = [
  { args: ["--help"], maxMs: 150 },
  { args: ["pipelines"], maxMs: 300 },
] as const;

/** Run time of CLI commands, from process start to exit. The baseline is Node with an empty script. */
export async function measure({ databases, rounds }: BenchmarkOptions): Promise<readonly Result[]> {
  const home = mkdtempSync(join(tmpdir(), "railyard-bench-home-"));
  const [server] = await Server.launch(await databases.createSqlite(1));
  const env = {
    PATH: process.env.PATH,
    HOME: home,
    XDG_CONFIG_HOME: home,
    RAILYARD_URL: `http://127.0.0.1:${server.port}`,
    RAILYARD_TOKEN: ADMIN_SECRET,
  };
  try {
    const results: Result[] = [];
    for (const { args, maxMs } of COMMANDS) {
      const times = await interleave(
        rounds,
        async () => measureRuntime([MAIN, ...args], env),
        async () => measureRuntime(["-e", "0"], env),
      );
      const what = `railyard ${args.join(" ")}`;
      results.push(createComparison(`${what}: compared to Node`, "ms", "an empty Node process", times, null));
      results.push(createResult(`${what}: total`, "ms", times.subject, { max: maxMs }));
    }
    return results;
  } finally {
    await server.stop();
    rmSync(home, { recursive: true, force: true });
  }
}

/** The median run time of a process, in milliseconds. */
function measureRuntime(args: readonly string[], env: NodeJS.ProcessEnv): number {
  const times: number[] = [];
  for (let iteration = 0; iteration < ITERATIONS; iteration += 1) {
    const startedAt = performance.now();
    const { status, stderr } = spawnSync(process.execPath, args, { env, encoding: "utf8" });
    times.push(performance.now() - startedAt);
    if (status !== 0) throw new Error(`${args.join(" ")} ended with ${status}: ${stderr}`);
  }
  return percentile(
    times.sort((a, b) => a - b),
    0.5,
  );
}
