import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { startServer } from "../support/server.js";

describe("the operations page", () => {
  it("names only existing metrics in the page, the ten alerts and the dashboard", async (t) => {
    const { url, admin } = await startServer(t);
    await admin.ask("{ viewer { name } }");
    const metrics = await (await fetch(`${url}/metrics`)).text();
    const has = new Set([...metrics.matchAll(/^# TYPE (\S+) /gm)].map(([, name]) => name));
    const document = readFileSync("docs/operations.md", "utf8");
    const dashboard = readFileSync("docs/grafana.json", "utf8");
    assert.equal([...document.matchAll(/- alert: /g)].length, 10);
    assert.ok(JSON.parse(dashboard).panels.length >= 10);
    for (const text of [document, dashboard]) {
      const named = [...text.matchAll(/\b(?:railyard|nodejs|process)_[a-z0-9_]+\b/g)].map(([name]) =>
        name.replace(/_(?:bucket|count|sum)$/, ""),
      );
      assert.ok(named.length >= 8, "the metrics were found");
      assert.deepEqual(
        named.filter((name) => !has.has(name)),
        [],
      );
    }
  });
});
