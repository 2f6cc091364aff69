import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it, type TestContext } from "node:test";
import type { Browser } from "playwright-core";
import { launchBrowser, openTab, skipWithoutBrowser, type TabOptions } from "../support/clients/browser.js";
import { type EveryPage, fillEveryPage, MARKUP, visit } from "../support/data/every-page.js";
import { unique } from "../support/data/seed.js";
import { freshDatabase } from "../support/database/engine.js";
import { suiteCleanup } from "../support/service/cleanup.js";
import { ADMIN_SECRET, startServer, type TestServer, temporaryFolder } from "../support/service/server.js";

/** Buttons that only change what is shown. */
const READING =
  /^(Sign out|All|Releases|Promotions|Approvals|Checks|Holds and quarantines|Freezes and windows|nights-.*|Incident .*)$/;

describe("the pages in a browser", { skip: skipWithoutBrowser }, () => {
  const cleanup = suiteCleanup();
  let server: TestServer;
  let browser: Browser;
  let every: EveryPage;
  let database: string;
  before(async () => {
    browser = await launchBrowser();
    database = await freshDatabase(cleanup);
    server = await startServer(cleanup, { env: { DATABASE_URL: database } });
    every = await fillEveryPage(server);
  });
  after(() => browser?.close());

  const open = (t: TestContext, path: string, options: TabOptions = {}) =>
    openTab(t, browser, `${server.url}${path}`, { token: ADMIN_SECRET, ...options });

  it("show names and messages full of markup as text", async (t) => {
    const { page, problems } = await open(t, "/", { token: every.secret });
    for (const { path, text } of every.pages) {
      await visit(page, server, { path, text });
      assert.equal(await page.locator("img, b:text-is('bold')").count(), 0, path);
      assert.equal(await page.evaluate("window.hacked"), undefined);
    }
    await page.goto(`${server.url}/promotions/${every.waiting}`);
    await page.getByText(MARKUP).first().waitFor();
    assert.deepEqual(problems, []);
  });

  it("show a promotion as it goes on, and the timeline as it grows", async (t) => {
    const { live, pipeline, promotion } = every;
    const { page: first, problems } = await open(t, `/promotions/${promotion}`);
    const { page: second } = await open(t, `/pipelines/${pipeline.name}/timeline`);
    await first.getByText("in progress").waitFor();
    await second.getByText(`${live.name} v1 promoted`).waitFor();
    const { app } = await server.admin.ask("query ($a: ID!) { app(app: $a) { releases { nodes { id } } } }", {
      a: live.id,
    });
    const status = { release: app.releases.nodes[0].id, context: "ci/deploy", state: "SUCCESS" };
    await server.admin.mutate("reportStatus", status, "status { id }");
    const report = { release: app.releases.nodes[0].id, phase: "FAILED", failureReason: "No space left" };
    await server.admin.mutate("reportDeployment", report, "release { id }");
    await first.getByText("No space left").waitFor();
    await first.getByRole("heading", { name: /failed/ }).waitFor();
    await second.getByText(`${live.name} v1 failed`).waitFor();
    await second.getByRole("button", { name: "Checks" }).click();
    await second.getByText(`ci/deploy reported success on ${live.name} v1`).waitFor();
    assert.equal(await second.getByText(`${live.name} v1 failed`).count(), 0);
    assert.deepEqual(problems, []);
  });

  it("compare two releases of an app, and roll back from its page", async (t) => {
    const { page, problems } = await open(t, `/apps/${every.dev.name}`);
    // On a slow computer, too, a box shows the click at once.
    const devTools = await page.context().newCDPSession(page);
    await devTools.send("Emulation.setCPUThrottlingRate", { rate: 20 });
    await page.getByRole("checkbox", { name: "Compare v1" }).check();
    await page.getByRole("checkbox", { name: "Compare v2" }).check();
    await devTools.send("Emulation.setCPUThrottlingRate", { rate: 1 });
    await page.getByRole("heading", { name: "v1 and v2" }).waitFor();
    assert.match(page.url(), /\?compare=1&compare=2$/);
    const changed = page.getByRole("region", { name: "v1 and v2" }).locator("tr[data-same=false]");
    assert.deepEqual(await changed.getByRole("rowheader").allTextContents(), ["Commit", "Artifact"]);
    await page.getByRole("button", { name: "Roll back to v1" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Roll back", exact: true }).click();
    await page.getByRole("row", { name: /v3 current/ }).waitFor();
    assert.deepEqual(problems, []);
  });

  it("create and revoke tokens for administrators, who see refused attempts", async (t) => {
    const { page, problems } = await open(t, "/tokens");
    const name = unique("bot");
    await page.getByRole("button", { name: "Create token" }).click();
    await page.getByLabel("Name").fill(name);
    await page.getByLabel("Role").selectOption("VIEWER");
    await page.getByRole("dialog").getByRole("button", { name: "Create token" }).click();
    const secret = await page.getByLabel("Secret").inputValue();
    await page.getByRole("button", { name: "Done" }).click();
    const viewer = await open(t, "/", { token: secret });
    await viewer.page.getByText(name).waitFor();
    assert.equal(await viewer.page.getByRole("link", { name: "Tokens" }).count(), 0);
    await viewer.page.goto(`${server.url}/tokens`);
    await viewer.page.getByText(/requires the ADMIN role/).waitFor();
    await viewer.page.goto(server.url);
    await viewer.page.getByText("Live", { exact: true }).waitFor();
    await page.getByRole("link", { name: "Audit" }).click();
    await page
      .getByText(/readTokens|tokens/i)
      .first()
      .waitFor();
    await page.getByRole("link", { name: "Tokens" }).click();
    await page.getByRole("button", { name: `Revoke ${name}` }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Revoke", exact: true }).click();
    await page.getByRole("row", { name: new RegExp(`${name}.*revoked`) }).waitFor();
    await viewer.page.getByText("The token was revoked.").waitFor();
    assert.deepEqual(problems, []);
  });

  it("offer a viewer nothing that the service would refuse", async (t) => {
    const { secret } = await server.admin.mutate("createToken", { name: unique("viewer"), role: "VIEWER" }, "secret");
    const { page, problems } = await open(t, "/", { token: secret });
    const forAdministrators = ["/tokens", "/audit"];
    for (const one of every.pages.filter(({ path }) => !forAdministrators.includes(path))) {
      const text = one.path === "/approvals" ? "Approvals" : one.text;
      await visit(page, server, { path: one.path, text });
      const buttons = await page.getByRole("button").allTextContents();
      const acting = buttons.filter((name) => !READING.test(name));
      assert.deepEqual(acting, [], one.path);
      assert.equal(await page.locator("[draggable=true]").count(), 0, one.path);
    }
    assert.deepEqual(problems, []);
  });

  it("work behind a path, where only trusted documents run", async (t) => {
    const manifest = join(temporaryFolder(t), "trusted.json");
    writeFileSync(manifest, "{}");
    await server.stop();
    const env = { DATABASE_URL: database, BASE_PATH: "/railyard", TRUSTED_DOCUMENTS: manifest };
    const restricted = await startServer(t, { env });
    const url = `${restricted.url}/railyard`;
    const { page, problems } = await openTab(t, browser, url, { token: every.secret });
    for (const one of every.pages) await visit(page, { url }, one);
    await page.goto(`${url}/promotions/${every.waiting}`);
    await page.getByRole("button", { name: /^Approve/ }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Approve", exact: true }).click();
    await page.getByRole("region", { name: "Approvals" }).getByText("2 of 2 approvals").waitFor();
    assert.ok(page.url().startsWith(url), page.url());
    assert.deepEqual(problems, []);
  });
});
