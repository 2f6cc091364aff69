import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Client } from "../../support/clients/client.js";
import { Seed } from "../../support/data/seed.js";
import { createWebhook, LOCAL, readWebhook, untilWebhook } from "../../support/data/webhooks.js";
import { freshDatabase } from "../../support/database/engine.js";
import { answer, Receiver } from "../../support/network/webhook-receiver.js";
import { startInstances } from "../../support/service/instances.js";
import { ADMIN_SECRET, onlyOn } from "../../support/service/server.js";
import { startProcess } from "../../support/service/server-process.js";

describe("webhooks of several instances", onlyOn("postgres"), () => {
  it("are sent by one of them, and by another one as soon as it stops", async (t) => {
    const [a, b] = await startInstances(t, 2, { env: LOCAL });
    assert.ok(a && b);
    const receiver = await Receiver.start(t);
    const { id } = await createWebhook(a.admin, receiver.url);
    const names: string[] = [];
    for (let index = 0; index < 20; index += 1) {
      const { name } = await new Seed((index % 2 === 0 ? a : b).admin).app();
      names.push(name);
    }
    await receiver.until(20);
    await a.stop();
    names.push((await new Seed(b.admin).app()).name);
    await receiver.until(21);
    await untilWebhook(b, id, (webhook) => webhook.behind === 0);
    assert.deepEqual(
      receiver.received.map(({ json }) => json.data.subject.name),
      names,
      "each once, in order",
    );
  });

  it("follow what another instance changes: filters, rewinds and pauses", async (t) => {
    const [a, b] = await startInstances(t, 2, { env: LOCAL });
    assert.ok(a && b);
    const receiver = await Receiver.start(t);
    const { id } = await createWebhook(a.admin, receiver.url);
    const app = await new Seed(a.admin).app();
    await receiver.until(1);
    for (const server of [a, b]) {
      await server.admin.mutate(
        "updateWebhook",
        { webhook: id, types: ["APP_UPDATED", "APP_CREATED"] },
        "webhook { id }",
      );
      await server.admin.mutate("updateApp", { app: app.id, description: `by ${server.url}` }, "app { id }");
      await receiver.until(receiver.received.length + 1);
      await untilWebhook(a, id, (webhook) => webhook.behind === 0);
      const before = receiver.received.length;
      await server.admin.mutate(
        "rewindWebhook",
        { webhook: id, to: receiver.received[0]?.json.data.cursor },
        "webhook { id }",
      );
      await receiver.until(before + 1);
      await server.admin.mutate("updateWebhook", { webhook: id, types: ["APP_CREATED"] }, "webhook { id }");
    }
    await b.admin.mutate("pauseWebhook", { webhook: id }, "webhook { id }");
    const count = receiver.received.length;
    await new Seed(a.admin).app();
    await a.app.tick();
    await b.app.tick();
    assert.equal(receiver.received.length, count);
    assert.equal((await readWebhook(a.admin, id)).state, "PAUSED");
  });

  it("are sent by another one, after the lease, if the first is killed", async (t) => {
    const DATABASE_URL = await freshDatabase(t);
    const start = async () => {
      const process = startProcess(t, { ...LOCAL, DATABASE_URL, ADMIN_TOKEN: ADMIN_SECRET, LOG_LEVEL: "silent" });
      return { process, client: new Client(await process.ready(), ADMIN_SECRET) };
    };
    const first = await start();
    const receiver = await Receiver.start(t);
    const { id } = await createWebhook(first.client, receiver.url);
    await new Seed(first.client).app();
    await receiver.until(1);
    const second = await start();
    first.process.signal("SIGKILL");
    await first.process.exit();
    receiver.behavior = answer(200);
    const { name } = await new Seed(second.client).app();
    await receiver.until(2, 90_000);
    assert.equal(receiver.received.at(-1)?.json.data.subject.name, name);
    assert.equal((await readWebhook(second.client, id)).state, "ACTIVE");
  });
});
