import { readFileSync } from "node:fs";

/** A fenced code block, without its fence. */
export interface Block {
  readonly language: string;
  readonly text: string;
}

/** Returns the fenced code blocks of a Markdown text, in order. */
export function parseCodeBlocks(markdown: string): Block[] {
  const fences = markdown.matchAll(/^```(\w*)\n([\s\S]*?)^```$/gm);
  return [...fences].map(([, language = "", text = ""]) => ({ language, text }));
}

/** Returns the text under a heading, up to the next heading of the same or a higher level. */
export function readSection(file: string, heading: string): string {
  const text = readFileSync(file, "utf8");
  const head = new RegExp(`^(#+) ${heading}$`, "m").exec(text);
  if (head === null) throw new Error(`${file} has no heading "${heading}".`);
  const rest = text.slice(head.index + head[0].length);
  const end = rest.search(new RegExp(`^#{1,${head[1]?.length}} `, "m"));
  return end === -1 ? rest : rest.slice(0, end);
}

/** Returns the rows of the table under a heading, without its header. Cells are raw Markdown. */
export function readTable(file: string, heading: string): string[][] {
  const rows = readSection(file, heading)
    .split("\n")
    .filter((line) => line.startsWith("|"));
  return rows.slice(2).map((row) =>
    row
      .split(/(?<!\\)\|/)
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
}

/** Returns the inline code of a cell, for example `PORT` and `HOST`. */
export function inlineCode(cell: string | undefined): string[] {
  return [...(cell ?? "").matchAll(/`([^`]+)`/g)].map(([, code = ""]) => code);
}
