import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { startServer } from "../support/service/server.js";

/** The kinds of metrics that only grow: a histogram consists of counters. */
const COUNTERS = new Set(["counter", "histogram"]);

describe("the operations page", () => {
  it("names only existing metrics in the page, the alerts and the dashboard", async (t) => {
    const { url, admin } = await startServer(t);
    await admin.ask("{ viewer { name } }");
    const metrics = await (await fetch(`${url}/metrics`)).text();
    const kinds = new Map([...metrics.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name, kind]) => [name, kind]));
    const toMetric = (name: string) => name.replace(/_(?:bucket|count|sum)$/, "");
    const document = readFileSync("docs/operations.md", "utf8");
    const dashboard = readFileSync("docs/grafana.json", "utf8");
    assert.equal([...document.matchAll(/- alert: /g)].length, 14);
    assert.ok(JSON.parse(dashboard).panels.length >= 10);
    for (const text of [document, dashboard]) {
      const named = [...text.matchAll(/\b(?:railyard|nodejs|process)_[a-z0-9_]+\b/g)].map(([name]) => toMetric(name));
      assert.ok(named.length >= 8, "the metrics were found");
      assert.deepEqual(
        named.filter((name) => !kinds.has(name)),
        [],
      );
      const rates = [...text.matchAll(/\b(?:i?rate|increase)\((\w+)/g)].map(([, name = ""]) => toMetric(name));
      assert.ok(rates.length >= 6, "the rates were found");
      for (const name of rates)
        assert.ok(COUNTERS.has(kinds.get(name) ?? ""), `the rate of ${name}, a ${kinds.get(name)}`);
    }
  });

  it("gives each alert a severity, a summary and a description", () => {
    const alerts = readFileSync("docs/operations.md", "utf8")
      .split(/- alert: /)
      .slice(1);
    for (const alert of alerts) {
      const [name] = alert.split("\n", 1);
      assert.match(alert, /\n {8}labels: \{ severity: (critical|warning) \}\n/, name);
      assert.match(alert, /\n {8}annotations:\n {10}summary: \S.*\n {10}description: "\S.*"\n/, name);
    }
  });
});
