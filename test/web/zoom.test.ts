import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { Browser, Page } from "playwright-core";
import { launchBrowser, openTab, skipWithoutBrowser } from "../support/clients/browser.js";
import { type EveryPage, fillEveryPage, visit } from "../support/data/every-page.js";
import { suiteCleanup } from "../support/service/cleanup.js";
import { startServer, type TestServer } from "../support/service/server.js";

/** Widths of windows, in pixels. */
const WIDTHS = [320, 360, 1024, 1920, 2560];
/** Windows that are zoomed to 200 %: their pages are half as wide, in CSS pixels. */
const ZOOMED = [640, 1024, 1280, 1920, 2560];

describe("the pages at every width and zoom", { skip: skipWithoutBrowser }, () => {
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

  it("never scroll sideways, from 320 to 2,560 pixels and at 200 %", async (t) => {
    const { page, problems } = await openTab(t, browser, server.url, { token: every.secret });
    const widths = [...new Set([...WIDTHS, ...ZOOMED.map((width) => width / 2)])];
    for (const one of every.pages) {
      await visit(page, server, one);
      for (const width of widths) {
        await page.setViewportSize({ width, height: 700 });
        assert.equal(await measureOverflow(page), 0, `${one.path} at ${width}`);
        if (width === 360) assert.deepEqual(await page.evaluate(CUT_OFF_TABLES), [], `${one.path} at ${width}`);
      }
    }
    assert.deepEqual(problems, []);
  });

  it("show at 200 % what they show at 100 %", async (t) => {
    const wide = await openTab(t, browser, server.url, { token: every.secret });
    const zoomed = await openTab(t, browser, server.url, {
      ...{ token: every.secret, viewport: { width: 640, height: 400 }, deviceScaleFactor: 2 },
    });
    for (const one of every.pages) {
      await Promise.all([visit(wide.page, server, one), visit(zoomed.page, server, one)]);
      const shown = new Set(await readTexts(zoomed.page));
      const lost = (await readTexts(wide.page)).filter((text) => !shown.has(text));
      assert.deepEqual(lost, [], one.path);
    }
  });

  it("have texts of 200 % without scrolling sideways, and dialogs whose buttons can be reached", async (t) => {
    const { page } = await openTab(t, browser, server.url, { token: every.secret });
    for (const one of every.pages) {
      await visit(page, server, one);
      await page.evaluate("document.documentElement.style.fontSize = '32px'");
      assert.equal(await measureOverflow(page), 0, one.path);
    }
    await page.setViewportSize({ width: 640, height: 400 });
    await page.goto(`${server.url}/freezes`);
    await page.getByRole("button", { name: "Start a freeze" }).click();
    const button = page.getByRole("dialog").getByRole("button", { name: "Start the freeze" });
    await page.getByLabel("Reason").fill("A test");
    const box = await button.boundingBox();
    assert.ok(box !== null && box.y + box.height <= 400 && box.x >= 0 && box.x + box.width <= 640, JSON.stringify(box));
    await page.keyboard.press("Escape");
  });
});

/** The tables that have to be scrolled to be read. */
const CUT_OFF_TABLES = `[...document.querySelectorAll("table")].flatMap((table) =>
  table.parentElement.scrollWidth > table.parentElement.clientWidth ? [table.innerText] : [])`;

/** By how many pixels the page is wider than its window. */
function measureOverflow(page: Page): Promise<number> {
  return page.evaluate("Math.max(0, document.scrollingElement.scrollWidth - window.innerWidth)");
}

/**
 * The texts that can be seen or scrolled to, without ages, which go on, and without those of drawings, which are cut to their
 * room and have a title.
 */
async function readTexts(page: Page): Promise<string[]> {
  return page.evaluate(`(() => {
    const texts = [];
    const walker = document.createTreeWalker(document.querySelector("#root"), NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
      const parent = walker.currentNode.parentElement;
      const text = walker.currentNode.data.trim();
      if (text === "" || parent.closest("time, svg, [class*=home]") !== null || /\\d+ [smhd]\\b/.test(text)) continue;
      if (!parent.checkVisibility({ visibilityProperty: true, opacityProperty: true })) continue;
      const box = parent.getBoundingClientRect();
      if (box.width > 0 && box.height > 0 && box.right > 0) texts.push(text);
    }
    return texts;
  })()`);
}
