import { readFileSync } from "node:fs";
import { cpus, release, totalmem, type } from "node:os";
import { isMet, type Result, type Spread, type Target } from "./figures.js";

export interface Report {
  readonly date: string;
  readonly machine: string;
  readonly versions: string;
  readonly scale: number;
  readonly rounds: number;
  readonly results: readonly Result[];
}

const PACKAGES = ["better-sqlite3", "graphql", "@apollo/server", "fastify", "typeorm"];

/** Where and with what it was measured. */
export function machine(): Pick<Report, "date" | "machine" | "versions"> {
  const { dependencies } = JSON.parse(readFileSync("package.json", "utf8")) as { dependencies: Record<string, string> };
  const memory = Math.round(totalmem() / 2 ** 30);
  return {
    date: new Date().toISOString().slice(0, 10),
    machine: `${cpus().length} × ${cpus()[0]?.model.trim() ?? "processor"}, ${memory} GB, ${type()} ${release()}`,
    versions: [`Node ${process.version}`, ...PACKAGES.map((name) => `${name} ${dependencies[name]}`)].join(", "),
  };
}

/** The results as a table of Markdown, which reads well on a terminal too. */
export function table(results: readonly Result[]): string {
  const rows = results.map((result) => [
    result.what,
    `${shown(result.subject)} ${result.unit}`,
    result.baseline === null ? "" : `${shown(result.baseline)} ${result.unit}`,
    result.ratio === null ? "" : shown(result.ratio),
    result.target === null ? "" : goal(result.target),
    { true: "yes", false: "**no**", null: "" }[String(isMet(result))] ?? "",
  ]);
  const header = ["figure", "subject", "baseline", "ratio", "target", "met"];
  const widths = header.map((name, column) => Math.max(name.length, ...rows.map((row) => row[column]?.length ?? 0)));
  const line = (cells: readonly string[]) => `| ${cells.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join(" | ")} |`;
  return [line(header), line(widths.map((width) => "-".repeat(width))), ...rows.map(line)].join("\n");
}

export function markdown({ results, ...report }: Report): string {
  const baselines = results.filter((result) => result.against !== null);
  return `# Results of the benchmarks

Written by \`npm run bench\` on ${report.date}; docs/performance.md says what to make of it.

- Machine: ${report.machine}; server, baseline and client share it.
- Versions: ${report.versions}.
- Data: ${1000 * report.scale} pipelines × 8 apps × 10 releases × 2 statuses, on SQLite.
- Subject and baseline take turns, ${report.rounds} of each after three that do not count. Given are the median and, in brackets, the least
  and the most of the turns. A ratio is subject ÷ baseline of the same round.

${table(results)}

${baselines.map((result) => `- ${result.what}: against ${result.against}.`).join("\n")}
`;
}

function shown({ median, min, max }: Spread): string {
  return `${digits(median)} (${digits(min)}–${digits(max)})`;
}

function digits(value: number): string {
  if (value >= 100) return Math.round(value).toLocaleString("en");
  return value.toFixed(value >= 10 ? 1 : 2);
}

function goal(target: Target): string {
  return "most" in target ? `≤ ${target.most.toLocaleString("en")}` : `≥ ${target.least}`;
}
