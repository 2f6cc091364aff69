import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { contextOf, lineOf, textOf, urlOf } from "../../../src/domain/core/input.js";
import { fittedContext, fittedText, fittedUrl } from "../../../src/domain/core/normalize.js";

const anything = fc.oneof(fc.string({ maxLength: 300 }), fc.string({ unit: "binary", maxLength: 300 }), fc.webUrl());

describe("what another system says", () => {
  it("is made to fit the rules for what is said here, whatever it is", () => {
    fc.assert(
      fc.property(anything, (text) => {
        contextOf("context", fittedContext(text));
        const line = fittedText(text, 40);
        if (line !== null) textOf("text", lineOf("text", line, 40), 40);
        const url = fittedUrl(text);
        if (url !== null) urlOf("url", url);
      }),
      { numRuns: 5000 },
    );
  });

  it("stays as it is where it fits already", () => {
    const letter = fc.constantFrom(..."abcXYZ019 ._:/\\+()@#-");
    const context = fc.string({ unit: letter, maxLength: 99 }).map((rest) => `c${rest}`);
    fc.assert(fc.property(context, (text) => assert.equal(fittedContext(text), text)));
    fc.assert(fc.property(fc.webUrl(), (url) => assert.equal(fittedUrl(url), url)));
  });
});
