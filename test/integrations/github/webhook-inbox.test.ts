import assert from "node:assert/strict";
import { randomBytes, randomUUID } from "node:crypto";
import { describe, it } from "node:test";
import type { Database } from "../../../src/database/database.js";
import type { Tx } from "../../../src/database/rows/reader.js";
import { SYSTEM_VIEWER } from "../../../src/domain/core/context.js";
import { CommitStatus } from "../../../src/entities/builds/commit-status.js";
import { WebhookInbox } from "../../../src/integrations/github/webhook-inbox.js";
import { status } from "../../support/github-webhooks.js";
import { unique } from "../../support/seed.js";
import { onlyOn, startServer } from "../../support/server.js";

/** A database whose transactions fail at commit on demand. Counts nested transactions too. */
function failing(database: Database, fails: (transaction: number) => boolean): Database {
  let count = 0;
  return Object.create(database, {
    reader: { value: database.reader },
    write: {
      value: <T>(work: (tx: Tx) => Promise<T>) => {
        count += 1;
        const number = count;
        return database.write(async (tx) => {
          const result = await work(tx);
          if (fails(number)) throw new Error(`Transaction ${number} lost against another instance.`);
          return result;
        });
      },
    },
  });
}

describe("deliveries that share a transaction", onlyOn("sqlite"), () => {
  for (const [name, fails] of [
    ["the whole transaction fails at its end", (transaction: number) => transaction === 1],
    ["one of them fails", (transaction: number) => transaction === 3],
  ] as const) {
    it(`all take effect if ${name}`, async (t) => {
      const { app } = await startServer(t);
      const db = failing(app.database, fails);
      const durations = { deployTimeout: 1, reviewAppTtl: 1, eventRetention: 1 };
      const ctx = { db, viewer: SYSTEM_VIEWER, durations, now: () => new Date() };
      // However slow the machine is, they share one transaction.
      const deliveries = new WebhookInbox(ctx, { forks: false, batchTime: Number.POSITIVE_INFINITY });
      const repository = `acme/${unique()}`;
      const sha = randomBytes(20).toString("hex");
      const outcomes = await Promise.all(
        ["a", "b", "c"].map((context) => {
          const payload = status(repository, sha, context, "success");
          return deliveries.take({ id: randomUUID(), event: "status", payload });
        }),
      );
      assert.deepEqual(
        outcomes.map(({ outcome }) => outcome),
        ["done", "done", "done"],
      );
      const kept = await app.database.reader.find(CommitStatus, { commitSha: sha }, { order: "context" });
      assert.deepEqual(
        kept.map((one) => one.context),
        ["a", "b", "c"],
      );
    });
  }

  it("are refused individually if one fails repeatedly", async (t) => {
    const { app } = await startServer(t);
    const db = failing(app.database, (transaction) => transaction > 1);
    const durations = { deployTimeout: 1, reviewAppTtl: 1, eventRetention: 1 };
    const deliveries = new WebhookInbox(
      { db, viewer: SYSTEM_VIEWER, durations, now: () => new Date() },
      { forks: false },
    );
    const payload = status(`acme/${unique()}`, randomBytes(20).toString("hex"), "ci", "success");
    await assert.rejects(deliveries.take({ id: randomUUID(), event: "status", payload }), /lost against another/);
  });
});

describe("concurrent deliveries", () => {
  it("are all refused if no transaction can begin", async (t) => {
    const { app } = await startServer(t);
    const lost = new Error("The database cannot be reached.");
    const db = Object.create(app.database, { write: { value: () => Promise.reject(lost) } }) as Database;
    const durations = { deployTimeout: 1, reviewAppTtl: 1, eventRetention: 1 };
    const deliveries = new WebhookInbox(
      { db, viewer: SYSTEM_VIEWER, durations, now: () => new Date() },
      { forks: false },
    );
    const taken = Array.from({ length: 3 }, () => {
      const payload = status(`acme/${unique()}`, randomBytes(20).toString("hex"), "ci", "success");
      return deliveries.take({ id: randomUUID(), event: "status", payload });
    });
    for (const outcome of await Promise.allSettled(taken)) {
      assert.deepEqual(outcome, { status: "rejected", reason: lost });
    }
  });
});
