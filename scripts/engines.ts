/*
 * Which tests run on which engine. Every test runs on both, SQLite and PostgreSQL, but for those that are named here, each
 * with what makes the engine of no account to it.
 */

export type Engine = "SQLite" | "PostgreSQL";

/** Names of files without `.test.js`, by why they run on SQLite only. */
const SQLITE_ONLY: readonly { readonly why: string; readonly files: readonly string[] }[] = [
  {
    why: "Texts, types and pure functions: nothing of it is stored.",
    files: [
      "docs/api",
      "docs/cli",
      "cli/help",
      "cli/serve",
      "schema/contract",
      "deploy/manifests",
      "docs/documents",
      "domain/core/normalize",
      "docs/github",
      "forbidden-words",
      "layers",
      "docs/operations",
      "docs/readme",
      "docs/settings",
      "runtime/node-version",
      "scripts/build",
      "scripts/package",
      "scripts/runner",
    ],
  },
  {
    why: "The file that SQLite keeps, the lock on it and the gate before it, answers kept in memory, which nobody but the one process on it may do; and how a process starts and ends that has one. On PostgreSQL it is postgres/ that tests these.",
    files: [
      "examples/demo",
      "deploy/drain",
      "deploy/image",
      "database/durability",
      "database/sqlite-file",
      "server/http/fast-path",
      "first-start",
      "server/cache/response-cache",
      "server/websocket/sigkill",
      "start-and-stop",
      "database/group-commit",
    ],
  },
  {
    why: "Clients that see of the service what its API says and nothing else: that the API says the same on both engines is what all others test.",
    files: [
      ...["cli/commands", "cli/exit-codes", "cli/import", "cli/watch", "cli/login", "cli/terminal", "cli/walkthrough"],
      ...["examples/deployer", "server/http/explorer", "integrations/platform/akkeris", "integrations/platform/heroku"],
    ],
  },
  {
    why: "What a process keeps in memory for sockets that nobody reads from.",
    files: ["server/websocket/slow-reader"],
  },
];

/** The names in the lists of this page that are no file's: what they say is then not so any more. */
export function findUnknownNames(files: readonly string[]): string[] {
  const names = [...SQLITE_ONLY.flatMap((one) => one.files), ...SLOWEST_FILES];
  return names.filter((name) => !files.includes(`${name}.test.js`));
}

/** The engines that a file of tests runs on, given by its name under `dist/test`. */
export function findEngines(file: string): readonly Engine[] {
  // A load balancer needs several instances, and only PostgreSQL serves several.
  if (/^(database[\\/]postgres[\\/]|deploy[\\/]balancer)/.test(file)) return ["PostgreSQL"];
  const name = file.replace(/\.test\.js$/, "");
  return SQLITE_ONLY.some(({ files }) => files.includes(name)) ? ["SQLite"] : ["SQLite", "PostgreSQL"];
}

/** Those that take longest, from the longest on: begun first, so that none is left over at the end. */
const SLOWEST_FILES = [
  ...[
    "deploy/image",
    "scripts/package",
    "integrations/platform/heroku",
    "server/websocket/slow-reader",
    "start-and-stop",
    "server/websocket/sigkill",
    "examples/demo",
    "server/execution/fuzz",
    "resolvers/pagination",
    "domain/model.property",
  ],
  ...[
    "server/cache/response-cache",
    "events/feed.property",
    "database/durability",
    "examples/deployer",
    "cli/commands",
    "server/http/explorer",
    "integrations/github/reports",
  ],
];

/** How early a file is to begin: the least first. */
export function getStartRank(file: string): number {
  const rank = SLOWEST_FILES.indexOf(file.replace(/\.test\.js$/, ""));
  return rank === -1 ? SLOWEST_FILES.length : rank;
}
