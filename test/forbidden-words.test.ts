import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { sep } from "node:path";
import { describe, it } from "node:test";

/*
 * Keeps sources and documents in plain technical English: phrases that make a text hard to read or to search for do not
 * come back. Matching ignores case, and spans line breaks and the comment markers after them.
 */

const FORBIDDEN_PHRASES: readonly RegExp[] = [
  /\b(?:who|what)ever\b/,
  /\b(?:no|some)body\b/,
  /\btells of\b/,
  /\banew\b/,
  /\bis to be\b/,
  /\bso many\b/,
  /\bbe it\b/,
  /\bgoes by\b/,
  /\bsuch a one\b/,
  /\bin hand\b/,
  /\bof its own\b/,
  // "no more than 100" states a limit.
  /\bno more\b(?! than\b)/,
  /\bby turns\b/,
  // Former private names.
  /\bkept answers?\b/,
  /\blanes?\b/,
  /\bovertaken\b/,
];

const SEARCHED = ["README.md", "SECURITY.md", "CONTRIBUTING.md", "docs", "examples", "src"];

/** Files that are not rewritten yet. The list can only shrink: a listed file without a forbidden phrase fails the test. */
const ALLOWED = new Set<string>([]);

interface Match {
  readonly line: number;
  readonly phrase: string;
}

/** Finds the forbidden phrases of a text, ordered by line. */
function findForbidden(text: string): Match[] {
  // Every comment marker is replaced by as many spaces, so that indexes stay the same.
  const plain = text.replace(/\n[ \t]*(?:\*|\/\/|--|#+|>)[ \t]/g, (marker) => `\n${" ".repeat(marker.length - 1)}`);
  return FORBIDDEN_PHRASES.flatMap((phrase) => {
    const pattern = new RegExp(phrase.source.replaceAll(" ", "\\s+"), "gi");
    return [...plain.matchAll(pattern)].map((match) => ({
      line: plain.slice(0, match.index).split("\n").length,
      phrase: match[0].replace(/\s+/g, " "),
    }));
  }).sort((a, b) => a.line - b.line);
}

function listFiles(): string[] {
  const files = SEARCHED.flatMap((path) => {
    if (path.endsWith(".md")) return [path];
    const entries = readdirSync(path, { recursive: true, encoding: "utf8" });
    return entries.map((entry) => `${path}/${entry.replaceAll(sep, "/")}`);
  });
  return files.filter((file) => /\.(?:ts|graphql|md|html|css|sql)$/.test(file) && !file.includes("node_modules"));
}

describe("the wording of sources and documents", () => {
  const matches = new Map(listFiles().map((file) => [file, findForbidden(readFileSync(file, "utf8"))]));

  it("contains no forbidden phrase", () => {
    assert.ok(matches.has("src/schema/schema.graphql") && matches.has("README.md"), "the files were found");
    const found = [...matches].filter(([file]) => !ALLOWED.has(file));
    const lines = found.flatMap(([file, all]) => all.map(({ line, phrase }) => `${file}:${line}: ${phrase}`));
    assert.ok(lines.length === 0, `Rewrite these phrases:\n${lines.join("\n")}`);
  });

  it("has no exception that is not needed", () => {
    const needless = [...ALLOWED].filter((file) => (matches.get(file) ?? []).length === 0);
    assert.deepEqual(needless, []);
  });

  it("is searched across line breaks and comment markers, in any case", () => {
    const text =
      "/**\n * Whoever asks. A file of\n * its own.\n */\n// No\n// more.\n-- No more than 100, planes, nobodyId\n";
    assert.deepEqual(findForbidden(text), [
      { line: 2, phrase: "Whoever" },
      { line: 2, phrase: "of its own" },
      { line: 5, phrase: "No more" },
    ]);
  });
});
