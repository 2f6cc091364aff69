import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ResponseMatcher } from "../support/clients/response-matcher.js";
import { Seed } from "../support/data/seed.js";
import { parseCodeBlocks, readSection } from "../support/documents/markdown.js";
import { startServer } from "../support/service/server.js";

const TITLE = "Business hours in two regions, with a Christmas freeze and one exempted hotfix";
const TIMES = /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/g;

describe("the example of windows and freezes", () => {
  it("gets the responses of a real server, at the times that the page says", async (t) => {
    let now = new Date("2026-12-01T08:00:00Z");
    const { admin } = await startServer(t, { now: () => now });
    const seed = new Seed(admin);
    const pipeline = await seed.pipeline({ name: "shop" });
    const apps = { "shop-staging": "STAGING", "shop-eu": "PRODUCTION", "shop-us": "PRODUCTION" };
    for (const [name, stage] of Object.entries(apps)) {
      const app = await seed.app({ name });
      await admin.mutate("addCoupling", { pipeline: pipeline.id, app: app.id, stage }, "__typename");
    }
    const build = await seed.build();
    await admin.mutate("createRelease", { app: "shop-staging", build: build.id }, "__typename");

    const matcher = new ResponseMatcher();
    // The page names the build of the fix with this id.
    matcher.assertMatches({ id: build.id }, { id: "01a2070f-7738-76f9-8270-0bca6da59b02" }, "the build");
    const steps = readSection("docs/gates.md", TITLE)
      .split(/(?=^<!-- at .+ -->$)/m)
      .map((step) => ({ at: /^<!-- at (.+) -->$/m.exec(step)?.[1], blocks: parseCodeBlocks(step) }));
    let answered = 0;
    for (const { at, blocks } of steps) {
      if (at !== undefined) now = new Date(at);
      for (const [index, { language, text }] of blocks.entries()) {
        const written = blocks[index + 1]?.text;
        if (language !== "graphql" || written === undefined) continue;
        const { data, errors } = await admin.post(matcher.replaceIds(text));
        assert.equal(errors, undefined, JSON.stringify(errors));
        matcher.assertMatches({ data }, JSON.parse(written), text);
        assert.deepEqual(JSON.stringify(data).match(TIMES), written.match(TIMES), text);
        answered += 1;
      }
    }
    assert.equal(answered, 4);
  });
});
