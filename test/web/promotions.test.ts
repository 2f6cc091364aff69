import assert from "node:assert/strict";
import { after, before, describe, it, type TestContext } from "node:test";
import type { Browser, Page } from "playwright-core";
import { launchBrowser, openTab, skipWithoutBrowser } from "../support/clients/browser.js";
import { line, member, readPhase } from "../support/data/approvals.js";
import { createFleet } from "../support/data/rollouts.js";
import { type Named, Seed, unique } from "../support/data/seed.js";
import { suiteCleanup } from "../support/service/cleanup.js";
import { ADMIN_SECRET, startServer, type TestServer } from "../support/service/server.js";

const HOUR_MS = 3_600_000;

describe("promotions in a browser", { skip: skipWithoutBrowser }, () => {
  const cleanup = suiteCleanup();
  let server: TestServer;
  let browser: Browser;
  before(async () => {
    browser = await launchBrowser();
    server = await startServer(cleanup);
  });
  after(() => browser?.close());

  const open = (t: TestContext, path: string, secret = ADMIN_SECRET) =>
    openTab(t, browser, `${server.url}${path}`, { token: secret });

  const dialog = (page: Page) => page.getByRole("dialog");

  async function promote(input: object): Promise<string> {
    return (await server.admin.mutate("promote", input, "promotion { id }")).promotion.id;
  }

  it("show why one waits, what clears it and when, and start it as soon as nothing holds it back", async (t) => {
    const made = await line(server, ["qa/nightly"]);
    const notBefore = new Date(Date.now() + 5 * HOUR_MS).toISOString();
    const id = await promote({ app: made.source.id, notBefore });
    const { page, problems } = await open(t, `/promotions/${id}`);
    const waits = page.getByRole("region", { name: "Waits for" });
    await waits.getByText("requires qa/nightly, which was never reported").waitFor();
    await waits.getByText("Clears when qa/nightly reports success.").waitFor();
    await waits.getByText(/^Clears (at|on) .*, in [45] h\.$/).waitFor();
    await waits.getByText(/Expires on .*, in 3 d/).waitFor();
    await server.admin.mutate(
      "reportStatus",
      { release: made.release.id, context: "qa/nightly", state: "SUCCESS" },
      "status { id }",
    );
    await waits.getByText("requires qa/nightly").waitFor({ state: "detached" });
    await waits.getByText(/^Starts by itself (at|on) .*, in [45] h\./).waitFor();
    await page.getByRole("button", { name: "Cancel promotion" }).click();
    const cancel = dialog(page).getByRole("button", { name: "Cancel promotion" });
    assert.equal(await cancel.getAttribute("aria-disabled"), "true", "it needs a reason");
    await dialog(page).getByLabel("Reason").fill("Not today");
    await cancel.click();
    await page.getByRole("heading", { name: /cancelled/ }).waitFor();
    await page.getByText("admin: Not today").waitFor();
    assert.equal(await readPhase(server.admin, id), "CANCELLED");

    // Without a time, the check alone starts it.
    const other = await line(server, ["qa/nightly"]);
    const second = await promote({ app: other.source.id, whenReady: true });
    await page.goto(`${server.url}/promotions/${second}`);
    await waits.getByText("Clears when qa/nightly reports success.").waitFor();
    const status = { release: other.release.id, context: "qa/nightly", state: "SUCCESS" };
    await server.admin.mutate("reportStatus", status, "status { id }");
    await page.getByRole("heading", { name: /succeeded/ }).waitFor();
    await waits.waitFor({ state: "detached" });
    assert.deepEqual(problems, []);
  });

  /** A promotion to two apps that deploy: one fails and the other succeeds. */
  async function createPartial(): Promise<{ pipeline: Named; good: Named; bad: Named; id: string }> {
    const seed = new Seed(server.admin);
    const pipeline = await seed.pipeline();
    const source = await seed.coupled(pipeline, "STAGING");
    const good = await seed.coupled(pipeline, "PRODUCTION");
    const bad = await seed.coupled(pipeline, "PRODUCTION", { deploymentMode: "REPORTED" });
    const [before, after] = [await seed.build(), await seed.build()];
    await seed.release(good, before);
    await seed.release(source, after);
    const started = await server.admin.mutate(
      "promote",
      { app: source.id },
      "promotion { id targets { app { id } release { id } } }",
    );
    const { id, targets } = started.promotion;
    const release = targets.find((target: { app: Named }) => target.app.id === bad.id).release.id;
    const report = { release, phase: "FAILED", failureReason: "No space left" };
    await server.admin.mutate("reportDeployment", report, "release { id }");
    return { pipeline, good, bad, id };
  }

  it("are tried again on the targets that failed", async (t) => {
    const { bad, id } = await createPartial();
    const { page, problems } = await open(t, `/promotions/${id}`);
    await page.getByRole("heading", { name: /partially succeeded/ }).waitFor();
    await page.getByRole("button", { name: "Try again" }).click();
    await dialog(page).getByRole("checkbox", { name: bad.name }).waitFor();
    assert.equal(await dialog(page).getByRole("checkbox").count(), 1);
    await dialog(page).getByRole("button", { name: "Try again" }).dblclick();
    await page.getByText("Tries again").waitFor();
    await page.getByRole("heading", { name: /in progress/ }).waitFor();
    assert.doesNotMatch(page.url(), new RegExp(id));
    const { promotions } = await server.admin.ask(
      "query ($app: ID!) { promotions(app: $app) { totalCount nodes { retryOf { id } targets { app { name } } } } }",
      { app: bad.id },
    );
    assert.equal(promotions.totalCount, 2);
    assert.deepEqual(promotions.nodes[0], { retryOf: { id }, targets: [{ app: { name: bad.name } }] });
    assert.deepEqual(problems, []);
  });

  it("are undone with a reason", async (t) => {
    const { good, id } = await createPartial();
    const { page, problems } = await open(t, `/promotions/${id}`);
    await page.getByRole("button", { name: "Undo" }).click();
    await dialog(page).getByText("v2 → what it ran before").waitFor();
    await dialog(page).getByLabel("Reason").fill("Errors in the checkout");
    await dialog(page).getByRole("button", { name: "Undo" }).click();
    await page.getByRole("heading", { name: /^Undo of .*succeeded$/ }).waitFor();
    await page
      .getByRole("row", { name: new RegExp(good.name) })
      .getByText("v3")
      .waitFor();
    const { app } = await server.admin.ask("query ($a: ID!) { app(app: $a) { currentRelease { trigger } } }", {
      a: good.id,
    });
    assert.equal(app.currentRelease.trigger, "ROLLBACK");
    assert.deepEqual(problems, []);
  });

  it("go out in waves, which a person pauses, resumes and begins in one click", async (t) => {
    const policy = { manualWaves: [2], maxFailures: 1 };
    const fleet = await createFleet(server.admin, [1, 2], { policy });
    const id = await promote({ app: fleet.staging.id });
    const { page, problems } = await open(t, `/promotions/${id}`);
    const second = page.getByRole("region", { name: /^Wave 2/ });
    await second.getByText("Wave 2 begins when wave 1 has ended; 1 target is deploying.").waitFor();
    assert.equal(await second.getByRole("row").count(), 3);
    assert.equal(await second.getByRole("button").count(), 0, "the wave before has not ended");
    await page.getByRole("button", { name: "Pause" }).click();
    await page.getByRole("heading", { name: /paused/ }).waitFor();
    await second.getByText("Clears when the promotion is resumed.").waitFor();
    await page.getByRole("button", { name: "Resume" }).click();
    await page.getByRole("button", { name: "Pause" }).waitFor();
    const [target] = await findReleases(id);
    await server.admin.mutate("reportDeployment", { release: target, phase: "SUCCEEDED" }, "release { id }");
    await second.getByText("Clears when somebody lets the wave begin.").waitFor();
    await second.getByRole("button", { name: "Begin wave 2" }).waitFor();
    const viewer = await member(server, { person: unique("vi"), role: "VIEWER" });
    const { page: seen } = await open(t, `/promotions/${id}`, viewer.secret);
    await seen.getByText("Clears when somebody lets the wave begin.").waitFor();
    assert.deepEqual(await seen.getByRole("button").allTextContents(), ["Sign out"]);
    await second.getByRole("button", { name: "Begin wave 2" }).click();
    await second.getByRole("heading", { name: /deploying/ }).waitFor();
    for (const release of (await findReleases(id)).slice(1)) {
      await server.admin.mutate("reportDeployment", { release, phase: "SUCCEEDED" }, "release { id }");
    }
    await page.getByRole("heading", { name: /succeeded/, level: 1 }).waitFor();
    assert.deepEqual(problems, []);
  });

  /** The releases of a promotion, by wave. */
  async function findReleases(promotion: string): Promise<string[]> {
    const found = await server.admin.ask("query ($id: ID!) { promotion(id: $id) { targets { release { id } } } }", {
      id: promotion,
    });
    return found.promotion.targets.flatMap(({ release }: { release: { id: string } | null }) => release?.id ?? []);
  }

  it("that were forced are reviewed by another person", async (t) => {
    const made = await line(server, ["ci/build"]);
    const id = await promote({ app: made.source.id, force: true, reason: "The check's runner is down" });
    const { page, problems } = await open(t, `/promotions/${id}`);
    await page.getByRole("region", { name: "What force went past" }).getByText("requires ci/build").waitFor();
    await page.getByText("Another person has to look at it").waitFor();
    assert.equal(await page.getByRole("button", { name: "Review" }).count(), 0, "who forced it cannot review it");
    const reviewer = await member(server, { person: unique("rob") });
    const { page: other, problems: otherProblems } = await open(t, `/promotions/${id}`, reviewer.secret);
    await other.getByRole("button", { name: "Review" }).click();
    await dialog(other).getByLabel("What you found").fill("The runner was down indeed");
    await dialog(other).getByRole("button", { name: "Record the review" }).click();
    await page.getByText(/: The runner was down indeed/).waitFor();
    await other.getByRole("button", { name: "Review" }).waitFor({ state: "detached" });
    assert.deepEqual([problems, otherProblems], [[], []]);
  });
});
