/*
 * A deployer: follows the event log, deploys the releases of REPORTED apps and reports the results. It can be killed at any
 * line and started again. Nothing is lost, because it stores the cursor after it has processed an event. Processing an event
 * twice is harmless, because it first asks whether the release is still deploying.
 *
 *   RAILYARD_URL=http://127.0.0.1:4000 RAILYARD_TOKEN=… STATE=./state [APP=myapp] node dist/examples/deployer.js
 */
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { createClient } from "graphql-ws";
import { WebSocket } from "ws";

const { RAILYARD_URL = "http://127.0.0.1:4000", RAILYARD_TOKEN = "", STATE = "./state", APP = null } = process.env;
const authorization = `Bearer ${RAILYARD_TOKEN}`;
const EVENT = "cursor ... on ReleaseEvent { releasePhase release { id version app { name } build { artifact } } }";
const FILTER = "app: $app, types: [RELEASE_CREATED, RELEASE_PHASE_CHANGED], after: $after";

interface Deployable {
  readonly cursor: string;
  readonly releasePhase: string;
  readonly release: { id: string; version: number; app: { name: string }; build: { artifact: string } };
}

const MAX_RETRY_WAIT_MS = 3_000;

/** Waits before a retry: longer each time, with jitter, so that clients do not come back all at once. */
const retryWait = (retries: number) =>
  new Promise<void>((resolve) => {
    setTimeout(resolve, Math.min(250 * 2 ** retries, MAX_RETRY_WAIT_MS) * (0.5 + Math.random() / 2));
  });

/** Writes a file atomically. */
function writeState(name: string, text: string): void {
  writeFileSync(`${STATE}/${name}.new`, text);
  renameSync(`${STATE}/${name}.new`, `${STATE}/${name}`);
}

/** Retries until there is a response. Returns its data, or null if the operation was refused. */
async function request<T>(query: string, variables: object): Promise<T | null> {
  for (let retries = 0; ; retries++) {
    try {
      const headers = { authorization, "content-type": "application/json" };
      const body = JSON.stringify({ query, variables });
      const response = await (await fetch(`${RAILYARD_URL}/graphql`, { method: "POST", headers, body })).json();
      if (!/UNAVAILABLE|INTERNAL_SERVER_ERROR/.test(response.errors?.[0]?.extensions.code)) return response.data;
    } catch {} // Not reachable now.
    await retryWait(retries);
  }
}

const report = (release: string, phase: string) =>
  request("mutation ($input: ReportDeploymentInput!) { reportDeployment(input: $input) { release { phase } } }", {
    input: { release, phase },
  });

async function handle({ cursor, releasePhase, release }: Deployable): Promise<void> {
  // Refused if the release is no longer deploying. Otherwise this restarts the deployment timeout.
  if (releasePhase === "DEPLOYING" && (await report(release.id, "DEPLOYING")) !== null) {
    writeState(release.app.name, `v${release.version} ${release.build.artifact}\n`); // Idempotent.
    await report(release.id, "SUCCEEDED");
  }
  writeState("cursor", cursor);
}

mkdirSync(STATE, { recursive: true });
let after = existsSync(`${STATE}/cursor`) ? readFileSync(`${STATE}/cursor`, "utf8") : null;
type Page = { events: { nodes: Deployable[] } };
const PAST = `query ($app: ID, $after: EventCursor) { events(${FILTER}) { nodes { ${EVENT} } } }`;
const newest = await request<Page>("{ events(last: 1) { nodes { cursor } } }", {});
if (newest === null) throw new Error("RAILYARD_TOKEN must be a valid token.");
for (;;) {
  // Past events: from the start of the log if there is no cursor yet, or if it has expired.
  const past = await request<Page>(PAST, { app: APP, after });
  for (const event of past?.events.nodes ?? []) await handle(event);
  after = past === null ? null : (past.events.nodes.at(-1)?.cursor ?? after ?? newest.events.nodes[0]?.cursor ?? null);
  if (past?.events.nodes.length === 0) break;
}
let queue = Promise.resolve();
const shouldRetry = () => true;
const url = `${RAILYARD_URL.replace("http", "ws")}/graphql`;
const connectionParams = { authorization };
createClient({
  url,
  webSocketImpl: WebSocket,
  connectionParams,
  retryAttempts: 1e9,
  retryWait,
  shouldRetry,
}).subscribe<{
  events: Deployable;
}>(
  {
    query: `subscription ($app: ID, $after: EventCursor) { events(${FILTER}) { ${EVENT} } }`,
    // Read again for each connection, so that it continues after the last event.
    variables: { app: APP, get after() { return after; } }, // biome-ignore format: one line says it
  },
  {
    next({ data }) {
      if (!data) return;
      after = data.events.cursor;
      queue = queue.then(() => handle(data.events));
    },
    // The cursor or the token has expired. A restart catches up.
    error: () => process.exit(1),
    complete: () => process.exit(1),
  },
);
