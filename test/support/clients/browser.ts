import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright-core";
import { skipWithoutPackage } from "../service/debian.js";
import type { Cleanup } from "../service/temporary-folder.js";

const CHROMIUM = "/usr/bin/chromium";

/** Why tests in a browser are skipped; false if they run. */
export const skipWithoutBrowser = skipWithoutPackage(CHROMIUM, "chromium");

export function launchBrowser(): Promise<Browser> {
  return chromium.launch({ executablePath: CHROMIUM, args: ["--no-sandbox"] });
}

/** A tab with a session of its own, and what went wrong in it. */
export interface Tab {
  readonly page: Page;
  /** Messages of the console that are errors or warnings, violations of the Content-Security-Policy among them. */
  readonly problems: string[];
}

export interface TabOptions extends BrowserContextOptions {
  /** The token of the person who is signed in; nobody is if omitted. */
  readonly token?: string;
  /** Failed requests are reported in the console too. Leave them out where the service is stopped. */
  readonly ignoreNetwork?: boolean;
}

const NETWORK = /Failed to load resource|WebSocket connection to/;

/** Opens a URL in a new tab. */
export async function openTab(t: Cleanup, browser: Browser, url: string, options: TabOptions = {}): Promise<Tab> {
  const { token, ignoreNetwork = false, ...context } = options;
  const opened = await browser.newContext({ viewport: { width: 1280, height: 800 }, ...context });
  const page = await opened.newPage();
  page.setDefaultTimeout(90_000);
  const problems: string[] = [];
  t.after(async () => {
    if ("error" in t && t.error != null) console.error(await describeTab(page, problems));
    await opened.close();
  });
  page.on("console", (message) => {
    if (message.type() !== "error" && message.type() !== "warning") return;
    if (ignoreNetwork && NETWORK.test(message.text())) return;
    problems.push(message.text());
  });
  page.on("pageerror", (error) => problems.push(String(error)));
  if (token !== undefined) {
    await page.addInitScript((secret) => sessionStorage.setItem("railyard-token", secret), token);
  }
  await page.goto(url);
  return { page, problems };
}

/** What a tab shows when its test fails: otherwise only the locator that was not found is known. */
async function describeTab(page: Page, problems: readonly string[]): Promise<string> {
  const text = await page.evaluate("document.body.innerText").catch(String);
  return [`The page at ${page.url()} shows:`, text, "Its console:", ...problems].join("\n");
}
