import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { RestClient } from "../../../support/clients/rest.js";
import { unique } from "../../../support/data/seed.js";
import { ADMIN_SECRET, startServer } from "../../../support/service/server.js";

describe("a token's rate limit", () => {
  it("counts GraphQL and the Platform API together; the Platform API reports the remaining points", async (t) => {
    const server = await startServer(t, { env: { COST_PER_MINUTE: "66" } });
    const rest = new RestClient(server.url, ADMIN_SECRET);
    const other = await server.as("VIEWER");
    const made = await rest.post("/apps", { name: unique("app") });
    const getRateLimit = ({ headers }: typeof made) => [
      headers.get("ratelimit-limit"),
      headers.get("ratelimit-remaining"),
    ];
    assert.deepEqual(
      [made.status, ...getRateLimit(made)],
      [201, "66", "14"],
      "making a token has cost 2, and an app costs 50",
    );
    assert.match(made.headers.get("ratelimit-reset") ?? "", /^([1-9]|[1-5]\d|60)$/);
    assert.equal((await server.admin.post("{ viewer { name } }")).extensions?.cost?.remaining, 12);
    const read = await rest.get(`/apps/${made.body.id}`);
    assert.deepEqual([read.status, ...getRateLimit(read)], [200, "66", "2"]);

    const refused = await rest.get(`/apps/${made.body.id}`);
    assert.deepEqual([refused.status, ...getRateLimit(refused)], [429, "66", "0"]);
    assert.deepEqual(Object.keys(refused.body), ["id", "message"]);
    assert.equal(refused.body.id, "rate_limit");
    const wait = refused.headers.get("retry-after") ?? "";
    assert.match(wait, /^([1-9]|[1-5]\d|60)$/);
    assert.match(
      refused.body.message,
      new RegExp(`exceeded: 66 cost points per minute\\. .* costs 10\\. Retry after ${wait} s`),
    );

    const headers = { "content-type": "application/json", authorization: `Bearer ${ADMIN_SECRET}` };
    const body = JSON.stringify({ query: "{ viewer { name } }" });
    const graphql = await fetch(`${server.url}/graphql`, { method: "POST", headers, body });
    assert.equal(graphql.status, 429);
    assert.match(graphql.headers.get("retry-after") ?? "", /^([1-9]|[1-5]\d|60)$/);
    await other.ask("{ viewer { name } }");
  });

  it("charges Platform API lists more than single objects, and refused requests too", async (t) => {
    const { url } = await startServer(t, { env: { COST_PER_MINUTE: "5000" } });
    const rest = new RestClient(url, ADMIN_SECRET);
    const left = async (path: string) => Number((await rest.get(path)).headers.get("ratelimit-remaining"));
    assert.deepEqual(
      [await left("/apps"), await left("/account"), await left("/apps/nobodys"), await left("/pipelines")],
      [4000, 3990, 3980, 2980],
    );
  });

  it("adds no headers if it is disabled", async (t) => {
    const { url } = await startServer(t);
    const { status, headers } = await new RestClient(url, ADMIN_SECRET).get("/apps");
    assert.equal(status, 200);
    assert.deepEqual(
      [...headers.keys()].filter((name) => name.startsWith("ratelimit")),
      [],
    );
  });
});
