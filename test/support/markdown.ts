import { readFileSync } from "node:fs";

/** A fenced block of a document, without its fence. */
export interface Block {
  readonly language: string;
  readonly text: string;
}

/** The fenced blocks of a Markdown text, in order. */
export function parseCodeBlocks(markdown: string): Block[] {
  const fences = markdown.matchAll(/^```(\w*)\n([\s\S]*?)^```$/gm);
  return [...fences].map(([, language = "", text = ""]) => ({ language, text }));
}

/** What stands under a heading, until the next one of the same rank or a higher one. */
export function readSection(file: string, heading: string): string {
  const text = readFileSync(file, "utf8");
  const head = new RegExp(`^(#+) ${heading}$`, "m").exec(text);
  if (head === null) throw new Error(`${file} has no heading "${heading}".`);
  const rest = text.slice(head.index + head[0].length);
  const end = rest.search(new RegExp(`^#{1,${head[1]?.length}} `, "m"));
  return end === -1 ? rest : rest.slice(0, end);
}

/** The rows of the table under a heading, without its head: cells as they are written. */
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

/** What a cell names in code, for example `PORT` and `HOST`. */
export function inlineCode(cell: string | undefined): string[] {
  return [...(cell ?? "").matchAll(/`([^`]+)`/g)].map(([, code = ""]) => code);
}
