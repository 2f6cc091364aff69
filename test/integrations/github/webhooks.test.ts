import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { describe, it } from "node:test";
import type { Client } from "../../support/clients/client.js";
import {
  deliverWebhook,
  EVENTS,
  example,
  pullRequest,
  reviewApps,
  signature,
  withGithub,
} from "../../support/network/github-webhooks.js";
import { startServer } from "../../support/service/server.js";

describe("a webhook's signature", () => {
  it("is answered with a clear 404 if webhooks are disabled", async (t) => {
    const { url } = await startServer(t);
    const answer = await deliverWebhook(url, "ping", example("ping"));
    assert.equal(answer.status, 404);
    assert.equal(answer.errors?.[0]?.extensions.code, "NOT_FOUND");
    assert.match(answer.errors?.[0]?.message ?? "", /GITHUB_WEBHOOK_SECRET/);
  });

  it("must be present and valid, or nothing happens", async (t) => {
    const { server, admin, seed, repository } = await withGithub(t);
    const pipeline = await seed.pipeline({ repository, reviewAppsEnabled: true });
    const payload = pullRequest(repository, "opened");
    const body = JSON.stringify(payload);
    const wrong = [
      { secret: "another-secret" },
      { headers: { "x-hub-signature-256": "" } },
      { headers: { "x-hub-signature-256": signature(body).toUpperCase() } },
      { headers: { "x-hub-signature-256": signature(`${body} `) } },
      { headers: { "x-hub-signature-256": signature(body).slice(0, -2) } },
      { headers: { "x-hub-signature-256": signature(body).replace("sha256", "sha1") } },
    ];
    for (const options of wrong) {
      const answer = await deliverWebhook(server.url, "pull_request", payload, options);
      assert.equal(answer.status, 401, JSON.stringify(options));
      assert.equal(answer.errors?.[0]?.extensions.code, "UNAUTHENTICATED");
    }
    const empty = await deliverWebhook(server.url, "pull_request", "", {
      headers: { "x-hub-signature-256": signature("") },
    });
    assert.equal(empty.status, 401);
    assert.deepEqual(await reviewApps(admin, pipeline), []);
    assert.equal((await deliverWebhook(server.url, "pull_request", payload)).status, 200);
    assert.equal((await reviewApps(admin, pipeline)).length, 1);
  });

  it("may use either of two secrets during a rotation", async (t) => {
    const { server } = await withGithub(t, { env: { GITHUB_WEBHOOK_SECRET: "the-new-secret, the-old-secret" } });
    const answers = ["the-new-secret", "the-old-secret", "the-older-secret"].map((secret) =>
      deliverWebhook(server.url, "ping", example("ping"), { secret }),
    );
    assert.deepEqual(
      (await Promise.all(answers)).map((answer) => answer.status),
      [200, 200, 401],
    );
  });

  it("covers the raw bytes of a form too, GitHub's other content type", async (t) => {
    const { server, admin, seed, repository } = await withGithub(t);
    const pipeline = await seed.pipeline({ repository, reviewAppsEnabled: true });
    const body = new URLSearchParams({ payload: JSON.stringify(pullRequest(repository, "opened")) }).toString();
    const headers = { "content-type": "application/x-www-form-urlencoded" };
    assert.equal((await deliverWebhook(server.url, "pull_request", body, { headers })).outcome, "done");
    assert.equal((await reviewApps(admin, pipeline)).length, 1);
  });
});

describe("a webhook", () => {
  it("is accepted for every event of GitHub, and ignored if there is nothing to do", async (t) => {
    const { server } = await withGithub(t);
    for (const event of [...EVENTS, "an_event_of_the_future"]) {
      const payload = EVENTS.includes(event) ? example(event) : { anything: true };
      const answer = await deliverWebhook(server.url, event, payload);
      const isPullRequest = event === "pull_request";
      assert.equal(answer.status, isPullRequest ? 202 : 200, `${event}: ${JSON.stringify(answer)}`);
      const needed = ["status", "check_run", "check_suite"].includes(event);
      assert.equal(answer.outcome, isPullRequest ? "pending" : needed ? "done" : "ignored", event);
    }
  });

  it("may be larger than a GraphQL request", async (t) => {
    const { server, admin, seed, repository } = await withGithub(t);
    const pipeline = await seed.pipeline({ repository, reviewAppsEnabled: true });
    const large = pullRequest(repository, "opened", { body: "x".repeat(1_000_000) });
    assert.equal((await deliverWebhook(server.url, "pull_request", large)).status, 200);
    assert.equal((await reviewApps(admin, pipeline)).length, 1);
    const tooLarge = await deliverWebhook(server.url, "ping", { zen: "x".repeat(6_000_000) });
    assert.equal(tooLarge.status, 413);
    assert.match(tooLarge.errors?.[0]?.message ?? "", /5242880/);
  });

  it("is refused with a reason if it is malformed, without an effect", async (t) => {
    const { server, admin, seed, repository } = await withGithub(t);
    const pipeline = await seed.pipeline({ repository, reviewAppsEnabled: true });
    const broken = pullRequest(repository, "opened", { updated_at: "yesterday" });
    const answers = [
      await deliverWebhook(server.url, "pull_request", broken),
      await deliverWebhook(server.url, "pull_request", "not json"),
      await deliverWebhook(server.url, "pull_request", "[]"),
      await deliverWebhook(server.url, "status", pullRequest(repository, "opened")),
      await deliverWebhook(server.url, "pull_request", pullRequest(repository, "opened"), { id: "" }),
    ];
    for (const answer of answers) {
      assert.equal(answer.status, 400);
      assert.equal(answer.errors?.[0]?.extensions.code, "BAD_USER_INPUT");
    }
    assert.match(answers[0]?.errors?.[0]?.message ?? "", /pull_request\.updated_at/);
    assert.deepEqual(await reviewApps(admin, pipeline), []);
  });

  it("takes effect once however often it is delivered, also across a restart", async (t) => {
    const { server, seed, repository } = await withGithub(t);
    await seed.pipeline({ repository, reviewAppsEnabled: true });
    const payload = pullRequest(repository, "opened");
    const id = randomUUID();
    const first = await Promise.all([1, 2, 3].map(() => deliverWebhook(server.url, "pull_request", payload, { id })));
    assert.deepEqual(first.map((answer) => answer.outcome).sort(), ["done", "repeated", "repeated"]);
    const before = await countEvents(server.admin);
    await server.restart();
    assert.equal((await deliverWebhook(server.url, "pull_request", payload, { id })).outcome, "repeated");
    assert.equal(await countEvents(server.admin), before);
  });

  it("is retried when it is redelivered after a refusal", async (t) => {
    const { server, seed, repository } = await withGithub(t);
    await seed.pipeline({ repository, reviewAppsEnabled: true });
    const payload = pullRequest(repository, "opened", { head: { ref: "x".repeat(300) } });
    const id = randomUUID();
    for (let time = 0; time < 2; time += 1) {
      const answer = await deliverWebhook(server.url, "pull_request", payload, { id });
      assert.equal(answer.status, 400);
      assert.match(answer.errors?.[0]?.message ?? "", /branch must be at most 256 characters/);
    }
  });
});

async function countEvents(admin: Client): Promise<number> {
  const { events } = await admin.ask("{ events(last: 100) { nodes { cursor } } }");
  return events.nodes.length;
}
