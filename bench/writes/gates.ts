import { BOARD, BOARD_WITH_GATES } from "../support/board.js";
import { Connection, request } from "../support/client.js";
import { addWaiting } from "../support/data/add-waiting.js";
import { pipelineName } from "../support/data/sizes.js";
import { type BenchmarkOptions, createComparison, interleave, percentile, type Result } from "../support/figures.js";
import { Server } from "../support/processes.js";

/** Requests per round. */
const ITERATIONS = 200;
/** Number of promotions that wait in other pipelines while a status is reported. */
const WAITING_ELSEWHERE = 10_000;

const CREATE_WINDOW = `mutation ($input: CreateDeploymentWindowInput!) { createDeploymentWindow(input: $input) { window { id } } }`;
const START_FREEZE = "mutation ($input: StartFreezeInput!) { startFreeze(input: $input) { freeze { id } } }";
const REPORT = `mutation ($build: ID!, $context: String!) {
  reportStatus(input: { build: $build, context: $context, state: SUCCESS }) { status { id } }
}`;
const FIRST_BUILD = `query ($app: ID!) { app(app: $app) { currentRelease { build { id } } } }`;

/**
 * The cost of gates: of a board that shows them, and of a status report that clears nothing while many promotions wait
 * in other pipelines. The baselines are the same without the fields of gates, and without waiting promotions.
 */
export async function measure({ databases, pipelines, rounds }: BenchmarkOptions): Promise<readonly Result[]> {
  const results = [
    ...(await measureBoard(await databases.createSqlite(pipelines), pipelines, rounds)),
    ...(await measureReport(await databases.createSqlite(pipelines), await databases.createSqlite(pipelines), rounds)),
  ];
  return results;
}

/** CPU time of a board with the gates of 8 apps and 4 stages. Windows and a freeze close some of them. */
async function measureBoard(path: string, pipelines: number, rounds: number): Promise<Result[]> {
  const [server] = await Server.launch(path);
  const connection = new Connection(server.port);
  let requests = 0;
  const board = (query: string) => async () => {
    const before = await server.usage();
    for (let iteration = 0; iteration < ITERATIONS; iteration += 1) {
      // A unique variable in each request avoids the response cache.
      requests += 1;
      await connection.send(request(query, { pipeline: pipelineName(requests % pipelines), requests }));
    }
    return ((await server.usage()).cpu - before.cpu) / ITERATIONS;
  };
  try {
    await addGates(connection);
    const measured = await interleave(rounds, board(BOARD_WITH_GATES), board(BOARD));
    const baseline = "the same board without the fields of gates";
    return [createComparison("board with gates on 8 apps", "µs CPU", baseline, measured, { max: 1.3 })];
  } finally {
    connection.close();
    await server.stop();
  }
}

/** Business hours for production, no deployments on Friday evenings, a maintenance night, and a freeze of staging. */
async function addGates(connection: Connection): Promise<void> {
  const windows = [
    { name: "hours", kind: "ALLOW", startTime: "09:00", endTime: "17:00", stages: ["PRODUCTION"] },
    { name: "friday", kind: "DENY", startTime: "15:00", endTime: "23:00", stages: ["PRODUCTION"] },
    { name: "night", kind: "DENY", startTime: "22:00", endTime: "06:00", stages: [] },
  ];
  for (const { stages, ...window } of windows) {
    const recurrence =
      window.name === "night" ? null : `FREQ=WEEKLY;BYDAY=${window.kind === "ALLOW" ? "MO,TU,WE,TH,FR" : "FR"}`;
    const input = { ...window, timeZone: "Europe/Berlin", recurrence, scope: { stages } };
    await connection.query(CREATE_WINDOW, { input });
  }
  await connection.query(START_FREEZE, { input: { reason: "A benchmark", scope: { stages: ["STAGING"] } } });
}

/** Latency of a status report that clears nothing, with and without promotions that wait in other pipelines. */
async function measureReport(many: string, none: string, rounds: number): Promise<Result[]> {
  await addWaiting(many, WAITING_ELSEWHERE);
  const servers = [];
  const connections: Connection[] = [];
  try {
    for (const path of [many, none]) {
      const [server] = await Server.launch(path);
      servers.push(server);
      connections.push(new Connection(server.port));
    }
    const [withMany, without] = connections as [Connection, Connection];
    const measured = await interleave(
      rounds,
      () => report(withMany),
      () => report(without),
    );
    const name = `report that clears nothing, ${WAITING_ELSEWHERE.toLocaleString("en")} promotions wait elsewhere`;
    return [createComparison(name, "ms", "the same without promotions that wait", measured, { max: 1.2 })];
  } finally {
    for (const connection of connections) connection.close();
    await Promise.all(servers.map((server) => server.stop()));
  }
}

let reports = 0;

async function report(connection: Connection): Promise<number> {
  const { app } = await connection.query(FIRST_BUILD, { app: `${pipelineName(0)}-app-0` });
  const build = app.currentRelease.build.id;
  const times: number[] = [];
  for (let iteration = 0; iteration < ITERATIONS; iteration += 1) {
    reports += 1;
    const start = performance.now();
    await connection.query(REPORT, { build, context: `bench/${reports % 20}` });
    times.push(performance.now() - start);
  }
  return percentile(
    times.sort((a, b) => a - b),
    0.5,
  );
}
