import assert from "node:assert/strict";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { describe, it } from "node:test";
import { eventually } from "../../src/async/eventually.js";
import { Client } from "../support/clients/client.js";
import { Seed, unique } from "../support/data/seed.js";
import { ChildProgram } from "../support/service/child-program.js";
import { ADMIN_SECRET, temporaryFolder } from "../support/service/server.js";
import { startProcess } from "../support/service/server-process.js";

/** Programs start slowly on a busy machine, and the example waits up to 10 seconds between two attempts to connect. */
const SLOW = { timeoutMs: 90_000 };

describe("the example that watches events", () => {
  it("prints each event once although the service is killed, and continues after a cursor", async (t) => {
    const environment = {
      DATABASE_URL: `sqlite:${join(temporaryFolder(t), "railyard.sqlite")}`,
      ADMIN_TOKEN: ADMIN_SECRET,
    };
    const server = startProcess(t, environment);
    const url = await server.ready();
    const seed = new Seed(new Client(url, ADMIN_SECRET));
    const created: string[] = [];
    const create = async () => {
      // Before it is created: the program may print the event before the response arrives here.
      const name = unique("app");
      created.push(name);
      await seed.app({ name });
    };
    const watch = (...cursor: string[]) => {
      const printed: { name: string; cursor: string }[] = [];
      const program = ChildProgram.start(t, "examples/watch.mjs", { RAILYARD_TOKEN: ADMIN_SECRET }, [
        `${url}/graphql`,
        ...cursor,
      ]);
      createInterface({ input: program.child.stdout as NodeJS.ReadableStream }).on("line", (line) => {
        const { type, summary, cursor } = JSON.parse(line);
        const name = created.find((one) => summary?.includes(one));
        if (type === "APP_CREATED") printed.push({ name: name ?? summary, cursor });
      });
      return printed;
    };
    await create();
    const { events } = await seed.client.ask("{ events(last: 1) { nodes { cursor } } }");
    const printed = watch(events.nodes[0].cursor);
    await create();
    assert.ok(await eventually(() => printed.length === 1, SLOW));
    server.signal("SIGKILL");
    await server.exit();
    const restarted = startProcess(t, { ...environment, PORT: new URL(url).port });
    await restarted.ready();
    await create();
    await create();
    assert.ok(await eventually(() => printed.length >= 3, SLOW));
    assert.deepEqual(
      printed.map(({ name }) => name),
      created.slice(1),
    );
    const again = watch(printed[0]?.cursor ?? "");
    assert.ok(await eventually(() => again.length >= 2, SLOW));
    assert.deepEqual(
      again.map(({ name }) => name),
      created.slice(2),
    );
  });
});
