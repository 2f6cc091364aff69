import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Client } from "../../support/clients/client.js";
import { Seed, unique } from "../../support/data/seed.js";
import { type LoggedEvent, pickOne, readLog, startInstances } from "../../support/service/instances.js";
import { onlyOn } from "../../support/service/server.js";

describe("the log, written through two instances", onlyOn("postgres"), () => {
  it("shows every reader every event once and in one order, while 40 writers append", async (t) => {
    const clients = (await startInstances(t, 2)).map((instance) => instance.admin);
    const [first] = clients as [Client];
    const { cursor: start } = await readLog(first);
    let writing = true;

    /** Reads on from its cursor while others write, each time through a random instance. */
    const follow = async (): Promise<LoggedEvent[]> => {
      const seen: LoggedEvent[] = [];
      let cursor = start;
      for (let last = false; ; last = !writing) {
        const page = await readLog(pickOne(clients), cursor);
        seen.push(...page.events);
        cursor = page.cursor;
        if (last) return seen;
      }
    };
    const followers = Array.from({ length: 4 }, follow);
    const names = Array.from({ length: 40 }, () => Array.from({ length: 6 }, () => unique("app")));
    await Promise.all(
      names.map(async (mine, index) => {
        const seed = new Seed(clients[index % 2] as Client);
        for (const name of mine) await seed.app({ name });
      }),
    );
    writing = false;
    const expected = (await readLog(first, start)).events;
    assert.deepEqual(expected.map((event) => event.subjectName).sort(), names.flat().sort());
    for (const mine of names) {
      // The events of one writer are in the order of its writes.
      assert.deepEqual(
        expected.map((event) => event.subjectName as string).filter((name) => mine.includes(name)),
        mine,
      );
    }
    for (const seen of await Promise.all(followers)) {
      assert.deepEqual(
        seen.map((event) => event.cursor),
        expected.map((event) => event.cursor),
      );
    }
  });
});
