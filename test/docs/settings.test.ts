import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { SERVE_OPTIONS } from "../../src/cli/commands/serve.js";
import { readConfig } from "../../src/config.js";
import { SETTINGS } from "../../src/settings.js";
import { inlineCode, readTable } from "../support/documents/markdown.js";

const SECRETS = ["ADMIN_TOKEN", "CONFIG_KEYS", "GITHUB_WEBHOOK_SECRET", "GITHUB_TOKEN", "OTEL_EXPORTER_OTLP_HEADERS"];

describe("the settings page", () => {
  it("lists every setting with its default, and no other setting", () => {
    const rows = readTable("docs/settings.md", "Settings");
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

  it("says which settings `serve` has an option for: all except secrets", () => {
    const options = Object.values(SERVE_OPTIONS).map(({ variable }) => variable);
    assert.deepEqual([...options, ...SECRETS].sort(), Object.keys(SETTINGS.shape).sort());
  });
});
