import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { Databases } from "./support/data/databases.js";
import type { Benchmark } from "./support/figures.js";
import { describeMachine, type Engine, formatReport, formatTable, type Reported } from "./support/report.js";

interface BenchmarkEntry {
  readonly engine: Engine;
  load(): Promise<{ measure: Benchmark }>;
}

/** All benchmarks, in the order in which they run. */
const BENCHMARKS: Readonly<Record<string, BenchmarkEntry>> = {
  board: { engine: "SQLite", load: () => import("./reads/board.js") },
  "board-first": { engine: "SQLite", load: () => import("./reads/board-first.js") },
  promote: { engine: "SQLite", load: () => import("./writes/promote.js") },
  webhooks: { engine: "SQLite", load: () => import("./writes/webhooks.js") },
  gates: { engine: "SQLite", load: () => import("./writes/gates.js") },
  "gate-opening": { engine: "SQLite", load: () => import("./writes/gate-opening.js") },
  growth: { engine: "SQLite", load: () => import("./reads/growth.js") },
  "fan-out": { engine: "SQLite", load: () => import("./subscriptions/fan-out.js") },
  subscriptions: { engine: "SQLite", load: () => import("./subscriptions/subscriptions.js") },
  "idle-subscribers": { engine: "SQLite", load: () => import("./subscriptions/idle-subscribers.js") },
  start: { engine: "SQLite", load: () => import("./processes/start.js") },
  cli: { engine: "SQLite", load: () => import("./processes/cli.js") },
  page: { engine: "SQLite", load: () => import("./reads/page.js") },
  refusals: { engine: "SQLite", load: () => import("./reads/refusals.js") },
  heaviest: { engine: "SQLite", load: () => import("./reads/heaviest.js") },
  postgres: { engine: "PostgreSQL", load: () => import("./reads/postgres.js") },
  live: { engine: "PostgreSQL", load: () => import("./subscriptions/live.js") },
  instances: { engine: "PostgreSQL", load: () => import("./writes/instances.js") },
  budget: { engine: "PostgreSQL", load: () => import("./reads/budget.js") },
};

const USAGE = `Usage: npm run bench -- [benchmark …] [--scale 0.1|1|10] [--rounds 5] [--json]

Benchmarks: ${Object.keys(BENCHMARKS).join(", ")}.
Without a name, runs all of them and writes bench/results.md.`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    json: { type: "boolean", default: false },
    scale: { type: "string", default: "1" },
    rounds: { type: "string", default: "5" },
    help: { type: "boolean", default: false },
  },
});
const scale = Number(values.scale);
const rounds = Number(values.rounds);
const unknown = positionals.filter((name) => !(name in BENCHMARKS));
if (values.help || unknown.length > 0 || !(scale > 0) || !(rounds >= 1)) {
  process.stderr.write(`${USAGE}\n`);
  process.exit(values.help ? 0 : 2);
}

const databases = new Databases();
// The databases take gigabytes: remove them on an interruption too.
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.once(signal, () => void databases.close().finally(() => process.exit(1)));
}
const results: Reported[] = [];
try {
  for (const name of positionals.length > 0 ? positionals : Object.keys(BENCHMARKS)) {
    const benchmark = BENCHMARKS[name];
    if (benchmark === undefined) continue;
    const { measure } = await benchmark.load();
    process.stderr.write(`${name} …\n`);
    const measured = await measure({ databases, pipelines: Math.round(1000 * scale), rounds });
    results.push(...measured.map((result) => ({ figure: name, engine: benchmark.engine, ...result })));
    if (!values.json) process.stdout.write(`${formatTable(measured)}\n\n`);
  }
} finally {
  await databases.close();
}
const report = { ...describeMachine(), scale, rounds, results };
if (values.json) process.stdout.write(`${JSON.stringify(report, null, 2)}\n`);
if (positionals.length === 0) writeFileSync("bench/results.md", formatReport(report));
