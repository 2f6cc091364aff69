import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { isInterfaceType, isIntrospectionType, isObjectType, parse, validate } from "graphql";
import { getSchema } from "../../src/schema/build.js";
import { inlineCode, parseCodeBlocks, readTable } from "../support/documents/markdown.js";

const PAGE = "docs/clients.md";
const FOLDER = "examples/clients";
const schema = getSchema();
const objects = Object.values(schema.getTypeMap()).filter((type) => isObjectType(type) && !isIntrospectionType(type));
const roots = [schema.getQueryType(), schema.getMutationType(), schema.getSubscriptionType()];

/** The object types without an id that are not part of the structure of lists and mutations, sorted. */
const values = objects
  .filter((type) => isObjectType(type) && !roots.includes(type) && !("id" in type.getFields()))
  .map(({ name }) => name)
  .filter((name) => !/(Connection|Edge|Payload)$/.test(name) && name !== "PageInfo")
  .sort();

interface Types {
  readonly EVENT_TYPES: readonly string[];
  readonly POSSIBLE_TYPES: Readonly<Record<string, readonly string[]>>;
  readonly VALUE_TYPES: readonly string[];
}

describe("the page of clients", () => {
  it("shows every file of the examples as it is", () => {
    const blocks = new Set(parseCodeBlocks(readFileSync(PAGE, "utf8")).map(({ text }) => text));
    const files = readdirSync(FOLDER).filter((name) => name.endsWith(".mjs"));
    for (const file of [...files, "relay/documents.js"]) {
      assert.ok(blocks.has(readFileSync(`${FOLDER}/${file}`, "utf8")), `${file} is not on the page as it is`);
    }
    assert.ok(files.length >= 6);
  });

  it("lists every type without an id, and the example of caches knows the types of the schema", async () => {
    const listed = readTable(PAGE, "Caches").flatMap(([types]) => inlineCode(types));
    assert.deepEqual(listed.sort(), values);
    const path = new URL(`../../../${FOLDER}/types.mjs`, import.meta.url).href;
    const types: Types = await import(path);
    assert.deepEqual([...types.VALUE_TYPES].sort(), values);
    const interfaces = Object.values(schema.getTypeMap()).filter((type) => isInterfaceType(type));
    const possible = interfaces.map((type) => {
      return [type.name, schema.getPossibleTypes(type).map(({ name }) => name)] as const;
    });
    const sorted = (entries: readonly (readonly [string, readonly string[]])[]) =>
      Object.fromEntries(entries.map(([name, names]) => [name, [...names].sort()]));
    assert.deepEqual(sorted(Object.entries(types.POSSIBLE_TYPES)), sorted(possible));
    assert.deepEqual(types.EVENT_TYPES, types.POSSIBLE_TYPES.Event);
  });

  it("has only documents that are valid", async () => {
    const path = new URL(`../../../${FOLDER}/documents.mjs`, import.meta.url).href;
    const documents: Record<string, string> = await import(path);
    assert.ok(Object.keys(documents).length >= 4);
    for (const [name, text] of Object.entries(documents)) assert.deepEqual(validate(schema, parse(text)), [], name);
  });

  it("gives the reason for each audit that is not followed", () => {
    const rows = readTable(PAGE, "Conformance").map(([id]) => inlineCode(id)[0]);
    const test = readFileSync("test/server/http/graphql-over-http.test.ts", "utf8");
    const [, list = ""] = /NOT_FOLLOWED = \[(.*)\]/.exec(test) ?? [];
    assert.deepEqual(
      rows,
      [...list.matchAll(/"(\w+)"/g)].map(([, id]) => id),
    );
  });
});
