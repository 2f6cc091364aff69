import pc from "picocolors";
import { relativeTime, singleLine } from "./format.js";
import type { Paint } from "./paint.js";

/** The kind of output: a terminal, a pipe or JSON. */
export type Reader = "terminal" | "pipe" | "json";

/** A column of a list. A pipe prints `value`; a terminal prints `shown`, or `value` if `shown` is not defined. */
export interface Column<Row> {
  readonly title: string;
  readonly value: (row: Row) => string;
  readonly shown?: (row: Row) => string;
  /** Behaviour on a narrow terminal: never shortened, or dropped before other columns are shortened. */
  readonly narrow?: "whole" | "left out";
  /** `ids`: a terminal shows the column only with `--ids`. `pipe`: a terminal never shows it. */
  readonly only?: "ids" | "pipe";
}

/** Writes the output of commands. The layout and colours depend on the reader. */
export class Screen {
  readonly reader: Reader;
  readonly paint: Paint;
  /** Whether animations such as a spinner are allowed. */
  readonly interactive: boolean;

  readonly #ids: boolean;

  constructor(json: boolean, ids: boolean, environment: NodeJS.ProcessEnv) {
    this.#ids = ids;
    this.reader = json ? "json" : process.stdout.isTTY ? "terminal" : "pipe";
    const colour = this.reader === "terminal" && !environment.NO_COLOR && environment.TERM !== "dumb";
    this.paint = pc.createColors(colour);
    this.interactive = this.reader === "terminal" && process.stderr.isTTY === true && environment.TERM !== "dumb";
  }

  /** The number of columns of the terminal. */
  get width(): number {
    // A terminal of unknown width reports 0.
    return process.stdout.columns || 80;
  }

  /** Prints a line on stdout. Prints nothing with `--json`. */
  line(text = ""): void {
    if (this.reader !== "json") process.stdout.write(`${text}\n`);
  }

  /** Prints a line on stderr, outside the piped output. */
  note(text: string): void {
    process.stderr.write(`${text}\n`);
  }

  /** Prints JSON: one document, or one line of a stream. */
  document(value: unknown, stream = false): void {
    process.stdout.write(`${JSON.stringify(value, null, stream ? 0 : 2)}\n`);
  }

  /** Formats a time: relative on a terminal, otherwise as returned by the API. */
  time(instant: string | null): string {
    if (instant === null) return "";
    return this.reader === "terminal" ? relativeTime(instant, Date.now()) : instant;
  }

  /** Prints label-value pairs, one per line: aligned on a terminal, tab-separated in a pipe. */
  pairs(pairs: readonly (readonly [string, string])[]): void {
    const width = Math.max(...pairs.map(([label]) => label.length));
    for (const [label, value] of pairs) {
      this.line(this.reader === "terminal" ? `${this.paint.dim(label.padEnd(width))}  ${value}` : `${label}\t${value}`);
    }
  }

  /**
   * Prints a list. On a terminal: a table that fits the width, or `empty` if there are no rows. In a pipe: one line per
   * row with tab-separated columns, nothing shortened, no header.
   */
  async table<Row>(columns: readonly Column<Row>[], rows: readonly Row[], empty: string): Promise<void> {
    if (this.reader === "pipe") {
      for (const row of rows) this.line(columns.map((column) => singleLine(column.value(row))).join("\t"));
      return;
    }
    if (rows.length === 0) return this.line(this.paint.dim(empty));
    const { fitTable, grid } = await import("./grid.js");
    const renderCell = (column: Column<Row>, row: Row) => column.shown?.(row) ?? singleLine(column.value(row));
    const visible = columns.filter(({ only }) => only === undefined || (only === "ids" && this.#ids));
    const all = visible.map((column) => ({
      cells: [this.paint.bold(column.title), ...rows.map((row) => renderCell(column, row))],
      narrow: column.narrow,
    }));
    const { kept, widths } = fitTable(all, this.width);
    const lines = [undefined, ...rows].map((_, index) => kept.map(({ cells }) => cells[index] ?? ""));
    this.line(grid(lines, widths));
  }
}
