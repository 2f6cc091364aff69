import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ResponseMatcher } from "../support/clients/response-matcher.js";
import { readRollout, reportAll } from "../support/data/rollouts.js";
import { Seed } from "../support/data/seed.js";
import { parseCodeBlocks, readSection } from "../support/documents/markdown.js";
import { Clock } from "../support/service/clock.js";
import { startServer, type TestServer } from "../support/service/server.js";

const PAGE = "docs/rollouts.md";

/** What happens before the examples of a time, besides what they do. */
type Actions = Readonly<Record<string, () => Promise<unknown>>>;

/** Runs the examples of a section at the times that stand before them, and compares the responses. */
async function runSection(
  { admin, app }: TestServer,
  clock: Clock,
  matcher: ResponseMatcher,
  heading: string,
  actions: Actions,
): Promise<void> {
  const parts = readSection(PAGE, heading).split(/^\*\*(\d{4}-\d\d-\d\d \d\d:\d\d)\.\*\* /m);
  let count = 0;
  for (const [index, part] of parts.entries()) {
    if (index % 2 === 1) {
      await moveTo(clock, part, app);
      await actions[part]?.();
      await app.tick();
      continue;
    }
    const blocks = parseCodeBlocks(part);
    for (const [block, { language, text }] of blocks.entries()) {
      if (language !== "graphql") continue;
      const expected = blocks[block + 1]?.text ?? "";
      const { status: _, extensions: __, ...answer } = await admin.post(matcher.replaceIds(text));
      matcher.assertMatches(answer, JSON.parse(expected), text);
      // Times are compared too: the page names them.
      const times = (json: string) => json.match(/2030-01-0\dT[\d:.]+Z/g);
      assert.deepEqual(times(JSON.stringify(answer)), times(expected), text);
      count += 1;
    }
  }
  assert.ok(count >= 5, "the examples were found");
}

async function moveTo(clock: Clock, time: string, app: TestServer["app"]): Promise<void> {
  clock.advance(Date.parse(`${time.replace(" ", "T")}:00Z`) - clock.now().getTime());
  await app.tick();
}

describe("the page about rollouts", () => {
  it("shows what a real server answers in the example of twelve regions", async (t) => {
    const clock = new Clock();
    const server = await startServer(t, { now: clock.now });
    const { admin } = server;
    const seed = new Seed(admin);
    const pipeline = await seed.pipeline({ name: "shop" });
    const place = async (name: string, stage: string, wave: number, deploymentMode: string) => {
      const app = await seed.app({ name, deploymentMode });
      const input = { pipeline: pipeline.id, app: app.id, stage };
      const { coupling } = await admin.mutate("addCoupling", input, "coupling { id }");
      if (wave > 1) await admin.mutate("setWave", { coupling: coupling.id, wave }, "coupling { id }");
      return app;
    };
    const staging = await place("shop-stg", "STAGING", 1, "IMMEDIATE");
    await place("shop-canary", "PRODUCTION", 1, "REPORTED");
    for (let index = 1; index <= 3; index += 1) await place(`shop-small-${index}`, "PRODUCTION", 2, "REPORTED");
    for (let index = 1; index <= 8; index += 1) await place(`shop-large-${index}`, "PRODUCTION", 3, "REPORTED");
    await seed.release(staging);
    const newest = async () =>
      (await admin.ask("{ promotions(first: 1) { nodes { id } } }")).promotions.nodes[0].id as string;
    await runSection(server, clock, new ResponseMatcher(), "Example: twelve regions, a canary first", {
      "2030-01-01 09:05": async () => reportAll(admin, await newest(), "SUCCEEDED"),
      "2030-01-01 09:40": async () => reportAll(admin, await newest(), "SUCCEEDED"),
      "2030-01-01 10:10": async () => {
        const id = await newest();
        const [, , third] = (await readRollout(admin, id)).waves;
        assert.equal(third?.targets.filter(({ phase }) => phase === "DEPLOYING").length, 4);
        await reportAll(admin, id, "FAILED", 1);
        assert.equal((await readRollout(admin, id)).targets.filter(({ phase }) => phase === "DEPLOYING").length, 4);
        await reportAll(admin, id, "FAILED", 1);
        await reportAll(admin, id, "SUCCEEDED");
      },
    });
  });

  it("shows what a real server answers in the example of weekdays", async (t) => {
    const clock = new Clock();
    const server = await startServer(t, { now: clock.now });
    const { admin } = server;
    const seed = new Seed(admin);
    const repository = "github.com/acme/shop";
    const pipeline = await seed.pipeline({ name: "shop", repository, branch: "main" });
    const staging = await seed.app({ name: "shop-stg" });
    const production = await seed.app({ name: "shop-prod" });
    const place = (app: string, stage: string) =>
      admin.mutate("addCoupling", { pipeline: pipeline.id, app, stage }, "coupling { id }");
    const { coupling } = await place(staging.id, "STAGING");
    await place(production.id, "PRODUCTION");
    const matcher = new ResponseMatcher();
    matcher.assertMatches({ id: coupling.id }, { id: "01a2070f-76e2-7487-95aa-3a37824b4d3e" }, "the coupling");
    await runSection(
      server,
      clock,
      matcher,
      "Example: verified on staging, then automatically to production on weekdays",
      {
        "2030-01-04 18:00": async () => {
          const release = await seed.release(staging, await seed.build({ repository, branch: "main" }));
          matcher.assertMatches({ id: release.id }, { id: "01a2070f-76e3-7b5c-9d10-0c4f5f0a7e21" }, "the release");
        },
      },
    );
  });
});
