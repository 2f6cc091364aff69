import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { isSupportedNode, SUPPORTED_NODE } from "../../src/runtime/node-version.js";

describe("the supported versions of Node", () => {
  it("match package.json", () => {
    const { engines } = JSON.parse(readFileSync("package.json", "utf8")) as { engines: { node: string } };
    assert.equal(engines.node, SUPPORTED_NODE);
  });

  for (const version of ["20.19.0", "20.20.2", "22.13.0", "22.23.3", "24.11.0", "24.21.0", "25.0.0", "26.10.0"]) {
    it(`include ${version}`, () => assert.ok(isSupportedNode(version)));
  }

  for (const version of ["18.20.8", "20.18.3", "21.7.0", "22.12.0", "23.11.0", "24.10.0"]) {
    it(`do not include ${version}`, () => assert.ok(!isSupportedNode(version)));
  }

  it("are checked first by the service and by the CLI", () => {
    for (const [file, path] of [
      ["src/main.ts", "./runtime/require-supported-node.js"],
      ["src/cli/main.ts", "../runtime/require-supported-node.js"],
    ] as const) {
      const [first] = readFileSync(file, "utf8").match(/^import .*$/m) ?? [];
      assert.equal(first, `import "${path}";`, file);
    }
  });
});
