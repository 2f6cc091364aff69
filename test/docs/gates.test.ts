import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { ResponseMatcher } from "../support/clients/response-matcher.js";
import { member } from "../support/data/approvals.js";
import { Seed } from "../support/data/seed.js";
import { parseCodeBlocks, readSection } from "../support/documents/markdown.js";
import { Clock } from "../support/service/clock.js";
import { startServer, type TestServer } from "../support/service/server.js";

const PAGE = "docs/gates.md";

/** The examples of the page: the time of day that stands before them, the operation and its response. */
function readExamples(): { at: string | null; operation: string; response: string }[] {
  // The examples of windows and freezes have a test of their own.
  const [page = ""] = readFileSync(PAGE, "utf8")
    .replace(readSection(PAGE, "Approvals"), "")
    .split("## Windows and freezes");
  const parts = page.split(/^\*\*(\d\d:\d\d)\.\*\* /m);
  return parts.flatMap((part, index) => {
    if (/^\d\d:\d\d$/.test(part)) return [];
    const time = parts[index - 1] ?? null;
    const blocks = parseCodeBlocks(part);
    return blocks.flatMap(({ language, text }, block) =>
      language === "graphql"
        ? [{ at: block === 0 ? time : null, operation: text, response: blocks[block + 1]?.text ?? "" }]
        : [],
    );
  });
}

/** What the examples begin with: a pipeline with a staging and a production app, which run different builds. */
async function createShop({ admin }: TestServer): Promise<string> {
  const seed = new Seed(admin);
  const pipeline = await seed.pipeline({ name: "shop" });
  const staging = await seed.app({ name: "shop-stg" });
  const production = await seed.app({ name: "shop-prod" });
  const place = (app: string, stage: string, requiredChecks: string[]) =>
    admin.mutate("addCoupling", { pipeline: pipeline.id, app, stage, requiredChecks }, "coupling { id }");
  await seed.release(production);
  await place(staging.id, "STAGING", []);
  await place(production.id, "PRODUCTION", ["qa/nightly"]);
  const build = await seed.build();
  await seed.release(staging, build);
  return build.id;
}

describe("the page about gates", () => {
  it("shows the responses of a real server to every example, at the times that it names", async (t) => {
    const clock = new Clock();
    const server = await startServer(t, { now: clock.now });
    const matcher = new ResponseMatcher();
    const build = await createShop(server);
    matcher.assertMatches({ id: build }, { id: "01a2070f-76e2-7487-95aa-3a37824b4d3e" }, "the build");
    const examples = readExamples();
    assert.ok(examples.length >= 5, "the examples were found");
    for (const { at, operation, response } of examples) {
      if (at !== null) {
        clock.advance(Date.parse(`2030-01-01T${at}:00Z`) - clock.now().getTime());
        await server.app.tick();
      }
      const { status: _, extensions: __, ...answer } = await server.admin.post(matcher.replaceIds(operation));
      matcher.assertMatches(answer, JSON.parse(response), operation);
      // Times are compared too: the page names them.
      const times = (text: string) => text.match(/2030-01-0\dT[\d:.]+Z/g);
      assert.deepEqual(times(JSON.stringify(answer)), times(response));
    }
  });
});

/** The examples about approvals: who sends the operation, the operation and its response. */
function readApprovals(): { as: string; operation: string; response: string }[] {
  const [, ...parts] = readSection(PAGE, "Approvals").split(/^<!-- as (\w+) -->$/m);
  return parts.flatMap((part, index) => {
    if (index % 2 === 0) return [];
    const [operation, response] = parseCodeBlocks(part);
    return [{ as: parts[index - 1] ?? "", operation: operation?.text ?? "", response: response?.text ?? "" }];
  });
}

describe("the page about approvals", () => {
  it("shows the responses of a real server to every example, for each person", async (t) => {
    const server = await startServer(t);
    const seed = new Seed(server.admin);
    const pipeline = await seed.pipeline({ name: "shop" });
    for (const [name, stage] of [
      ["shop-stg", "STAGING"],
      ["shop-prod", "PRODUCTION"],
    ] as const) {
      const app = await seed.app({ name });
      await server.admin.mutate("addCoupling", { pipeline: pipeline.id, app: app.id, stage }, "coupling { id }");
      if (stage === "STAGING") await seed.release(app);
    }
    const clients = new Map([["admin", server.admin]]);
    for (const person of ["ada", "bo", "cy"]) {
      clients.set(person, (await member(server, { person, groups: ["release-managers"] })).client);
    }
    const matcher = new ResponseMatcher();
    const examples = readApprovals();
    assert.ok(examples.length >= 6, "the examples were found");
    for (const { as, operation, response } of examples) {
      const client = clients.get(as);
      assert.ok(client, as);
      const { status: _, extensions: __, ...answer } = await client.post(matcher.replaceIds(operation));
      matcher.assertMatches(answer, JSON.parse(response), operation);
    }
  });
});
