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

// biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences start with one.
const COLOUR = /\u001b\[[\d;]*m/g;
// biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences start with one.
const COLOUR_PARTS = /(\u001b\[[\d;]*m)/;

/**
 * Lays out cells in columns of the given widths and shortens longer lines in the middle. A cell may contain several
 * lines and colours.
 */
export function grid(rows: readonly (readonly string[])[], widths: readonly number[]): string {
  const table = new Table({
    chars: { ...BARE, middle: " ".repeat(COLUMN_GAP) },
    style: { "padding-left": 0, "padding-right": 0, head: [], border: [], compact: true },
    colWidths: [...widths],
  });
  table.push(...rows.map((row) => row.map((cell, index) => shortenLines(cell, widths[index] ?? 1))));
  const lines = table.toString().split("\n");
  return lines.map((line) => line.trimEnd()).join("\n");
}

function shortenLines(cell: string, width: number): string {
  return cell
    .split("\n")
    .map((line) => shorten(line, width))
    .join("\n");
}

/** Shortens a line in the middle with `…`, because names often differ only at the start or the end. Keeps colours. */
function shorten(line: string, width: number): string {
  const parts = line.split(COLOUR_PARTS);
  const length = parts.reduce((sum, part, index) => sum + (index % 2 === 0 ? [...part].length : 0), 0);
  if (length <= width) return line;
  const head = Math.ceil((width - 1) / 2);
  const tail = length - Math.floor((width - 1) / 2);
  let position = 0;
  const keep = (character: string) => {
    const index = position++;
    if (index === head) return "…";
    return index < head || index >= tail ? character : "";
  };
  return parts.map((part, index) => (index % 2 === 0 ? [...part].map(keep).join("") : part)).join("");
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

function naturalWidth({ cells }: FittableColumn): number {
  const lines = cells.flatMap((cell) => cell.replace(COLOUR, "").split("\n"));
  return Math.max(1, ...lines.map((line) => [...line].length));
}
