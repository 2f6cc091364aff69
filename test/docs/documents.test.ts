import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, it } from "node:test";
import { REFUSALS } from "../../src/domain/core/refusal.js";
import { BlockerCode } from "../../src/entities/core/enums.js";
import { inlineCode, readSection, readTable } from "../support/documents/markdown.js";

const DOCUMENTS = [
  "README.md",
  "CONTRIBUTING.md",
  "CHANGELOG.md",
  "SECURITY.md",
  ...readdirSync("docs")
    .filter((name) => name.endsWith(".md"))
    .map((name) => `docs/${name}`),
];

const manifest = JSON.parse(readFileSync("package.json", "utf8"));

/** The anchors of a document's headings. */
function getAnchors(file: string): string[] {
  const headings = readFileSync(file, "utf8").matchAll(/^#+ (.+)$/gm);
  return [...headings].map(([, title = ""]) =>
    title
      .toLowerCase()
      .replace(/[^\w -]/g, "")
      .replaceAll(" ", "-"),
  );
}

describe("the documents", () => {
  it("link only to existing files and headings", () => {
    const links = DOCUMENTS.flatMap((file) =>
      [...readFileSync(file, "utf8").matchAll(/\]\((?!https?:)([^)#]*)(?:#([^)]*))?\)/g)].map(([, path, anchor]) => ({
        file,
        target: path === "" || path === undefined ? file : join(dirname(file), path),
        anchor,
      })),
    );
    assert.ok(links.length > 3, "the links were found");
    const broken = links.filter(
      ({ target, anchor }) => !existsSync(target) || (anchor !== undefined && !getAnchors(target).includes(anchor)),
    );
    assert.deepEqual(broken, []);
  });

  it("name only files and folders that exist", () => {
    const roots = /^(?:src|test|docs|bench|deploy|examples|scripts)\//;
    const layers = /^(?:domain|database|events|resolvers|schema|server)\//;
    const paths = DOCUMENTS.flatMap((file) =>
      inlineCode(readFileSync(file, "utf8").replace(/^```[\s\S]*?^```$/gm, ""))
        .filter((code) => /^[\w./-]+$/.test(code) && (roots.test(code) || layers.test(code)))
        .map((code) => ({ file, path: roots.test(code) ? code : `src/${code}` })),
    );
    assert.ok(paths.length > 40, "the paths were found");
    assert.deepEqual(
      paths.filter(({ path }) => !existsSync(path)),
      [],
    );
  });

  it("name only scripts of package.json", () => {
    const named = DOCUMENTS.flatMap((file) => [
      ...readFileSync(file, "utf8").matchAll(/\bnpm (?:run ([a-z:]+)|(start|test))/g),
    ]);
    const commands = new Set(named.map(([, script, short]) => script ?? short ?? ""));
    assert.ok(commands.size > 4, "the commands were found");
    const unknown = [...commands].filter((command) => manifest.scripts[command] === undefined);
    assert.deepEqual(unknown, []);
  });

  it("give the reason for each dependency, override and install script, and for no other", () => {
    const heading = "Why each dependency is there";
    const listed = readTable("CONTRIBUTING.md", heading).map(([name]) => inlineCode(name)[0]);
    const installed = { ...manifest.dependencies, ...manifest.optionalDependencies };
    assert.deepEqual(listed, Object.keys(installed).sort());
    const named = inlineCode(readSection("CONTRIBUTING.md", heading));
    const owed = [...Object.keys(manifest.overrides), ...Object.keys(manifest.allowScripts)];
    assert.deepEqual(
      owed.filter((name) => !named.includes(name)),
      [],
    );
  });

  it("list vulnerabilities for the pinned versions of dependencies", () => {
    const { packages } = JSON.parse(readFileSync("package-lock.json", "utf8")) as {
      packages: Record<string, { version: string; dev?: boolean }>;
    };
    const rows = readTable("SECURITY.md", "Known vulnerabilities of dependencies");
    assert.ok(rows.length >= 9, "the table was found");
    for (const [name, written] of rows) {
      const pinned = Object.entries(packages)
        .filter(([path, { dev }]) => path.endsWith(`node_modules/${inlineCode(name)[0]}`) && dev !== true)
        .map(([, { version }]) => version);
      assert.deepEqual(written?.split(", "), [...new Set(pinned)].sort(), name);
    }
  });

  it("describe every blocker, and no unknown code", () => {
    const rules = readFileSync("docs/rules.md", "utf8");
    const blockers = readTable("docs/rules.md", "Promotions").map(([code]) => inlineCode(code)[0]);
    assert.deepEqual(
      blockers.filter((code) => code !== undefined && code in BlockerCode),
      Object.keys(BlockerCode),
    );
    const errors = [...rules.matchAll(/\| `([A-Z_]+)`(?:, [^|]+)? \|$/gm)].map(([, code = ""]) => code);
    assert.ok(errors.length > 20, "the errors were found");
    assert.deepEqual(
      errors.filter((code) => !(code in REFUSALS)),
      [],
    );
  });
});
