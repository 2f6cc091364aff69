import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { after, before, describe, it, type TestContext } from "node:test";
import { type Browser, chromium, type Page } from "playwright-core";
import { unique } from "../../support/seed.js";
import { ADMIN_SECRET, startServer } from "../../support/server.js";

const CHROMIUM = "/usr/bin/chromium";
const skip = existsSync(CHROMIUM) ? false : `there is no browser at ${CHROMIUM}: install the package chromium`;

describe("the explorer", () => {
  it("is compressed, with a Content-Security-Policy that allows only its own script", async (t) => {
    const { url } = await startServer(t);
    const response = await fetch(`${url}/graphql`, { headers: { accept: "text/html" } });
    assert.equal(response.headers.get("content-encoding"), "gzip");
    const html = await response.text();
    const [script, ...others] = [...html.matchAll(/<script>([\s\S]*?)<\/script>/g)].map((match) => match[1] as string);
    assert.deepEqual(others, []);
    const hash = createHash("sha256")
      .update(script as string)
      .digest("base64");
    const policy = response.headers.get("content-security-policy") as string;
    assert.ok(policy.includes(`script-src 'sha256-${hash}';`), policy);
    assert.ok(policy.includes("default-src 'none';") && policy.includes("connect-src 'self';"), policy);
    const markup = html.replace(script as string, "");
    assert.ok(!/<(script|link|img)[^>]+(src|href)="(?!data:)/.test(markup), "nothing is fetched from anywhere");
  });

  it("is sent once, and 304 as long as it is unchanged", async (t) => {
    const { url } = await startServer(t);
    const headers = { accept: "text/html" };
    const first = await fetch(`${url}/graphql`, { headers });
    await first.arrayBuffer();
    const etag = first.headers.get("etag") as string;
    const again = await fetch(`${url}/graphql`, { headers: { ...headers, "if-none-match": etag } });
    assert.equal(again.status, 304);
    assert.equal(await again.text(), "");
  });

  it("is sent uncompressed to clients that do not accept compression", async (t) => {
    const { url } = await startServer(t);
    const headers = { accept: "text/html", "accept-encoding": "identity" };
    const response = await fetch(`${url}/graphql`, { headers });
    assert.equal(response.headers.get("content-encoding"), null);
    assert.match(await response.text(), /^<!doctype html>/);
  });
});

describe("the explorer in a browser", { skip }, () => {
  let browser: Browser;
  before(async () => {
    browser = await chromium.launch({ executablePath: CHROMIUM, args: ["--no-sandbox"] });
  });
  after(() => browser?.close());

  it("asks for a token, and runs operations with it", async (t) => {
    const server = await startServer(t);
    const { page, strangers, violations } = await open(t, browser, server.url);
    await page.getByText("Paste a token to begin.").waitFor();
    await page.getByLabel("Token").fill(ADMIN_SECRET);
    await page.getByRole("button", { name: "Use token" }).click();
    await page.getByText("Sent with every request from this tab.").waitFor();
    await run(page, "{ viewer { name role } }");
    await answered(page, '"role": "ADMIN"');
    assert.deepEqual(strangers, []);
    assert.deepEqual(violations, []);
    if (process.env.SCREENSHOT) await page.screenshot({ path: process.env.SCREENSHOT });
  });

  it("stores the token for the tab until the user removes it", async (t) => {
    const server = await startServer(t);
    const { page } = await open(t, browser, server.url);
    await page.getByLabel("Token").fill(ADMIN_SECRET);
    await page.getByLabel("Token").press("Enter");
    await page.getByText("Sent with every request from this tab.").waitFor();
    await page.reload();
    assert.equal(await page.getByLabel("Token").inputValue(), ADMIN_SECRET);
    assert.deepEqual(
      await page.evaluate("Object.values(localStorage).filter((value) => value.includes('an-administrator'))"),
      [],
    );
    await page.getByRole("button", { name: "Forget" }).click();
    await page.getByText("Paste a token to begin.").waitFor();
    assert.equal(await page.getByLabel("Token").inputValue(), "");
    await run(page, "{ viewer { name } }");
    await answered(page, "UNAUTHENTICATED");
  });

  it("runs mutations, and loads the schema", async (t) => {
    const server = await startServer(t);
    const { page, violations } = await open(t, browser, server.url);
    await page.getByLabel("Token").fill(ADMIN_SECRET);
    await page.getByLabel("Token").press("Enter");
    await page.getByText("Sent with every request from this tab.").waitFor();
    const name = unique("shop");
    await run(page, `mutation { createPipeline(input: { name: "${name}" }) { pipeline { name } } }`);
    await answered(page, `"name": "${name}"`);
    assert.equal(
      (await server.admin.ask("query ($p: ID!) { pipeline(pipeline: $p) { name } }", { p: name })).pipeline.name,
      name,
    );
    await page
      .getByRole("button", { name: /documentation/i })
      .first()
      .click();
    await page
      .getByRole("link", { name: "Query", exact: true })
      .or(page.getByText("root types", { exact: false }))
      .first()
      .waitFor();
    assert.deepEqual(violations, []);
  });
});

interface Opened {
  readonly page: Page;
  /** URLs outside of the server that the page requested. */
  readonly strangers: string[];
  /** Violations of the page's Content-Security-Policy. */
  readonly violations: string[];
}

async function open(t: TestContext, browser: Browser, url: string): Promise<Opened> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
  t.after(() => context.close());
  const page = await context.newPage();
  const strangers: string[] = [];
  const violations: string[] = [];
  page.on("request", (request) => {
    const address = request.url();
    if (!address.startsWith(url) && !/^(data|blob):/.test(address)) strangers.push(address);
  });
  page.on("console", (message) => {
    if (/Content Security Policy/i.test(message.text())) violations.push(message.text());
  });
  page.on("pageerror", (error) => violations.push(String(error)));
  await page.goto(`${url}/graphql`);
  return { page, strangers, violations };
}

/** Types an operation into the editor and runs it. */
async function run(page: Page, operation: string): Promise<void> {
  const editor = page.locator(".graphiql-query-editor .monaco-editor").first();
  await editor.waitFor();
  await editor.click();
  await page.keyboard.press("Control+A");
  await page.keyboard.press("Delete");
  await page.keyboard.insertText(operation);
  await page.keyboard.press("Control+Enter");
}

/** Waits until the displayed response contains a text. */
async function answered(page: Page, text: string): Promise<void> {
  // The editor uses non-breaking spaces.
  const pattern = new RegExp(text.replaceAll(" ", "\\s"));
  await page.locator(".graphiql-response", { hasText: pattern }).waitFor();
}
