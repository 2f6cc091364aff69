import assert from "node:assert/strict";
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, it } from "node:test";
import { pathToFileURL } from "node:url";
import { FOLDER, installClients, load, runTool } from "../support/examples/example-clients.js";
import { ADMIN_SECRET, type Cleanup, startServer, temporaryFolder } from "../support/service/server.js";

/*
 * The manifests of trusted documents that the real tools write, and the real clients that send the ids of documents, by GET
 * where they can. If they cannot be installed, the tests are skipped with the reason.
 */

const SCHEMA = resolve("src/schema/schema.graphql");
const DOCUMENT = "query Me { viewer { name role } }";
const ME = { name: "admin", role: "ADMIN" };
const obstacle = await installClients();

/** Starts a server that runs the documents of a manifest only, and counts its requests by method. */
async function startTrusting(t: Cleanup, manifest: string) {
  const server = await startServer(t, { env: { TRUSTED_DOCUMENTS: manifest } });
  const requests = async (method: string): Promise<number> => {
    const metrics = await (await fetch(`${server.url}/metrics`)).text();
    const pattern = `^railyard_http_request_duration_seconds_count{route="${method} /graphql",status="200"} (\\d+)$`;
    return Number(new RegExp(pattern, "m").exec(metrics)?.[1] ?? 0);
  };
  return { url: `${server.url}/graphql`, requests };
}

/** A folder with one document, for tools that read documents from files. */
function folderWithDocument(t: Cleanup): string {
  const folder = temporaryFolder(t);
  writeFileSync(join(folder, "me.graphql"), DOCUMENT);
  return folder;
}

describe("manifests of trusted documents", {
  skip: obstacle === null ? false : `the tools cannot be installed: ${obstacle}`,
}, () => {
  it("of GraphQL Code Generator's client preset serve urql's persistedExchange, by GET", async (t) => {
    const folder = folderWithDocument(t);
    const config = join(folder, "codegen.json");
    const preset = { preset: "client", presetConfig: { persistedDocuments: { hashAlgorithm: "sha256" } } };
    const generates = { [`${folder}/gql/`]: preset };
    writeFileSync(config, JSON.stringify({ schema: SCHEMA, documents: `${folder}/*.graphql`, generates }));
    await runTool("graphql-codegen-esm", ["--config", config]);
    const manifest = join(folder, "gql/persisted-documents.json");
    const [hash] = Object.keys(JSON.parse(readFileSync(manifest, "utf8")));
    const { url, requests } = await startTrusting(t, manifest);
    const { Client, fetchExchange } = await load("node_modules/@urql/core/dist/urql-core.mjs");
    const { persistedExchange } = await load("node_modules/@urql/exchange-persisted/dist/urql-exchange-persisted.mjs");
    const client = new Client({
      url,
      fetchOptions: { headers: { authorization: `Bearer ${ADMIN_SECRET}` } },
      exchanges: [persistedExchange({ generateHash: async () => hash }), fetchExchange],
    });
    const { data, error } = await client.query(DOCUMENT, {}).toPromise();
    assert.deepEqual([error, data.viewer], [undefined, ME]);
    assert.equal(await requests("GET"), 1);
    assert.notEqual((await client.query("{ stages { stage } }", {}).toPromise()).data?.stages?.length, 4);
  });

  it("of Apollo's generate-persisted-query-manifest serve Apollo Client, by GET", async (t) => {
    const folder = folderWithDocument(t);
    const manifest = join(folder, "manifest.json");
    const config = join(folder, "config.json");
    writeFileSync(config, JSON.stringify({ documents: [`${folder}/*.graphql`], output: manifest }));
    await runTool("generate-persisted-query-manifest", ["--config", config]);
    const [{ id }] = JSON.parse(readFileSync(manifest, "utf8")).operations;
    const { url, requests } = await startTrusting(t, manifest);
    const { ApolloClient, gql, HttpLink, InMemoryCache } = await load("node_modules/@apollo/client/core/index.js");
    const { PersistedQueryLink } = await load("node_modules/@apollo/client/link/persisted-queries/index.js");
    const link = new PersistedQueryLink({ generateHash: () => id, useGETForHashedQueries: true });
    const http = new HttpLink({ uri: url, headers: { authorization: `Bearer ${ADMIN_SECRET}` } });
    const client = new ApolloClient({ link: link.concat(http), cache: new InMemoryCache() });
    const { data } = await client.query({ query: gql(DOCUMENT) });
    assert.deepEqual([data.viewer.name, data.viewer.role], [ME.name, ME.role]);
    assert.equal(await requests("GET"), 1);
  });

  it("of the Relay compiler serve Relay, by its own hashes", async (t) => {
    const folder = temporaryFolder(t);
    writeFileSync(join(folder, "package.json"), JSON.stringify({ type: "module" }));
    copyFileSync(`${FOLDER}/relay/documents.js`, join(folder, "documents.js"));
    mkdirSync(join(folder, "__generated__"));
    const manifest = join(folder, "manifest.json");
    writeFileSync(manifest, "{}");
    const shared = JSON.parse(readFileSync(`${FOLDER}/relay/relay.config.json`, "utf8"));
    const config = {
      ...shared,
      schema: "schema.graphql",
      persistConfig: { file: "./manifest.json", algorithm: "MD5" },
    };
    copyFileSync(SCHEMA, join(folder, "schema.graphql"));
    writeFileSync(join(folder, "relay.config.json"), JSON.stringify(config));
    await runTool("relay-compiler", [], folder);
    const { url } = await startTrusting(t, manifest);
    const { createRelay } = await load("relay.mjs");
    const relay = await load("node_modules/relay-runtime/index.js");
    const { fetchQuery } = relay.default ?? relay;
    const path = join(folder, "__generated__/documentsBoardQuery.graphql.js");
    const { default: board } = await import(pathToFileURL(path).href);
    assert.deepEqual([board.params.text, /^[0-9a-f]{32}$/.test(board.params.id)], [null, true]);
    const data = await fetchQuery(createRelay(url, ADMIN_SECRET), board, { pipeline: "none" }).toPromise();
    assert.deepEqual([data.pipeline, typeof data.cursor], [null, "string"]);
  });
});
