import Table from "cli-table3";

/** Number of spaces between columns. */
const COLUMN_GAP = 2;
/** Minimum width of a shortened column. */
const MIN_COLUMN_WIDTH = 6;

const BARE = Object.fromEntries(
  ["top", "bottom", "mid", "left", "right", "middle"].flatMap((side) =>
    [side, `${side}-mid`, `${side}-left`, `${side}-right`].map((name) => [name, ""]),
  ),
);

/** Lays out cells in columns of the given widths and shortens longer cells. A cell may contain several lines and colours. */
export function grid(rows: readonly (readonly string[])[], widths: readonly number[]): string {
  const table = new Table({
    chars: { ...BARE, middle: " ".repeat(COLUMN_GAP) },
    style: { "padding-left": 0, "padding-right": 0, head: [], border: [], compact: true },
    colWidths: [...widths],
  });
  table.push(...rows.map((row) => [...row]));
  const lines = table.toString().split("\n");
  return lines.map((line) => line.trimEnd()).join("\n");
}

/** A column to fit: its cells and its behaviour on a narrow terminal. */
export interface FittableColumn {
  readonly cells: readonly string[];
  readonly narrow?: "whole" | "left out" | undefined;
}

/** Fits columns to the width: first drops optional columns, starting with the last, then shortens the widest ones. */
export function fitTable<Column extends FittableColumn>(
  columns: readonly Column[],
  width: number,
): { kept: Column[]; widths: number[] } {
  const kept = [...columns];
  const excess = () => kept.reduce((sum, column) => sum + naturalWidth(column) + COLUMN_GAP, -COLUMN_GAP) - width;
  while (excess() > 0) {
    const last = kept.findLastIndex((column) => column.narrow === "left out");
    if (last === -1) break;
    kept.splice(last, 1);
  }
  const widths = kept.map(naturalWidth);
  for (let over = excess(); over > 0; over--) {
    const widest = Math.max(...widths.filter((_, index) => kept[index]?.narrow !== "whole"));
    if (widest <= MIN_COLUMN_WIDTH) break;
    const index = widths.findIndex((one, at) => one === widest && kept[at]?.narrow !== "whole");
    widths[index] = widest - 1;
  }
  return { kept, widths };
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences start with one.
const COLOUR = /\u001b\[[\d;]*m/g;

function naturalWidth({ cells }: FittableColumn): number {
  const lines = cells.flatMap((cell) => cell.replace(COLOUR, "").split("\n"));
  return Math.max(1, ...lines.map((line) => [...line].length));
}
