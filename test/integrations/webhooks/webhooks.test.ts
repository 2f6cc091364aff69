import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import { Webhook as StandardWebhook } from "standardwebhooks";
import { Client } from "../../support/clients/client.js";
import { createScopedToken } from "../../support/data/pipeline-fixture.js";
import { Seed, unique } from "../../support/data/seed.js";
import { createWebhook, LOCAL, readWebhook, untilDelivered, untilWebhook } from "../../support/data/webhooks.js";
import { dumpRows } from "../../support/database/database-content.js";
import { answer, Receiver } from "../../support/network/webhook-receiver.js";
import { suiteCleanup } from "../../support/service/cleanup.js";
import { Clock, HOUR, MINUTE } from "../../support/service/clock.js";
import { startServer, type TestServer } from "../../support/service/server.js";

const SECOND = 1000;

describe("a webhook", () => {
  let server: TestServer;
  let seed: Seed;
  const cleanup = suiteCleanup();
  before(async () => {
    server = await startServer(cleanup, { env: LOCAL });
    seed = new Seed(server.admin);
  });

  it("sends events with signatures of Standard Webhooks, and records the deliveries", async (t) => {
    const receiver = await Receiver.start(t);
    const { id, secret } = await createWebhook(server.admin, receiver.url, { types: null });
    const app = await seed.app();
    const [, event] = await receiver.until(2);
    assert.deepEqual(receiver.types, ["WEBHOOK_CREATED", "APP_CREATED"]);
    assert.ok(event);
    assert.deepEqual(new StandardWebhook(secret).verify(event.body, event.headers), event.json);
    assert.throws(() => new StandardWebhook(secret).verify(`${event.body} `, event.headers));
    assert.equal(event.json.data.subject.id, app.id);
    assert.equal(event.id, `${event.json.data.cursor}:${id}`);
    await untilDelivered(server, id, 2);
    const query = `query ($id: ID!) { webhook(webhook: $id) { state behind cursor deliveries { totalCount nodes {
      attempt statusCode problem nextAttemptAt event { type cursor } webhook { id } } } } }`;
    const { webhook } = await server.admin.ask(query, { id });
    assert.deepEqual([webhook.state, webhook.behind, webhook.cursor], ["ACTIVE", 0, event.json.data.cursor]);
    assert.deepEqual(webhook.deliveries.nodes[0], {
      ...{ attempt: 1, statusCode: 204, problem: null, nextAttemptAt: null },
      ...{ event: { type: "APP_CREATED", cursor: event.json.data.cursor }, webhook: { id } },
    });
  });

  it("signs with both secrets while one rotates, and shows neither again", async (t) => {
    const receiver = await Receiver.start(t);
    const { id, name, secret } = await createWebhook(server.admin, receiver.url, { authorization: "Basic aGVsbG8=" });
    const rotated = await server.admin.mutate("rotateWebhookSecret", { webhook: name }, "secret webhook { id }");
    assert.notEqual(rotated.secret, secret);
    await seed.app();
    const [both] = await receiver.until(1);
    assert.ok(both);
    assert.equal(both.headers.authorization, "Basic aGVsbG8=");
    for (const one of [secret, rotated.secret]) new StandardWebhook(one).verify(both.body, both.headers);
    const last = await server.admin.mutate("rotateWebhookSecret", { webhook: id, overlap: "0s" }, "secret");
    await seed.app();
    const [, single] = await receiver.until(2);
    assert.ok(single);
    new StandardWebhook(last.secret).verify(single.body, single.headers);
    for (const old of [secret, rotated.secret])
      assert.throws(() => new StandardWebhook(old).verify(single.body, single.headers));
    const rows = (await dumpRows(server)).filter((row) => !row.startsWith("webhooks")).join("\n");
    for (const hidden of [secret, rotated.secret, last.secret, "aGVsbG8="]) {
      assert.equal(rows.includes(hidden), false, "no secret in events, deliveries or any other row");
      assert.equal(
        receiver.received.some(({ body }) => body.includes(hidden)),
        false,
      );
    }
    const own = await server.admin.mutate(
      "createWebhook",
      { name: unique("own"), url: receiver.url, secret: "my own secret 123".replaceAll(" ", "-") },
      "secret",
    );
    assert.equal(own.secret, `whsec_${Buffer.from("my-own-secret-123").toString("base64")}`);
  });

  it("sends only the types, pipelines and app that it is for, and keeps its cursor at the end of the log", async (t) => {
    const receiver = await Receiver.start(t);
    const repository = `github.com/tests/${unique("shop")}`;
    const [pipeline, other] = [await seed.pipeline({ repository }), await seed.pipeline()];
    const [mine, foreign] = [await seed.coupled(pipeline, "STAGING"), await seed.coupled(other, "STAGING")];
    const ofPipeline = await createWebhook(server.admin, receiver.url, { types: null, pipelines: [pipeline.name] });
    const ofApp = await createWebhook(server.admin, receiver.url, { types: ["RELEASE_CREATED"], app: foreign.name });
    await seed.release(foreign);
    await seed.release(mine, await seed.build({ repository }));
    const received = await receiver.until(4);
    const summaries = received.map(({ id, json }) => [id.split(":")[1], json.type, json.data.app?.name]);
    assert.deepEqual(
      summaries.filter(([id]) => id === ofApp.id),
      [[ofApp.id, "RELEASE_CREATED", foreign.name]],
    );
    assert.deepEqual(
      summaries.filter(([id]) => id === ofPipeline.id).map(([, type, app]) => [type, app]),
      [
        ["WEBHOOK_CREATED", undefined],
        ["BUILD_CREATED", undefined],
        ["RELEASE_CREATED", mine.name],
      ],
      "with builds of its repository",
    );
    await seed.app();
    await server.app.tick();
    for (const { id } of [ofPipeline, ofApp])
      assert.equal((await untilWebhook(server, id, (one) => one.behind === 0)).behind, 0);
    assert.equal(receiver.received.length, 4);
  });

  it("is changed, paused, resumed, tested and deleted, each with an event", async (t) => {
    const [first, second] = [await Receiver.start(t), await Receiver.start(t)];
    const { id, name } = await createWebhook(server.admin, first.url);
    const renamed = unique("renamed");
    await server.admin.mutate(
      "updateWebhook",
      { webhook: name, name: renamed, url: second.url, types: ["APP_UPDATED", "APP_CREATED"] },
      "webhook { id }",
    );
    await server.admin.mutate("pauseWebhook", { webhook: renamed }, "webhook { state }");
    const app = await seed.app();
    const test = await server.admin.mutate(
      "testWebhook",
      { webhook: id },
      "delivery { statusCode problem event { id } webhook { state } }",
    );
    assert.deepEqual(test.delivery, { statusCode: 204, problem: null, event: null, webhook: { state: "PAUSED" } });
    assert.deepEqual(second.types, ["TEST"]);
    await server.admin.mutate("resumeWebhook", { webhook: id }, "webhook { state }");
    const [, delivered] = await second.until(2);
    assert.equal(delivered?.json.data.subject.id, app.id, "nothing was lost while it was paused");
    await server.admin.mutate("updateApp", { app: app.id, description: "new" }, "app { id }");
    await second.until(3);
    const { deliveries } = await untilDelivered(server, id, 3);
    const again = await server.admin.mutate(
      "redeliver",
      { delivery: deliveries.nodes[0]?.id },
      "delivery { attempt problem event { type } }",
    );
    assert.deepEqual(again.delivery, { attempt: 2, problem: null, event: { type: "APP_UPDATED" } });
    assert.equal(second.received[3]?.id, second.received[2]?.id, "the id is the same");
    assert.equal(
      (await server.admin.mutationError("redeliver", { delivery: deliveries.nodes[2]?.id })).extensions.code,
      "CONFLICT",
    );
    const { deletedWebhookId } = await server.admin.mutate("deleteWebhook", { webhook: id }, "deletedWebhookId");
    assert.equal(deletedWebhookId, id);
    const { webhook, node, events } = await server.admin.ask(
      `query ($id: ID!, $delivery: ID!) { webhook(webhook: $id) { id } node(id: $delivery) { id }
        events(last: 100, types: [WEBHOOK_CREATED, WEBHOOK_UPDATED, WEBHOOK_DELETED]) {
          nodes { ... on ChangeEvent { subjectId summary } } } }`,
      { id, delivery: deliveries.nodes[0]?.id },
    );
    assert.deepEqual([webhook, node], [null, null]);
    assert.deepEqual(
      events.nodes
        .filter((event: { subjectId: string }) => event.subjectId === id)
        .map((event: { summary: string }) => event.summary),
      [
        `Webhook ${name} created`,
        `Webhook ${renamed}: name, url, types changed; it was "${name}"`,
        `Webhook ${renamed} paused`,
        `Webhook ${renamed} resumed`,
        `Webhook ${renamed} deleted`,
      ],
    );
    assert.equal(first.received.length, 0);
  });

  it("is refused with the reason if the input is invalid", async () => {
    const { name } = await createWebhook(server.admin, "https://example.com/a", {});
    const { cursor } = await server.admin.ask("{ cursor }");
    const refusals: [string, object, string, RegExp][] = [
      ["createWebhook", { name: "Not valid", url: "https://example.com" }, "BAD_USER_INPUT", /^name must be/],
      ["createWebhook", { name, url: "https://example.com" }, "CONFLICT", /already a webhook/],
      ["createWebhook", { name: "x", url: "ftp://example.com" }, "BAD_USER_INPUT", /^url must be an address/],
      ["createWebhook", { name: "x", url: "https://u:p@example.com" }, "BAD_USER_INPUT", /user or a password/],
      ["createWebhook", { name: "x", url: "https://example.com/#a" }, "BAD_USER_INPUT", /fragment/],
      [
        "createWebhook",
        { name: "x", url: "https://10.0.0.1/" },
        "BAD_USER_INPUT",
        /10\.0\.0\.1 is not a public address \(private\)/,
      ],
      ["createWebhook", { name: "x", url: "https://[::ffff:a00:1]/" }, "BAD_USER_INPUT", /ipv4Mapped/],
      ["createWebhook", { name: "x", url: "https://0xa9fea9fe/" }, "BAD_USER_INPUT", /169\.254\.169\.254 .*linkLocal/],
      ["createWebhook", { name: "x", url: "https://a.b", types: [] }, "BAD_USER_INPUT", /^types must/],
      ["createWebhook", { name: "x", url: "https://a.b", pipelines: [] }, "BAD_USER_INPUT", /^pipelines must/],
      ["createWebhook", { name: "x", url: "https://a.b", pipelines: ["nowhere"] }, "NOT_FOUND", /nowhere/],
      ["createWebhook", { name: "x", url: "https://a.b", secret: "short" }, "BAD_USER_INPUT", /^secret must/],
      ["createWebhook", { name: "x", url: "https://a.b", authorization: "a\nb" }, "BAD_USER_INPUT", /^authorization/],
      ["updateWebhook", { webhook: "unknown" }, "NOT_FOUND", /no webhook "unknown"/],
      ["rotateWebhookSecret", { webhook: name, overlap: "31d" }, "BAD_USER_INPUT", /^overlap must/],
      ["rewindWebhook", { webhook: name }, "BAD_USER_INPUT", /Exactly one of to and since/],
      [
        "rewindWebhook",
        { webhook: name, to: cursor, since: new Date().toISOString() },
        "BAD_USER_INPUT",
        /Exactly one/,
      ],
      ["rewindWebhook", { webhook: name, to: "nonsense" }, "BAD_USER_INPUT", /^to must be a cursor/],
      ["redeliver", { delivery: "nonsense" }, "BAD_USER_INPUT", /^delivery/],
    ];
    for (const [mutation, input, code, message] of refusals) {
      const error = await server.admin.mutationError(mutation, input);
      assert.equal(error.extensions.code, code, `${mutation} ${JSON.stringify(input)}: ${error.message}`);
      assert.match(error.message, message);
    }
  });

  it("belongs to ADMIN, or to OPERATOR within pipelines, and sees no more than its token", async (t) => {
    const receiver = await Receiver.start(t);
    const [pipeline, other] = [await seed.pipeline(), await seed.pipeline()];
    const operator = await server.as("OPERATOR");
    const denied = await operator.mutationError("createWebhook", { name: unique("all"), url: receiver.url });
    assert.deepEqual(
      [denied.extensions.code, denied.message],
      ["FORBIDDEN", "manageUnrestrictedWebhooks requires the ADMIN role; this token has OPERATOR."],
    );
    const everything = await createWebhook(server.admin, receiver.url);
    const ofOther = await createWebhook(server.admin, receiver.url, { pipelines: [other.id] });
    const ofBoth = await createWebhook(server.admin, receiver.url, { pipelines: [other.id, pipeline.id] });
    const mine = await createWebhook(operator, receiver.url, { pipelines: [pipeline.id] });
    await server.admin.mutate("testWebhook", { webhook: everything.id }, "delivery { id }");
    const delivery = (await readWebhook(server.admin, everything.id)).deliveries.nodes[0]?.id;
    const list = async (client: Client) =>
      (await client.ask("{ webhooks(first: 100) { nodes { id } } }")).webhooks.nodes.map(
        ({ id }: { id: string }) => id,
      );
    const listed = await list(operator);
    for (const { id } of [ofOther, ofBoth, mine]) assert.ok(listed.includes(id));
    assert.equal(listed.includes(everything.id), false);
    const limited = await createScopedToken(server, "OPERATOR", [pipeline]);
    assert.deepEqual(await list(limited), [mine.id]);
    for (const client of [operator, limited]) {
      const { node, other } = await client.ask(
        "query ($a: ID!, $b: ID!) { node(id: $a) { id } other: node(id: $b) { id } }",
        { a: everything.id, b: delivery },
      );
      assert.deepEqual([node, other], [null, null]);
      assert.equal(
        (await client.mutationError("updateWebhook", { webhook: everything.id, url: receiver.url })).extensions.code,
        "NOT_FOUND",
      );
    }
    assert.equal(
      (await operator.mutationError("updateWebhook", { webhook: mine.id, pipelines: null })).extensions.code,
      "FORBIDDEN",
    );
    for (const foreign of [ofOther, ofBoth])
      assert.equal(
        (await limited.mutationError("deleteWebhook", { webhook: foreign.name })).extensions.code,
        "NOT_FOUND",
      );
    const viewer = await server.as("VIEWER");
    assert.equal((await viewer.queryError("{ webhooks { nodes { url } } }")).extensions.code, "FORBIDDEN");
    assert.equal((await viewer.ask("query ($id: ID!) { node(id: $id) { id } }", { id: mine.id })).node, null);

    const own = await createWebhook(limited, receiver.url, { types: null });
    await seed.coupled(other, "STAGING");
    const app = await seed.coupled(pipeline, "STAGING");
    await untilDelivered(server, own.id, 2);
    const seen = receiver.received
      .filter(({ id }) => id.endsWith(own.id))
      .map(({ json }) => [json.type, json.data.app?.name ?? json.data.subject.name]);
    assert.deepEqual(seen, [
      ["WEBHOOK_CREATED", own.name],
      ["COUPLING_ADDED", app.name],
    ]);
  });

  it("is rewound while a request is under way: its result does not move the cursor", async (t) => {
    const receiver = await Receiver.start(t);
    const { cursor } = await server.admin.ask("{ cursor }");
    const { id } = await createWebhook(server.admin, receiver.url);
    receiver.behavior = async (_, response) => {
      if (receiver.received.length === 2)
        await server.admin.mutate("rewindWebhook", { webhook: id, to: cursor }, "webhook { id }");
      response.writeHead(204).end();
    };
    const [a, b] = [await seed.app(), await seed.app()];
    await receiver.until(4);
    const subjects = receiver.received.map(({ json }) => json.data.subject.id);
    assert.deepEqual(
      subjects,
      [a, b, a, b].map((app) => app.id),
    );
    await untilWebhook(server, id, (webhook) => webhook.behind === 0);
  });

  it("stops when the token that made it is revoked, and goes on with the token that resumes it", async (t) => {
    const receiver = await Receiver.start(t);
    const { token, secret } = await server.admin.mutate(
      "createToken",
      { name: "hooks", role: "ADMIN" },
      "secret token { id }",
    );
    const { id, name } = await createWebhook(new Client(server.url, secret), receiver.url);
    const before = await seed.app();
    const { deliveries } = await untilDelivered(server, id, 1);
    assert.equal(receiver.received[0]?.json.data.subject.id, before.id);
    receiver.received.length = 0;
    await server.admin.mutate("revokeToken", { token: token.id }, "token { id }");
    const { problem } = await untilWebhook(server, id, ({ state }) => state === "DISABLED");
    assert.equal(problem, "The token that made it was revoked. Resume it with another one.");
    await seed.app();
    await server.app.tick();
    const again = await server.admin.mutationError("redeliver", { delivery: deliveries.nodes[0]?.id });
    assert.deepEqual(
      [again.extensions.code, again.message],
      ["CONFLICT", `The token that made ${name} was revoked; resume it first.`],
    );
    assert.equal(receiver.received.length, 0);
    await server.admin.mutate("resumeWebhook", { webhook: id }, "webhook { id }");
    await receiver.until(1);
  });

  it("stops when the token that made it expires", async (t) => {
    const receiver = await Receiver.start(t);
    const time = new Clock();
    const timed = await startServer(t, { env: LOCAL, now: time.now });
    const expiresAt = new Date(time.now().getTime() + HOUR).toISOString();
    const input = { name: "hooks", role: "ADMIN", expiresAt };
    const { secret } = await timed.admin.mutate("createToken", input, "secret");
    const { id } = await createWebhook(new Client(timed.url, secret), receiver.url);
    receiver.behavior = async (_, response) => {
      // Another event waits behind this one when the token expires.
      await new Seed(timed.admin).app();
      time.advance(HOUR);
      response.writeHead(204).end();
    };
    await new Seed(timed.admin).app();
    await receiver.until(1);
    const { problem } = await untilWebhook(timed, id, ({ state }) => state === "DISABLED");
    assert.equal(problem, "The token that made it has expired. Resume it with another one.");
    assert.equal(receiver.received.length, 1);
  });

  it("is counted in the metrics", async () => {
    const metrics = await (await fetch(`${server.url}/metrics`)).text();
    assert.match(metrics, /railyard_webhook_request_duration_seconds_count\{result="success"\} [1-9]/);
    assert.match(metrics, /railyard_webhooks\{state="ACTIVE"\} [1-9]/);
    assert.match(metrics, /railyard_webhook_behind_events \d+/);
  });
});

describe("a webhook whose receiver fails", () => {
  let server: TestServer;
  let seed: Seed;
  const clock = new Clock();
  const cleanup = suiteCleanup();
  before(async () => {
    server = await startServer(cleanup, { env: { ...LOCAL, EVENT_RETENTION: "30d" }, now: clock.now });
    seed = new Seed(server.admin);
  });
  const advance = async (milliseconds: number) => {
    clock.advance(milliseconds);
    await server.app.tick();
  };
  const delay = (at: string | null | undefined) => Date.parse(at ?? "") - clock.now().getTime();

  it("retries the first event before all others: 5 s, 30 s, 5 min, 30 min, 2 h, 4 h, 4 h, ±20 %", async (t) => {
    const receiver = await Receiver.start(t);
    receiver.behavior = answer(500);
    const { id } = await createWebhook(server.admin, receiver.url);
    const apps = [await seed.app(), await seed.app(), await seed.app()];
    const delays = [5 * SECOND, 30 * SECOND, 5 * MINUTE, 30 * MINUTE, 2 * HOUR, 4 * HOUR, 4 * HOUR];
    for (const [index, expected] of delays.entries()) {
      const { state, problem, retriesAt, deliveries } = await untilDelivered(server, id, index + 1);
      assert.equal(state, index < 2 ? "ACTIVE" : "FAILING");
      assert.equal(problem, "The receiver answered 500.");
      const waits = delay(retriesAt);
      assert.ok(waits >= expected * 0.8 && waits <= expected * 1.2, `attempt ${index + 1} waits ${waits} ms`);
      assert.equal(deliveries.nodes[0]?.nextAttemptAt, retriesAt);
      await advance(waits - 1);
      assert.equal(receiver.received.length, index + 1, "not a moment earlier");
      if (index === delays.length - 1) receiver.behavior = answer(200);
      await advance(1);
      await receiver.until(index + 2);
    }
    await receiver.until(delays.length + 3);
    const { state, problem, behind } = await untilWebhook(server, id, (one) => one.behind === 0);
    assert.deepEqual([state, problem, behind], ["ACTIVE", null, 0]);
    const ids = receiver.received.map(({ json }) => json.data.subject.id);
    assert.deepEqual(ids, [...delays.map(() => apps[0]?.id), ...apps.map((app) => app.id)]);
    assert.equal(new Set(receiver.received.slice(0, 8).map((one) => one.id)).size, 1, "the same id for every attempt");
    assert.equal((await readWebhook(server.admin, id, true)).deliveries.totalCount, delays.length);
    const { events } = await server.admin.ask(
      "{ events(last: 2, types: [WEBHOOK_UPDATED]) { nodes { actor { name } ... on ChangeEvent { summary } } } }",
    );
    assert.deepEqual(
      events.nodes.map(({ summary, actor }: { summary: string; actor: { name: string } }) => [
        actor.name,
        summary.replace(/hook-\w+/, "it"),
      ]),
      [
        ["railyard", "Webhook it is FAILING: The receiver answered 500."],
        ["railyard", "Webhook it is ACTIVE"],
      ],
    );
  });

  it("is paused after 5 days, and loses nothing", async (t) => {
    const receiver = await Receiver.start(t);
    receiver.behavior = answer(503);
    const { id } = await createWebhook(server.admin, receiver.url);
    const app = await seed.app();
    for (let attempts = 1; (await untilDelivered(server, id, attempts)).state !== "PAUSED"; attempts += 1) {
      assert.ok(attempts < 50);
      await advance(5 * HOUR);
    }
    const { problem, retriesAt } = await readWebhook(server.admin, id);
    assert.deepEqual([problem, retriesAt], ["No request succeeded for 5 days. The receiver answered 503.", null]);
    receiver.behavior = answer(200);
    await server.admin.mutate("resumeWebhook", { webhook: id }, "webhook { id }");
    assert.equal((await untilWebhook(server, id, (one) => one.behind === 0)).state, "ACTIVE");
    assert.equal(receiver.received.at(-1)?.json.data.subject.id, app.id);
  });

  it("is disabled by 410 Gone, waits as long as Retry-After asks, but at most 24 hours", async (t) => {
    const receiver = await Receiver.start(t);
    receiver.behavior = answer(429, { "retry-after": "3600" });
    const { id } = await createWebhook(server.admin, receiver.url);
    await seed.app();
    assert.equal(delay((await untilDelivered(server, id, 1)).retriesAt), HOUR);
    receiver.behavior = answer(503, { "retry-after": new Date(Date.now() + 48 * HOUR).toUTCString() });
    await advance(HOUR);
    assert.equal(delay((await untilDelivered(server, id, 2)).retriesAt), 24 * HOUR);
    receiver.behavior = answer(410);
    await advance(24 * HOUR);
    const { state, problem, retriesAt } = await untilDelivered(server, id, 3);
    assert.deepEqual([state, problem, retriesAt], ["DISABLED", "The receiver answered 410 Gone.", null]);
    await advance(48 * HOUR);
    assert.equal(receiver.received.length, 3);
  });

  it("retries each event by itself without order, up to eight at a time", async (t) => {
    const receiver = await Receiver.start(t);
    let underWay = 0;
    let most = 0;
    let poison = "";
    receiver.behavior = async (_, response, { id }) => {
      underWay += 1;
      most = Math.max(most, underWay);
      await new Promise((resolve) => setTimeout(resolve, 30));
      underWay -= 1;
      poison ||= id;
      response.writeHead(id === poison ? 500 : 204).end();
    };
    const { id } = await createWebhook(server.admin, receiver.url, { ordered: false });
    await server.admin.mutate("pauseWebhook", { webhook: id }, "webhook { id }");
    const apps = await Promise.all(Array.from({ length: 40 }, () => seed.app()));
    await server.admin.mutate("resumeWebhook", { webhook: id }, "webhook { id }");
    const before = await untilWebhook(server, id, (one) => one.deliveries.totalCount === 40 && one.behind === 1);
    assert.equal(before.state, "ACTIVE");
    assert.ok(most > 1 && most <= 8, `${most} at a time`);
    const waits = delay((await readWebhook(server.admin, id, true)).deliveries.nodes[0]?.nextAttemptAt);
    await advance(waits - 1);
    assert.equal(receiver.received.length, 40);
    receiver.behavior = answer(200);
    await advance(1);
    await receiver.until(41);
    assert.equal((await untilWebhook(server, id, (one) => one.behind === 0)).behind, 0);
    assert.deepEqual(
      new Set(receiver.received.map(({ json }) => json.data.subject.id)),
      new Set(apps.map((app) => app.id)),
    );
    assert.equal(receiver.received.at(-1)?.id, poison);
  });

  it("is rewound to a cursor or a time, and says so if the log no longer reaches back", async (t) => {
    const receiver = await Receiver.start(t);
    const { id } = await createWebhook(server.admin, receiver.url);
    const [a, b] = [await seed.app(), await seed.app()];
    await receiver.until(2);
    const cursor = receiver.received[0]?.json.data.cursor;
    await advance(HOUR);
    const since = clock.now().toISOString();
    const c = await seed.app();
    await receiver.until(3);
    await untilDelivered(server, id, 3);
    await server.admin.mutate("rewindWebhook", { webhook: id, to: cursor }, "webhook { cursor }");
    await receiver.until(5);
    await untilDelivered(server, id, 5);
    await server.admin.mutate("rewindWebhook", { webhook: id, since }, "webhook { cursor }");
    await receiver.until(6);
    const subjects = receiver.received.map(({ json }) => json.data.subject.id);
    assert.deepEqual(
      subjects,
      [a, b, c, b, c, c].map((app) => app.id),
    );
    await server.admin.mutate("pauseWebhook", { webhook: id }, "webhook { id }");
    await advance(60 * 24 * HOUR);
    // A run prunes a day of events at most.
    for (let run = 0; run < 30; run += 1) await advance(HOUR);
    const gone = await server.admin.mutationError("resumeWebhook", { webhook: id });
    assert.match(gone.message, /is behind the log: events after its cursor were pruned\. Rewind it first\./);
    for (const to of [{ to: cursor }, { since }]) {
      const expired = await server.admin.mutationError("rewindWebhook", { webhook: id, ...to });
      assert.equal(expired.extensions.code, "CURSOR_EXPIRED");
      const { oldestCursor } = expired.extensions;
      await server.admin.mutate("rewindWebhook", { webhook: id, to: oldestCursor }, "webhook { id }");
    }
    await server.admin.mutate("resumeWebhook", { webhook: id }, "webhook { id }");
    assert.equal((await readWebhook(server.admin, id)).deliveries.totalCount, 0, "deliveries are kept for 30 days");
    await seed.app();
    await receiver.until(7);
  });

  it("is paused when the log leaves it behind while it fails", async (t) => {
    const receiver = await Receiver.start(t);
    receiver.behavior = answer(503, { "retry-after": String(24 * 3600) });
    const time = new Clock();
    const short = await startServer(t, { env: { ...LOCAL, EVENT_RETENTION: "12h" }, now: time.now });
    const { id } = await createWebhook(short.admin, receiver.url);
    await new Seed(short.admin).app();
    await untilDelivered(short, id, 1);
    // The log is pruned while the webhook waits.
    time.advance(13 * HOUR);
    await short.app.tick();
    assert.equal((await readWebhook(short.admin, id)).state, "ACTIVE");
    time.advance(12 * HOUR);
    await short.app.tick();
    const { problem } = await untilWebhook(short, id, ({ state }) => state === "PAUSED");
    assert.equal(problem, "The webhook is behind the log: events after its cursor were pruned.");
  });
});
