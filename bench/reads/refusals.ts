import { request as connect } from "node:http";
import { ATTACKS } from "../../test/support/clients/attacks.js";
import {
  type BenchmarkOptions,
  createComparison,
  createResult,
  interleave,
  type Result,
  summarize,
} from "../support/figures.js";
import { ADMIN_SECRET, Server } from "../support/processes.js";

/** Requests per round. */
const REQUESTS = 20;
/** Number of requests in the report, most expensive first. */
const MAX_REPORTED = 8;

/** CPU time that the server spends on each hostile request. The baseline is the smallest valid query. */
export async function measure({ databases, rounds }: BenchmarkOptions): Promise<readonly Result[]> {
  const [server] = await Server.launch(await databases.createSqlite(1), { LOG_LEVEL: "silent" });
  try {
    const results: Result[] = [];
    let mostExpensive = { name: "", times: [0] };
    for (const [name, { query, variables }] of Object.entries(ATTACKS)) {
      const measured = await interleave(
        rounds,
        () => measureCpu(server, query, variables),
        () => measureCpu(server, "{ viewer { name } }", {}),
      );
      results.push(createComparison(`hostile request: ${name}`, "ms CPU", "the smallest valid query", measured, null));
      if (summarize(measured.subject).median > summarize(mostExpensive.times).median)
        mostExpensive = { name, times: measured.subject };
    }
    const worst = createResult(`most expensive hostile request: ${mostExpensive.name}`, "ms CPU", mostExpensive.times, {
      max: 10,
    });
    return [worst, ...results.sort((a, b) => b.subject.median - a.subject.median).slice(0, MAX_REPORTED)];
  } finally {
    await server.stop();
  }
}

let sent = 0;

/** CPU time of the server per request, in milliseconds. */
async function measureCpu(server: Server, query: string, variables: unknown): Promise<number> {
  const { cpu: before } = await server.usage();
  for (let iteration = 0; iteration < REQUESTS; iteration += 1) {
    sent += 1;
    // The comment makes every document unique, so that the service finds it in no cache.
    await post(server.port, JSON.stringify({ query: `${query}#${sent}`, variables }));
  }
  const { cpu: after } = await server.usage();
  return (after - before) / 1000 / REQUESTS;
}

function post(port: number, body: string): Promise<void> {
  const headers = { authorization: `Bearer ${ADMIN_SECRET}`, "content-type": "application/json" };
  return new Promise((resolve, reject) => {
    const sending = connect({ host: "127.0.0.1", port, path: "/graphql", method: "POST", headers }, (response) => {
      response.resume().on("end", resolve);
    });
    sending.on("error", reject).end(body);
  });
}
