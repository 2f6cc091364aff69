import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import { eventually } from "../../src/async/eventually.js";
import { Client } from "../support/clients/client.js";
import { type Named, Seed, unique } from "../support/data/seed.js";
import { freePort } from "../support/database/cluster.js";
import {
  createApolloClient,
  createSocketClient,
  createUrqlClient,
  type ExampleClient,
  installClients,
  load,
  readPages,
} from "../support/examples/example-clients.js";
import { createRelayClient } from "../support/examples/example-relay.js";
import { suiteCleanup } from "../support/service/cleanup.js";
import { temporaryFolder } from "../support/service/server.js";
import { startProcess } from "../support/service/server-process.js";

/*
 * The unmodified libraries against a server in a child process. If they cannot be installed, the tests are skipped with the
 * reason.
 */

const SECRET = "the-administrator-of-the-clients";
const obstacle = await installClients();

describe("the example clients", {
  skip: obstacle === null ? false : `the libraries cannot be installed: ${obstacle}`,
}, () => {
  const clients: ExampleClient[] = [];
  let admin: Client;
  let pipeline: Named;
  let url: string;
  let restart: () => Promise<void>;
  const cleanup = suiteCleanup();

  before(async () => {
    const port = await freePort();
    const file = `${temporaryFolder(cleanup)}/clients.sqlite`;
    const start = async () => {
      const environment = {
        DATABASE_URL: `sqlite:${file}`,
        ADMIN_TOKEN: SECRET,
        PORT: String(port),
        LOG_LEVEL: "error",
      };
      const server = startProcess(cleanup, environment);
      await server.ready();
      return server;
    };
    let server = await start();
    restart = async () => {
      server.signal("SIGKILL");
      await server.exit();
      server = await start();
    };
    const address = `http://127.0.0.1:${port}`;
    url = `${address}/graphql`;
    admin = new Client(address, SECRET);
    const seed = new Seed(admin);
    pipeline = await seed.pipeline();
    for (let count = 0; count < 5; count += 1) await seed.app({ name: `app-${count}-${unique()}` });
    const access = { url, token: SECRET };
    clients.push(
      await createApolloClient(access),
      await createUrqlClient(access, "default"),
      await createUrqlClient(access, "graphcache"),
      await createRelayClient(access),
      await createSocketClient(access),
    );
  });

  it("query, change, and read lists page by page", async () => {
    const { apps } = await admin.ask("{ apps(orderBy: { field: CREATED }) { nodes { name } } }");
    const names = apps.nodes.map(({ name }: Named) => name);
    assert.equal(names.length, 5);
    for (const client of clients) {
      const board = await client.query(pipeline.id);
      assert.deepEqual([board.pipeline.name, board.pipeline.stages.length], [pipeline.name, 4], client.name);
      const described = await client.describe(pipeline.id, `by ${client.name}`);
      assert.equal(described.updatePipeline.pipeline.description, `by ${client.name}`);
      assert.deepEqual(await client.readApps(), names, client.name);
    }
    const { GraphQLClient } = await load("node_modules/graphql-request/build/entrypoints/main.js");
    const { APPS, BOARD } = await load("documents.mjs");
    const request = new GraphQLClient(url, { headers: { authorization: `Bearer ${SECRET}` } });
    assert.equal((await request.request(BOARD, { pipeline: pipeline.id })).pipeline.id, pipeline.id);
    assert.deepEqual(await readPages((variables) => request.request(APPS, variables)), names);
  });

  it("read refusals with their code", async () => {
    for (const client of clients) {
      const error = await client.describe(unique("none"), "x").then(
        () => assert.fail(`${client.name} met no error`),
        (error: unknown) => error,
      );
      assert.match(JSON.stringify(error, Object.getOwnPropertyNames(error)), /There is no pipeline/, client.name);
    }
  });

  it("see every event once while the server is killed and started again, and keep their caches current", async () => {
    const { cursor } = await admin.ask("{ cursor }");
    for (const client of clients) await client.query(pipeline.id);
    const seen = new Map<string, string[]>(clients.map(({ name }) => [name, []]));
    const ends = clients.map((client) =>
      client.subscribe(cursor, (event) => seen.get(client.name)?.push(event.cursor)),
    );
    const change = (description: string) =>
      admin.mutate("updatePipeline", { pipeline: pipeline.id, description }, "__typename");
    const log = async (): Promise<string[]> => {
      const query = "query ($after: EventCursor) { events(after: $after, first: 100) { nodes { cursor } } }";
      return (await admin.ask(query, { after: cursor })).events.nodes.map((event: { cursor: string }) => event.cursor);
    };
    const caughtUp = async () => {
      const expected = await log();
      const complete = () => clients.every(({ name }) => seen.get(name)?.at(-1) === expected.at(-1));
      assert.ok(await eventually(complete, { timeoutMs: 60_000, intervalMs: 20 }), JSON.stringify([...seen]));
      for (const [name, cursors] of seen) assert.deepEqual(cursors, expected, name);
    };
    for (const count of [1, 2, 3]) await change(`before ${count}`);
    await caughtUp();
    for (const round of [1, 2]) {
      await restart();
      for (const count of [1, 2, 3]) await change(`round ${round}, change ${count}`);
      await caughtUp();
    }
    for (const client of clients) {
      const cached = await client.cached(pipeline.id);
      if (cached !== null) assert.equal(cached, "round 2, change 3", client.name);
    }
    for (const end of ends) end();
  });
});
