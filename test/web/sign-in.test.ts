import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { Browser } from "playwright-core";
import { eventually } from "../../src/async/eventually.js";
import { launchBrowser, openTab, skipWithoutBrowser } from "../support/clients/browser.js";
import { Issuer } from "../support/network/oidc-issuer.js";
import { suiteCleanup } from "../support/service/cleanup.js";
import { startServer, type TestServer } from "../support/service/server.js";

describe("sign-in at an issuer, in a browser", { skip: skipWithoutBrowser }, () => {
  const cleanup = suiteCleanup();
  let issuer: Issuer;
  let server: TestServer;
  let browser: Browser;
  before(async () => {
    issuer = await Issuer.start(cleanup);
    const env = {
      BASE_PATH: "/railyard",
      OIDC_ISSUER: issuer.url,
      OIDC_AUDIENCE: "railyard",
      OIDC_ROLES: "deployers=OPERATOR",
      OIDC_CLIENT_ID: "railyard-page",
    };
    server = await startServer(cleanup, { env });
    browser = await launchBrowser();
    await server.admin.mutate("createPipeline", { name: "shop" }, "pipeline { id }");
  });
  after(() => browser?.close());

  it("returns to the page that was wanted, keeps the code out of the URL, and renews the token", async (t) => {
    issuer.claims = { roles: ["deployers"] };
    issuer.expires = "8s";
    const { page, problems } = await openTab(t, browser, `${server.url}/railyard/pipelines/shop`);
    await page.getByRole("button", { name: `Sign in with ${new URL(issuer.url).host}` }).click();
    await page.getByRole("heading", { name: "shop" }).waitFor();
    assert.equal(page.url(), `${server.url}/railyard/pipelines/shop`);
    await page.getByText("ada@example.com").waitFor();
    const first = await page.evaluate("sessionStorage.getItem('railyard-token')");
    const renewed = async () => (await page.evaluate("sessionStorage.getItem('railyard-token')")) !== first;
    assert.ok(await eventually(renewed, { intervalMs: 100 }));
    assert.ok(issuer.renewed > 0);
    await page.getByText("Live", { exact: true }).waitFor();
    assert.deepEqual(await page.evaluate("Object.keys(localStorage)"), []);
    await page.getByRole("button", { name: "Sign out" }).click();
    await page.getByLabel("Token").waitFor();
    assert.deepEqual(await page.evaluate("Object.keys(sessionStorage)"), []);
    assert.deepEqual(problems, []);
  });

  it("says why it failed: denied, without a role, or not started in this tab", async (t) => {
    const { page } = await openTab(t, browser, `${server.url}/railyard/`);
    const signIn = page.getByRole("button", { name: /^Sign in with/ });
    issuer.claims = null;
    await signIn.click();
    await page.getByText("The issuer refused the sign-in: access_denied.").waitFor();
    issuer.claims = { roles: ["others"] };
    issuer.expires = "5m";
    await signIn.click();
    await page.getByText("The token's claim roles maps to no role.").waitFor();
    await page.goto(`${server.url}/railyard/sign-in?code=stolen&state=guessed`);
    await page.getByText("The sign-in was not started in this tab.").waitFor();
    assert.doesNotMatch(page.url(), /code/);
  });
});
