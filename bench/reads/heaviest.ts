import { getIntrospectionQuery } from "graphql";
import { Connection, request } from "../support/client.js";
import { addHeavyData, WIDE } from "../support/data/heavy.js";
import { pipelineName } from "../support/data/sizes.js";
import { type BenchmarkOptions, createResult, type Result } from "../support/figures.js";
import { Server } from "../support/processes.js";

/** Pipelines with eight apps and ten releases each, besides the wide one. */
const PIPELINES = 100;
/** Number of root fields: the default maximum of an operation. */
const ROOT_FIELDS = 30;
/** Number of queries in the report, most expensive first. */
const MAX_REPORTED = 12;
/** Maximum processor time of the heaviest query, in milliseconds. */
const LIMIT_MS = 500;

const repeat = (field: string, times = ROOT_FIELDS) =>
  `{ ${Array.from({ length: times }, (_, index) => `f${index}: ${field}`).join("\n")} }`;

/** Goes back and forth between a pipeline and its apps, as often as the rows allow. */
function nest(times: number, fields: string): string {
  return times === 0 ? `{ ${fields} }` : `{ couplings { pipeline ${nest(times - 1, fields)} } }`;
}

const COUPLING = "id stage autoDeploy requiredChecks createdAt updatedAt";
const APP = "id name description region deploymentMode createdAt updatedAt";
const BLOCKERS = "blockers { code message overridable remedies clearsAt app { name } cause { id } }";
const PLAN = `promotionPlan(input: { pipeline: "${WIDE}", stage: DEVELOPMENT })`;
const GATE = "gate { open nextOpensAt nextClosesAt }";
const NARROW = `pipeline(pipeline: "${pipelineName(0)}")`;

/** Queries that are as heavy as the limits allow, or that end at a limit. */
const QUERIES: Readonly<Record<string, string>> = {
  "lists back and forth": `{ ${NARROW} ${nest(3, `couplings { ${COUPLING} app { ${APP} } }`)} }`,
  "lists back and forth, narrow": `{ ${NARROW} ${nest(3, "couplings { id }")} }`,
  "lists back and forth, beyond the limit": `{ pipeline(pipeline: "${WIDE}") ${nest(3, `couplings { ${COUPLING} }`)} }`,
  "apps of all pipelines": `{ pipelines(first: 100) { nodes { couplings { ${COUPLING} app { ${APP} currentRelease { id version } } } } } }`,
  "releases of all apps": `{ pipelines(first: 100) { nodes { couplings { app { releases(first: 9) { nodes { id version phase build { id } statuses { context } } } } } } } }`,
  "one plan": repeat(`${PLAN} { promotable clearsAt }`, 1),
  "one plan with its blockers": repeat(`${PLAN} { promotable targets { app { name } ${BLOCKERS} } }`, 1),
  "many plans": repeat(`${PLAN} { promotable }`),
  "gates of 500 apps": repeat(`pipeline(pipeline: "${WIDE}") { couplings { ${GATE} } }`, 1),
  "gates of 500 apps, many times": repeat(`pipeline(pipeline: "${WIDE}") { couplings { ${GATE} } }`),
  "gates of stages, many times": repeat(`pipeline(pipeline: "${WIDE}") { stages { ${GATE} } }`),
  "gates with their blockers": repeat(`pipeline(pipeline: "${WIDE}") { stages { gate { ${BLOCKERS} } } }`),
  "what awaits approval": repeat("awaitingMyApproval(first: 100) { totalCount nodes { id } }"),
  "waiting promotions": repeat(
    `promotions(phase: WAITING, first: 100) { nodes { ${BLOCKERS} clearsAt approvalProgress { given met viewerMayVote missing { role } } waves { number startsAt } } }`,
    3,
  ),
  "events with everything": repeat(
    "events(last: 100) { nodes { id cursor type occurredAt actor { name } pipeline { id name } } }",
  ),
  "builds with long messages": repeat("builds(first: 100) { nodes { id commit { message } } }"),
  "builds with their automatic deploys": repeat("builds(first: 100) { nodes { autoDeploys { outcome message } } }"),
  search: repeat(`apps(nameContains: "e", first: 100) { totalCount nodes { id name } }`),
  "search that finds nothing": repeat(`apps(nameContains: "zzz", first: 100) { totalCount nodes { id name } }`),
  "available checks": `{ pipelines(first: 100) { nodes { availableChecks { context name lastReportedAt } } } }`,
  "occurrences of windows": repeat(
    "deploymentWindows(first: 100) { nodes { active nextChangeAt occurrences(first: 100) { startsAt endsAt } } }",
  ),
  introspection: getIntrospectionQuery(),
  "introspection, many times": repeat(
    "__schema { types { name fields { name args { name type { name } } type { name ofType { name } } } } }",
  ),
};

/** Processor time of the heaviest queries, as an administrator. Some are refused: that must not take long either. */
export async function measure({ databases, rounds }: BenchmarkOptions): Promise<readonly Result[]> {
  const [server] = await Server.launch(await databases.createSqlite(PIPELINES));
  const connection = new Connection(server.port);
  try {
    await addHeavyData(connection, PIPELINES);
    const results: Result[] = [];
    for (const [name, query] of Object.entries(QUERIES)) {
      const times: number[] = [];
      let outcome = "";
      // The first time is measured too: a client sends its heaviest query once.
      for (let round = 0; round < rounds; round += 1) {
        const before = await server.usage();
        outcome = await send(connection, query);
        times.push(((await server.usage()).cpu - before.cpu) / 1000);
      }
      results.push(createResult(`${name} (${outcome})`, "ms CPU", times, null));
    }
    results.sort((a, b) => b.subject.median - a.subject.median);
    const [heaviest] = results;
    if (heaviest === undefined) throw new Error("No query was measured.");
    const { median, min, max } = heaviest.subject;
    const worst = createResult(`heaviest query: ${heaviest.name}`, "ms CPU", [min, median, max], { max: LIMIT_MS });
    return [worst, ...results.slice(0, MAX_REPORTED)];
  } finally {
    connection.close();
    await server.stop();
  }
}

let sent = 0;

/** Sends a query that the service finds in no cache. Returns the size of the response, or why it was refused. */
async function send(connection: Connection, query: string): Promise<string> {
  sent += 1;
  try {
    const response = await connection.send(request(`${query}#${sent}`, {}));
    const { errors } = JSON.parse(response.toString());
    return errors === undefined ? `${Math.round(response.length / 1000)} kB` : errors[0].message;
  } catch (error) {
    const body = /\{"errors":.*\}/s.exec(String(error))?.[0];
    if (body === undefined) throw error;
    return JSON.parse(body).errors[0].extensions.code;
  }
}
