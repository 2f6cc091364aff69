import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import { suiteCleanup } from "./support/cleanup.js";
import { Client } from "./support/client.js";
import { documentOf, introspect, type Operation, operationsOf, sampleArguments } from "./support/operations.js";
import { ADMIN_SECRET, startServer, type TestServer } from "./support/server.js";

const ROLES = ["VIEWER", "REPORTER", "OPERATOR", "ADMIN"] as const;

/** The least role that each operation needs. One that is not here fails the tests: whoever adds it says whose it is. */
const LEAST: Readonly<Record<string, (typeof ROLES)[number]>> = {
  viewer: "VIEWER",
  node: "VIEWER",
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
  events: "VIEWER",
  tokens: "ADMIN",
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
  openReviewApp: "OPERATOR",
  closeReviewApp: "OPERATOR",
  removeCoupling: "ADMIN",
  deletePipeline: "ADMIN",
  deleteApp: "ADMIN",
  createToken: "ADMIN",
  revokeToken: "ADMIN",
};

describe("the roles", () => {
  let server: TestServer;
  let operations: Operation[];
  let clock = new Date();
  const cleanup = suiteCleanup();
  before(async () => {
    server = await startServer(cleanup, { now: () => clock });
    operations = operationsOf(await introspect(server.admin));
  });

  const run = (client: Client, operation: Operation) => {
    const given = sampleArguments(operation);
    return client.post(documentOf(operation, given), given);
  };
  const least = ({ name }: Operation) => LEAST[name] ?? assert.fail(`LEAST must say whose the operation ${name} is.`);

  it("are said of every operation, and of none that is not there", () => {
    assert.deepEqual(operations.map(({ name }) => name).sort(), Object.keys(LEAST).sort());
  });

  for (const role of ROLES) {
    it(`let ${role === "ADMIN" ? "an" : "a"} ${role} do what is theirs and refuse the rest`, async () => {
      const client = await server.as(role);
      for (const operation of operations) {
        const { errors = [] } = await run(client, operation);
        const code = errors[0]?.extensions.code;
        if (ROLES.indexOf(role) < ROLES.indexOf(least(operation))) {
          assert.equal(code, "FORBIDDEN", `${operation.name} is refused to a ${role}`);
          assert.match(errors[0]?.message ?? "", new RegExp(`needs the role ${least(operation)}; .* is ${role}\\.$`));
        } else {
          assert.ok(code !== "FORBIDDEN" && code !== "UNAUTHENTICATED", `${operation.name} is a ${role}'s: ${code}`);
        }
      }
    });
  }

  it("refuse every operation to whoever has no valid token", async () => {
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

  it("refuse other ways to send a token, and take the scheme in any case", async () => {
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
