import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize, relative } from "node:path";
import { describe, it } from "node:test";

/** The folders that each folder may import from, besides itself. No import goes upwards. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  runtime: [],
  async: [],
  entities: [],
  database: ["runtime", "async", "entities"],
  events: ["async", "entities", "database"],
  domain: ["async", "entities", "database", "events"],
  schema: ["async", "entities", "database", "events", "domain"],
  resolvers: ["async", "entities", "database", "events", "domain", "schema"],
  integrations: ["async", "entities", "database", "events", "domain"],
  server: ["async", "entities", "database", "events", "domain", "schema", "integrations"],
  cli: ["runtime"],
  root: [
    "runtime",
    "async",
    "entities",
    "database",
    "events",
    "domain",
    "schema",
    "resolvers",
    "integrations",
    "server",
  ],
};

/** The folders of src/server that each of them may import from, besides itself. Files of src/server itself may import all. */
const SERVER_MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  telemetry: [],
  cache: ["telemetry"],
  auth: ["telemetry"],
  execution: ["telemetry"],
  http: ["telemetry", "cache", "auth", "execution"],
  websocket: ["telemetry", "auth", "execution"],
};

/** Files with additional permissions. */
const EXCEPTIONS: Readonly<Record<string, readonly string[]>> = {
  // The place where the schema is built from its resolvers.
  "src/schema/build.ts": ["resolvers"],
  // The first start stores a login for the CLI, in the file that `login` writes.
  "src/serve.ts": ["cli"],
  // `railyard serve` loads the service, only when it is called.
  "src/cli/commands/serve.ts": ["root"],
};

/** Packages that these folders must not use: they are independent of how requests arrive. */
const FORBIDDEN_PACKAGES: Readonly<Record<string, RegExp>> = {
  domain: /^(graphql|type-graphql|@apollo|fastify|@fastify|ws$|graphql-ws)/,
  events: /^(graphql|type-graphql|@apollo|fastify|@fastify|ws$|graphql-ws)/,
  database: /^(graphql|type-graphql|@apollo|fastify|@fastify|ws$|graphql-ws)/,
};

interface Import {
  readonly file: string;
  readonly folder: string;
  readonly target: string;
}

function getImports(file: string): Import[] {
  const text = readFileSync(file, "utf8");
  const targets = [...text.matchAll(/(?:from|import)\s*\(?\s*"([^"]+)"/g)].map((match) => match[1] as string);
  return targets.map((target) => ({ file, folder: getFolder(file), target }));
}

function getFolder(file: string): string {
  const [, folder, ...rest] = normalize(file).split("/");
  return rest.length === 0 ? "root" : (folder as string);
}

/** The folder of a file below src/server; null for files of src/server itself, and elsewhere. */
function getServerFolder(file: string): string | null {
  const [, layer, folder, ...rest] = normalize(file).split("/");
  return layer === "server" && rest.length > 0 ? (folder as string) : null;
}

const imports = readdirSync("src", { recursive: true, encoding: "utf8" })
  .filter((file) => file.endsWith(".ts"))
  .flatMap((file) => getImports(join("src", file)));

/** Migrations are a sequence: each is one file, numbered. */
const LONG_FOLDERS = ["database/migrations/postgres", "database/migrations/sqlite"];
const MAX_FILES = 12;

describe("the layers", () => {
  it("have folders of at most a dozen files", () => {
    const sizes = new Map<string, number>();
    for (const entry of readdirSync("src", { recursive: true, withFileTypes: true })) {
      const folder = relative("src", entry.parentPath);
      if (entry.isFile()) sizes.set(folder, (sizes.get(folder) ?? 0) + 1);
    }
    const long = [...sizes].filter(([folder, files]) => files > MAX_FILES && !LONG_FOLDERS.includes(folder));
    assert.deepEqual(long, []);
    assert.ok(sizes.size > 40, "the folders were found");
  });

  it("import in one direction only", () => {
    const wrong = imports
      .filter(({ target }) => target.startsWith("."))
      .filter(({ file, folder, target }) => {
        const other = getFolder(join(dirname(file), target));
        const allowed = [folder, ...(MAY_IMPORT[folder] ?? []), ...(EXCEPTIONS[normalize(file)] ?? [])];
        return !allowed.includes(other);
      });
    assert.deepEqual(wrong, []);
    assert.ok(imports.length > 100, "the import lines were found");
  });

  it("import in one direction only between the folders of the server", () => {
    const wrong = imports.filter(({ file, target }) => {
      const from = getServerFolder(file);
      const to = target.startsWith(".") ? getServerFolder(join(dirname(file), target)) : null;
      return from !== null && to !== null && to !== from && !SERVER_MAY_IMPORT[from]?.includes(to);
    });
    assert.deepEqual(wrong, []);
    assert.deepEqual(
      new Set(imports.flatMap(({ file }) => getServerFolder(file) ?? [])),
      new Set(Object.keys(SERVER_MAY_IMPORT)),
      "every folder of the server has its directions",
    );
  });

  it("have no circles of imports, not even of types", () => {
    const targets = new Map<string, string[]>();
    for (const { file, target } of imports) {
      if (!target.startsWith(".")) continue;
      const path = join(dirname(file), target.replace(/\.js$/, ".ts"));
      targets.set(file, [...(targets.get(file) ?? []), path]);
    }
    const circles: string[] = [];
    const done = new Set<string>();
    const visit = (file: string, path: readonly string[]) => {
      if (path.includes(file)) circles.push([...path.slice(path.indexOf(file)), file].join(" → "));
      else if (!done.has(file)) {
        for (const target of targets.get(file) ?? []) visit(target, [...path, file]);
        done.add(file);
      }
    };
    for (const file of targets.keys()) visit(file, []);
    assert.deepEqual(circles, []);
    assert.ok(targets.size > 400, "the files were found");
  });

  it("keep GraphQL, HTTP and WebSockets out of the domain, the log and the database", () => {
    const wrong = imports.filter(({ folder, target }) => FORBIDDEN_PACKAGES[folder]?.test(target));
    assert.deepEqual(wrong, []);
  });
});
