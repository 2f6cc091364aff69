import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { parse, validate } from "graphql";
import { ACTIONS } from "../../src/domain/access/actions.js";
import { REFUSALS } from "../../src/domain/core/refusal.js";
import { Role } from "../../src/entities/core/enums.js";
import { getSchema } from "../../src/schema/build.js";
import { ResponseMatcher, redactVariable } from "../support/clients/response-matcher.js";
import { inlineCode, parseCodeBlocks, readSection, readTable } from "../support/documents/markdown.js";
import { runDemo } from "../support/examples/demo.js";
import { startServer } from "../support/service/server.js";

const PAGE = "docs/api.md";

describe("the API page", () => {
  it("shows the responses of a real server to every example, in order", async (t) => {
    const { admin } = await startServer(t);
    const matcher = new ResponseMatcher();
    const examples = parseCodeBlocks(readFileSync(PAGE, "utf8")).flatMap(({ language, text }, index, blocks) => {
      const next = blocks[index + 1];
      return language === "graphql" && next?.language === "json" ? [{ text, response: next.text }] : [];
    });
    assert.ok(examples.length >= 10, "the examples were found");
    for (const { text, response: written } of examples) {
      // The page leaves out `extensions.cost`, and says so.
      const { status: _, extensions: __, ...response } = await admin.post(matcher.replaceIds(text));
      matcher.assertMatches(response, JSON.parse(written), text);
    }
  });

  it("has only examples that are valid against the schema", () => {
    const schema = getSchema();
    const pages = [PAGE, "docs/config-vars.md"].map((page) => readFileSync(page, "utf8"));
    const examples = pages.flatMap(parseCodeBlocks).filter((block) => block.language === "graphql");
    for (const { text } of examples) assert.deepEqual(validate(schema, parse(text)), [], text);
  });

  it("shows sessions from the demo, line by line", async () => {
    const sessions = parseCodeBlocks(readSection(PAGE, "The walk-through"));
    assert.ok(sessions.length > 0, "the sessions were found");
    const { stdout } = await runDemo([]);
    for (const { text } of sessions)
      assert.ok(redactVariable(stdout).includes(redactVariable(text)), `the demo plays:\n${text}`);
  });

  it("lists every error code with the catalogue's text, and no other code", () => {
    const listed = readTable(PAGE, "Errors").map(([code, when]) => [inlineCode(code)[0], when]);
    assert.deepEqual(listed, Object.entries(REFUSALS));
  });

  it("lists every action under the lowest role that has it, and no other action", () => {
    const listed = readTable(PAGE, "Roles").map(([role, actions]) => [inlineCode(role)[0], inlineCode(actions)]);
    const actions = Object.entries(ACTIONS);
    const granted = Object.keys(Role).map((role) => [
      role,
      actions.filter(([, least]) => least === role).map(([action]) => action),
    ]);
    assert.deepEqual(listed, granted);
  });
});
