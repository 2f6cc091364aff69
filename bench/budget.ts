import { Client } from "../test/support/client.js";
import { startCluster } from "../test/support/cluster.js";
import { ServerProcess } from "../test/support/process.js";
import { compared, interleave } from "./support/figures.js";
import { table } from "./support/report.js";

/*
 * What a request pays for being counted against a budget that instances share: the smallest query, asked of an instance
 * with COST_PER_MINUTE and of one without, in turns, on a database whose commits reach the disk. All requests carry the
 * same token, which is the worst case: they all write the same row.
 *
 *   npm run build && node dist/bench/budget.js [rounds]
 */

const ROUNDS = Number(process.argv[2] ?? 9);
const REQUESTS = 400;
const SECRET = "an-administrator-of-the-benchmark";

const cluster = await startCluster(["-c", "fsync=on", "-c", "autovacuum=on"]);
const settings = { DATABASE_URL: cluster.url, ADMIN_TOKEN: SECRET, LOG_LEVEL: "silent" };
const processes = [new ServerProcess({ ...settings, COST_PER_MINUTE: "999999999" }), new ServerProcess(settings)];
try {
  const [counted, free] = (await Promise.all(processes.map((one) => one.ready()))).map(
    (url) => new Client(url, SECRET),
  );
  const results = [];
  for (const clients of [1, 16]) {
    const ask = async (client: Client | undefined) => {
      const begun = performance.now();
      let left = REQUESTS;
      const turn = async () => {
        while (left-- > 0) await client?.ask("{ viewer { name } }");
      };
      await Promise.all(Array.from({ length: clients }, turn));
      return (performance.now() - begun) / REQUESTS;
    };
    const measured = await interleave(
      ROUNDS,
      () => ask(counted),
      () => ask(free),
    );
    const what = `a request that is counted, ${clients} at a time`;
    results.push(compared(what, "ms", "the same without a budget", measured, null));
  }
  console.log(table(results));
} finally {
  for (const one of processes) {
    one.signal("SIGTERM");
    await one.exit();
  }
  await cluster.remove();
}
