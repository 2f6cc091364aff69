import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { SERVE_OPTIONS } from "../../src/cli/commands/serve.js";
import { SETTINGS } from "../../src/settings.js";

/** Other users of the machine can read the arguments of a process. */
const SECRETS = ["ADMIN_TOKEN", "CONFIG_KEYS", "GITHUB_TOKEN", "GITHUB_WEBHOOK_SECRET", "OTEL_EXPORTER_OTLP_HEADERS"];

describe("railyard serve", () => {
  it("has an option for every setting, except for secrets", () => {
    const variables = Object.values(SERVE_OPTIONS).map(({ variable }) => variable);
    assert.deepEqual([...variables, ...SECRETS].sort(), Object.keys(SETTINGS.shape).sort());
  });
});
