import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { parseContext, parseLine, parseText, parseUrl } from "../../../src/domain/core/input.js";
import { normalizeContext, normalizeText, normalizeUrl } from "../../../src/domain/core/normalize.js";

const anything = fc.oneof(fc.string({ maxLength: 300 }), fc.string({ unit: "binary", maxLength: 300 }), fc.webUrl());

describe("input from other systems", () => {
  it("is normalized to this service's rules, for any input", () => {
    fc.assert(
      fc.property(anything, (text) => {
        parseContext("context", normalizeContext(text));
        const line = normalizeText(text, 40);
        if (line !== null) parseText("text", parseLine("text", line, 40), 40);
        const url = normalizeUrl(text);
        if (url !== null) parseUrl("url", url);
      }),
      { numRuns: 5000 },
    );
  });

  it("stays as it is where it fits already", () => {
    const letter = fc.constantFrom(..."abcXYZ019 ._:/\\+()@#-,&[]|测试");
    const context = fc.string({ unit: letter, maxLength: 253 }).map((rest) => `c${rest}d`);
    fc.assert(fc.property(context, (text) => assert.equal(normalizeContext(text), text)));
    fc.assert(fc.property(fc.webUrl(), (url) => assert.equal(normalizeUrl(url), url)));
  });

  it("keeps different long names of checks apart", () => {
    const [one, other] = [`${"x".repeat(300)}1`, `${"x".repeat(300)}2`].map(normalizeContext);
    assert.notEqual(one, other);
  });
});
