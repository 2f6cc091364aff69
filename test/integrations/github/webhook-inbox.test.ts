import assert from "node:assert/strict";
import { randomBytes, randomUUID } from "node:crypto";
import { describe, it } from "node:test";
import { type Database, DatabaseUnavailable } from "../../../src/database/database.js";
import { SYSTEM_VIEWER } from "../../../src/domain/core/context.js";
import { CommitStatus } from "../../../src/entities/builds/commit-status.js";
import { WebhookInbox } from "../../../src/integrations/github/webhooks/webhook-inbox.js";
import { unique } from "../../support/data/seed.js";
import { status } from "../../support/network/github-webhooks.js";
import { OFFLINE } from "../../support/service/offline.js";
import { startServer } from "../../support/service/server.js";

const REPOSITORY = `acme/${unique()}`;

/** A database whose transactions with these numbers fail at their end. */
function failing(database: Database, numbers: readonly number[]): Database {
  let count = 0;
  const write: Database["write"] = (work) => {
    count += 1;
    const number = count;
    return database.write(async (tx) => {
      const result = await work(tx);
      if (numbers.includes(number)) throw new Error(`Transaction ${number} failed.`);
      return result;
    });
  };
  return Object.create(database, { write: { value: write } }) as Database;
}

function inboxOn(db: Database): WebhookInbox {
  const durations = { deployTimeout: 1, reviewAppTtl: 1, eventRetention: 1 };
  return new WebhookInbox(
    { db, viewer: SYSTEM_VIEWER, durations, ...OFFLINE, now: () => new Date() },
    { forks: false },
  );
}

function statusDelivery(sha: string, context: string) {
  return { id: randomUUID(), event: "status", payload: status(REPOSITORY, sha, context, "success") };
}

function randomSha(): string {
  return randomBytes(20).toString("hex");
}

async function storedContexts({ reader }: Database, commitSha: string): Promise<string[]> {
  return (await reader.find(CommitStatus, { commitSha }, { order: "context" })).map(({ context }) => context);
}

describe("deliveries at once", () => {
  it("all take effect if the transaction of one fails once", async (t) => {
    const { app } = await startServer(t);
    const sha = randomSha();
    const inbox = inboxOn(failing(app.database, [2]));
    const contexts = ["a", "b", "c", "d", "e", "f"];
    const outcomes = await Promise.all(contexts.map((context) => inbox.take(statusDelivery(sha, context))));
    assert.deepEqual(
      outcomes.map(({ outcome }) => outcome),
      contexts.map(() => "APPLIED"),
    );
    assert.deepEqual(await storedContexts(app.database, sha), contexts);
  });

  it("take effect without the one whose transaction fails twice", async (t) => {
    const { app } = await startServer(t);
    const sha = randomSha();
    const inbox = inboxOn(failing(app.database, [2, 3]));
    assert.equal((await inbox.take(statusDelivery(sha, "a"))).outcome, "APPLIED");
    await assert.rejects(inbox.take(statusDelivery(sha, "b")), /Transaction 3 failed/);
    assert.equal((await inbox.take(statusDelivery(sha, "c"))).outcome, "APPLIED");
    assert.deepEqual(await storedContexts(app.database, sha), ["a", "c"]);
  });

  it("are refused immediately while the database is unavailable", async (t) => {
    const { app } = await startServer(t);
    let attempts = 0;
    const lost = new DatabaseUnavailable("The database cannot be reached.");
    const write = () => {
      attempts += 1;
      return Promise.reject(lost);
    };
    const inbox = inboxOn(Object.create(app.database, { write: { value: write } }) as Database);
    const taken = ["a", "b", "c"].map((context) => inbox.take(statusDelivery(randomSha(), context)));
    for (const outcome of await Promise.allSettled(taken)) {
      assert.deepEqual(outcome, { status: "rejected", reason: lost });
    }
    assert.equal(attempts, 3);
  });
});
