import assert from "node:assert/strict";
import { after, before, describe, it, type TestContext } from "node:test";
import type { Browser, Page } from "playwright-core";
import { launchBrowser, openTab, skipWithoutBrowser, type TabOptions } from "../support/clients/browser.js";
import { type Named, Seed, unique } from "../support/data/seed.js";
import { suiteCleanup } from "../support/service/cleanup.js";
import { ADMIN_SECRET, startServer, type TestServer } from "../support/service/server.js";

describe("the board in a browser", { skip: skipWithoutBrowser }, () => {
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

  const open = (t: TestContext, path: string, options: TabOptions = {}) =>
    openTab(t, browser, `${server.url}${path}`, { token: ADMIN_SECRET, ...options });

  /** A pipeline with an app on three stages, the first of which has a release. */
  async function createPipeline(checks: string[] = []) {
    const pipeline = await seed.pipeline();
    const dev = await seed.coupled(pipeline, "DEVELOPMENT", { autoDeploy: false });
    const qa = await seed.coupled(pipeline, "STAGING");
    const live = await seed.coupled(pipeline, "PRODUCTION", { requiredChecks: checks });
    const build = await seed.build();
    await seed.release(dev, build);
    return { pipeline, dev, qa, live, build };
  }

  const card = (page: Page, app: Named) =>
    page.getByRole("article").filter({ has: page.getByRole("link", { name: app.name }) });

  it("shows what runs on each stage, in two browsers at once, and each change without a reload", async (t) => {
    const { pipeline, dev, qa, live, build } = await createPipeline(["qa/smoke"]);
    const [first, second] = await Promise.all([1, 2].map(() => open(t, `/pipelines/${pipeline.name}`)));
    const pages = [first?.page as Page, second?.page as Page];
    for (const page of pages) {
      await card(page, dev).getByText("v1").waitFor();
      await card(page, qa).getByText("No release yet").waitFor();
      await page.getByText("Live", { exact: true }).waitFor();
    }
    const loads: string[] = [];
    for (const page of pages) page.on("framenavigated", (frame) => loads.push(frame.url()));
    const sees = (what: (page: Page) => ReturnType<Page["getByText"]>) =>
      Promise.all(pages.map((page) => what(page).waitFor()));
    await seed.client.mutate("promote", { app: dev.id }, "promotion { id }");
    await sees((page) => card(page, qa).getByText("v1"));
    await sees((page) => card(page, qa).getByText("qa/smoke missing"));
    await server.admin.mutate(
      "reportStatus",
      { build: build.id, context: "qa/smoke", state: "FAILURE" },
      "status { id }",
    );
    await sees((page) => card(page, qa).getByText("qa/smoke failed"));
    // A structural change.
    await server.admin.mutate("removeCoupling", { coupling: live.couplingId }, "pipeline { id }");
    for (const page of pages) await card(page, live).waitFor({ state: "detached" });
    assert.deepEqual([first?.problems, second?.problems, loads], [[], [], []]);
  });

  it("shows the verification of a release while it goes on, and how it ended", async (t) => {
    const { pipeline, qa } = await createPipeline();
    const verification = { checks: ["qa/smoke", "qa/load"], within: "2h", onFailure: "STOP" };
    await server.admin.mutate("setVerification", { coupling: qa.couplingId, verification }, "coupling { id }");
    const { page, problems } = await open(t, `/pipelines/${pipeline.name}`);
    await card(page, qa).getByText("No release yet").waitFor();
    const { id: release } = await seed.release(qa);
    await card(page, qa).getByText("Verifying with qa/load, qa/smoke").waitFor();
    await card(page, qa).getByText("Fails in 1 h unless it passes").waitFor();
    await page.getByText("1 verifying").waitFor();
    const report = (context: string, state: string) =>
      server.admin.mutate("reportStatus", { release, context, state }, "status { id }");
    for (const context of verification.checks) await report(context, "SUCCESS");
    await card(page, qa).getByText("verified", { exact: true }).waitFor();
    await card(page, qa).getByText("Verifying").waitFor({ state: "detached" });
    await report("qa/load", "FAILURE");
    await card(page, qa).getByText("Verification failed").waitFor();
    await card(page, qa).getByText("qa/load is FAILURE on v1.").waitFor();
    assert.equal(await card(page, qa).getByText("verified", { exact: true }).count(), 0);
    await page.getByRole("link", { name: "Pipelines" }).click();
    const row = page.getByRole("listitem").filter({ has: page.getByRole("link", { name: pipeline.name }) });
    await row.getByText(/verification failed on 1 app/).waitFor();
    await page.goto(`${server.url}/apps/${qa.name}`);
    await page.getByText("Verification failed: qa/load is FAILURE on v1.").waitFor();
    assert.deepEqual(problems, []);
  });

  it("lists all pipelines, those that need attention first, and finds one", async (t) => {
    const { pipeline, dev } = await createPipeline();
    const quiet = await seed.pipeline({ name: unique("a-quiet") });
    const { page, problems } = await open(t, "/");
    const names = () => page.getByRole("link", { name: /^(pipeline|a-quiet)-/ }).allTextContents();
    await page.getByRole("link", { name: pipeline.name }).waitFor();
    await page.getByRole("link", { name: quiet.name }).waitFor();
    const release = await server.admin.ask("query ($app: ID!) { app(app: $app) { currentRelease { id } } }", {
      app: dev.id,
    });
    const failed = { release: release.app.currentRelease.id, context: "ci", state: "FAILURE" };
    await server.admin.mutate("reportStatus", failed, "status { id }");
    await page.getByText("checks failed on 1 app").waitFor();
    // Pipelines of other tests can need attention too; `a-quiet` would be first by name.
    const shown = await names();
    assert.ok(shown.indexOf(pipeline.name) < shown.indexOf(quiet.name), shown.join());
    await page.getByRole("searchbox", { name: "Search pipelines" }).fill(quiet.name);
    await page.getByRole("link", { name: pipeline.name }).waitFor({ state: "detached" });
    assert.deepEqual(await names(), [quiet.name]);
    assert.deepEqual(problems, []);
  });

  it("says how far it is behind, while what arrives is old", async (t) => {
    // Its clock is an hour slow: so its events are old when they arrive.
    const slow = await startServer(t, { now: () => new Date(Date.now() - 3_600_000) });
    const late = new Seed(slow.admin);
    const app = await late.coupled(await late.pipeline({ name: "late" }), "DEVELOPMENT", { autoDeploy: false });
    const { page } = await openTab(t, browser, `${slow.url}/pipelines/late`, { token: ADMIN_SECRET });
    await page.getByText("Live", { exact: true }).waitFor();
    const behind = page.getByText("1 h behind", { exact: true }).waitFor();
    await late.release(app);
    await behind;
    await page.getByText("Live", { exact: true }).waitFor();
  });

  it("asks for a token, keeps it for the tab, and signs out when it is revoked", async (t) => {
    const { pipeline } = await createPipeline();
    const { page, problems } = await openTab(t, browser, `${server.url}/pipelines/${pipeline.name}`, {
      ignoreNetwork: true,
    });
    await page.getByLabel("Token").fill("not-a-token-of-this-service");
    await page.keyboard.press("Enter");
    await page.getByText("The token is unknown, revoked or expired.").waitFor();
    const created = await server.admin.mutate("createToken", { name: "Ada", role: "VIEWER" }, "token { id } secret");
    await page.getByLabel("Token").fill(created.secret);
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name: pipeline.name }).waitFor();
    await page.getByText("Live", { exact: true }).waitFor();
    await page.reload();
    await page.getByRole("heading", { name: pipeline.name }).waitFor();
    await page.getByText("Live", { exact: true }).waitFor();
    assert.deepEqual(await page.evaluate("Object.keys(localStorage)"), []);
    await server.admin.mutate("revokeToken", { token: created.token.id }, "token { id }");
    await page.getByText("The token was revoked.").waitFor();
    await page.getByLabel("Token").waitFor();
    assert.equal(await page.evaluate("sessionStorage.getItem('railyard-token')"), null);
    assert.deepEqual(problems, []);
  });
});
