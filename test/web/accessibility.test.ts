import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { Browser } from "playwright-core";
import { assertAccessible } from "../support/clients/axe.js";
import { launchBrowser, openTab, skipWithoutBrowser } from "../support/clients/browser.js";
import { type EveryPage, fillEveryPage, visit } from "../support/data/every-page.js";
import { suiteCleanup } from "../support/service/cleanup.js";
import { startServer, type TestServer } from "../support/service/server.js";

describe("the pages and axe", { skip: skipWithoutBrowser }, () => {
  const cleanup = suiteCleanup();
  let server: TestServer;
  let browser: Browser;
  let every: EveryPage;
  before(async () => {
    browser = await launchBrowser();
    server = await startServer(cleanup);
    every = await fillEveryPage(server);
  });
  after(() => browser?.close());

  for (const colorScheme of ["light", "dark"] as const) {
    it(`pass its checks of WCAG 2.2 AA in ${colorScheme}, also at 320 pixels`, async (t) => {
      const options = { token: every.secret, colorScheme, reducedMotion: "reduce" } as const;
      const { page, problems } = await openTab(t, browser, server.url, options);
      for (const one of every.pages) {
        await page.setViewportSize({ width: 1280, height: 800 });
        await visit(page, server, one);
        await assertAccessible(page, `${one.path} ${colorScheme}`);
        await page.setViewportSize({ width: 320, height: 600 });
        await assertAccessible(page, `${one.path} ${colorScheme} 320`);
      }
      const signIn = await openTab(t, browser, server.url, { colorScheme, reducedMotion: "reduce" });
      await signIn.page.getByLabel("Token").waitFor();
      await assertAccessible(signIn.page, `sign-in ${colorScheme}`);
      assert.deepEqual([problems, signIn.problems], [[], []]);
    });
  }

  it("move nothing for those who want reduced motion", async (t) => {
    const path = `${server.url}/pipelines/${every.pipeline.name}`;
    const moving = "document.getAnimations().filter(({ playState }) => playState === 'running').length";
    for (const reducedMotion of ["no-preference", "reduce"] as const) {
      const { page } = await openTab(t, browser, path, { token: every.secret, reducedMotion });
      // Its icon turns otherwise.
      await page.getByRole("img", { name: "deploying" }).waitFor();
      await page.getByText("Live", { exact: true }).waitFor();
      assert.equal((await page.evaluate<number>(moving)) > 0, reducedMotion === "no-preference", reducedMotion);
    }
  });

  it("pass its checks in every dialog", async (t) => {
    const { page, problems } = await openTab(t, browser, server.url, { token: every.secret, reducedMotion: "reduce" });
    const rules = every.pages.find(({ path }) => path.endsWith("/rules"))?.path ?? "";
    const dialogs: [path: string, button: RegExp][] = [
      [`/pipelines/${every.pipeline.name}`, /^Promote .* to production/],
      [`/pipelines/${every.pipeline.name}`, /^Roll back/],
      [`/pipelines/${every.pipeline.name}`, /^Freeze$/],
      [`/promotions/${every.waiting}`, /^Approve/],
      [`/promotions/${every.waiting}`, /^Reject/],
      [`/promotions/${every.waiting}`, /^Cancel promotion/],
      ["/freezes", /^Exempt/],
      ["/freezes", /^Extend/],
      ["/freezes", /^Lift/],
      [rules, /^Require approvals/],
      [rules, /^Delete/],
      ["/tokens", /^Create token/],
    ];
    for (const [path, name] of dialogs) {
      await page.goto(`${server.url}${path}`);
      await page.getByRole("button", { name }).last().click();
      const dialog = page.getByRole("dialog");
      await dialog.waitFor();
      await dialog.getByText("Loading …").waitFor({ state: "detached" });
      await assertAccessible(page, `${name} on ${path}`);
      await page.keyboard.press("Escape");
      await dialog.waitFor({ state: "detached" });
    }
    assert.deepEqual(problems, []);
  });
});
