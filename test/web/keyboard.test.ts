import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { Browser, Page } from "playwright-core";
import { launchBrowser, openTab, skipWithoutBrowser } from "../support/clients/browser.js";
import { type EveryPage, fillEveryPage, visit } from "../support/data/every-page.js";
import { suiteCleanup } from "../support/service/cleanup.js";
import { startServer, type TestServer } from "../support/service/server.js";

/** No page has more stops than this. */
const MAX_STOPS = 150;

describe("the pages with the keyboard", { skip: skipWithoutBrowser }, () => {
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

  it("reach everything that can be operated, show where the focus is, and trap it nowhere", async (t) => {
    const { page, problems } = await openTab(t, browser, server.url, { token: every.secret, reducedMotion: "reduce" });
    for (const one of every.pages) {
      await visit(page, server, one);
      await page.evaluate(SCRIPT);
      const { unreachable, invisible, stops } = await walk(page);
      assert.deepEqual(unreachable, [], `cannot be reached on ${one.path}`);
      assert.deepEqual(invisible, [], `does not show the focus on ${one.path}`);
      assert.ok(stops > 5, `${stops} stops on ${one.path}`);
    }
    assert.deepEqual(problems, []);
  });

  it("keep the focus in a dialog, close it with Escape, and give the focus back", async (t) => {
    const { page } = await openTab(t, browser, server.url, { token: every.secret });
    await page.goto(`${server.url}/promotions/${every.waiting}`);
    const button = page.getByRole("button", { name: /^Approve/ });
    await button.focus();
    await page.keyboard.press("Enter");
    const dialog = page.getByRole("dialog");
    await dialog.getByLabel(/^Comment/).waitFor();
    for (let presses = 0; presses < 12; presses += 1) {
      const inside = await page.evaluate(
        "document.activeElement === document.body || document.activeElement.closest('dialog') !== null",
      );
      assert.ok(inside, `the focus left the dialog after ${presses} steps`);
      await page.keyboard.press("Tab");
    }
    await page.keyboard.press("Escape");
    await dialog.waitFor({ state: "detached" });
    assert.ok(await button.evaluate((element) => element === document.activeElement));
  });

  it("move among apps with the arrow keys, and skip to the content", async (t) => {
    const { page } = await openTab(t, browser, server.url, { token: every.secret });
    await visit(page, server, { path: `/pipelines/${every.pipeline.name}/graph`, text: every.dev.name });
    await page.keyboard.press("Tab");
    await page.keyboard.press("Enter");
    assert.equal(await page.evaluate("document.activeElement.id"), "content");
    const first = page.getByRole("link", { name: new RegExp(`^${every.dev.name} `) });
    await first.focus();
    await page.keyboard.press("End");
    const last = page.getByRole("link", { name: new RegExp(`^${every.live.name} `) });
    assert.ok(await last.evaluate((element) => element === document.activeElement));
    await page.keyboard.press("Home");
    assert.ok(await first.evaluate((element) => element === document.activeElement));
    await page.keyboard.press("Enter");
    await page.waitForURL(/\/apps\//);
  });
});

/**
 * Remembers what can be operated, and how it and what is around it look without the focus. Items of a list that arrow keys move in
 * are reached through the item that has the stop.
 */
const SCRIPT = `(() => {
  const operable = "a[href], button, input, select, textarea, [tabindex='0']";
  const look = (element) => {
    const around = [element, ...element.querySelectorAll("*")];
    for (let one = element.parentElement, n = 0; one !== null && n < 4; one = one.parentElement, n += 1) around.push(one);
    return around.map((one) => {
      const { outlineStyle, outlineWidth, outlineColor, boxShadow, stroke, transform } = getComputedStyle(one);
      return [outlineStyle === "none" ? "" : outlineWidth + outlineColor, boxShadow, stroke, transform].join();
    }).join(";");
  };
  const name = (element) => (element.getAttribute("aria-label") ?? element.textContent ?? "").trim() + " " + element.tagName;
  document.activeElement?.blur();
  const left = new Map();
  for (const element of document.querySelectorAll(operable)) {
    const roved = element.tabIndex < 0 && element.matches("[data-roving], [data-roving-action]");
    if (!roved && !element.disabled && element.checkVisibility()) left.set(element, look(element));
  }
  window.focusTest = { left, look, name, invisible: [] };
})()`;

/** At the element that has the focus: false at the end of the page. */
const STEP = `(() => {
  const { left, look, name, invisible } = window.focusTest;
  const element = document.activeElement;
  if (element === null || element === document.body) return false;
  if (left.has(element)) {
    if (look(element) === left.get(element)) invisible.push(name(element));
    left.delete(element);
  }
  return true;
})()`;

async function walk(page: Page): Promise<{ unreachable: string[]; invisible: string[]; stops: number }> {
  let stops = 0;
  while (stops < MAX_STOPS) {
    await page.keyboard.press("Tab");
    if (!(await page.evaluate(STEP))) break;
    stops += 1;
  }
  assert.ok(stops < MAX_STOPS, "the focus does not leave the page");
  const [unreachable, invisible] = (await page.evaluate(
    "[[...window.focusTest.left.keys()].map(window.focusTest.name), window.focusTest.invisible]",
  )) as [string[], string[]];
  return { unreachable, invisible, stops };
}
