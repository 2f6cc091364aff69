import assert from "node:assert/strict";
import { after, before, describe, it, type TestContext } from "node:test";
import type { Browser } from "playwright-core";
import { assertAccessible } from "../support/clients/axe.js";
import { launchBrowser, openTab, skipWithoutBrowser, type TabOptions } from "../support/clients/browser.js";
import { type Named, Seed, unique } from "../support/data/seed.js";
import { suiteCleanup } from "../support/service/cleanup.js";
import { ADMIN_SECRET, startServer, type TestServer } from "../support/service/server.js";

const MARKUP = '<img src="x" onerror="window.hacked = true"><b>bold</b> & "quoted"';

describe("the pages in a browser", { skip: skipWithoutBrowser }, () => {
  const cleanup = suiteCleanup();
  let server: TestServer;
  let browser: Browser;
  let seed: Seed;
  let pipeline: Named;
  let dev: Named;
  let live: Named;
  let promotion: Named;
  before(async () => {
    browser = await launchBrowser();
    server = await startServer(cleanup);
    seed = new Seed(server.admin);
    pipeline = await seed.pipeline({ description: MARKUP });
    dev = await seed.coupled(pipeline, "DEVELOPMENT", { autoDeploy: false });
    const qa = await seed.coupled(pipeline, "STAGING");
    live = await seed.coupled(pipeline, "PRODUCTION", { deploymentMode: "REPORTED", requiredChecks: ["ci/build"] });
    for (const message of ["A first change", MARKUP]) {
      const build = await seed.build({ commit: { sha: unique("").slice(1).padEnd(40, "0"), message, author: MARKUP } });
      const status = { build: build.id, context: "ci/build", state: "SUCCESS", description: MARKUP };
      await server.admin.mutate("reportStatus", status, "status { id }");
      await seed.release(dev, build);
    }
    await server.admin.mutate("promote", { app: dev.id }, "promotion { id }");
    const started = await server.admin.mutate("promote", { app: qa.id }, "promotion { id }");
    promotion = { id: started.promotion.id, name: "" };
  });
  after(() => browser?.close());

  const open = (t: TestContext, path: string, options: TabOptions = {}) =>
    openTab(t, browser, `${server.url}${path}`, { token: ADMIN_SECRET, ...options });

  const paths = () => ({
    "/": pipeline.name,
    [`/pipelines/${pipeline.name}`]: dev.name,
    [`/pipelines/${pipeline.name}/timeline`]: "This is the beginning of the log.",
    [`/promotions/${promotion.id}`]: "Targets",
    [`/apps/${dev.name}?compare=1&compare=2`]: "v1 and v2",
    "/freezes": "The next 14 days",
    "/tokens": "Create token",
    "/audit": "Audit",
    "/nothing-here": "",
  });

  it("pass the checks of axe in light and dark, and fit into 320 pixels", async (t) => {
    for (const colorScheme of ["light", "dark"] as const) {
      const { page, problems } = await open(t, "/", { colorScheme, reducedMotion: "reduce" });
      for (const [path, text] of Object.entries(paths()).slice(0, -1)) {
        await page.setViewportSize({ width: 1280, height: 800 });
        await page.goto(`${server.url}${path}`);
        await page.getByText(text).first().waitFor();
        await page.getByText("Live", { exact: true }).waitFor();
        await assertAccessible(page, `${path} ${colorScheme}`);
        await page.setViewportSize({ width: 320, height: 600 });
        const width = await page.evaluate("document.scrollingElement.scrollWidth");
        assert.equal(width, 320, path);
        await assertAccessible(page, `${path} ${colorScheme} 320`);
      }
      await page.goto(`${server.url}/pipelines/${pipeline.name}`);
      for (const name of [/^Promote .* to production/, /^Roll back/]) {
        await page.getByRole("button", { name }).last().click();
        await page
          .getByRole("dialog")
          .getByRole("checkbox")
          .or(page.getByRole("radio"))
          .or(page.getByText("no earlier build"))
          .first()
          .waitFor();
        await assertAccessible(page, `dialog ${name} ${colorScheme}`);
        await page.keyboard.press("Escape");
        await page.getByRole("dialog").waitFor({ state: "detached" });
      }
      assert.deepEqual(problems, []);
    }
  });

  it("show names and messages full of markup as text", async (t) => {
    const { page, problems } = await open(t, "/");
    for (const path of Object.keys(paths()).slice(0, 5)) {
      await page.goto(`${server.url}${path}`);
      await page.getByText(MARKUP).or(page.getByText(live.name)).first().waitFor();
      assert.equal(await page.locator("img, b:text('bold')").count(), 0, path);
      assert.equal(await page.evaluate("window.hacked"), undefined);
    }
    assert.deepEqual(problems, []);
  });

  it("show a promotion as it goes on, and the timeline as it grows", async (t) => {
    const { page: first, problems } = await open(t, `/promotions/${promotion.id}`);
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
    const { page, problems } = await open(t, `/apps/${dev.name}`);
    await page.getByRole("checkbox", { name: "Compare v1" }).check();
    await page.getByRole("checkbox", { name: "Compare v2" }).check();
    await page.getByRole("heading", { name: "v1 and v2" }).waitFor();
    assert.match(page.url(), /\?compare=1&compare=2$/);
    const changed = page.getByRole("region", { name: "v1 and v2" }).locator("tr[data-same=false]");
    assert.deepEqual(await changed.getByRole("rowheader").allTextContents(), ["Commit", "Artifact"]);
    await page.getByRole("button", { name: "Roll back to v1" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Roll back", exact: true }).click();
    await page.getByRole("row", { name: /v3 current/ }).waitFor();
    assert.deepEqual(problems, []);
  });

  it("start and lift a freeze, which the board and the plan of a promotion show", async (t) => {
    const frozen = await seed.pipeline();
    const from = await seed.coupled(frozen, "STAGING");
    await seed.coupled(frozen, "PRODUCTION");
    await seed.release(from);
    const window = {
      name: unique("nights"),
      kind: "DENY",
      timeZone: "Europe/Berlin",
      scope: { pipelines: [frozen.id] },
    };
    const times = { startTime: "22:00:00", endTime: "06:00:00" };
    await server.admin.mutate("createDeploymentWindow", { ...window, ...times }, "window { id }");
    const { page, problems } = await open(t, "/freezes");
    await page.getByText(window.name).waitFor();
    await page.getByRole("button", { name: "Start a freeze" }).click();
    await page.getByLabel("Reason").fill("Payments incident");
    await page.getByLabel(/^Pipelines/).fill(frozen.name);
    await page.getByRole("dialog").getByRole("button", { name: "Start the freeze" }).click();
    await page.getByRole("heading", { name: "Payments incident" }).waitFor();
    await assertAccessible(page, "/freezes with a freeze");
    const { page: board, problems: onBoard } = await open(t, `/pipelines/${frozen.name}`);
    await board.getByText("is frozen: Payments incident").waitFor();
    await board.getByRole("button", { name: /^Promote to production/ }).click();
    await board
      .getByRole("dialog")
      .getByText(/is frozen until/)
      .waitFor();
    await page.getByRole("button", { name: "Lift the freeze: Payments incident" }).click();
    await page.getByLabel("Reason").fill("Solved");
    await page.getByRole("dialog").getByRole("button", { name: "Lift the freeze" }).click();
    await page.getByText(/^lifted by admin: Solved/).waitFor();
    await board.getByText("is frozen: Payments incident").waitFor({ state: "detached" });
    assert.deepEqual([problems, onBoard], [[], []]);
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
});
