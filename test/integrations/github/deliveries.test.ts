import assert from "node:assert/strict";
import { randomBytes, randomUUID } from "node:crypto";
import { describe, it } from "node:test";
import { GithubDelivery } from "../../../src/entities/github/github-delivery.js";
import { CommandLine } from "../../support/clients/cli.js";
import type { Client } from "../../support/clients/client.js";
import { createScopedToken } from "../../support/data/pipeline-fixture.js";
import { Seed, unique } from "../../support/data/seed.js";
import {
  deliverWebhook,
  example,
  type Payload,
  pullRequest,
  reviewApps,
  status,
  withGithub,
} from "../../support/network/github-webhooks.js";
import { Clock, HOUR, MINUTE } from "../../support/service/clock.js";
import { ADMIN_SECRET } from "../../support/service/server.js";

const FIELDS = "id event action repository outcome message attempts receivedAt processedAt pendingUntil";

/** The deliveries, newest first. */
async function list(admin: Client, args = ""): Promise<Payload[]> {
  return (await admin.ask(`{ webhookDeliveries${args} { nodes { ${FIELDS} } } }`)).webhookDeliveries.nodes;
}

async function countEvents(admin: Client, type: string): Promise<number> {
  return (await admin.ask(`{ events(last: 100, types: [${type}]) { nodes { cursor } } }`)).events.nodes.length;
}

describe("a delivery without effect", () => {
  it("is answered with 202 and the reason, kept, and applied when its pipeline appears", async (t) => {
    const clock = new Clock();
    const { server, admin, repository } = await withGithub(t, { now: clock.now });
    const payload = pullRequest(repository, "opened");
    const id = randomUUID();
    const reason = `No pipeline has the repository github.com/${repository}.`;
    const answer = await deliverWebhook(server.url, "pull_request", payload, { id });
    assert.deepEqual(answer, { status: 202, delivery: id, event: "pull_request", outcome: "pending", message: reason });
    const receivedAt = clock.now().toISOString();
    clock.advance(MINUTE);
    assert.equal((await deliverWebhook(server.url, "pull_request", payload, { id })).status, 202);
    const about = { id, event: "pull_request", action: "opened", repository: `github.com/${repository}`, receivedAt };
    assert.deepEqual(await list(admin), [
      {
        ...about,
        outcome: "PENDING",
        message: reason,
        attempts: 2,
        processedAt: null,
        pendingUntil: new Date(clock.now().getTime() + 24 * HOUR).toISOString(),
      },
    ]);
    await server.restart();
    const pipeline = await new Seed(server.admin).pipeline({ repository, reviewAppsEnabled: true });
    clock.advance(23 * HOUR);
    await server.app.tick();
    assert.equal((await reviewApps(server.admin, pipeline)).length, 1);
    const processedAt = clock.now().toISOString();
    const applied = { ...about, outcome: "APPLIED", message: null, attempts: 3, processedAt, pendingUntil: null };
    assert.deepEqual(await list(server.admin), [applied]);
    assert.equal((await server.app.database.reader.first(GithubDelivery, { id }))?.payload, null);
    assert.equal((await deliverWebhook(server.url, "pull_request", payload, { id })).outcome, "repeated");
    assert.deepEqual(await list(server.admin), [applied]);
  });

  for (const [what, change] of [
    ["review apps are enabled", { reviewAppsEnabled: true }],
    ["the repository of a pipeline is set", { repository: "" }],
  ] as const) {
    it(`is applied when ${what}`, async (t) => {
      const { server, admin, seed, repository } = await withGithub(t);
      const isOff = "reviewAppsEnabled" in change;
      const pipeline = await seed.pipeline(isOff ? { repository } : { reviewAppsEnabled: true });
      const answer = await deliverWebhook(server.url, "pull_request", pullRequest(repository, "opened"));
      assert.equal(answer.status, 202);
      assert.equal(
        answer.message,
        isOff
          ? `Review apps of ${pipeline.name} are off; updatePipeline enables them.`
          : `No pipeline has the repository github.com/${repository}.`,
      );
      await server.app.tick();
      assert.deepEqual(await reviewApps(admin, pipeline), []);
      assert.equal((await list(admin))[0].attempts, 1, "it is not tried in vain");
      const patch = isOff ? change : { repository };
      await admin.mutate("updatePipeline", { pipeline: pipeline.id, ...patch }, "__typename");
      await server.app.tick();
      assert.equal((await reviewApps(admin, pipeline)).length, 1);
      assert.equal((await list(admin))[0].outcome, "APPLIED");
    });
  }

  it("opens the review apps of pipelines that appear later when it is redelivered, and changes nothing elsewhere", async (t) => {
    const { server, admin, seed, repository } = await withGithub(t);
    const create = (component: string) => seed.pipeline({ repository, component, reviewAppsEnabled: true });
    const [api, web] = [await create("api"), await create("web")];
    const send = (action: string, id: string, second: number, change: object = {}) => {
      const updated_at = `2026-01-01T00:00:0${second}Z`;
      return deliverWebhook(
        server.url,
        "pull_request",
        pullRequest(repository, action, { number: 1, updated_at, ...change }),
        { id },
      );
    };
    const heads = async (pipeline: { id: string }) => {
      const query = "query ($p: ID!) { pipeline(pipeline: $p) { reviewApps { pullRequest { title } } } }";
      return (await admin.ask(query, { p: pipeline.id })).pipeline.reviewApps.map(
        (one: Payload) => one.pullRequest.title,
      );
    };
    const [opened, pushed] = [randomUUID(), randomUUID()];
    await send("opened", opened, 0, { title: "first" });
    await send("synchronize", pushed, 5, { title: "second" });
    await admin.mutate("closeReviewApp", { pipeline: web.id, pullRequestNumber: 1 }, "__typename");
    const docs = await create("docs");
    assert.equal((await send("opened", opened, 0, { title: "first" })).outcome, "done");
    assert.deepEqual([await heads(api), await heads(web), await heads(docs)], [["second"], [], ["second"]]);
    assert.equal((await send("opened", opened, 0)).outcome, "repeated");
    assert.equal((await send("synchronize", pushed, 5, { title: "second" })).outcome, "done");
    assert.equal((await send("synchronize", pushed, 5)).outcome, "repeated");
    await send("closed", randomUUID(), 9);
    assert.deepEqual([await heads(api), await heads(docs)], [[], []]);
    const late = await create("late");
    for (const [action, id, second] of [
      ["opened", opened, 0],
      ["synchronize", pushed, 5],
    ] as const) {
      assert.equal((await send(action, id, second)).outcome, "repeated");
    }
    assert.deepEqual(await heads(late), []);
  });

  it("expires after 24 hours, and is then applied only if it is redelivered", async (t) => {
    const clock = new Clock();
    const { server, admin, seed, repository } = await withGithub(t, { now: clock.now });
    const payload = pullRequest(repository, "opened");
    const id = randomUUID();
    await deliverWebhook(server.url, "pull_request", payload, { id });
    clock.advance(24 * HOUR);
    const pipeline = await seed.pipeline({ repository, reviewAppsEnabled: true });
    await server.app.tick();
    assert.deepEqual(await reviewApps(admin, pipeline), []);
    assert.equal((await list(admin))[0].outcome, "EXPIRED");
    assert.equal((await deliverWebhook(server.url, "pull_request", payload, { id })).outcome, "done");
    assert.equal((await reviewApps(admin, pipeline)).length, 1);
  });

  it("opens no review app of a pull request that is closed meanwhile", async (t) => {
    const { server, admin, seed, repository } = await withGithub(t);
    const send = (number: number, action: string, updated_at: string) =>
      deliverWebhook(server.url, "pull_request", pullRequest(repository, action, { number, updated_at }));
    await send(1, "opened", "2026-01-01T00:00:00Z");
    await send(2, "opened", "2026-01-01T00:00:00Z");
    await send(2, "synchronize", "2026-01-01T00:00:05Z");
    await send(1, "closed", "2026-01-01T00:00:05Z");
    const pipeline = await seed.pipeline({ repository, reviewAppsEnabled: true });
    await server.app.tick();
    assert.deepEqual(
      (await reviewApps(admin, pipeline)).map((one) => one.pullRequest.number),
      [2],
    );
    assert.equal(await countEvents(admin, "REVIEW_APP_OPENED"), 1);
    assert.deepEqual((await list(admin)).map(({ action, outcome }) => `${action} ${outcome}`).sort(), [
      "closed IGNORED",
      "opened APPLIED",
      "opened IGNORED",
      "synchronize APPLIED",
    ]);
  });

  it("takes effect once, also if it is redelivered while it is applied", async (t) => {
    const { server, admin, seed, repository } = await withGithub(t);
    const payload = pullRequest(repository, "opened");
    const id = randomUUID();
    await deliverWebhook(server.url, "pull_request", payload, { id });
    await seed.pipeline({ repository, reviewAppsEnabled: true });
    const redeliver = () => deliverWebhook(server.url, "pull_request", payload, { id });
    const answers = await Promise.all([redeliver(), server.app.tick(), redeliver(), server.app.tick(), redeliver()]);
    const outcomes = answers.flatMap((answer) => answer?.outcome ?? []);
    assert.ok(
      outcomes.every((outcome) => outcome === "done" || outcome === "repeated"),
      outcomes.join(),
    );
    assert.ok(outcomes.filter((outcome) => outcome === "done").length <= 1);
    assert.equal(await countEvents(admin, "REVIEW_APP_OPENED"), 1);
    const [{ outcome, attempts }] = await list(admin);
    assert.deepEqual([outcome, attempts], ["APPLIED", 2]);
  });
});

describe("the list of webhook deliveries", () => {
  it("shows everything that arrived and what it did, newest first", async (t) => {
    const { server, admin, seed, repository } = await withGithub(t);
    await seed.pipeline({ repository, reviewAppsEnabled: true });
    const sha = randomBytes(20).toString("hex");
    const open = (change: Payload) => pullRequest(repository, "opened", change);
    const deliveries: [string, Payload, number][] = [
      ["ping", example("ping"), 200],
      ["pull_request", open({ number: 1 }), 200],
      ["status", status(repository, sha, "ci", "success", "2026-01-01T00:00:05Z"), 200],
      ["status", status(repository, sha, "ci", "failure"), 200],
      ["pull_request", pullRequest(repository, "closed", { number: 9 }), 200],
      ["pull_request", open({ number: 3, head: { repo: { id: 4711 } } }), 200],
      ["pull_request", open({ number: 4, head: { ref: "x".repeat(300) } }), 400],
      ["pull_request", open({ number: 5, updated_at: "yesterday" }), 400],
      ["pull_request", pullRequest(`acme/${unique()}`, "opened"), 202],
    ];
    for (const [event, payload, expected] of deliveries) {
      assert.equal((await deliverWebhook(server.url, event, payload)).status, expected, `${event} ${payload.action}`);
    }
    const all = await list(admin);
    assert.deepEqual(
      all.map(({ event, action, outcome }) => `${event} ${action} ${outcome}`),
      [
        "pull_request opened PENDING",
        "pull_request opened REFUSED",
        "pull_request opened REFUSED",
        "pull_request opened IGNORED",
        "pull_request closed IGNORED",
        "status null IGNORED",
        "status null APPLIED",
        "pull_request opened APPLIED",
        "ping null IGNORED",
      ],
    );
    assert.match(all[1].message, /^pull_request\.updated_at does not match/);
    assert.match(all[2].message, /branch must be at most 256 characters/);
    assert.match(all[3].message, /GITHUB_FORKS=allow/);
    assert.equal(all[4].message, "There is no review app of pull request 9.");
    assert.equal(all[5].message, "ci of the commit has a later status.");
    assert.equal(all[8].message, "The event ping needs no change.");
    const mine = await list(admin, `(repository: "https://github.com/${repository}.git")`);
    assert.deepEqual(mine, all.slice(1, 8));
    assert.deepEqual(await list(admin, `(repository: "${repository}", outcome: REFUSED, first: 1)`), all.slice(1, 2));
    const cli = new CommandLine(t, { RAILYARD_URL: server.url, RAILYARD_TOKEN: ADMIN_SECRET });
    assert.deepEqual(await cli.json(["github:deliveries", "-r", repository, "--outcome", "refused"]), all.slice(1, 3));
    const { stdout } = await cli.run(["github:deliveries", "--limit", "1"]);
    const [row = ""] = stdout.split("\n").filter((line) => line.includes(all[0].id));
    assert.match(row, /pull_request\topened\t.*\tpending\t.*No pipeline has the repository/);
    const page = "{ nodes { id } pageInfo { endCursor hasNextPage } totalCount }";
    const first = (await admin.ask(`{ webhookDeliveries(first: 4) ${page} }`)).webhookDeliveries;
    assert.deepEqual([first.totalCount, first.pageInfo.hasNextPage], [9, true]);
    const after = `(first: 9, after: "${first.pageInfo.endCursor}")`;
    const second = (await admin.ask(`{ webhookDeliveries${after} ${page} }`)).webhookDeliveries;
    assert.deepEqual(
      [...first.nodes, ...second.nodes].map(({ id }) => id),
      all.map(({ id }) => id),
    );
    for (const position of ["x", "9".repeat(20)]) {
      const cursor = Buffer.from(`position:${position}`).toString("base64url");
      await assert.rejects(list(admin, `(after: "${cursor}")`), /after must be a cursor that this list returned/);
    }
  });

  it("is for unrestricted administrators only", async (t) => {
    const { server, seed } = await withGithub(t);
    const operator = await server.as("OPERATOR");
    await assert.rejects(list(operator), /readWebhookDeliveries requires the ADMIN role/);
    const restricted = await createScopedToken(server, "ADMIN", [await seed.pipeline()]);
    await assert.rejects(list(restricted), /readWebhookDeliveries requires/);
  });

  it("is bounded by age and by number, except what is pending or orders a pull request", async (t) => {
    const clock = new Clock();
    const env = { GITHUB_DELIVERY_RETENTION: "10h", GITHUB_MAX_DELIVERIES: "3" };
    const { server, admin, seed, repository } = await withGithub(t, { now: clock.now, env });
    await seed.pipeline({ repository, reviewAppsEnabled: true });
    const pull = (action: string) => ["pull_request", pullRequest(repository, action)] as const;
    const pending = pullRequest(unique("acme/unknown"), "opened");
    const ping = ["ping", example("ping")] as const;
    const ids: string[] = [];
    for (const [event, payload] of [
      pull("opened"),
      pull("closed"),
      ["pull_request", pending] as const,
      ping,
      ping,
      ping,
      ping,
    ]) {
      ids.push(randomUUID());
      await deliverWebhook(server.url, event, payload, { id: ids.at(-1) ?? "" });
      clock.advance(HOUR);
    }
    const kept = async () => (await list(admin)).map(({ id }) => ids.indexOf(id)).reverse();
    await server.app.tick();
    assert.deepEqual(await kept(), [0, 1, 2, 4, 5, 6]);
    clock.advance(8.5 * HOUR);
    await server.app.tick();
    assert.deepEqual(await kept(), [0, 1, 2, 6], "the others are older than 10 hours");
    clock.advance(24 * HOUR);
    await server.app.tick();
    assert.deepEqual(await kept(), [0, 1], "it is no longer pending");
    clock.advance(72 * HOUR);
    await server.app.tick();
    assert.deepEqual(await kept(), [], "GitHub no longer offers to redeliver what came before them");
  });
});
