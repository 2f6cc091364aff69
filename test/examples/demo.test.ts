import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { describe, it } from "node:test";
import { type DemoRun, runDemo } from "../support/examples/demo.js";
import { startTamperingProxy, type Tampering } from "../support/network/tampering-proxy.js";
import { startServer, temporaryFolder } from "../support/service/server.js";

/** Lines of the documented walkthrough that the demo must print. Ids are `<id>`. */
const KEY_LINES = [
  "stage development",
  "stage staging",
  "Promoting app ⬢ myapp-space-dev ... ✓",
  "= myapp pipeline (development -> staging)",
  "Promoted: ⬢ myapp-space-dev (Release: <id>)",
  "To: ⬢ myapp-space-qa",
  "    ⬢ myapp-space-stg",
  "• v1 (<id>) - current",
  "  Status: succeeded",
  "  Description: Promotion from myapp-space-dev",
  "                  ---> myapp-staging ---> myapp",
  "    ⬢ myapp-syd (syd)",
  "᱿ production",
  "✗ PROMOTION_BLOCKED",
  "my-status-check: pending, says reporter",
  "✗ FORBIDDEN: removeChecks requires the ADMIN role; this token has OPERATOR.",
  "⬢ myapp-flow-pr-6 previews pull request 6 (patch-1)",
  "✓ The central branch is deployed automatically",
  "Promoting app ⬢ myapp-gated-staging ... waiting",
  "    Cleared by: WAIT, LIFT_FREEZE, FORCE",
  "✓ It started when the freeze ended, as the operator's promotion",
  "All 151 things that the text promises were so.",
];

/** A fault between the demo and a real server, and the line that must then be missing. */
const TAMPERS: Readonly<Record<string, { tamper: Tampering; missed: RegExp }>> = {
  "a target of a promotion is left out": {
    tamper: { answer: ({ data }) => data?.promote?.promotion.targets.pop() },
    missed: /promised {2}.*⬢ myapp-space-stg\n {2}came {6}\(nothing more\)/,
  },
  "another build arrives than the one that was promoted": {
    tamper: {
      answer: ({ data }) => {
        for (const target of data?.promote?.promotion.targets ?? []) target.release.build.checksum = "sha256:0";
      },
    },
    missed: /Both run the same build/,
  },
  "the description of a release is another": {
    tamper: {
      answer: ({ data }) => {
        for (const release of data?.app?.releases.nodes ?? []) release.description = "A release";
      },
    },
    missed: /promised .*Description: Deploy of 7fd1a60\n.*Description: A release/,
  },
  "a blocker of a refusal is kept back": {
    tamper: { answer: ({ errors }) => errors?.[0]?.extensions.blockers?.pop() },
    missed: /promised .*my-status-check CHECK_MISSING/,
  },
  "an operator is let do what needs elevated access": {
    tamper: { elevates: (body) => body.includes("updateChecks") },
    missed: /promised .*FORBIDDEN.*\n.*\(it was not refused\)/,
  },
};

describe("the demo", () => {
  it("runs the whole walkthrough on a temporary server, and leaves nothing behind", async (t) => {
    const temporary = temporaryFolder(t);
    const run = await runDemo([], { TMPDIR: temporary });
    assert.deepEqual([run.code, run.stderr], [0, ""]);
    const lines = run.stdout.replace(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, "<id>").split("\n");
    assert.deepEqual(
      KEY_LINES.filter((line) => !lines.includes(line)),
      [],
    );
    assert.deepEqual(readdirSync(temporary), []);
  });

  it("prints colors on a terminal, and none when piped", async () => {
    const [colourful, plain] = await Promise.all([
      runDemo([], { FORCE_COLOR: "1", NO_COLOR: undefined }),
      runDemo([], { NO_COLOR: undefined, CI: undefined }),
    ]);
    const promoted = "\u001b[35m⬢ myapp-space-dev\u001b[39m";
    assert.ok(colourful.stdout.includes(promoted));
    assert.ok(!plain.stdout.includes("\u001b"));
  });

  it("exits with 1 on a server that already has the pipeline, and says so", async (t) => {
    const server = await startServer(t);
    await server.admin.mutate("createPipeline", { name: "myapp" }, "pipeline { id }");
    const run = await playOn(server.url, server.admin.secret ?? "");
    assert.equal(run.code, 1);
    assert.match(run.stderr, /CONFLICT: There is already a pipeline myapp/);
  });

  it("runs on a given server", async (t) => {
    const server = await startServer(t);
    const run = await playOn(server.url, server.admin.secret ?? "");
    assert.deepEqual([run.code, run.stderr], [0, ""]);
    const { apps } = await server.admin.ask("{ apps { totalCount } }");
    assert.equal(apps.totalCount, 28);
  });

  for (const [wrong, { tamper, missed }] of Object.entries(TAMPERS)) {
    it(`exits with 1 if ${wrong}`, async (t) => {
      const server = await startServer(t);
      const secret = server.admin.secret ?? "";
      const run = await playOn(await startTamperingProxy(t, server.url, secret, tamper), secret);
      assert.equal(run.code, 1, run.stdout);
      assert.match(run.stderr, missed);
      assert.ok(!run.stdout.includes("that the text promises were so"));
    });
  }
});

function playOn(url: string, secret: string): Promise<DemoRun> {
  return runDemo(["--url", url], { RAILYARD_TOKEN: secret });
}
