import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { parse, validate } from "graphql";
import { readConfig, SETTINGS } from "../../src/config.js";
import { ACTIONS } from "../../src/domain/access/actions.js";
import { REFUSALS } from "../../src/domain/core/refusal.js";
import { Role } from "../../src/entities/core/enums.js";
import { buildSchema } from "../../src/schema/build.js";
import { runDemo } from "../support/demo.js";
import { inlineCode, parseCodeBlocks, readSection, readTable } from "../support/markdown.js";
import { ResponseMatcher, redactVariable } from "../support/response-matcher.js";
import { startServer } from "../support/server.js";

const README = "README.md";

describe("the README", () => {
  it("shows answers that a real server gives, to every example in turn", async (t) => {
    const { admin } = await startServer(t);
    const likeness = new ResponseMatcher();
    const answered = parseCodeBlocks(readFileSync(README, "utf8")).flatMap(({ language, text }, index, blocks) => {
      const next = blocks[index + 1];
      return language === "graphql" && next?.language === "json" ? [{ text, answer: next.text }] : [];
    });
    assert.ok(answered.length >= 10, "the examples were found");
    for (const { text, answer: written } of answered) {
      // What each cost is told as well, and is another matter than what was asked for.
      const { status: _, extensions: __, ...answer } = await admin.post(likeness.replaceIds(text));
      likeness.assertMatches(answer, JSON.parse(written), text);
    }
  });

  it("asks nothing in its examples that the schema does not have", () => {
    const schema = buildSchema();
    const examples = parseCodeBlocks(readFileSync(README, "utf8")).filter((block) => block.language === "graphql");
    for (const { text } of examples) assert.deepEqual(validate(schema, parse(text)), [], text);
  });

  it("shows sessions that the demo plays, line by line", async () => {
    const sessions = parseCodeBlocks(readSection(README, "What it looks like"));
    assert.ok(sessions.length > 0, "the sessions were found");
    const { stdout } = await runDemo([]);
    for (const { text } of sessions)
      assert.ok(redactVariable(stdout).includes(redactVariable(text)), `the demo plays:\n${text}`);
  });

  it("lists every code of a refusal, in the words of the catalogue, and no other", () => {
    const listed = readTable(README, "When something is refused").map(([code, when]) => [inlineCode(code)[0], when]);
    assert.deepEqual(listed, Object.entries(REFUSALS));
  });

  it("lists every action under the least role that may do it, and no other", () => {
    const listed = readTable(README, "Who may do what").map(([role, actions]) => [
      inlineCode(role)[0],
      inlineCode(actions),
    ]);
    const actions = Object.entries(ACTIONS);
    const granted = Object.keys(Role).map((role) => [
      role,
      actions.filter(([, least]) => least === role).map(([action]) => action),
    ]);
    assert.deepEqual(listed, granted);
  });

  it("lists every setting with its true default, and no other", () => {
    const rows = readTable(README, "Settings");
    assert.deepEqual(
      rows.map(([name]) => inlineCode(name)[0]),
      Object.keys(SETTINGS.shape),
    );
    const defaults = readConfig({});
    for (const [name, written] of rows) {
      const [fallback] = inlineCode(written);
      if (fallback === undefined) continue;
      assert.deepEqual(
        readConfig({ [inlineCode(name)[0] ?? ""]: fallback }),
        defaults,
        `${fallback} is not its default`,
      );
    }
    const withDefault = rows
      .filter(([, written]) => inlineCode(written).length > 0)
      .map(([name]) => inlineCode(name)[0]);
    const unset = SETTINGS.parse({});
    const known = Object.entries(unset).filter(([, value]) => value !== undefined && !Array.isArray(value));
    assert.deepEqual(
      withDefault,
      known.map(([name]) => name),
    );
  });
});
