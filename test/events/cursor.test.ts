import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import { LOG_START, Socket } from "../support/clients/socket.js";
import { type Named, Seed } from "../support/data/seed.js";
import { suiteCleanup } from "../support/service/cleanup.js";
import { ADMIN_SECRET, startServer, type TestServer } from "../support/service/server.js";

const WRITES = 60;

describe("Query.cursor", () => {
  let server: TestServer;
  let seed: Seed;
  const cleanup = suiteCleanup();
  before(async () => {
    server = await startServer(cleanup);
    seed = new Seed(server.admin);
  });

  const describePipeline = (pipeline: Named, description: string) =>
    server.admin.mutate("updatePipeline", { pipeline: pipeline.id, description }, "__typename");
  const newest = async (): Promise<string> =>
    (await server.admin.ask("{ events(last: 1) { pageInfo { endCursor } } }")).events.pageInfo.endCursor;

  it("is the end of the log, wherever it is in the document, and new after each change", async () => {
    const pipeline = await seed.pipeline();
    const board = `pipeline(pipeline: "${pipeline.id}") { description }`;
    const documents = [
      "{ cursor }",
      `{ cursor ${board} }`,
      `{ ${board} cursor }`,
      `{ ${board} ... { ... on Query { cursor } } }`,
      `query { ...More ${board} } fragment More on Query { cursor }`,
    ];
    for (let count = 0; count < 3; count += 1) {
      await describePipeline(pipeline, `change ${count}`);
      const expected = await newest();
      for (const document of documents) {
        // Twice: a stored response would be sent the second time.
        for (let turn = 0; turn < 2; turn += 1) {
          const answer = await server.admin.ask(document);
          assert.equal(answer.cursor, expected, document);
          if (answer.pipeline !== undefined) assert.equal(answer.pipeline.description, `change ${count}`, document);
        }
      }
    }
    const aliased = await server.admin.ask("{ head: cursor }");
    assert.equal(aliased.head, await newest());
    const limited = { name: "limited", role: "VIEWER", pipelines: [pipeline.id] };
    const { secret } = await server.admin.mutate("createToken", limited, "secret");
    const { cursor } = await server.admin.ask("{ cursor }");
    const seen = await Socket.open(cleanup, server.url, secret);
    const query = "subscription ($after: EventCursor) { events(after: $after) { cursor } }";
    const events = seen.run(query, { after: cursor });
    await describePipeline(pipeline, "later");
    assert.deepEqual(await events.take(1), [{ cursor: await newest() }]);
  });

  it("contains every change up to it, while others write", async () => {
    const pipeline = await seed.pipeline();
    const query = `{ pipeline(pipeline: "${pipeline.id}") { id stages { stage } description } cursor }`;
    const answers: { cursor: string; pipeline: { description: string } }[] = [];
    let writing = true;
    const read = async () => {
      while (writing) answers.push(await server.admin.ask(query));
    };
    const write = async () => {
      for (let count = 1; count <= WRITES; count += 1) await describePipeline(pipeline, String(count));
      writing = false;
    };
    await Promise.all([write(), read(), read(), read()]);
    answers.push(await server.admin.ask(query));
    const updates = await readUpdates(pipeline);
    assert.equal(updates.length, WRITES);
    for (const { cursor, pipeline } of answers) {
      const included = updates.filter((position) => position <= decode(cursor)).length;
      assert.ok(Number(pipeline.description) >= included, `${pipeline.description} lacks one of ${included} changes`);
    }
    assert.equal(answers.at(-1)?.pipeline.description, String(WRITES));
  });

  it("continues as a subscription, without a seam", async () => {
    const pipeline = await seed.pipeline();
    const socket = await Socket.open(cleanup, server.url, ADMIN_SECRET);
    let writing = true;
    const write = async () => {
      for (let count = 1; count <= WRITES; count += 1) await describePipeline(pipeline, String(count));
      writing = false;
    };
    const watch = async () => {
      const starts: string[] = [];
      while (writing) {
        starts.push((await server.admin.ask("{ pipelines { totalCount } cursor }")).cursor);
      }
      return starts;
    };
    const [, starts] = await Promise.all([write(), watch()]);
    const updates = await readUpdates(pipeline);
    const query = `subscription ($after: EventCursor) { events(pipeline: "${pipeline.id}", after: $after) { cursor } }`;
    for (const after of [...new Set(starts)].slice(0, 20)) {
      const expected = updates.filter((position) => position > decode(after));
      const operation = socket.run(query, { after });
      const events = await operation.take(expected.length);
      assert.deepEqual(
        events.map(({ cursor }) => decode(cursor)),
        expected,
      );
      operation.stop();
    }
  });

  async function readUpdates(pipeline: Named): Promise<number[]> {
    const positions: number[] = [];
    for (let after = LOG_START; ; ) {
      const query = `query ($after: EventCursor) { events(pipeline: "${pipeline.id}", types: [PIPELINE_UPDATED], first: 100, after: $after) {
        nodes { cursor } pageInfo { hasNextPage endCursor } } }`;
      const { events } = await server.admin.ask(query, { after });
      positions.push(...events.nodes.map(({ cursor }: { cursor: string }) => decode(cursor)));
      if (!events.pageInfo.hasNextPage) return positions;
      after = events.pageInfo.endCursor;
    }
  }
});

function decode(cursor: string): number {
  return Number(Buffer.from(cursor, "base64url").toString().replace("event:", ""));
}
