import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { InvalidManifest, readTrustedDocuments } from "../../../../src/server/execution/admission/trusted-documents.js";
import { freshDatabase } from "../../../support/database/engine.js";
import { ADMIN_SECRET, startServer, temporaryFolder } from "../../../support/service/server.js";
import { startProcess } from "../../../support/service/server-process.js";

const ROLE = "query Role { viewer { role } }";
const NAME = "query Name { viewer { ...Named } } fragment Named on Viewer { name }";

const hash = (text: string, algorithm = "sha256") => createHash(algorithm).update(text).digest("hex");

/** Writes a manifest to a temporary file, and returns its path. */
function writeManifest(t: Parameters<typeof temporaryFolder>[0], content: unknown): string {
  const path = join(temporaryFolder(t), "manifest.json");
  writeFileSync(path, typeof content === "string" ? content : JSON.stringify(content));
  return path;
}

/** As GraphQL Code Generator, the Relay compiler and Apollo write manifests of these documents. */
const MANIFESTS: Record<string, (texts: readonly string[]) => { content: unknown; toId: (text: string) => string }> = {
  "GraphQL Code Generator": (texts) => ({
    content: Object.fromEntries(texts.map((text) => [`sha256:${hash(text)}`, text])),
    toId: (text) => hash(text),
  }),
  Relay: (texts) => ({
    content: Object.fromEntries(texts.map((text) => [hash(text, "md5"), text])),
    toId: (text) => hash(text, "md5"),
  }),
  Apollo: (texts) => ({
    content: {
      format: "apollo-persisted-query-manifest",
      version: 1,
      operations: texts.map((body) => ({ id: hash(body), name: "Any", type: "query", body })),
    },
    toId: (text) => hash(text),
  }),
};

describe("a manifest of trusted documents", () => {
  for (const [tool, write] of Object.entries(MANIFESTS)) {
    it(`of ${tool} is read, and its documents run by POST and by GET`, async (t) => {
      const { content, toId } = write([ROLE, NAME]);
      const server = await startServer(t, { env: { TRUSTED_DOCUMENTS: writeManifest(t, content) } });
      const headers = { authorization: `Bearer ${ADMIN_SECRET}` };
      const url = `${server.url}/graphql`;
      const read = async (response: Promise<Response>) => ((await (await response).json()) as { data?: unknown }).data;
      for (const [text, viewer] of [
        [ROLE, { role: "ADMIN" }],
        [NAME, { name: "admin" }],
      ] as const) {
        const documentId = toId(text);
        const extensions = JSON.stringify({ persistedQuery: { version: 1, sha256Hash: documentId } });
        const post = { method: "POST", headers: { ...headers, "content-type": "application/json" } };
        assert.deepEqual(await read(fetch(url, { ...post, body: JSON.stringify({ documentId }) })), { viewer });
        assert.deepEqual(await read(fetch(url, { ...post, body: `{"extensions":${extensions}}` })), { viewer });
        for (const parameters of [{ documentId }, { extensions }]) {
          assert.deepEqual(await read(fetch(`${url}?${new URLSearchParams(parameters)}`, { headers })), { viewer });
        }
      }
      assert.equal(await read(fetch(`${url}?query=%7B__typename%7D`, { headers })), undefined);
    });
  }

  it("is checked against the schema at start, and each document that does not match it is in the log, by name", async (t) => {
    const gone = "query Gone { viewer { name nickname } }";
    const broken = "query Broken {";
    const manifest = { [hash(ROLE)]: ROLE, [hash(gone)]: gone, [hash(broken)]: broken };
    const TRUSTED_DOCUMENTS = writeManifest(t, manifest);
    const server = startProcess(t, {
      DATABASE_URL: await freshDatabase(t),
      ADMIN_TOKEN: ADMIN_SECRET,
      TRUSTED_DOCUMENTS,
    });
    const url = await server.ready();
    const reported = server.log.filter(({ msg }) => String(msg).startsWith("trusted document"));
    assert.deepEqual(
      reported.map(({ id, names, problem }) => [id, names, String(problem).slice(0, 30)]),
      [
        [hash(gone), ["Gone"], 'Cannot query field "nickname" '],
        [hash(broken), [], "Syntax Error: Expected Name, f"],
      ],
    );
    const headers = { authorization: `Bearer ${ADMIN_SECRET}` };
    const response = await fetch(`${url}/graphql?documentId=${hash(ROLE)}`, { headers });
    assert.equal(response.status, 200, "the others run");
  });

  it("is refused if it is of no known format", (t) => {
    for (const content of [
      "{",
      "[]",
      { a: 1 },
      { a: "" },
      { "": ROLE },
      { format: "apollo-persisted-query-manifest", version: 2, operations: [] },
      { format: "apollo-persisted-query-manifest", version: 1, operations: [{ id: "a" }] },
      { format: "another" },
    ]) {
      const path = writeManifest(t, content);
      assert.throws(() => readTrustedDocuments(path), InvalidManifest, JSON.stringify(content));
    }
  });
});
