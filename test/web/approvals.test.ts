import assert from "node:assert/strict";
import { after, before, describe, it, type TestContext } from "node:test";
import type { Browser, Page } from "playwright-core";
import { launchBrowser, openTab, skipWithoutBrowser } from "../support/clients/browser.js";
import {
  type Line,
  line,
  type Member,
  member,
  promoteWhenReady,
  readPhase,
  requireApprovals,
} from "../support/data/approvals.js";
import { unique } from "../support/data/seed.js";
import { suiteCleanup } from "../support/service/cleanup.js";
import { ADMIN_SECRET, startServer, type TestServer } from "../support/service/server.js";

describe("approvals in a browser", { skip: skipWithoutBrowser }, () => {
  const cleanup = suiteCleanup();
  let server: TestServer;
  let browser: Browser;
  /** Everybody has a group of this test's own: other promotions do not wait for them. */
  let group: string;
  let ada: Member;
  let bo: Member;
  let cy: Member;
  before(async () => {
    browser = await launchBrowser();
    server = await startServer(cleanup);
    group = unique("managers");
    const create = (person: string) => member(server, { person, groups: [group] });
    [ada, bo, cy] = [await create("ada"), await create("bo"), await create("cy")];
  });
  after(() => browser?.close());

  const open = (t: TestContext, path: string, secret: string) =>
    openTab(t, browser, `${server.url}${path}`, { token: secret });

  async function createLine(rule: object = {}): Promise<Line> {
    const made = await line(server);
    await requireApprovals(server, made, { name: "release managers", approvers: [{ group }], ...rule });
    return made;
  }

  const dialog = (page: Page) => page.getByRole("dialog");

  it("lets a promotion wait, shows it to those whose vote is wanted, and starts it with the last vote", async (t) => {
    const made = await createLine({ required: 2, commentRequired: true });
    const { pipeline, source, target } = made;
    const { page: board, problems } = await open(t, `/pipelines/${pipeline.name}`, ada.secret);
    await board.getByRole("button", { name: `Promote ${source.name} to production` }).click();
    await dialog(board).getByText("Clears when the promotion is approved.").waitFor();
    await dialog(board).getByRole("button", { name: "Promote when ready" }).click();
    await board.getByText("Promotion to production waits.").waitFor();
    const strip = board.getByRole("list", { name: "Waiting promotions" });
    await strip.getByText("release managers 0 of 2").waitFor();
    // Who promoted may not vote.
    assert.equal(await strip.getByRole("button").count(), 0);

    const { page: first, problems: firstProblems } = await open(t, "/", bo.secret);
    await first.getByRole("link", { name: "Approvals 1 wait for your vote" }).waitFor();
    await first.getByText("1 promotion waits for your approval").waitFor();
    await first.getByRole("button", { name: "Waiting for my approval 1" }).click();
    assert.match(first.url(), /\?waiting=me$/);
    assert.equal(await first.getByRole("link", { name: /^pipeline-/ }).count(), 1);
    await first.getByRole("link", { name: /^Approvals/ }).click();
    const mine = first.getByRole("region", { name: "Waiting for your vote" });
    await mine.getByText("Missing: group").waitFor();
    await mine.getByRole("button", { name: `Approve ${source.name} v1` }).click();
    const approve = dialog(first).getByRole("button", { name: "Approve", exact: true });
    await dialog(first).getByText(target.name).waitFor();
    assert.equal(await approve.getAttribute("aria-disabled"), "true", "the rule requires a comment");
    await dialog(first).getByLabel("Comment, which the rule requires").fill("Tested on staging");
    await approve.click();
    await first.getByText("Approved. The promotion still waits.").waitFor();
    await first
      .getByRole("region", { name: "Waiting for others, or for something else" })
      .getByText("1 of 2")
      .waitFor();
    await first.getByRole("link", { name: "Approvals", exact: true }).waitFor();
    await strip.getByText("release managers 1 of 2").waitFor();

    const { page: second, problems: secondProblems } = await open(t, "/approvals", cy.secret);
    await second.getByRole("link", { name: new RegExp(`^${source.name} v1`) }).click();
    const votes = second.getByRole("list", { name: "Votes" });
    await votes.getByText("bo approved under release managers").waitFor();
    await votes.getByText("Tested on staging").waitFor();
    await second.getByText("requires 2 approvals").waitFor();
    await second.getByRole("button", { name: /^Approve/ }).click();
    await dialog(second)
      .getByLabel(/^Comment/)
      .fill("Agreed");
    await dialog(second).getByRole("button", { name: "Approve", exact: true }).click();
    await second.getByText("Approved. The promotion has started.").waitFor();
    await second.getByRole("heading", { name: /succeeded/ }).waitFor();
    await votes.getByText("cy approved under release managers").waitFor();
    assert.equal(await second.getByRole("button", { name: /^(Approve|Reject|Cancel)/ }).count(), 0);
    await strip.waitFor({ state: "detached" });
    await board.getByRole("article").filter({ hasText: target.name }).getByText("v1").waitFor();
    assert.deepEqual([problems, firstProblems, secondProblems], [[], [], []]);
  });

  it("takes an approval back, and rejects with a reason, which ends the promotion", async (t) => {
    const made = await createLine({ required: 2 });
    const waiting = await promoteWhenReady(ada.client, made);
    const { page, problems } = await open(t, `/promotions/${waiting.id}`, bo.secret);
    await page.getByRole("button", { name: /^Approve/ }).click();
    await dialog(page).getByRole("button", { name: "Approve", exact: true }).click();
    await page.getByText("1 of 2 approvals").waitFor();
    await page.getByText("You have approved it already.").waitFor();
    await page.getByRole("button", { name: /^Withdraw/ }).click();
    await page.getByText("0 of 2 approvals").waitFor();
    await page
      .getByText(/was withdrawn/)
      .first()
      .waitFor();
    await page.getByRole("button", { name: /^Reject/ }).click();
    const reject = dialog(page).getByRole("button", { name: "Reject", exact: true });
    assert.equal(await reject.getAttribute("aria-disabled"), "true", "a rejection needs a reason");
    await dialog(page).getByLabel("Reason").fill("The release notes are missing");
    await reject.click();
    await page.getByRole("heading", { name: /rejected/ }).waitFor();
    await page.getByText("bo: The release notes are missing").waitFor();
    assert.equal(await readPhase(server.admin, waiting.id), "REJECTED");
    assert.deepEqual(problems, []);
  });

  it("shows those who may not vote why not, and a viewer no button", async (t) => {
    const made = await createLine();
    const waiting = await promoteWhenReady(ada.client, made);
    const outsider = await member(server, { person: unique("eve"), role: "VIEWER" });
    const { page, problems } = await open(t, `/promotions/${waiting.id}`, outsider.secret);
    await page
      .getByText(`The approvers of release managers are: the group ${group}.`)
      .or(page.getByText(/The approvers of release managers are/))
      .first()
      .waitFor();
    for (const path of [
      `/promotions/${waiting.id}`,
      "/approvals",
      `/pipelines/${made.pipeline.name}/rules`,
      "/freezes",
    ]) {
      await page.goto(`${server.url}${path}`);
      await page.getByRole("heading", { level: 1 }).waitFor();
      await page.getByText("Live", { exact: true }).waitFor();
      assert.deepEqual(await page.getByRole("button").allTextContents(), ["Sign out"], path);
    }
    assert.deepEqual(problems, []);
  });

  it("creates, changes and deletes a rule of a pipeline", async (t) => {
    const made = await line(server);
    const path = `/pipelines/${made.pipeline.name}/rules`;
    const { page, problems } = await open(t, path, ADMIN_SECRET);
    await page.getByText("No promotion in this pipeline needs an approval.").waitFor();
    await page.getByRole("button", { name: "Require approvals" }).click();
    await dialog(page).getByLabel("Name", { exact: true }).fill("two managers");
    await dialog(page).getByLabel("How many people").fill("2");
    await dialog(page).getByLabel("Kind of approver 1").selectOption("group");
    await dialog(page).getByLabel("Name of approver 1").fill(group);
    await dialog(page).getByRole("button", { name: "Add approvers" }).click();
    await dialog(page).getByLabel("Kind of approver 2").selectOption("person");
    await dialog(page).getByLabel("Name of approver 2").fill("ada");
    await dialog(page).getByLabel("An approval needs a comment").check();
    await dialog(page).getByRole("button", { name: "Create the rule" }).click();
    const row = page.getByRole("row", { name: /two managers/ });
    await row.getByText(`group ${group}, ada`).waitFor();
    await row.getByText(/with a comment/).waitFor();
    await row.getByRole("button", { name: "Edit the rule two managers" }).click();
    await dialog(page).getByLabel("How many people").fill("1");
    await dialog(page).getByRole("button", { name: "Remove approver 2" }).click();
    await dialog(page).getByRole("button", { name: "Change the rule" }).click();
    await row.getByText(`group ${group}`, { exact: true }).waitFor();
    const { pipeline } = await server.admin.ask(
      "query ($p: ID!) { pipeline(pipeline: $p) { approvalRules { required approvers { group person } } } }",
      { p: made.pipeline.id },
    );
    assert.deepEqual(pipeline.approvalRules, [{ required: 1, approvers: [{ group, person: null }] }]);
    await row.getByRole("button", { name: "Delete the rule two managers" }).click();
    await dialog(page).getByRole("button", { name: "Delete" }).click();
    await row.waitFor({ state: "detached" });
    assert.deepEqual(problems, []);
  });
});
