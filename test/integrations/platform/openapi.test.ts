import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { RestClient } from "../../support/clients/rest.js";
import { startServer } from "../../support/service/server.js";

/*
 * The recommended rules of Redocly and Spectral that code generators depend on, checked here so that neither tool has to be
 * installed.
 */

interface Operation {
  readonly operationId: string;
  readonly summary: string;
  readonly description: string;
  readonly tags: readonly string[];
  readonly parameters?: readonly { readonly name: string; readonly in: string; readonly required: boolean }[];
  readonly responses: Readonly<Record<string, { readonly description?: string; readonly $ref?: string }>>;
}

interface Document {
  readonly openapi: string;
  readonly info: { readonly license: object; readonly contact: object; readonly description: string };
  readonly servers: readonly { readonly url: string }[];
  readonly security: readonly Readonly<Record<string, unknown>>[];
  readonly tags: readonly { readonly name: string; readonly description: string }[];
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: Readonly<Record<string, Readonly<Record<string, object>>>>;
}

const server = await startServer({ after });
let document: Document;
let operations: { path: string; method: string; operation: Operation; where: string }[];

before(async () => {
  document = (await new RestClient(server.url, null).get("/openapi.json")).body;
  operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method, operation, where: `${method} ${path}` })),
  );
});

describe("openapi.json", () => {
  it("names a server, a license, a contact and the token", () => {
    assert.match(document.openapi, /^3\.1\./);
    assert.deepEqual(
      document.servers.map(({ url }) => url),
      ["/"],
    );
    assert.ok(document.info.license && document.info.contact && document.info.description);
    for (const scheme of document.security.flatMap(Object.keys)) {
      assert.ok(document.components.securitySchemes?.[scheme], `${scheme} is declared`);
    }
  });

  it("gives each operation a unique id, a summary, a description and a declared tag", () => {
    const ids = operations.map(({ operation }) => operation.operationId);
    assert.equal(new Set(ids).size, ids.length, "ids are unique");
    const tags = document.tags.map((tag) => tag.name);
    for (const { operation, where } of operations) {
      assert.match(operation.operationId, /^[a-z][A-Za-z]+$/, where);
      assert.ok(operation.summary && operation.description, where);
      assert.equal(operation.tags.length, 1, where);
      assert.ok(tags.includes(operation.tags[0] ?? ""), `${where}: the tag ${operation.tags[0]} is declared`);
    }
    for (const tag of document.tags) {
      assert.ok(tag.description, tag.name);
      assert.ok(
        operations.some(({ operation }) => operation.tags.includes(tag.name)),
        `${tag.name} is used`,
      );
    }
    assert.ok(ids.includes("listAppBuilds") && ids.includes("updateAppReleaseStatus"), ids.join(" "));
  });

  it("describes the success and the errors of each operation, and each parameter of a path", () => {
    for (const { path, operation, where } of operations) {
      const statuses = Object.keys(operation.responses);
      assert.ok(
        statuses.some((status) => status.startsWith("2")),
        where,
      );
      assert.ok(statuses.includes("401") && statuses.includes("422") && statuses.includes("429"), where);
      for (const response of Object.values(operation.responses))
        assert.ok(response.description ?? response.$ref, where);
      const named = [...path.matchAll(/\{(\w+)\}/g)].map((match) => match[1]);
      const declared = (operation.parameters ?? []).filter((one) => one.in === "path");
      assert.deepEqual(declared.map((one) => one.name).sort(), named.sort(), where);
      assert.ok(
        declared.every((one) => one.required),
        where,
      );
    }
  });

  it("names its schemas, refers only to what there is, and declares nothing that is not used", () => {
    const text = JSON.stringify(document);
    const used = new Set([...text.matchAll(/"\$ref":"#\/components\/(\w+\/\w+)"/g)].map((match) => match[1]));
    const declared = ["schemas", "responses"].flatMap((kind) =>
      Object.keys(document.components[kind] ?? {}).map((name) => `${kind}/${name}`),
    );
    assert.deepEqual([...used].sort(), declared.sort());
    for (const name of ["App", "Build", "Coupling", "Error", "Pipeline", "Promotion", "Release", "Status"]) {
      assert.ok(declared.includes(`schemas/${name}`), name);
    }
  });

  it("defines each property that it requires", () => {
    const look = (where: string, value: unknown): void => {
      if (typeof value !== "object" || value === null) return;
      const { required, properties } = value as { required?: unknown; properties?: object };
      if (Array.isArray(required) && properties !== undefined) {
        for (const name of required) assert.ok(name in properties, `${where} requires ${name}`);
      }
      for (const [key, inner] of Object.entries(value)) look(`${where}.${key}`, inner);
    };
    look("schemas", document.components.schemas);
  });

  it("answers on no path that two routes could mean", () => {
    const shapes = operations.map(({ path, method }) => `${method} ${path.replace(/\{\w+\}/g, "{}")}`);
    assert.equal(new Set(shapes).size, shapes.length);
  });
});
