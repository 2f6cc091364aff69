import assert from "node:assert/strict";
import { describe, it } from "node:test";
import pg from "pg";
import { RestClient } from "../../support/clients/rest.js";
import { freshDatabase } from "../../support/database/engine.js";
import { startInstances } from "../../support/service/instances.js";
import { ADMIN_SECRET, type Cleanup, onlyOn, startServer, type TestServer } from "../../support/service/server.js";

/** Costs 2 points. */
const QUERY = "{ viewer { name } }";

describe("a rate limit that instances share", onlyOn("postgres"), () => {
  it("counts requests to all instances and APIs", async (t) => {
    const [a, b] = (await startInstances(t, 2, { env: { COST_PER_MINUTE: "14" } })) as [TestServer, TestServer];
    const remaining = async ({ admin }: TestServer) => (await admin.post(QUERY)).extensions?.cost?.remaining;
    assert.deepEqual([await remaining(a), await remaining(b)], [12, 10]);
    assert.equal((await new RestClient(a.url, ADMIN_SECRET).get("/account")).headers.get("ratelimit-remaining"), "0");
    assert.equal((await b.admin.queryError(QUERY)).extensions.code, "RATE_LIMITED");
    assert.equal((await new RestClient(b.url, ADMIN_SECRET).get("/account")).status, 429);
    await (await startServer(t)).admin.ask(QUERY);
  });

  it("never allows more than its points, for concurrent requests to several instances", async (t) => {
    const instances = await startInstances(t, 2, { env: { COST_PER_MINUTE: "40" } });
    const answers = await Promise.all(
      Array.from({ length: 60 }, (_, index) => (instances[index % 2] as TestServer).admin.post(QUERY)),
    );
    assert.equal(answers.filter(({ status }) => status === 200).length, 20);
    const codes = answers.flatMap(({ errors }) => errors?.map(({ extensions }) => extensions.code) ?? []);
    assert.deepEqual(codes, Array(40).fill("RATE_LIMITED"));
  });

  it("refuses with UNAVAILABLE after the database's timeout if it cannot count, and recovers", async (t) => {
    const url = await freshDatabase(t);
    const env = { DATABASE_URL: `${url}?statement_timeout=300`, COST_PER_MINUTE: "1000" };
    const { admin, url: address } = await startServer(t, { env });
    const rest = new RestClient(address, ADMIN_SECRET);
    const holder = await connect(t, url);
    await holder.query("BEGIN; LOCK TABLE budgets");
    const refused = await admin.post(QUERY);
    assert.deepEqual([refused.status, refused.errors?.[0]?.extensions.code], [503, "UNAVAILABLE"]);
    const { status, body } = await rest.get("/account");
    assert.deepEqual([status, body.id], [503, "unavailable"]);
    await holder.query("ROLLBACK");
    await admin.ask(QUERY);
    assert.equal((await rest.get("/account")).status, 200);
  });

  it("includes earlier spending, and resets after a minute", async (t) => {
    let ahead = 0;
    const url = await freshDatabase(t);
    const now = () => new Date(Date.now() + ahead);
    const server = await startServer(t, { env: { DATABASE_URL: url, COST_PER_MINUTE: "1000" }, now });
    const hand = await connect(t, url);
    await server.admin.ask(QUERY);
    await hand.query("UPDATE budgets SET points = 3000000000");
    assert.equal((await server.admin.queryError(QUERY)).extensions.code, "RATE_LIMITED");
    ahead = 2 * 3_600_000;
    await server.app.tick();
    assert.deepEqual((await hand.query("SELECT key FROM budgets")).rows, []);
  });
});

/** A second client that stays connected until the end of the test. */
async function connect(t: Cleanup, url: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url });
  client.on("error", () => undefined);
  await client.connect();
  t.after(() => client.end());
  return client;
}
