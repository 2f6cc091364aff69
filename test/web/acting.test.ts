import assert from "node:assert/strict";
import { after, before, describe, it, type TestContext } from "node:test";
import type { Browser, Page } from "playwright-core";
import { launchBrowser, openTab, skipWithoutBrowser, type TabOptions } from "../support/clients/browser.js";
import type { Client } from "../support/clients/client.js";
import { type Named, Seed } from "../support/data/seed.js";
import { suiteCleanup } from "../support/service/cleanup.js";
import { ADMIN_SECRET, startServer, type TestServer } from "../support/service/server.js";

describe("acting in a browser", { skip: skipWithoutBrowser }, () => {
  const cleanup = suiteCleanup();
  let server: TestServer;
  let browser: Browser;
  let seed: Seed;
  let operator: string;
  before(async () => {
    browser = await launchBrowser();
    server = await startServer(cleanup);
    seed = new Seed(server.admin);
    operator = await createSecret(server.admin, "OPERATOR");
  });
  after(() => browser?.close());

  const open = (t: TestContext, path: string, options: TabOptions = {}) =>
    openTab(t, browser, `${server.url}${path}`, { token: operator, ...options });

  /** A pipeline with an app on three stages, the first of which has a release. */
  async function createPipeline(checks: string[] = []) {
    const pipeline = await seed.pipeline();
    const dev = await seed.coupled(pipeline, "DEVELOPMENT", { autoDeploy: false });
    const qa = await seed.coupled(pipeline, "STAGING", { requiredChecks: checks });
    const live = await seed.coupled(pipeline, "PRODUCTION");
    const build = await seed.build();
    await seed.release(dev, build);
    return { pipeline, dev, qa, live, build };
  }

  const card = (page: Page, app: Named) =>
    page.getByRole("article").filter({ has: page.getByRole("link", { name: app.name }) });

  async function countPromotions(pipeline: Named): Promise<number> {
    const found = await server.admin.ask("query ($p: ID!) { promotions(pipeline: $p) { totalCount } }", {
      p: pipeline.id,
    });
    return found.promotions.totalCount;
  }

  it("shows the plan of a promotion, and a double click promotes once", async (t) => {
    const { pipeline, dev, qa, live } = await createPipeline();
    const { page, problems } = await open(t, `/pipelines/${pipeline.name}`);
    await page.getByRole("button", { name: "Promote to staging", exact: true }).click();
    const dialog = page.getByRole("dialog", { name: `Promote ${dev.name} to staging` });
    await dialog.getByRole("checkbox", { name: qa.name }).waitFor();
    await dialog.getByRole("button", { name: "Promote", exact: true }).dblclick();
    await page.getByText("Promotion to staging started.").waitFor();
    await dialog.waitFor({ state: "detached" });
    await card(page, qa).getByText("v1").waitFor();
    assert.equal(await countPromotions(pipeline), 1);
    // From a card, by dragging it to the next stage.
    await card(page, qa).dragTo(page.getByRole("region", { name: /^Production/ }));
    const second = page.getByRole("dialog", { name: `Promote ${qa.name} to production` });
    await second.getByRole("button", { name: "Promote", exact: true }).click();
    await card(page, live).getByText("v1").waitFor();
    assert.equal(await countPromotions(pipeline), 2);
    assert.deepEqual(problems, []);
  });

  it("shows what holds a promotion back and what clears it, and lets it go as soon as it is cleared", async (t) => {
    const { pipeline, dev, qa, build } = await createPipeline(["ci/build"]);
    const { page, problems } = await open(t, `/pipelines/${pipeline.name}`);
    await page.getByRole("button", { name: `Promote ${dev.name} to staging` }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByText("Clears when ci/build reports success.").waitFor();
    await dialog.getByRole("button", { name: "Promote when ready" }).waitFor();
    assert.equal(await dialog.getByRole("button", { name: "Promote", exact: true }).count(), 0);
    assert.equal(await dialog.getByLabel("Promote past what holds it back").count(), 0);
    await server.admin.mutate(
      "reportStatus",
      { build: build.id, context: "ci/build", state: "SUCCESS" },
      "status { id }",
    );
    await dialog.getByRole("button", { name: "Promote", exact: true }).click();
    await card(page, qa).getByText("v1").waitFor();
    assert.deepEqual(problems, []);
  });

  it("promotes by force only for ADMIN and with a reason", async (t) => {
    const { pipeline, dev, qa } = await createPipeline(["ci/build"]);
    const { page, problems } = await open(t, `/pipelines/${pipeline.name}`, { token: ADMIN_SECRET });
    await page.getByRole("button", { name: `Promote ${dev.name} to staging` }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByLabel("Promote past what holds it back").check();
    const button = dialog.getByRole("button", { name: "Force promotion" });
    assert.equal(await button.getAttribute("aria-disabled"), "true");
    await dialog.getByLabel(/^Reason/).fill("The check's runner is down");
    await button.click();
    await card(page, qa).getByText("v1").waitFor();
    const found = await server.admin.ask("query ($p: ID!) { promotions(pipeline: $p) { nodes { forced reason } } }", {
      p: pipeline.id,
    });
    assert.deepEqual(found.promotions.nodes, [{ forced: true, reason: "The check's runner is down" }]);
    assert.deepEqual(problems, []);
  });

  it("rolls back to a release, with the keyboard alone", async (t) => {
    const { pipeline, dev } = await createPipeline();
    await seed.release(dev, await seed.build());
    const { page, problems } = await open(t, `/pipelines/${pipeline.name}`);
    await card(page, dev).getByText("v2").waitFor();
    await tabTo(page, `Roll back ${dev.name}`);
    await page.keyboard.press("Enter");
    const dialog = page.getByRole("dialog", { name: `Roll back ${dev.name}` });
    await dialog.getByRole("radio", { name: /^v1/ }).waitFor();
    await tabTo(page, "", "radio");
    await page.keyboard.press("ArrowDown");
    assert.ok(await dialog.getByRole("radio", { name: /^v1/ }).isChecked());
    await page.keyboard.press("Tab");
    await page.keyboard.type("Errors in the checkout");
    await page.keyboard.press("Enter");
    await card(page, dev).getByText("v3").waitFor();
    await dialog.waitFor({ state: "detached" });
    const { app } = await server.admin.ask(
      "query ($a: ID!) { app(app: $a) { currentRelease { trigger description } } }",
      {
        a: dev.id,
      },
    );
    assert.deepEqual(app.currentRelease, {
      trigger: "ROLLBACK",
      description: "Rollback to v1: Errors in the checkout",
    });
    assert.deepEqual(problems, []);
  });

  /** Lets a stage be promoted to automatically. */
  const promoteAutomatically = (pipeline: Named, stage: string) =>
    server.admin.mutate("updateStagePolicy", { pipeline: pipeline.id, stage, autoPromote: true }, "policy { stage }");

  it("says why automation is held, and lets it go on in one click", async (t) => {
    const { pipeline, qa, live } = await createPipeline();
    await promoteAutomatically(pipeline, "PRODUCTION");
    const { page, problems } = await open(t, `/pipelines/${pipeline.name}`);
    await card(page, qa).waitFor();
    await seed.release(live);
    const note = card(page, live).getByText("Automatic promotions are held");
    await note.waitFor();
    await card(page, live)
      .getByText(/ · admin, (now|\d+ s)$/)
      .waitFor();
    await page.getByRole("button", { name: `Resume automatic promotions to ${live.name}` }).dblclick();
    await page.getByText(`Automatic promotions to ${live.name} go on.`).waitFor();
    await note.waitFor({ state: "detached" });
    const { app } = await server.admin.ask(
      "query ($a: ID!) { app(app: $a) { coupling { automationHeld { reason } } } }",
      { a: live.id },
    );
    assert.equal(app.coupling.automationHeld, null);
    assert.deepEqual(problems, []);
  });

  it("quarantines a build for OPERATOR, and lets ADMIN end that, with reasons", async (t) => {
    const { pipeline, dev, build } = await createPipeline();
    const { page: board, problems: onBoard } = await open(t, `/pipelines/${pipeline.name}`);
    const { page, problems } = await open(t, `/apps/${dev.name}`);
    await page.getByRole("button", { name: "Quarantine the build of v1" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByLabel("First stage").selectOption("STAGING");
    const button = dialog.getByRole("button", { name: "Quarantine" });
    assert.equal(await button.getAttribute("aria-disabled"), "true", "it needs a reason");
    await dialog.getByLabel("Reason").fill("Loses carts");
    await button.click();
    await page.getByText("Quarantined from staging on", { exact: true }).waitFor();
    assert.equal(await page.getByRole("button", { name: "End the quarantine" }).count(), 0);
    const note = card(board, dev).getByText("Quarantined from staging on", { exact: true });
    await note.waitFor();
    await card(board, dev)
      .getByText(/^Loses carts · page OPERATOR/)
      .waitFor();
    await board.getByRole("button", { name: `Promote ${dev.name} to staging` }).click();
    const plan = board.getByRole("dialog");
    await plan.getByText("Quarantined from staging on", { exact: true }).waitFor();
    await plan.getByText("Clears when an administrator ends the quarantine.").waitFor();

    const { page: admin, problems: ofAdmin } = await open(t, `/apps/${dev.name}`, { token: ADMIN_SECRET });
    await admin.getByRole("button", { name: "End the quarantine" }).click();
    await admin.getByRole("dialog").getByLabel("Reason").fill("The carts were lost elsewhere");
    await admin.getByRole("dialog").getByRole("button", { name: "End the quarantine" }).click();
    for (const shown of [
      note,
      page.getByText("Quarantined from staging on", { exact: true }),
      plan.getByText("Clears when"),
    ]) {
      await shown.waitFor({ state: "detached" });
    }
    await plan.getByRole("button", { name: "Promote", exact: true }).waitFor();
    const found = await server.admin.ask("query ($id: ID!) { build(id: $id) { quarantines { id } } }", {
      id: build.id,
    });
    assert.deepEqual(found.build.quarantines, []);
    assert.deepEqual([problems, onBoard, ofAdmin], [[], [], []]);
  });

  it("shows a viewer no button that would be refused", async (t) => {
    const { pipeline, dev, live, build } = await createPipeline();
    await promoteAutomatically(pipeline, "PRODUCTION");
    await seed.release(live);
    const quarantine = { build: build.id, fromStage: "PRODUCTION", reason: "Loses carts" };
    await server.admin.mutate("quarantineBuild", quarantine, "build { id }");
    const viewer = await createSecret(server.admin, "VIEWER");
    const { page, problems } = await open(t, `/pipelines/${pipeline.name}`, { token: viewer });
    await page.getByText("Ready for staging").waitFor();
    await card(page, dev).getByText("Quarantined from production on").waitFor();
    await card(page, live).getByText("Automatic promotions are held").waitFor();
    assert.deepEqual(await page.getByRole("button").allTextContents(), ["Sign out"]);
    assert.equal(await page.locator("[draggable=true]").count(), 0);
    await page.goto(`${server.url}/apps/${dev.name}`);
    await page.getByText("Quarantined from production on").waitFor();
    assert.deepEqual(await page.getByRole("button").allTextContents(), ["Sign out"]);
    assert.deepEqual(problems, []);
  });
});

async function createSecret(admin: Client, role: string): Promise<string> {
  return (await admin.mutate("createToken", { name: `page ${role}`, role }, "secret")).secret;
}

/** Presses Tab until an element with this label, or of this type, has the focus. */
async function tabTo(page: Page, label: string, type = ""): Promise<void> {
  for (let presses = 0; presses < 60; presses += 1) {
    const found = await page.evaluate(
      "[document.activeElement?.getAttribute('aria-label') ?? '', document.activeElement?.getAttribute('type') ?? '']",
    );
    const [focusedLabel, focusedType] = found as [string, string];
    if (type === "" ? focusedLabel === label : focusedType === type) return;
    await page.keyboard.press("Tab");
  }
  assert.fail(`Tab does not reach ${label || type}.`);
}
