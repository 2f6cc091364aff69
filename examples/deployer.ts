/*
 * A deployer: follows the log, rolls the releases of REPORTED apps out and reports how that went. It may be killed at any
 * line and started again. Nothing is lost, because the cursor is kept only after an event has been dealt with; and what is
 * seen twice does no harm, because whether there is still something to do is asked before doing it.
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

/** Writes a file whole or not at all. */
function keep(name: string, text: string): void {
  writeFileSync(`${STATE}/${name}.new`, text);
  renameSync(`${STATE}/${name}.new`, `${STATE}/${name}`);
}

/** Asks until there is an answer; gives back its data, or null where it is a refusal. */
async function ask<T>(query: string, variables: object): Promise<T | null> {
  for (;;) {
    try {
      const headers = { authorization, "content-type": "application/json" };
      const body = JSON.stringify({ query, variables });
      const answer = await (await fetch(`${RAILYARD_URL}/graphql`, { method: "POST", headers, body })).json();
      if (!/UNAVAILABLE|INTERNAL_SERVER_ERROR/.test(answer.errors?.[0]?.extensions.code)) return answer.data;
    } catch {} // Not there at the moment.
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
}

const report = (release: string, phase: string) =>
  ask("mutation ($input: ReportDeploymentInput!) { reportDeployment(input: $input) { release { phase } } }", {
    input: { release, phase },
  });

async function handle({ cursor, releasePhase, release }: Deployable): Promise<void> {
  // Refused where the release is no longer to be deployed; otherwise the time to do so starts anew.
  if (releasePhase === "DEPLOYING" && (await report(release.id, "DEPLOYING")) !== null) {
    keep(release.app.name, `v${release.version} ${release.build.artifact}\n`); // To do it twice is to do it once.
    await report(release.id, "SUCCEEDED");
  }
  keep("cursor", cursor);
}

mkdirSync(STATE, { recursive: true });
let after = existsSync(`${STATE}/cursor`) ? readFileSync(`${STATE}/cursor`, "utf8") : null;
type Page = { events: { nodes: Deployable[] } };
const PAST = `query ($app: ID, $after: EventCursor) { events(${FILTER}) { nodes { ${EVENT} } } }`;
const begun = await ask<Page>("{ events(last: 1) { nodes { cursor } } }", {});
if (begun === null) throw new Error("RAILYARD_TOKEN is not one that may read.");
for (;;) {
  // What has happened so far: from the beginning of the log where there is no cursor yet, or where it has expired.
  const past = await ask<Page>(PAST, { app: APP, after });
  for (const event of past?.events.nodes ?? []) await handle(event);
  after = past === null ? null : (past.events.nodes.at(-1)?.cursor ?? after ?? begun.events.nodes[0]?.cursor ?? null);
  if (past?.events.nodes.length === 0) break;
}
let queue = Promise.resolve();
const shouldRetry = () => true;
const url = `${RAILYARD_URL.replace("http", "ws")}/graphql`;
const connectionParams = { authorization };
createClient({ url, webSocketImpl: WebSocket, connectionParams, retryAttempts: 1e9, shouldRetry }).subscribe<{
  events: Deployable;
}>(
  {
    query: `subscription ($app: ID, $after: EventCursor) { events(${FILTER}) { ${EVENT} } }`,
    // Read again with each connection: it goes on after what has come, not where it once began.
    variables: { app: APP, get after() { return after; } }, // biome-ignore format: one line says it
  },
  {
    next({ data }) {
      if (!data) return;
      after = data.events.cursor;
      queue = queue.then(() => handle(data.events));
    },
    // The cursor has expired, or the token: to start again is to catch up.
    error: () => process.exit(1),
    complete: () => process.exit(1),
  },
);
