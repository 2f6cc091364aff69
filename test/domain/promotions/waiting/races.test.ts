import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { Client } from "../../../support/clients/client.js";
import { Seed } from "../../../support/data/seed.js";
import { engine, freshDatabase } from "../../../support/database/engine.js";
import { Clock, MINUTE } from "../../../support/service/clock.js";
import { pickOne, readLog, startInstances } from "../../../support/service/instances.js";
import { ADMIN_SECRET, type TestServer } from "../../../support/service/server.js";
import { startProcess } from "../../../support/service/server-process.js";

/** SQLite is for one process. */
const INSTANCES = engine === "postgres" ? 2 : 1;
const FINAL = ["CANCELLED", "EXPIRED", "SUPERSEDED"];

const promote = async (client: Client, input: object): Promise<string> =>
  (await client.mutate("promote", { whenReady: true, ...input }, "promotion { id }")).promotion.id;
const read = async (client: Client, id: string) => {
  const query =
    "query ($id: ID!) { promotion(id: $id) { phase blockers { code } targets { phase release { version } } } }";
  return (await client.ask(query, { id })).promotion;
};

/** A pipeline whose staging app requires `ci`, and a release on its development app. */
async function gated(client: Client, requiredChecks = ["ci"]) {
  const seed = new Seed(client);
  const pipeline = await seed.pipeline();
  const dev = await seed.coupled(pipeline, "DEVELOPMENT", { autoDeploy: false });
  const staging = await seed.coupled(pipeline, "STAGING", { requiredChecks });
  const release = await seed.release(dev);
  return { pipeline, dev, staging, release };
}

/** The types of the events of a promotion that say what became of it. */
async function outcomes(client: Client, id: string): Promise<string[]> {
  const { events } = await readLog(client);
  const types = events.filter((event) => event.promotion?.id === id).map(({ type }) => type);
  return types.filter((type) => type !== "PROMOTION_TARGET_CHANGED");
}

describe("what happens at once to a promotion that waits", () => {
  it("has exactly one outcome: admission, cancellation, expiry or supersession", async (t) => {
    const clock = new Clock();
    const instances = await startInstances(t, INSTANCES, { now: clock.now });
    const anyone = () => (pickOne(instances) as TestServer).admin;
    const { admin } = instances[0] as TestServer;
    const seen = new Set<string>();
    for (let round = 0; round < 12; round += 1) {
      const { dev, release } = await gated(admin);
      const id = await promote(admin, { app: dev.id, expiresIn: "1m" });
      if (round % 2 === 0) clock.advance(MINUTE);
      const rivals = [
        () =>
          anyone().mutate("reportStatus", { release: release.id, context: "ci", state: "SUCCESS" }, "status { id }"),
        () =>
          anyone().post(
            "mutation ($input: CancelPromotionInput!) { cancelPromotion(input: $input) { promotion { phase } } }",
            { input: { promotion: id, reason: "A race" } },
          ),
        ...instances.map((instance) => () => instance.app.tick()),
        ...(round % 3 === 0 ? [() => promote(anyone(), { app: dev.id, force: true, reason: "A race" })] : []),
      ];
      await Promise.all(rivals.sort(() => Math.random() - 0.5).map((rival) => rival()));
      const { phase, blockers, targets } = await read(admin, id);
      const ended = await outcomes(admin, id);
      assert.deepEqual(blockers, []);
      if (phase === "SUCCEEDED") {
        assert.deepEqual(ended, ["PROMOTION_WAITING", "PROMOTION_STARTED", "PROMOTION_FINISHED"]);
        assert.notEqual(targets[0].release, null);
      } else {
        assert.ok(FINAL.includes(phase), phase);
        assert.deepEqual(ended, ["PROMOTION_WAITING", "PROMOTION_FINISHED"]);
        assert.equal(targets[0].release, null);
      }
      seen.add(phase);
    }
    assert.ok(seen.size > 1, `only ${[...seen]}`);
  });

  it("never leaves one waiting for what a report cleared while it was asked for", async (t) => {
    const instances = await startInstances(t, INSTANCES);
    const anyone = () => (pickOne(instances) as TestServer).admin;
    const { admin } = instances[0] as TestServer;
    for (let round = 0; round < 15; round += 1) {
      const { dev, release } = await gated(admin);
      const report = { release: release.id, context: "ci", state: "SUCCESS" };
      const [id] = await Promise.all([
        promote(anyone(), { app: dev.id }),
        anyone().mutate("reportStatus", report, "status { id }"),
      ]);
      assert.equal((await read(admin, id)).phase, "SUCCEEDED");
    }
  });

  it("is one admission, although every instance looks, and although one is stopped", async (t) => {
    const clock = new Clock();
    const instances = await startInstances(t, INSTANCES, { now: clock.now });
    const [first, ...others] = instances as [TestServer, ...TestServer[]];
    const notBefore = new Date(clock.now().getTime() + MINUTE).toISOString();
    const ids: string[] = [];
    for (let index = 0; index < 6; index += 1) {
      ids.push(await promote(first.admin, { app: (await gated(first.admin, [])).dev.id, notBefore }));
    }
    await first.stop();
    if (others.length === 0) await first.start();
    clock.advance(MINUTE);
    const running = others.length === 0 ? [first] : others;
    await Promise.all(running.flatMap(({ app }) => [app.tick(), app.tick()]));
    const { admin } = running[0] as TestServer;
    for (const id of ids) {
      assert.deepEqual(await outcomes(admin, id), ["PROMOTION_WAITING", "PROMOTION_STARTED", "PROMOTION_FINISHED"]);
      assert.equal((await read(admin, id)).targets[0].release.version, 1);
    }
  });
});

describe("a promotion that waits while the service is killed", () => {
  it("is admitted once by the next start", async (t) => {
    const environment = { DATABASE_URL: await freshDatabase(t), ADMIN_TOKEN: ADMIN_SECRET };
    const killed = startProcess(t, environment);
    const before = new Client(await killed.ready(), ADMIN_SECRET);
    const { dev } = await gated(before, []);
    const notBefore = new Date(Date.now() + 5000).toISOString();
    const id = await promote(before, { app: dev.id, notBefore });
    killed.signal("SIGKILL");
    await killed.exit();
    const after = new Client(await startProcess(t, environment).ready(), ADMIN_SECRET);
    for (let turn = 0; turn < 300 && (await read(after, id)).phase === "WAITING"; turn += 1) await delay(100);
    const { phase, targets } = await read(after, id);
    assert.deepEqual([phase, targets[0].release.version], ["SUCCEEDED", 1]);
    assert.deepEqual(await outcomes(after, id), ["PROMOTION_WAITING", "PROMOTION_STARTED", "PROMOTION_FINISHED"]);
  });
});
