/*
 * Which tests run on which engine. Every test file runs on SQLite and on PostgreSQL, except for those listed here with
 * the reason.
 */

export type Engine = "SQLite" | "PostgreSQL";

/** Files that run on SQLite only, by reason. Names have no `.test.js`, and the name of a folder ends with a slash. */
const SQLITE_ONLY: readonly { readonly why: string; readonly files: readonly string[] }[] = [
  {
    why: "They test texts, types and pure functions, and store nothing.",
    files: [
      "docs/api",
      "docs/cli",
      "docs/clients",
      "cli/help",
      "cli/serve",
      "server/websocket/close-codes",
      "schema/contract",
      "deploy/manifests",
      "docs/documents",
      "async/fair-queue",
      "domain/core/values/normalize",
      "domain/gates/calendar/applicable-rules",
      "domain/gates/windows/schedule",
      "docs/github",
      "forbidden-words",
      "layers",
      "docs/operations",
      "docs/readme",
      "docs/settings",
      "docs/windows-and-freezes",
      "runtime/node-version",
      "server/execution/admission/trusted-documents",
      "server/telemetry/clients",
      "scripts/build",
      "scripts/mutation/mutants",
      "scripts/package",
      "scripts/runner",
    ],
  },
  {
    why: "They test SQLite's file, its lock and group commit, cache invalidation in a single process, and the start and stop of such a process. database/postgres/ tests the same for PostgreSQL.",
    files: [
      "examples/demo",
      "deploy/drain",
      "deploy/image",
      "database/durability",
      "database/sqlite-faults",
      "database/sqlite-file",
      "first-start",
      "server/cache/invalidation",
      "server/websocket/sigkill",
      "start-and-stop",
      "database/group-commit",
    ],
  },
  {
    why: "They test clients, which see only the API. The other tests check that the API behaves the same on both engines.",
    files: [
      ...[
        "cli/administration",
        "cli/commands",
        "cli/exit-codes",
        "cli/import",
        "cli/watch",
        "cli/login",
        "cli/terminal",
        "cli/walkthrough",
        "cli/webhooks",
      ],
      ...[
        "examples/clients",
        "examples/deployer",
        "examples/manifests",
        "examples/watch",
        "server/http/explorer",
        "integrations/platform/aka-replay",
        "web/",
        "integrations/platform/akkeris",
        "integrations/platform/heroku",
        "integrations/platform/openapi",
      ],
    ],
  },
  {
    why: "They test what happens before and after the database: headers, sockets, their memory and limits, the identity provider, roles, compiled execution and formats. Their rows are stored by code that other tests run on both engines.",
    files: [
      ...["domain/access/roles", "integrations/webhooks/formats", "integrations/webhooks/requests"],
      ...["server/auth/oidc", "server/execution/admission/rate-limit"],
      ...["server/execution/jit", "server/http/graphql-over-http", "server/http/memory", "server/http/requests"],
      ...["server/websocket/memory", "server/websocket/slow-reader", "server/websocket/sockets"],
    ],
  },
  {
    why: "They run the examples of the documents. The capabilities that these show are tested on both engines.",
    files: ["docs/gates", "docs/rollouts", "docs/webhooks"],
  },
];

/** Finds listed names without a file, for example after a rename. */
export function findUnknownNames(files: readonly string[]): string[] {
  const names = [...SQLITE_ONLY.flatMap((one) => one.files), ...SLOWEST_FILES, ...ALONE];
  return names.filter((name) => !files.some((file) => isListed(name, toName(file))));
}

/** Returns the engines for a test file, given its path under `dist/test`. */
export function findEngines(file: string): readonly Engine[] {
  // A load balancer needs several instances, which only PostgreSQL supports.
  if (/^(database[\\/]postgres[\\/]|deploy[\\/]balancer)/.test(file)) return ["PostgreSQL"];
  const name = toName(file);
  return SQLITE_ONLY.some(({ files }) => files.some((listed) => isListed(listed, name)))
    ? ["SQLite"]
    : ["SQLite", "PostgreSQL"];
}

function toName(file: string): string {
  return file.replace(/\.test\.js$/, "");
}

/** Whether an entry of a list is this file or a folder that contains it. */
function isListed(listed: string, name: string): boolean {
  return listed.endsWith("/") ? name.startsWith(listed) : name === listed;
}

/** The slowest files, slowest first. They start first, so that none runs alone at the end. */
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

/** Files that change their process (its umask, its memory, the tracing of all servers in it), or measure its memory. */
const ALONE = [
  "database/sqlite-file",
  "server/http/memory",
  "server/telemetry/secret-redaction",
  "server/telemetry/traces",
  "server/websocket/memory",
];

/** Whether a file runs in a process without other files. */
export function needsProcess(file: string): boolean {
  const name = toName(file);
  return SLOWEST_FILES.includes(name) || ALONE.includes(name);
}

/** The start order of a file: lower ranks start first. */
export function getStartRank(file: string): number {
  const rank = SLOWEST_FILES.indexOf(toName(file));
  return rank === -1 ? SLOWEST_FILES.length : rank;
}
