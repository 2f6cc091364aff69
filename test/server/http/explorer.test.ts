import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { after, before, describe, it, type TestContext } from "node:test";
import { buildSchema, parse, validate } from "graphql";
import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright-core";
import { EXAMPLES } from "../../../src/server/http/explorer/explorer-script.js";
import { Seed, unique } from "../../support/data/seed.js";
import { skipWithoutPackage } from "../../support/service/debian.js";
import { ADMIN_SECRET, startServer } from "../../support/service/server.js";

const CHROMIUM = "/usr/bin/chromium";
const skip = skipWithoutPackage(CHROMIUM, "chromium");

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

describe("the examples of the explorer", () => {
  it("are valid against the schema", () => {
    const schema = buildSchema(readFileSync("src/schema/schema.graphql", "utf8"));
    for (const example of EXAMPLES) assert.deepEqual(validate(schema, parse(example)).map(String), [], example);
    assert.ok(EXAMPLES.length > 1);
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

  it("shows an example, and sends no request before it has a token", async (t) => {
    const server = await startServer(t);
    const { page, posts } = await open(t, browser, server.url);
    await page.getByText("Paste a token to begin.").waitFor();
    await page.locator(".graphiql-query-editor", { hasText: /query\sPipelines/ }).waitFor();
    await page.waitForLoadState("networkidle");
    assert.deepEqual(posts, []);
    const { name } = await new Seed(server.admin).pipeline();
    await signIn(page);
    await page.locator(".graphiql-execute-button").click();
    await answered(page, `"name": "${name}"`);
    assert.equal(await page.locator(".graphiql-tab").count(), EXAMPLES.length, "the reload opens no further tab");
    assert.deepEqual([...new Set(posts)], [200]);
  });

  it("lists the events of a subscription, the newest first, until it is stopped", async (t) => {
    const server = await startServer(t);
    const seed = new Seed(server.admin);
    const { page, violations } = await open(t, browser, server.url);
    await signIn(page);
    await page.getByRole("tab", { name: "Changes" }).click();
    await page.locator(".graphiql-execute-button").click();
    await answered(page, '"received": 0');
    const names: string[] = [];
    for (const count of [1, 2, 3]) {
      names.unshift((await seed.app()).name);
      await answered(page, `"received": ${count},`);
    }
    // The editor renders only the visible lines.
    const shown = (await page.locator(".graphiql-response").innerText()).match(/app-[0-9a-f]{12}/g) ?? [];
    assert.ok(shown.length >= 2);
    assert.deepEqual(shown, names.slice(0, shown.length));
    await page.locator(".graphiql-execute-button").click();
    await seed.app();
    await run(page, "subscription { nope }");
    await answered(page, "Cannot query field");
    assert.deepEqual(violations, []);
  });

  it("fits a phone: the response is below the editor, and nothing is wider than the screen", async (t) => {
    const server = await startServer(t);
    const phone = { width: 390, height: 844 };
    const { page } = await open(t, browser, server.url, { viewport: phone, isMobile: true, hasTouch: true });
    await signIn(page);
    await page.locator(".graphiql-execute-button").click();
    await answered(page, '"pipelines"');
    const box = async (selector: string) => {
      const found = await page.locator(selector).first().boundingBox();
      if (found === null) throw new Error(`${selector} is not visible`);
      assert.ok(found.x >= 0 && found.x + found.width <= phone.width, `${selector} fits: ${JSON.stringify(found)}`);
      assert.ok(found.y + found.height <= phone.height, `${selector} fits: ${JSON.stringify(found)}`);
      return found;
    };
    const [editor, response] = [await box(".graphiql-query-editor"), await box(".graphiql-response")];
    assert.ok(response.y >= editor.y + editor.height && response.width > 300 && response.height > 200);
    for (const selector of ["#token-bar", ".graphiql-sidebar", ".graphiql-execute-button"]) await box(selector);
    assert.equal(await page.evaluate("document.documentElement.scrollWidth"), phone.width);
    await page
      .getByRole("button", { name: /documentation/i })
      .first()
      .click();
    assert.ok((await box(".graphiql-plugin")).width > 300);
    if (process.env.SCREENSHOT) await page.screenshot({ path: process.env.SCREENSHOT });
  });

  it("stores the token for the tab until the user removes it", async (t) => {
    const server = await startServer(t);
    const { page } = await open(t, browser, server.url);
    await signIn(page);
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
    await signIn(page);
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
  /** The statuses of the responses to operations. */
  readonly posts: number[];
}

const DESKTOP: BrowserContextOptions = { viewport: { width: 1280, height: 800 } };

async function open(t: TestContext, browser: Browser, url: string, screen = DESKTOP): Promise<Opened> {
  const context = await browser.newContext(screen);
  t.after(() => context.close());
  const page = await context.newPage();
  const strangers: string[] = [];
  const violations: string[] = [];
  const posts: number[] = [];
  page.on("response", (response) => {
    if (response.request().method() === "POST") posts.push(response.status());
  });
  page.on("request", (request) => {
    const address = request.url();
    if (!address.startsWith(url) && !/^(data|blob):/.test(address)) strangers.push(address);
  });
  page.on("console", (message) => {
    if (/Content Security Policy/i.test(message.text())) violations.push(message.text());
  });
  page.on("pageerror", (error) => violations.push(String(error)));
  await page.goto(`${url}/graphql`);
  return { page, strangers, violations, posts };
}

async function signIn(page: Page): Promise<void> {
  await page.getByLabel("Token").fill(ADMIN_SECRET);
  await page.getByLabel("Token").press("Enter");
  await page.getByText("Sent with every request from this tab.").waitFor();
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
