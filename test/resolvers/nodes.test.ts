import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { before, describe, it } from "node:test";
import { Client } from "../support/clients/client.js";
import { type Named, Seed, unique } from "../support/data/seed.js";
import { deliverWebhook, example, WEBHOOK_SECRET } from "../support/network/github-webhooks.js";
import { suiteCleanup } from "../support/service/cleanup.js";
import { startServer, type TestServer } from "../support/service/server.js";

const NODE = "query ($id: ID!) { node(id: $id) { __typename id } }";
const NODES = "query ($ids: [ID!]!) { nodes(ids: $ids) { __typename id } }";
const UNKNOWN_ID = "0190a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b";

/** Text that is no id of anything. */
const NOTHING = [
  UNKNOWN_ID,
  "",
  "x",
  "shop",
  "1",
  "é".repeat(30),
  "\u0000",
  "\ud800",
  "a".repeat(5000),
  `${UNKNOWN_ID}:STAGING`,
  "x:STAGING",
  Buffer.from("event:999999999").toString("base64url"),
];

describe("an object with an id", () => {
  let server: TestServer;
  let seed: Seed;
  /** The id of an object of each type. */
  let ids: Record<string, string>;
  let pipeline: Named;
  const cleanup = suiteCleanup();
  before(async () => {
    server = await startServer(cleanup, { env: { GITHUB_WEBHOOK_SECRET: WEBHOOK_SECRET } });
    const { admin } = server;
    seed = new Seed(admin);
    pipeline = await seed.pipeline({ reviewAppsEnabled: true });
    const app = await seed.coupled(pipeline, "DEVELOPMENT");
    await seed.coupled(pipeline, "STAGING");
    const build = await seed.build();
    const release = await seed.forcedRelease(app, build);
    const targets = "promotion { id targets { id } }";
    const { promotion } = await admin.mutate("promote", { app: app.id, force: true, reason: "For a test" }, targets);
    const report = { release: release.id, context: "ci", state: "PENDING" };
    const { status } = await admin.mutate("reportStatus", report, "status { id }");
    const opened = { pipeline: pipeline.id, pullRequest: { number: 1, branch: "a", headSha: "ABCDEF" } };
    const { reviewApp } = await admin.mutate("openReviewApp", opened, "reviewApp { id pullRequest { headSha } }");
    assert.equal(reviewApp.pullRequest.headSha, "abcdef");
    const { token } = await admin.mutate("createToken", { name: "t", role: "VIEWER" }, "token { id }");
    const delivery = randomUUID();
    await deliverWebhook(server.url, "status", example("status"), { id: delivery });
    const { events } = await admin.ask("{ events(last: 1) { nodes { id cursor } } }");
    assert.equal(events.nodes[0].id, events.nodes[0].cursor);
    ids = {
      Pipeline: pipeline.id,
      PipelineStage: `${pipeline.id}:STAGING`,
      App: app.id,
      Coupling: app.couplingId,
      Build: build.id,
      Release: release.id,
      Promotion: promotion.id,
      PromotionTarget: promotion.targets[0].id,
      ReleaseStatus: status.id,
      ReviewApp: reviewApp.id,
      Token: token.id,
      GithubDelivery: delivery,
      ChangeEvent: events.nodes[0].cursor,
    };
  });

  it("is found by its id for every type, in the order of the ids", async () => {
    for (const [type, id] of Object.entries(ids)) {
      assert.deepEqual((await server.admin.ask(NODE, { id })).node, { __typename: type, id });
    }
    const wanted = Object.values(ids).flatMap((id, index) => [id, NOTHING[index % NOTHING.length] ?? "", id]);
    const { nodes } = await server.admin.ask(NODES, { ids: wanted });
    const expected = Object.entries(ids).flatMap(([type, id]) => {
      const node = { __typename: type, id };
      return [node, null, node];
    });
    assert.deepEqual(nodes, expected);
  });

  it("is null for any text that is not the id of an object", async () => {
    for (const id of NOTHING) assert.equal((await server.admin.ask(NODE, { id })).node, null, JSON.stringify(id));
    assert.deepEqual(
      (await server.admin.ask(NODES, { ids: NOTHING })).nodes,
      NOTHING.map(() => null),
    );
    assert.deepEqual((await server.admin.ask(NODES, { ids: [] })).nodes, []);
  });

  it("is one of at most 100 in a request", async () => {
    const refusal = await server.admin.queryError(NODES, { ids: Array.from({ length: 101 }, () => pipeline.id) });
    assert.deepEqual(refusal.extensions, { code: "BAD_USER_INPUT", field: "ids" });
    const { nodes } = await server.admin.ask(NODES, { ids: Array.from({ length: 100 }, () => pipeline.id) });
    assert.equal(nodes.length, 100);
  });

  it("is null for a viewer that may not see it", async () => {
    const elsewhere = await seed.pipeline();
    const input = { name: "limited", role: "ADMIN", pipelines: [elsewhere.id] };
    const { secret } = await server.admin.mutate("createToken", input, "secret");
    const limited = new Client(server.url, secret);
    const { nodes } = await limited.ask(NODES, { ids: [...Object.values(ids), elsewhere.id] });
    // The build is of no repository of the limited token's pipeline.
    assert.deepEqual(nodes, [...Object.values(ids).map(() => null), { __typename: "Pipeline", id: elsewhere.id }]);
    const operator = await server.as("OPERATOR");
    for (const id of [ids.Token, ids.GithubDelivery]) assert.equal((await operator.ask(NODE, { id })).node, null);
  });

  it("is the subject of the events that changed it, until it is deleted", async () => {
    const name = unique("app");
    const app = await seed.app({ name });
    await server.admin.mutate("updateApp", { app: app.id, description: "Later" }, "__typename");
    const query = `query ($app: ID!) {
      events(app: $app) { totalCount nodes { type ... on ChangeEvent { subject { id ... on App { description } } } } }
    }`;
    const subject = { id: app.id, description: "Later" };
    const { events } = await server.admin.ask(query, { app: name });
    assert.equal(events.totalCount, 2);
    assert.deepEqual(events.nodes, [
      { type: "APP_CREATED", subject },
      { type: "APP_UPDATED", subject },
    ]);
    await server.admin.mutate("deleteApp", { app: app.id }, "__typename");
    const after = await server.admin.ask(query, { app: app.id });
    assert.deepEqual(
      after.events.nodes.map((event: { subject: unknown }) => event.subject),
      [null, null, null],
    );
  });
});
