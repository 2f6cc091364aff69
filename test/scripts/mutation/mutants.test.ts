import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { MUTANTS } from "../../../scripts/mutation/mutants.js";

describe("the mutants", () => {
  // A whole run takes hours. Without this, a mutant is stale for as long as nobody runs it.
  it("apply to the sources as they are, in one place each, and name tests that exist", () => {
    for (const { name, file, find, tests } of MUTANTS) {
      assert.equal(readFileSync(file, "utf8").split(find).length - 1, 1, `${name}: places in ${file}`);
      for (const test of tests) assert.ok(existsSync(`test/${test}.test.ts`), `${name}: ${test}`);
    }
  });
});
