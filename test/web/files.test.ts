import assert from "node:assert/strict";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { join } from "node:path";
import { before, describe, it } from "node:test";
import { brotliDecompressSync, gunzipSync, gzipSync } from "node:zlib";
import { suiteCleanup } from "../support/service/cleanup.js";
import { ADMIN_SECRET, startServer, type TestServer, temporaryFolder } from "../support/service/server.js";

const BROWSER = { accept: "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8" };
const MAX_FIRST_LOAD_BYTES = 150_000;

describe("the files of the page", () => {
  const cleanup = suiteCleanup();
  let server: TestServer;
  before(async () => {
    const manifest = join(temporaryFolder(cleanup), "trusted.json");
    writeFileSync(manifest, "{}");
    server = await startServer(cleanup, { env: { BASE_PATH: "/railyard/", TRUSTED_DOCUMENTS: manifest } });
  });
  const get = (path: string, headers: Record<string, string> = BROWSER) => fetch(`${server.url}${path}`, { headers });

  it("are served to browsers at every URL of the page, also where the Platform API has the same path", async () => {
    for (const path of [
      ...["/", "/pipelines/shop", "/pipelines/shop/timeline", "/apps/shop-eu", "/promotions/1", "/tokens?a=1"],
      ...["/railyard", "/railyard/", "/railyard/pipelines/shop"],
    ]) {
      const response = await get(path);
      assert.equal(response.status, 200, path);
      assert.match(response.headers.get("content-type") ?? "", /^text\/html/, path);
      assert.match(await response.text(), /<base href="\/railyard\/"/, path);
    }
    const client = { accept: "application/vnd.heroku+json; version=3", authorization: `Bearer ${ADMIN_SECRET}` };
    assert.deepEqual(await (await get("/pipelines", client)).json(), []);
    for (const path of ["/nothing", "/pipelines/a/b/c"]) assert.equal((await get(path)).status, 404, path);
  });

  it("are at most 150 kB compressed on the first load, and load nothing from elsewhere", async () => {
    const html = await (await get("/")).text();
    const files = [...html.matchAll(/(?:src|href)="\.\/(assets\/[^"]+)"/g)].map(([, file]) => file as string);
    assert.ok(files.some((file) => file.endsWith(".js")) && files.some((file) => file.endsWith(".css")), html);
    assert.doesNotMatch(html, /(?:src|href)="(?:https?:)?\/\//);
    const bodies = await Promise.all(
      files.map(async (file) => Buffer.from(await (await get(`/${file}`)).arrayBuffer())),
    );
    const size = bodies.reduce((sum, body) => sum + gzipSync(body).length, gzipSync(html).length);
    assert.ok(size <= MAX_FIRST_LOAD_BYTES, `${size} bytes`);
  });

  it("have a policy that allows only this service, and names that can be cached for good", async () => {
    const page = await get("/");
    assert.match(page.headers.get("content-security-policy") ?? "", /^default-src 'self'; object-src 'none'/);
    assert.equal(page.headers.get("cache-control"), "no-cache");
    const again = await get("/", { ...BROWSER, "if-none-match": page.headers.get("etag") ?? "" });
    assert.equal(again.status, 304);
    const [, script] = /src="\.(\/assets\/[^"]+\.js)"/.exec(await page.text()) ?? [];
    const asset = await get(script ?? "");
    assert.equal(asset.headers.get("cache-control"), "public, max-age=31536000, immutable");
    for (const name of readdirSync("dist/web/assets")) assert.equal((await get(`/assets/${name}`)).status, 200, name);
    for (const name of ["nothing.js", "..%2findex.html", "index.html"]) {
      assert.equal((await get(`/assets/${name}`)).status, 404, name);
    }
  });

  it("are compressed as the client accepts it", async () => {
    const read = (encoding: string) =>
      new Promise<Buffer>((resolve, reject) => {
        const headers = { ...BROWSER, "accept-encoding": encoding };
        request(server.url, { headers }, (response) => {
          const chunks: Buffer[] = [];
          response.on("data", (chunk: Buffer) => chunks.push(chunk)).on("end", () => resolve(Buffer.concat(chunks)));
        })
          .on("error", reject)
          .end();
      });
    const plain = String(await read("identity"));
    assert.match(plain, /^<!doctype html>/);
    assert.equal(String(gunzipSync(await read("gzip"))), plain);
    assert.equal(String(brotliDecompressSync(await read("gzip, br"))), plain);
  });

  it("run their documents also where only trusted documents run, and no other", async () => {
    const ask = async (body: object) => {
      const headers = { "content-type": "application/json", authorization: `Bearer ${ADMIN_SECRET}` };
      const response = await fetch(`${server.url}/railyard/graphql`, {
        method: "POST",
        headers,
        body: JSON.stringify(body),
      });
      return (await response.json()) as { data?: object; errors?: { extensions: { code: string } }[] };
    };
    const documents = JSON.parse(readFileSync("web/src/gql/persisted-documents.json", "utf8")) as Record<
      string,
      string
    >;
    const [hash] = Object.entries(documents).find(([, text]) => text.startsWith("query Session")) ?? [];
    const extensions = { persistedQuery: { version: 1, sha256Hash: hash } };
    const { viewer } = (await ask({ extensions })).data as { viewer: { name: string; role: string } };
    assert.deepEqual([viewer.name, viewer.role], ["admin", "ADMIN"]);
    assert.equal((await ask({ query: "{ viewer { name } }" })).errors?.[0]?.extensions.code, "BAD_USER_INPUT");
  });
});
