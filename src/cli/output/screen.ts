import pc from "picocolors";
import { relativeTime, singleLine } from "./format.js";

export type Paint = ReturnType<typeof pc.createColors>;

/** Who reads the output: a person at a terminal, whatever a pipe leads to, or a program that asked for JSON. */
export type Reader = "terminal" | "pipe" | "json";

/** A column of a list. A pipe gets `value` as it is; a terminal gets `shown`, or else the value. */
export interface Column<Row> {
  readonly title: string;
  readonly value: (row: Row) => string;
  readonly shown?: (row: Row) => string;
  /** Where a terminal is narrow: never cut (an id is there to be copied), or left out before others are cut. */
  readonly narrow?: "whole" | "left out";
}

/** Where a command writes to, and the only place that does. Columns and colours depend on who reads. */
export class Screen {
  readonly reader: Reader;
  readonly paint: Paint;
  /** Whether something may move: a spinner is for a person who watches. */
  readonly interactive: boolean;

  constructor(json: boolean, environment: NodeJS.ProcessEnv) {
    this.reader = json ? "json" : process.stdout.isTTY ? "terminal" : "pipe";
    const colour = this.reader === "terminal" && !environment.NO_COLOR && environment.TERM !== "dumb";
    this.paint = pc.createColors(colour);
    this.interactive = this.reader === "terminal" && process.stderr.isTTY === true && environment.TERM !== "dumb";
  }

  /** How many columns the terminal has. */
  get width(): number {
    // A terminal that does not know its width says 0.
    return process.stdout.columns || 80;
  }

  /** A line for the reader; nothing where that is a program that asked for JSON. */
  line(text = ""): void {
    if (this.reader !== "json") process.stdout.write(`${text}\n`);
  }

  /** A line beside the output: on stderr, so that what is piped on stays what it is. */
  note(text: string): void {
    process.stderr.write(`${text}\n`);
  }

  /** The one document of `--json`, or, for a stream, one of many: an object a line. */
  document(value: unknown, stream = false): void {
    process.stdout.write(`${JSON.stringify(value, null, stream ? 0 : 2)}\n`);
  }

  /** A time: for a person how long ago, else as the API tells it. */
  time(instant: string | null): string {
    if (instant === null) return "";
    return this.reader === "terminal" ? relativeTime(instant, Date.now()) : instant;
  }

  /** Pairs, one a line: aligned on a terminal, parted by a tab in a pipe. */
  pairs(pairs: readonly (readonly [string, string])[]): void {
    const width = Math.max(...pairs.map(([label]) => label.length));
    for (const [label, value] of pairs) {
      this.line(this.reader === "terminal" ? `${this.paint.dim(label.padEnd(width))}  ${value}` : `${label}\t${value}`);
    }
  }

  /**
   * A list: on a terminal a table that fits its width, and `empty` where there is nothing; in a pipe a line a row,
   * columns parted by tabs, nothing shortened, no header.
   */
  async table<Row>(columns: readonly Column<Row>[], rows: readonly Row[], empty: string): Promise<void> {
    if (this.reader === "pipe") {
      for (const row of rows) this.line(columns.map((column) => singleLine(column.value(row))).join("\t"));
      return;
    }
    if (rows.length === 0) return this.line(this.paint.dim(empty));
    const { fitTable, grid } = await import("./grid.js");
    const cellOf = (column: Column<Row>, row: Row) => column.shown?.(row) ?? singleLine(column.value(row));
    const all = columns.map((column) => ({
      cells: [this.paint.bold(column.title), ...rows.map((row) => cellOf(column, row))],
      narrow: column.narrow,
    }));
    const { kept, widths } = fitTable(all, this.width);
    const lines = [undefined, ...rows].map((_, index) => kept.map(({ cells }) => cells[index] ?? ""));
    this.line(grid(lines, widths));
  }
}
