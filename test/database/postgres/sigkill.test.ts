import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Client } from "../../support/clients/client.js";
import { unique } from "../../support/data/seed.js";
import { freshDatabase } from "../../support/database/engine.js";
import { readLog } from "../../support/service/instances.js";
import { ADMIN_SECRET, type Cleanup, onlyOn } from "../../support/service/server.js";
import { startProcess } from "../../support/service/server-process.js";

describe("when one of two instances is killed", onlyOn("postgres"), () => {
  it("its clients continue at the other from their cursor, and nothing acknowledged is lost", async (t) => {
    const DATABASE_URL = await freshDatabase(t);
    const [a, b] = await Promise.all([startInstance(t, DATABASE_URL), startInstance(t, DATABASE_URL)]);
    const initial = await readLog(a.client);
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
    const cursor = (await readLog(a.client, initial.cursor)).cursor;
    a.process.signal("SIGKILL");
    assert.equal(await a.process.exit(), "SIGKILL");
    await Promise.all(writers);

    const events = (await readLog(b.client, initial.cursor)).events;
    const received = events.map((event) => event.subjectName);
    assert.equal(new Set(received).size, received.length, "each event is delivered once");
    assert.deepEqual(
      acknowledged.filter((name) => !received.includes(name)),
      [],
    );
    const behind = (await readLog(b.client, cursor)).events;
    assert.deepEqual(behind, events.slice(events.length - behind.length), "the cursor of one is good at the other");
    for (const name of received) {
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
