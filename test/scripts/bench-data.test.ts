import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { fillPostgres, fillSqlite } from "../../bench/support/data/fill.js";
import { APP_STAGES, pipelineName, sourceName } from "../../bench/support/data/sizes.js";
import { engine, freshDatabase } from "../support/database/engine.js";
import { startServer } from "../support/service/server.js";

describe("the databases of the benchmarks", () => {
  it("hold rows that the service can read and promote", async (t) => {
    const DATABASE_URL = await freshDatabase(t);
    if (engine === "sqlite") await fillSqlite(DATABASE_URL.replace("sqlite:", ""), 2);
    else await fillPostgres(DATABASE_URL, 2);
    const { admin } = await startServer(t, { env: { DATABASE_URL } });
    const query =
      "query ($p: ID!) { pipeline(pipeline: $p) { couplings { app { currentRelease { version } configVersion } } } }";
    const { pipeline } = await admin.ask(query, { p: pipelineName(1) });
    assert.equal(pipeline.couplings.length, APP_STAGES.length);
    const input = { app: sourceName(12, 0), force: true, reason: "a benchmark" };
    const { promotion } = await admin.mutate("promote", input, "promotion { phase }");
    assert.equal(promotion.phase, "SUCCEEDED");
  });
});
