import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import {
  type BenchmarkOptions,
  compareWithBaseline,
  interleave,
  measureOnly,
  percentile,
  type Result,
} from "./support/figures.js";
import { ADMIN_SECRET, Server } from "./support/processes.js";

/** Processes of one turn. */
const ITERATIONS = 3;
const MAIN = fileURLToPath(new URL("../src/cli/main.js", import.meta.url));

/** What is run, and how long it may take, in milliseconds. */
const COMMANDS = [
  { args: ["--help"], most: 150 },
  { args: ["pipelines"], most: 300 },
] as const;

/** The command line as whoever types waits for it, from the start of its process to its end, against Node with nothing to run. */
export async function measure({ databases: workshop, rounds }: BenchmarkOptions): Promise<readonly Result[]> {
  const home = mkdtempSync(join(tmpdir(), "railyard-bench-home-"));
  const [server] = await Server.launch(await workshop.createSqlite(1));
  const env = {
    PATH: process.env.PATH,
    HOME: home,
    XDG_CONFIG_HOME: home,
    RAILYARD_URL: `http://127.0.0.1:${server.port}`,
    RAILYARD_TOKEN: ADMIN_SECRET,
  };
  try {
    const results: Result[] = [];
    for (const { args, most } of COMMANDS) {
      const times = await interleave(
        rounds,
        async () => measureRuntime([MAIN, ...args], env),
        async () => measureRuntime(["-e", "0"], env),
      );
      const what = `railyard ${args.join(" ")}`;
      results.push(compareWithBaseline(`${what}: against Node`, "ms", "an empty Node process", times, null));
      results.push(measureOnly(`${what}: whole`, "ms", times.subject, { max: most }));
    }
    return results;
  } finally {
    await server.stop();
    rmSync(home, { recursive: true, force: true });
  }
}

/** How long such a process takes, in milliseconds: the median of some. */
function measureRuntime(args: readonly string[], env: NodeJS.ProcessEnv): number {
  const times: number[] = [];
  for (let turn = 0; turn < ITERATIONS; turn += 1) {
    const begun = performance.now();
    const { status, stderr } = spawnSync(process.execPath, args, { env, encoding: "utf8" });
    times.push(performance.now() - begun);
    if (status !== 0) throw new Error(`${args.join(" ")} ended with ${status}: ${stderr}`);
  }
  return percentile(
    times.sort((a, b) => a - b),
    0.5,
  );
}
