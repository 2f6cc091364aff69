import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { Browser } from "playwright-core";
import { eventually } from "../../src/async/eventually.js";
import { launchBrowser, openTab, skipWithoutBrowser } from "../support/clients/browser.js";
import { Seed } from "../support/data/seed.js";
import { suiteCleanup } from "../support/service/cleanup.js";
import { ADMIN_SECRET, startServer, type TestServer } from "../support/service/server.js";

const APPS = 200;
const PIPELINES = 1000;
/** Requests at once. */
const CONCURRENCY = 20;

/** `bench/reads/page.ts` measures how long these take. */
describe("large pages in a browser", { skip: skipWithoutBrowser }, () => {
  const cleanup = suiteCleanup();
  let server: TestServer;
  let browser: Browser;
  let seed: Seed;
  before(async () => {
    browser = await launchBrowser();
    server = await startServer(cleanup);
    seed = new Seed(server.admin);
  });
  after(() => browser?.close());

  it("show 200 apps of a stage in groups, filter them, and follow a promotion to all of them", async (t) => {
    const pipeline = await seed.pipeline();
    const source = await seed.coupled(pipeline, "STAGING");
    await inBatches(APPS, (index) =>
      seed.client.ask(
        `mutation ($app: CreateAppInput!, $coupling: AddCouplingInput!) {
          createApp(input: $app) { app { id } } addCoupling(input: $coupling) { coupling { id } }
        }`,
        {
          app: { name: `${pipeline.name}-${index}` },
          coupling: { pipeline: pipeline.id, app: `${pipeline.name}-${index}`, stage: "PRODUCTION" },
        },
      ),
    );
    await seed.release(source);
    const { page, problems } = await openTab(t, browser, `${server.url}/pipelines/${pipeline.name}`, {
      token: ADMIN_SECRET,
    });
    const production = page.getByRole("region", { name: /^Production/ });
    const apps = production.getByRole("link", { name: pipeline.name });
    await production.getByRole("heading", { name: "No release yet" }).waitFor();
    assert.equal(await apps.count(), APPS);
    await page.getByRole("searchbox", { name: "Filter apps" }).fill(`${pipeline.name}-19`);
    await production.getByText("11 apps").waitFor();
    assert.equal(await apps.count(), 11);
    await page.getByRole("searchbox", { name: "Filter apps" }).fill("");
    const scope = { pipelines: [pipeline.id] };
    const { freeze } = await server.admin.mutate("startFreeze", { reason: "Incident", scope }, "freeze { id }");
    const exemption = {
      freeze: freeze.id,
      app: `${pipeline.name}-7`,
      reason: "The fix",
      expiresAt: "2099-01-01T00:00:00Z",
    };
    await server.admin.mutate("exemptFromFreeze", exemption, "freeze { id }");
    await production.getByText(`${APPS - 1} of ${APPS}: frozen`).waitFor();
    const free = production.getByRole("listitem").filter({ has: page.getByLabel("Not held back") });
    assert.deepEqual(await free.getByRole("link").allTextContents(), [exemption.app]);
    await server.admin.mutate("liftFreeze", { freeze: freeze.id, reason: "Over" }, "freeze { id }");
    await production.getByText("frozen").waitFor({ state: "detached" });
    await server.admin.mutate("promote", { app: source.id }, "promotion { id }");
    await production.getByText("200 apps").waitFor();
    await production.getByRole("heading", { name: "No release yet" }).waitFor({ state: "detached" });
    await page.getByRole("link", { name: "Graph" }).click();
    const graph = page.getByRole("region", { name: `The stages of ${pipeline.name}` });
    await graph.getByText("200 apps").waitFor();
    assert.equal(await graph.getByRole("link").count(), APPS + 1);
    assert.deepEqual(problems, []);
  });

  it("list 1,000 pipelines as they are scrolled to, and search all of them", async (t) => {
    const names = Array.from({ length: PIPELINES }, (_, index) => `many-${String(index).padStart(4, "0")}`);
    await inBatches(PIPELINES, (index) => seed.pipeline({ name: names[index] }));
    const { page, problems } = await openTab(t, browser, server.url, { token: ADMIN_SECRET });
    await page.getByText(/^1,00\d pipelines$/).waitFor();
    const rows = page.getByRole("link", { name: /^many-/ });
    await rows.first().waitFor();
    assert.ok((await rows.count()) < 200, "rows are added as the list is scrolled");
    const last = page.getByRole("link", { name: "many-0999" });
    await page.getByRole("searchbox", { name: "Search pipelines" }).fill("many-099");
    await last.waitFor();
    assert.equal(await rows.count(), 10);
    await page.getByRole("searchbox", { name: "Search pipelines" }).fill("");
    while ((await last.count()) === 0) {
      const shown = await rows.count();
      const hasMore = await eventually(async () => {
        await page.mouse.wheel(0, 20_000);
        return (await rows.count()) > shown;
      });
      assert.ok(hasMore, `${shown} rows, and no more as the list is scrolled`);
    }
    // Another search starts at the top, also if the same rows match: a long list would slow down every key.
    await page.getByRole("searchbox", { name: "Search pipelines" }).fill("many");
    assert.ok(await eventually(async () => (await rows.count()) < 200));
    assert.deepEqual(problems, []);
  });
});

async function inBatches(number: number, create: (index: number) => Promise<unknown>): Promise<void> {
  for (let start = 0; start < number; start += CONCURRENCY) {
    const size = Math.min(CONCURRENCY, number - start);
    await Promise.all(Array.from({ length: size }, (_, index) => create(start + index)));
  }
}
