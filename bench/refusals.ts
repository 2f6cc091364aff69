import { request as connect } from "node:http";
import { ATTACKS } from "../test/support/attacks.js";
import {
  type BenchmarkOptions,
  compareWithBaseline,
  interleave,
  measureOnly,
  type Result,
  summarize,
} from "./support/figures.js";
import { ADMIN_SECRET, Server } from "./support/processes.js";

/** Requests of one turn. */
const REQUESTS = 20;
/** So many of the dearest are told of. */
const MAX_REPORTED = 8;

/** What the service pays, in time of its processor, to answer or refuse whatever means ill with it. */
export async function measure({ databases: workshop, rounds }: BenchmarkOptions): Promise<readonly Result[]> {
  const [server] = await Server.launch(await workshop.createSqlite(1), { LOG_LEVEL: "silent" });
  try {
    const results: Result[] = [];
    let dearest = { name: "", times: [0] };
    for (const [name, { query, variables }] of Object.entries(ATTACKS)) {
      const measured = await interleave(
        rounds,
        () => measureCpu(server, query, variables),
        () => measureCpu(server, "{ viewer { name } }", {}),
      );
      results.push(
        compareWithBaseline(`refusal: ${name}`, "ms of processor", "the smallest query, answered", measured, null),
      );
      if (summarize(measured.subject).median > summarize(dearest.times).median)
        dearest = { name, times: measured.subject };
    }
    const worst = measureOnly(`the dearest refusal: ${dearest.name}`, "ms of processor", dearest.times, { max: 10 });
    return [worst, ...results.sort((a, b) => b.subject.median - a.subject.median).slice(0, MAX_REPORTED)];
  } finally {
    await server.stop();
  }
}

let sent = 0;

/** The time of the processor that a request takes the server, in milliseconds. */
async function measureCpu(server: Server, query: string, variables: unknown): Promise<number> {
  const { cpu: before } = await server.usage();
  for (let turn = 0; turn < REQUESTS; turn += 1) {
    sent += 1;
    // Never the same document twice: what was looked at once is known.
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
