import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Client } from "../../support/client.js";
import { freshDatabase } from "../../support/engine.js";
import { readLog } from "../../support/instances.js";
import { unique } from "../../support/seed.js";
import { ADMIN_SECRET, type Cleanup, onlyOn } from "../../support/server.js";
import { startProcess } from "../../support/server-process.js";

describe("when one of two instances is killed", onlyOn("postgres"), () => {
  it("its clients continue at the other from their cursor, and nothing acknowledged is lost", async (t) => {
    const DATABASE_URL = await freshDatabase(t);
    const [a, b] = await Promise.all([startInstance(t, DATABASE_URL), startInstance(t, DATABASE_URL)]);
    const begun = await readLog(a.client);
    const acknowledged: string[] = [];
    let enough: () => void = () => undefined;
    const half = new Promise<void>((resolve) => {
      enough = resolve;
    });
    const writers = Array.from({ length: 10 }, async () => {
      let client = a.client;
      for (let index = 0; index < 10; ) {
        const name = unique("app");
        try {
          await client.mutate("createApp", { name }, "app { id }");
          acknowledged.push(name);
          index += 1;
        } catch {
          client = b.client;
        }
        if (acknowledged.length >= 50) enough();
      }
    });
    await half;
    const cursor = (await readLog(a.client, begun.cursor)).cursor;
    a.process.signal("SIGKILL");
    assert.equal(await a.process.exit(), "SIGKILL");
    await Promise.all(writers);

    const events = (await readLog(b.client, begun.cursor)).events;
    const told = events.map((event) => event.subjectName);
    assert.equal(new Set(told).size, told.length, "each is told once");
    assert.deepEqual(
      acknowledged.filter((name) => !told.includes(name)),
      [],
    );
    const behind = (await readLog(b.client, cursor)).events;
    assert.deepEqual(behind, events.slice(events.length - behind.length), "the cursor of one is good at the other");
    for (const name of told) {
      const { app } = await b.client.ask("query ($app: ID!) { app(app: $app) { name } }", { app: name });
      assert.equal(app?.name, name, "what the log tells is there");
    }
  });
});

/** The built service in a child process. */
async function startInstance(t: Cleanup, DATABASE_URL: string) {
  const process = startProcess(t, { DATABASE_URL, ADMIN_TOKEN: ADMIN_SECRET, LOG_LEVEL: "silent" });
  return { process, client: new Client(await process.ready(), ADMIN_SECRET) };
}
