import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { LOG_START, Socket } from "../../support/clients/socket.js";
import { Seed } from "../../support/data/seed.js";
import { createWidePipeline } from "../../support/data/wide-pipeline.js";
import { startServer } from "../../support/service/server.js";
import { countTurns } from "../../support/service/turns.js";

const ARGUMENTS = "($after: EventCursor, $pipeline: ID)";
const follow = (alias: string) =>
  `subscription ${ARGUMENTS} { events(after: $after, pipeline: $pipeline) { ${alias}: cursor } }`;

describe("the subscriptions of a token", () => {
  it("may have a limited number of different documents; filters do not count", async (t) => {
    const server = await startServer(t, { env: { SUBSCRIPTIONS_PER_TOKEN: "3" } });
    const viewer = await server.as("VIEWER");
    const pipelines = [await new Seed(server.admin).pipeline(), await new Seed(server.admin).pipeline()];
    const [first, second] = [
      await Socket.open(t, server.url, viewer.secret),
      await Socket.open(t, server.url, viewer.secret),
    ];
    const watches = ["a", "b", "c"].map((alias) => first.run(follow(alias), { after: LOG_START }));
    for (const watch of watches) await watch.take(1);
    const refusal = await second.run(follow("d"), { after: LOG_START }).error();
    assert.deepEqual([refusal.extensions.code, refusal.extensions.limit], ["RATE_LIMITED", 3]);
    assert.match(refusal.message, /at most 3 .*Pass filters as variables/);
    for (const { id } of pipelines) await second.run(follow("a"), { after: LOG_START, pipeline: id }).take(1);
    const other = await Socket.open(t, server.url, (await server.as("REPORTER")).secret);
    await other.run(follow("d"), { after: LOG_START }).take(1);
    watches[1]?.stop();
    await first.run("{ viewer { name } }").until(({ results }) => results.length > 0);
    await second.run(follow("d"), { after: LOG_START }).take(1);
  });

  it("may not all be expensive", async (t) => {
    const server = await startServer(t, { env: { QUERY_MAX_COST: "300" } });
    const socket = await Socket.open(t, server.url, (await server.as("VIEWER")).secret);
    await new Seed(server.admin).pipeline();
    const run = (alias: string) =>
      socket.run(
        `subscription ($after: EventCursor) { events(after: $after) { ${alias}: cursor pipeline { couplings { ${"abcdefghijklmnopqrstuvwxyz"
          .split("")
          .map((name) => `${name}: id`)
          .join(" ")} } } } }`,
        { after: LOG_START },
      );
    const operations = Array.from({ length: 25 }, (_, index) => run(`x${index}`));
    // They are admitted in any order.
    await Promise.all(
      operations.map((one) => one.until(({ errors, results }) => errors !== null || results.length > 0)),
    );
    const refused = operations.filter(({ errors }) => errors?.[0]?.extensions.code === "RATE_LIMITED");
    assert.ok(refused.length > 0 && refused.length < 15, `${refused.length} of 25 were refused`);
  });

  it("pay for what is delivered, and end when the budget is spent", async (t) => {
    const server = await startServer(t, { env: { COST_PER_MINUTE: "40" } });
    const viewer = await server.as("VIEWER");
    const other = await server.as("REPORTER");
    const socket = await Socket.open(t, server.url, viewer.secret);
    const reading = await Socket.open(t, server.url, other.secret);
    const watch = socket.run("subscription ($after: EventCursor) { events(after: $after) { cursor } }", {
      after: LOG_START,
    });
    await watch.until(({ results }) => results.length > 0);
    const more = Array.from({ length: 10 }, (_, index) =>
      socket.run(`subscription ($after: EventCursor) { events(after: $after) { a${index}: cursor } }`, {
        after: LOG_START,
      }),
    );
    // Another token changes things: each event costs its own subscriber. What is delivered while a charge is under way is
    // charged afterwards, so it is a later event that ends the subscriptions.
    const isRefused = () => [watch, ...more].some(({ errors }) => errors !== null);
    for (let index = 0; !isRefused(); index += 1) {
      assert.ok(index < 100, "none was refused");
      await server.admin.mutate("createApp", { name: `app-${index}` }, "app { id }");
    }
    const refusals = [watch, ...more].map(({ errors }) => errors?.[0]?.extensions).filter(Boolean);
    assert.deepEqual(new Set(refusals.map((extensions) => extensions?.code)), new Set(["RATE_LIMITED"]));
    assert.ok(Number(refusals[0]?.retryAfter) > 0);
    assert.equal((await viewer.queryError("{ viewer { name } }")).extensions.code, "RATE_LIMITED");
    await reading.run("{ viewer { name } }").until(({ results }) => results.length > 0);
  });
});

describe("an event of many different subscriptions", () => {
  it("gives way to other work", async (t) => {
    const server = await startServer(t);
    const pipeline = await createWidePipeline(server);
    const viewer = await server.as("VIEWER");
    const socket = await Socket.open(t, server.url, viewer.secret);
    const watches = Array.from({ length: 50 }, (_, index) =>
      socket.run(
        `subscription { events { cursor pipeline { couplings { pipeline { couplings { n${index}: app { name } } } } } } }`,
      ),
    );
    await socket.run("{ viewer { name } }").until(({ results }) => results.length > 0);
    const counted = countTurns();
    await server.admin.mutate("updatePipeline", { pipeline: pipeline.id, description: "new" }, "pipeline { id }");
    for (const watch of watches) await watch.take(1);
    const turns = counted.stop();
    assert.ok(turns > 30, `${turns} turns of the event loop for 50 subscriptions`);
  });
});

describe("subscriptions that are started and completed at once", () => {
  it("give way to other work", async (t) => {
    const server = await startServer(t);
    const viewer = await server.as("VIEWER");
    const socket = await Socket.open(t, server.url, viewer.secret);
    const counted = countTurns();
    for (let index = 0; index < 400; index += 1) socket.run(`subscription { events { a${index}: cursor } }`).stop();
    await socket.run("{ viewer { name } }").until(({ results }) => results.length > 0);
    const turns = counted.stop();
    assert.ok(turns > 20, `${turns} turns of the event loop`);
    assert.equal(socket.code, null);
  });
});
