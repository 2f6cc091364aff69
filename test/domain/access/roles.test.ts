import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import { Client } from "../../support/clients/client.js";
import { Socket } from "../../support/clients/socket.js";
import { createScopedToken } from "../../support/data/pipeline-fixture.js";
import { Seed } from "../../support/data/seed.js";
import {
  buildDocument,
  introspect,
  listOperations,
  type Operation,
  sampleArguments,
} from "../../support/documents/operations.js";
import { suiteCleanup } from "../../support/service/cleanup.js";
import { ADMIN_SECRET, startServer, type TestServer } from "../../support/service/server.js";

const ROLES = ["VIEWER", "REPORTER", "OPERATOR", "ADMIN"] as const;

/** The lowest role for each operation. An operation that is missing here fails the tests. */
const LEAST: Readonly<Record<string, (typeof ROLES)[number]>> = {
  viewer: "VIEWER",
  node: "VIEWER",
  nodes: "VIEWER",
  cursor: "VIEWER",
  pipeline: "VIEWER",
  pipelines: "VIEWER",
  stages: "VIEWER",
  stage: "VIEWER",
  coupling: "VIEWER",
  couplings: "VIEWER",
  app: "VIEWER",
  apps: "VIEWER",
  release: "VIEWER",
  build: "VIEWER",
  builds: "VIEWER",
  promotion: "VIEWER",
  promotions: "VIEWER",
  promotionPlan: "VIEWER",
  deploymentWindow: "VIEWER",
  deploymentWindows: "VIEWER",
  freeze: "VIEWER",
  freezes: "VIEWER",
  awaitingMyApproval: "VIEWER",
  approvePromotion: "VIEWER",
  rejectPromotion: "VIEWER",
  withdrawApproval: "VIEWER",
  events: "VIEWER",
  tokens: "ADMIN",
  webhookDeliveries: "ADMIN",
  createBuild: "REPORTER",
  updateBuild: "REPORTER",
  reportStatus: "REPORTER",
  reportDeployment: "REPORTER",
  createPipeline: "OPERATOR",
  updatePipeline: "OPERATOR",
  createApp: "OPERATOR",
  updateApp: "OPERATOR",
  addCoupling: "OPERATOR",
  updateChecks: "OPERATOR",
  moveCoupling: "OPERATOR",
  setAutoDeploy: "OPERATOR",
  createRelease: "OPERATOR",
  rollback: "OPERATOR",
  promote: "OPERATOR",
  advancePromotion: "OPERATOR",
  pausePromotion: "OPERATOR",
  resumePromotion: "OPERATOR",
  setWave: "OPERATOR",
  releaseAutomationHold: "OPERATOR",
  quarantineBuild: "OPERATOR",
  releaseBuild: "ADMIN",
  setVerification: "OPERATOR",
  cancelPromotion: "OPERATOR",
  retryPromotion: "OPERATOR",
  undoPromotion: "OPERATOR",
  reviewForcedPromotion: "OPERATOR",
  openReviewApp: "OPERATOR",
  closeReviewApp: "OPERATOR",
  updateStagePolicy: "OPERATOR",
  createDeploymentWindow: "OPERATOR",
  updateDeploymentWindow: "OPERATOR",
  startFreeze: "OPERATOR",
  extendFreeze: "OPERATOR",
  liftFreeze: "OPERATOR",
  exemptFromFreeze: "ADMIN",
  deleteDeploymentWindow: "ADMIN",
  webhook: "OPERATOR",
  webhooks: "OPERATOR",
  createWebhook: "OPERATOR",
  updateWebhook: "OPERATOR",
  deleteWebhook: "OPERATOR",
  pauseWebhook: "OPERATOR",
  resumeWebhook: "OPERATOR",
  rotateWebhookSecret: "OPERATOR",
  rewindWebhook: "OPERATOR",
  redeliver: "OPERATOR",
  testWebhook: "OPERATOR",
  createApprovalRule: "OPERATOR",
  updateApprovalRule: "OPERATOR",
  deleteApprovalRule: "ADMIN",
  setConfig: "OPERATOR",
  rotateConfigKeys: "ADMIN",
  removeCoupling: "ADMIN",
  deletePipeline: "ADMIN",
  deleteApp: "ADMIN",
  createToken: "ADMIN",
  revokeToken: "ADMIN",
};

/** Operations that are refused to every token that is restricted to pipelines. */
const UNLIMITED = [
  ...["tokens", "webhookDeliveries", "createPipeline", "createApp", "createToken", "revokeToken", "rotateConfigKeys"],
];

describe("the roles", () => {
  let server: TestServer;
  let operations: Operation[];
  let clock = new Date();
  const cleanup = suiteCleanup();
  before(async () => {
    server = await startServer(cleanup, { now: () => clock });
    operations = listOperations(await introspect(server.admin));
  });

  const run = (client: Client, operation: Operation) => {
    const given = sampleArguments(operation);
    return client.post(buildDocument(operation, given), given);
  };
  const least = ({ name }: Operation) => LEAST[name] ?? assert.fail(`LEAST must say whose the operation ${name} is.`);

  it("are stated in the description of every operation", () => {
    assert.deepEqual(operations.map(({ name }) => name).sort(), Object.keys(LEAST).sort());
  });

  for (const role of ROLES) {
    it(`let ${role === "ADMIN" ? "an" : "a"} ${role} run the operations of the role, and refuse the others`, async () => {
      const client = await server.as(role);
      for (const operation of operations) {
        const { errors = [] } = await run(client, operation);
        const code = errors[0]?.extensions.code;
        if (ROLES.indexOf(role) < ROLES.indexOf(least(operation))) {
          assert.equal(code, "FORBIDDEN", `${operation.name} is refused to a ${role}`);
          assert.match(
            errors[0]?.message ?? "",
            new RegExp(`requires the ${least(operation)} role; this token has ${role}\\.$`),
          );
        } else {
          assert.ok(code !== "FORBIDDEN" && code !== "UNAUTHENTICATED", `${operation.name} is a ${role}'s: ${code}`);
        }
      }
    });
  }

  for (const role of ROLES) {
    it(`let ${role === "ADMIN" ? "an" : "a"} ${role} do the same over a WebSocket`, async (t) => {
      const { secret } = await server.as(role);
      const socket = await Socket.open(t, server.url, secret);
      for (const operation of operations) {
        const given = sampleArguments(operation);
        const { results, errors } = await socket
          .run(buildDocument(operation, given), given)
          .until((one) => one.errors !== null || one.results.length > 0);
        const code = (errors ?? results[0]?.errors)?.[0]?.extensions.code;
        const theirs = ROLES.indexOf(role) >= ROLES.indexOf(least(operation));
        assert.equal(code === "FORBIDDEN", !theirs, `${operation.name} as a ${role}: ${code}`);
        assert.notEqual(code, "UNAUTHENTICATED");
      }
    });
  }

  for (const role of ROLES) {
    it(`let ${role === "ADMIN" ? "an" : "a"} ${role} with a restricted token do the same, except for operations on all pipelines`, async () => {
      const client = await createScopedToken(server, role, [await new Seed(server.admin).pipeline()]);
      for (const operation of operations) {
        const { errors = [] } = await run(client, operation);
        const theirs = ROLES.indexOf(role) >= ROLES.indexOf(least(operation)) && !UNLIMITED.includes(operation.name);
        const code = errors[0]?.extensions.code;
        assert.equal(code === "FORBIDDEN", !theirs, `${operation.name} as a limited ${role}: ${code}`);
        assert.notEqual(code, "UNAUTHENTICATED");
      }
    });
  }

  it("let every signed-in viewer open every subscription", async (t) => {
    const subscriptions = Object.values((await introspect(server.admin)).getSubscriptionType()?.getFields() ?? {});
    assert.ok(subscriptions.length > 0, "the subscriptions were found");
    for (const role of ROLES) {
      const socket = await Socket.open(t, server.url, (await server.as(role)).secret);
      for (const { name } of subscriptions) socket.run(`subscription { ${name} { cursor } }`);
      const after = await socket.run("{ viewer { role } }").until(({ results }) => results.length > 0);
      assert.equal(after.results[0]?.data?.viewer.role, role);
      for (const { errors } of socket.operations.values()) assert.equal(errors, null);
    }
  });

  it("close the WebSocket of a client with an invalid token, and refuse its operations from then on", async (t) => {
    for (const secret of [null, "railyard_unknown", "x".repeat(2000)])
      assert.equal(await (await Socket.open(t, server.url, secret)).closed, 4401);
    const revoked = await makeToken(server.admin, {});
    const sockets = await Promise.all(operations.map(() => Socket.open(t, server.url, revoked.secret)));
    await server.admin.mutate("revokeToken", { token: revoked.id }, "token { id }");
    for (const [index, operation] of operations.entries()) {
      const given = sampleArguments(operation);
      const socket = sockets[index];
      assert.ok(socket);
      // Refused, or closed before it was read: nothing was executed either way.
      const received = socket.run(buildDocument(operation, given), given);
      const errors = await Promise.race([received.error().catch(() => null), socket.closed.then(() => null)]);
      assert.ok(errors === null || errors.extensions.code === "UNAUTHENTICATED", operation.name);
      assert.deepEqual(received.results, []);
      assert.equal(await socket.closed, 4403);
    }
  });

  it("refuse every operation without a valid token", async () => {
    const expiring = await makeToken(server.admin, { expiresAt: new Date(clock.getTime() + 60_000).toISOString() });
    const revoked = await makeToken(server.admin, {});
    await server.admin.mutate("revokeToken", { token: revoked.id }, "token { id }");
    const expired = new Client(server.url, expiring.secret);
    await expired.ask("{ viewer { name } }");
    clock = new Date(clock.getTime() + 60_000);
    const strangers: Record<string, Client> = {
      missing: new Client(server.url, null),
      empty: new Client(server.url, ""),
      unknown: new Client(server.url, "railyard_unknown"),
      "one character short": new Client(server.url, ADMIN_SECRET.slice(0, -1)),
      "in two parts": new Client(server.url, `${ADMIN_SECRET} x`),
      "far too long": new Client(server.url, "x".repeat(2000)),
      revoked: new Client(server.url, revoked.secret),
      expired,
    };
    for (const [state, client] of Object.entries(strangers)) {
      for (const operation of operations) {
        const { status, data, errors } = await run(client, operation);
        assert.equal(status, 401, `${operation.name} with a token that is ${state}`);
        assert.deepEqual([data, errors?.length, errors?.[0]?.extensions.code], [undefined, 1, "UNAUTHENTICATED"]);
      }
    }
  });

  it("accept the Bearer scheme in any case, and refuse other ways to send a token", async () => {
    const send = async (authorization: string) => {
      const headers = { "content-type": "application/json", authorization };
      const response = await fetch(`${server.url}/graphql`, {
        method: "POST",
        headers,
        body: JSON.stringify({ query: "{ viewer { role } }" }),
      });
      return response.status;
    };
    assert.equal(await send(`bearer ${ADMIN_SECRET}`), 200);
    assert.equal(await send(ADMIN_SECRET), 401);
    assert.equal(await send(`Basic ${Buffer.from(`admin:${ADMIN_SECRET}`).toString("base64")}`), 401);
    assert.equal(await send(`Bearer${ADMIN_SECRET}`), 401);
    assert.equal(await send("Bearer"), 401);
  });
});

async function makeToken(admin: Client, input: object): Promise<{ id: string; secret: string }> {
  const given = { name: "a test", role: "ADMIN", ...input };
  const { token, secret } = await admin.mutate("createToken", given, "secret token { id }");
  return { id: token.id, secret };
}
