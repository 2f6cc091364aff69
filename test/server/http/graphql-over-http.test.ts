import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import { serverAudits } from "graphql-http";
import { suiteCleanup } from "../../support/service/cleanup.js";
import { ADMIN_SECRET, startServer, type TestServer } from "../../support/service/server.js";

const AUTHORIZATION = { authorization: `Bearer ${ADMIN_SECRET}` };
const JSON_TYPE = { "content-type": "application/json" };
const GRAPHQL_RESPONSE = "application/graphql-response+json";
const QUERY = "{ viewer { name } }";

/** Recommendations for `application/json` that Apollo Server does not follow either: status 200 for an invalid document. */
const NOT_FOLLOWED = ["572B", "FDE2", "7B9B"];

describe("GraphQL over HTTP", () => {
  let server: TestServer;
  const cleanup = suiteCleanup();
  before(async () => {
    server = await startServer(cleanup);
  });

  const send = (path: string, init: RequestInit) => fetch(`${server.url}${path}`, init);
  const post = (headers: Record<string, string>, body: unknown = { query: QUERY }) =>
    send("/graphql", { method: "POST", headers: { ...JSON_TYPE, ...headers }, body: JSON.stringify(body) });
  const get = (search: string, headers: Record<string, string> = AUTHORIZATION) =>
    send(`/graphql?${search}`, { headers });
  const readCode = async (response: Response) => {
    const { errors } = (await response.json()) as { errors?: { extensions: { code: string } }[] };
    return errors?.[0]?.extensions.code;
  };

  it("conforms to the specification, by the audits of its authors", async () => {
    const fetchFn = (url: string, init: RequestInit = {}) =>
      fetch(url, { ...init, headers: { ...(init.headers as Record<string, string>), ...AUTHORIZATION } });
    const results = [];
    for (const audit of serverAudits({ url: `${server.url}/graphql`, fetchFn })) results.push(await audit.fn());
    const failed = results.flatMap((result) => (result.status === "ok" ? [] : [result]));
    assert.ok(results.length > 50, "the audits were run");
    assert.deepEqual(failed.map(({ id }) => id).sort(), [...NOT_FOLLOWED].sort(), JSON.stringify(failed, null, 1));
  });

  it("answers in the accepted media type, also when it refuses, and before anything runs if there is none", async () => {
    const cases: [string, () => Promise<Response>][] = [
      ["200", () => post({ ...AUTHORIZATION, accept: GRAPHQL_RESPONSE })],
      ["UNAUTHENTICATED", () => post({ accept: GRAPHQL_RESPONSE })],
      [
        "QUERY_TOO_LARGE",
        () => post({ ...AUTHORIZATION, accept: GRAPHQL_RESPONSE }, { query: `{ ${"__typename ".repeat(60)} }` }),
      ],
      ["QUERY_TOO_LARGE", () => post({ ...AUTHORIZATION, accept: GRAPHQL_RESPONSE }, { query: "#".repeat(70_000) })],
      ["BAD_USER_INPUT", () => post({ ...AUTHORIZATION, accept: GRAPHQL_RESPONSE }, [{ query: QUERY }])],
      ["BAD_USER_INPUT", () => get("query=%zz", { ...AUTHORIZATION, accept: GRAPHQL_RESPONSE })],
    ];
    for (const [expected, ask] of cases) {
      const response = await ask();
      assert.equal(response.headers.get("content-type"), `${GRAPHQL_RESPONSE}; charset=utf-8`, expected);
      assert.equal((await readCode(response)) ?? String(response.status), expected);
    }
    const mutation = 'mutation { createApp(input: { name: "not-acceptable" }) { app { id } } }';
    const refused = await post({ ...AUTHORIZATION, accept: "image/png" }, { query: mutation });
    assert.equal(refused.status, 406);
    assert.equal((await server.admin.ask('{ app(app: "not-acceptable") { id } }')).app, null);
  });

  it("names the scheme in a 401, and the methods in a 405", async () => {
    const refused = await post({});
    assert.deepEqual([refused.status, refused.headers.get("www-authenticate")], [401, "Bearer"]);
    for (const method of ["PUT", "PATCH", "DELETE", "HEAD"]) {
      const response = await send("/graphql", { method, headers: AUTHORIZATION });
      assert.deepEqual([response.status, response.headers.get("allow")], [405, "GET, POST"], method);
    }
    const mutation = encodeURIComponent("mutation { __typename }");
    const byGet = await get(`query=${mutation}`);
    assert.deepEqual([byGet.status, byGet.headers.get("allow")], [405, "POST"]);
  });

  it("serves queries by GET to an authenticated client without further headers, and to no other", async () => {
    const variables = encodeURIComponent(JSON.stringify({ id: "none" }));
    const query = encodeURIComponent("query A($id: ID!) { pipeline(pipeline: $id) { id } viewer { name } }");
    const response = await get(`query=${query}&variables=${variables}&operationName=A&extensions=%7B%22a%22%3A1%7D`);
    assert.deepEqual(((await response.json()) as { data: unknown }).data, {
      pipeline: null,
      viewer: { name: "admin" },
    });
    // What a page of another origin can send.
    const foreign = { cookie: `authorization=Bearer ${ADMIN_SECRET}`, "content-type": "text/plain" };
    assert.equal((await get(`query=${query}`, foreign)).status, 401);
  });

  it("refuses a URL that cannot be decoded, and repeated parameters, instead of running something else", async () => {
    const fields = Array.from({ length: 60 }, (_, index) => `a${index}:__typename`);
    const large = encodeURIComponent(`{${fields.join(" ")}}`);
    const plain = await get(`query=${large}`);
    assert.deepEqual([plain.status, await readCode(plain)], [413, "QUERY_TOO_LARGE"]);
    const query = encodeURIComponent(QUERY);
    for (const search of [
      `query=${large}%23%FF`,
      `query=${query}%23%FF`,
      `query=${query}&operationName=%zz`,
      `query=${query}&query=${query}`,
      `query=${query}&variables=%7B`,
      `query=${query}&variables=%5B%5D`,
      `query=${query}&extensions=1`,
    ]) {
      const response = await get(search);
      assert.deepEqual([response.status, await readCode(response)], [400, "BAD_USER_INPUT"], search);
    }
  });
});
