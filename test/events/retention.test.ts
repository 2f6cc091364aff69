import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { SYSTEM_VIEWER } from "../../src/domain/core/context.js";
import { append } from "../../src/events/append.js";
import { changed } from "../../src/events/draft.js";
import { LOG_START, Socket } from "../support/clients/socket.js";
import { Seed } from "../support/data/seed.js";
import { ADMIN_SECRET, startServer } from "../support/service/server.js";

const HOUR = 3_600_000;
const FOLLOW = "subscription ($after: EventCursor) { events(after: $after) { cursor type } }";

describe("an event older than EVENT_RETENTION", () => {
  it("is pruned, and a client that resumes from before it gets an error with the oldest cursor", async (t) => {
    let late = 0;
    const now = () => new Date(Date.now() + late);
    const server = await startServer(t, { env: { EVENT_RETENTION: "2h" }, now });
    const seed = new Seed(server.admin);
    for (let index = 0; index < 5; index += 1) await seed.app();
    late = 3 * HOUR;
    const kept = await seed.app();
    await server.app.tick();

    const { events } = await server.admin.ask("{ events { nodes { type ... on ChangeEvent { subjectId } } } }");
    assert.deepEqual(events.nodes, [{ type: "APP_CREATED", subjectId: kept.id }]);
    const socket = await Socket.open(t, server.url, ADMIN_SECRET);
    const refusal = await socket.run(FOLLOW, { after: LOG_START }).error();
    const overHttp = await server.admin.queryError(
      "query ($after: EventCursor) { events(after: $after) { nodes { type } } }",
      {
        after: LOG_START,
      },
    );
    assert.equal(refusal.extensions.code, "CURSOR_EXPIRED");
    assert.deepEqual(refusal.extensions, overHttp.extensions);
    const watch = socket.run(FOLLOW, { after: refusal.extensions.oldestCursor });
    await watch.take(1);
    await seed.app();
    assert.equal((await watch.take(2)).length, 2);
  });

  it("does not end an unaffected subscription, however long it has been idle", async (t) => {
    let late = 0;
    const now = () => new Date(Date.now() + late);
    const server = await startServer(t, { env: { EVENT_RETENTION: "2h" }, now });
    const seed = new Seed(server.admin);
    const pipeline = await seed.pipeline();
    const socket = await Socket.open(t, server.url, ADMIN_SECRET);
    const { events } = await server.admin.ask("{ events(last: 1) { nodes { cursor } } }");
    const watch = socket.run(
      "subscription ($p: ID, $after: EventCursor) { events(pipeline: $p, after: $after) { type } }",
      {
        p: pipeline.id,
        after: events.nodes[0].cursor,
      },
    );
    const update = (description: string) =>
      server.admin.mutate("updatePipeline", { pipeline: pipeline.id, description }, "pipeline { id }");
    await update("one");
    await watch.take(1);
    // Far more events than memory holds. None of them match the subscription.
    const foreign = changed("APP_UPDATED", { id: "x", name: "x" }, "Something else");
    for (let round = 0; round < 3; round += 1) {
      const drafts = Array.from({ length: 500 }, () => foreign);
      await server.app.database.write((tx) => append(tx, SYSTEM_VIEWER, now(), drafts));
      await seed.app();
    }
    late = 3 * HOUR;
    await server.app.tick();
    await update("two");
    assert.deepEqual(await watch.take(2), [{ type: "PIPELINE_UPDATED" }, { type: "PIPELINE_UPDATED" }]);
  });
});
