import assert from "node:assert/strict";
import { join } from "node:path";
import { describe, it } from "node:test";
import { Client } from "../../support/clients/client.js";
import { LOG_START, Socket } from "../../support/clients/socket.js";
import { unique } from "../../support/data/seed.js";
import { ChildProgram } from "../../support/service/child-program.js";
import { ADMIN_SECRET, type Cleanup, temporaryFolder } from "../../support/service/server.js";

const KILLS = 10;
const FOLLOW = `subscription ($after: EventCursor) { events(types: [APP_CREATED], after: $after) {
  cursor ... on ChangeEvent { subjectName } } }`;

async function serve(t: Cleanup, folder: string): Promise<{ program: ChildProgram; url: string }> {
  const program = ChildProgram.start(t, "dist/src/main.js", {
    PORT: "0",
    DATABASE_URL: `sqlite:${join(folder, "db.sqlite")}`,
    ADMIN_TOKEN: ADMIN_SECRET,
    LOG_LEVEL: "silent",
  });
  const url = await program.line(/^Railyard is at (http:\S+)/);
  return { program, url };
}

describe("a server that is killed during writes", () => {
  it("loses no acknowledged event and repeats no cursor, ten times in a row", async (t) => {
    const folder = temporaryFolder(t);
    const acknowledged: string[] = [];
    const seen: { cursor: string; subjectName: string }[] = [];
    for (let kill = 0; kill < KILLS; kill += 1) {
      const { program, url } = await serve(t, folder);
      const client = new Client(url, ADMIN_SECRET);
      const socket = await Socket.open(t, url, ADMIN_SECRET);
      const watch = socket.run(FOLLOW, { after: seen.at(-1)?.cursor ?? LOG_START });
      const write = async () => {
        for (;;) {
          const name = unique("app");
          try {
            await client.mutate("createApp", { name }, "app { id }");
          } catch {
            return;
          }
          acknowledged.push(name);
        }
      };
      const writing = [write(), write(), write(), write()];
      // Mid-stream: some events have been delivered, and others are being written.
      await watch.take(10 + kill * 3);
      await program.kill();
      await socket.closed;
      await Promise.all(writing);
      seen.push(...watch.events);
    }
    const { url } = await serve(t, folder);
    const client = new Client(url, ADMIN_SECRET);
    const socket = await Socket.open(t, url, ADMIN_SECRET);
    const watch = socket.run(FOLLOW, { after: seen.at(-1)?.cursor });
    const last = unique("last");
    await client.mutate("createApp", { name: last }, "app { id }");
    await watch.until(({ events }) => events.at(-1)?.subjectName === last);
    seen.push(...watch.events);

    assert.equal(new Set(seen.map((event) => event.cursor)).size, seen.length, "no cursor repeats");
    const names = seen.map((event) => event.subjectName);
    assert.equal(new Set(names).size, names.length, "no event repeats");
    assert.deepEqual(
      acknowledged.filter((name) => !names.includes(name)),
      [],
      "what was acknowledged was told",
    );
    const { apps } = await client.ask("{ apps(first: 1) { totalCount } }");
    assert.equal(apps.totalCount, names.length, "what is there was told");
    assert.ok(acknowledged.length > KILLS * 10);
  });
});
