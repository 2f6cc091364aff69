import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { eventually } from "../../../src/async/eventually.js";
import { Client } from "../../support/clients/client.js";
import { createWebhook, LOCAL, readWebhook } from "../../support/data/webhooks.js";
import { engine, freshDatabase } from "../../support/database/engine.js";
import { type Behavior, Receiver } from "../../support/network/webhook-receiver.js";
import { ADMIN_SECRET } from "../../support/service/server.js";
import { startProcess } from "../../support/service/server-process.js";

/*
 * `WEBHOOK_KILLS=20 WEBHOOK_EVENTS=5000` runs the large version. On PostgreSQL, every kill costs 30 seconds: the next instance
 * waits until the lease of the killed one has ended.
 */
const KILLS = Number(process.env.WEBHOOK_KILLS || (engine === "postgres" ? 2 : 5));
const EVENTS = Number(process.env.WEBHOOK_EVENTS || 300);

describe("webhooks of a service that is killed while events go out", () => {
  it(`miss nothing: in order, or eight at a time, and repeat only what was under way at a kill`, async (t) => {
    const DATABASE_URL = await freshDatabase(t);
    const [ordered, unordered] = [await Receiver.start(t), await Receiver.start(t)];
    // So slow that many events are waiting at every kill.
    const slowly =
      (milliseconds: number): Behavior =>
      async (_, response) => {
        await delay(milliseconds);
        response.writeHead(204).end();
      };
    ordered.behavior = slowly(20);
    unordered.behavior = slowly(150);
    const start = async () => {
      const process = startProcess(t, { ...LOCAL, DATABASE_URL, ADMIN_TOKEN: ADMIN_SECRET, LOG_LEVEL: "silent" });
      return { process, client: new Client(await process.ready(), ADMIN_SECRET) };
    };
    let { process, client } = await start();
    const hooks = [
      await createWebhook(client, ordered.url),
      await createWebhook(client, unordered.url, { ordered: false }),
    ];
    const created: string[] = [];
    // Most events are there before the first kill; the others are made while it goes on.
    const create = async (count: number) => {
      for (let made = 0; made < count; made += 20) {
        const fields = Array.from({ length: Math.min(20, count - made) }, (_, index) => {
          const name = `app-${created.length + index}`;
          return { name, field: `a${index}: createApp(input: { name: "${name}" }) { app { id } }` };
        });
        await client.ask(`mutation { ${fields.map(({ field }) => field).join("\n")} }`);
        created.push(...fields.map(({ name }) => name));
      }
    };
    await create(Math.ceil(EVENTS * 0.8));
    for (let kill = 0; kill < KILLS; kill += 1) {
      const before = ordered.received.length;
      const next = Math.min(before + 5 + kill, EVENTS - 1);
      assert.ok(await eventually(() => ordered.received.length >= next, { timeoutMs: 60_000 }), "it goes on");
      await delay(Math.random() * 50);
      process.signal("SIGKILL");
      assert.equal(await process.exit(), "SIGKILL");
      ({ process, client } = await start());
    }
    await create(EVENTS - created.length);
    const isDone = async () =>
      (await Promise.all(hooks.map(({ id }) => readWebhook(client, id)))).every((webhook) => webhook.behind === 0);
    assert.ok(
      await eventually(isDone, { timeoutMs: 60_000 + EVENTS * 40, intervalMs: 200 }),
      "everything was delivered",
    );

    const getNames = (receiver: Receiver) => receiver.received.map(({ json }) => json.data.subject.name as string);
    const first = getNames(ordered).filter((name, index, all) => all.indexOf(name) === index);
    assert.deepEqual(first, created, "in order, none missing");
    assert.deepEqual(
      getNames(ordered),
      getNames(ordered).filter((name, index, all) => all.indexOf(name) === index || all[index - 1] === name),
      "an event is repeated only before the next one",
    );
    assert.deepEqual(new Set(getNames(unordered)), new Set(created));
    const repeats = ordered.received.length + unordered.received.length - 2 * created.length;
    assert.ok(repeats <= KILLS * 9, `${repeats} repeats, of at most 1 and 8 requests under way at a kill`);
    t.diagnostic(`${created.length} events, ${KILLS} kills, ${repeats} repeats`);
  });
});
