import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { FairQueue } from "../../src/async/fair-queue.js";

/** Keeps the event loop busy. */
function work(milliseconds: number): void {
  const until = performance.now() + milliseconds;
  while (performance.now() < until);
}

describe("a fair queue", () => {
  it("lets its owners take turns", async () => {
    const queue = new FairQueue({ concurrency: 1, sliceMs: 10 });
    const order: string[] = [];
    const run = (owner: string, name: string) => queue.run(owner, async () => void order.push(name));
    await Promise.all([run("a", "a1"), run("a", "a2"), run("a", "a3"), run("b", "b1"), run("b", "b2"), run("c", "c1")]);
    assert.deepEqual(order, ["a1", "a2", "b1", "c1", "a3", "b2"]);
  });

  it("serves the event loop between slices, and returns results and errors", async () => {
    const queue = new FairQueue({ concurrency: 1, sliceMs: 5 });
    let turns = 0;
    let measuring = true;
    const turn = () => {
      turns += 1;
      if (measuring) setImmediate(turn);
    };
    setImmediate(turn);
    const results = await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        queue.run("a", async () => {
          work(3);
          return index;
        }),
      ),
    );
    measuring = false;
    assert.deepEqual(results, [...results.keys()]);
    assert.ok(turns >= 9, `${turns} turns`);
    await assert.rejects(
      queue.run("a", async () => {
        throw new Error("no");
      }),
      /no/,
    );
    assert.equal(await queue.run("a", async () => 1), 1);
  });

  it("runs a limited number of tasks that wait", async () => {
    const queue = new FairQueue({ concurrency: 3, sliceMs: 10 });
    let [running, most] = [0, 0];
    await Promise.all(
      Array.from({ length: 20 }, () =>
        queue.run("a", async () => {
          running += 1;
          most = Math.max(most, running);
          for (let turn = 0; turn < 5; turn += 1) await new Promise(setImmediate);
          running -= 1;
        }),
      ),
    );
    assert.equal(most, 3);
  });
});
