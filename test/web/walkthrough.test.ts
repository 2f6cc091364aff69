import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { Browser, Locator, Page } from "playwright-core";
import { launchBrowser, openTab, skipWithoutBrowser } from "../support/clients/browser.js";
import { type Named, Seed } from "../support/data/seed.js";
import { suiteCleanup } from "../support/service/cleanup.js";
import { ADMIN_SECRET, startServer, type TestServer } from "../support/service/server.js";

/** How a person operates the page. */
interface Hands {
  press(target: Locator): Promise<void>;
  write(target: Locator, text: string): Promise<void>;
}

/** No element is further away than this. */
const MAX_STOPS = 80;

describe("the walk-through of the README in a browser", { skip: skipWithoutBrowser }, () => {
  const cleanup = suiteCleanup();
  let server: TestServer;
  let browser: Browser;
  before(async () => {
    browser = await launchBrowser();
    server = await startServer(cleanup);
  });
  after(() => browser?.close());

  it("works with the mouse", async (t) => {
    const { page, problems } = await openTab(t, browser, server.url, { ignoreNetwork: true });
    await walkThrough(page, { press: (target) => target.click(), write: (target, text) => target.fill(text) });
    assert.deepEqual(problems, []);
  });

  it("works with the keyboard alone", async (t) => {
    const { page, problems } = await openTab(t, browser, server.url, { ignoreNetwork: true });
    const hands: Hands = {
      press: async (target) => {
        // As for a click: a button that is not ready yet takes the focus, and Enter does nothing.
        await target.click({ trial: true });
        await tabTo(page, target);
        await page.keyboard.press("Enter");
      },
      write: async (target, text) => {
        await tabTo(page, target);
        await page.keyboard.type(text);
      },
    };
    await walkThrough(page, hands);
    assert.deepEqual(problems, []);
  });

  /** A build goes from development to production, which requires two checks; then the app goes back. */
  async function walkThrough(page: Page, { press, write }: Hands): Promise<void> {
    const seed = new Seed(server.admin);
    const pipeline = await seed.pipeline();
    const dev = await seed.coupled(pipeline, "DEVELOPMENT", { autoDeploy: false });
    const qa = await seed.coupled(pipeline, "STAGING");
    const eu = await seed.coupled(pipeline, "PRODUCTION", { requiredChecks: ["ci/build", "qa/smoke"] });
    // It works offline: nothing comes from elsewhere.
    const foreign: string[] = [];
    page.on("request", (request) => {
      if (new URL(request.url()).host !== new URL(server.url).host) foreign.push(request.url());
    });
    const dialog = page.getByRole("dialog");
    const card = (app: Named) => page.getByRole("article").filter({ has: page.getByRole("link", { name: app.name }) });
    const report = (build: { id: string }, context: string) =>
      server.admin.mutate("reportStatus", { build: build.id, context, state: "SUCCESS" }, "status { id }");

    await write(page.getByLabel("Token"), ADMIN_SECRET);
    await press(page.getByRole("button", { name: "Sign in" }));
    await page.getByRole("link", { name: pipeline.name }).waitFor();
    await write(page.getByRole("searchbox", { name: "Search pipelines" }), pipeline.name);
    await press(page.getByRole("link", { name: pipeline.name }));
    await card(dev).getByText("No release yet").waitFor();

    for (const version of ["v1", "v2"]) {
      const build = await seed.build();
      await seed.release(dev, build);
      await report(build, "ci/build");
      await card(dev).getByText(version).waitFor();
      await press(page.getByRole("button", { name: "Promote to staging", exact: true }));
      await press(dialog.getByRole("button", { name: "Promote", exact: true }));
      await card(qa).getByText(version).waitFor();

      // Held back: the plan says by what, and what clears it.
      await press(page.getByRole("button", { name: "Promote to production: qa/smoke missing" }));
      await dialog.getByText("requires qa/smoke, which was never reported").waitFor();
      await dialog.getByText("Clears when qa/smoke reports success.").waitFor();
      await press(dialog.getByRole("button", { name: "Cancel" }));
      await dialog.waitFor({ state: "detached" });
      await report(build, "qa/smoke");
      await press(page.getByRole("button", { name: "Promote to production", exact: true }));
      await press(dialog.getByRole("button", { name: "Promote", exact: true }));
      await card(eu).getByText(version).waitFor();
      await card(eu).getByText("qa/smoke").waitFor();
    }

    await press(card(eu).getByRole("button", { name: `Roll back ${eu.name}` }));
    await write(dialog.getByLabel("Reason"), "Errors in the checkout");
    await press(dialog.getByRole("button", { name: "Roll back", exact: true }));
    await card(eu).getByText("v3").waitFor();
    await press(page.getByRole("link", { name: "Timeline" }));
    await page.getByText(`${eu.name} v3 rolled back`).waitFor();
    await press(page.getByRole("button", { name: "Sign out" }));
    await page.getByLabel("Token").waitFor();
    assert.deepEqual(foreign, []);
  }
});

/** Presses Tab until an element has the focus, once around the page at most. */
async function tabTo(page: Page, target: Locator): Promise<void> {
  await target.waitFor();
  for (let presses = 0; presses < MAX_STOPS; presses += 1) {
    if (await target.evaluate((element) => element === document.activeElement)) return;
    await page.keyboard.press("Tab");
  }
  assert.fail(`Tab does not reach ${target}.`);
}
