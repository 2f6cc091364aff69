import assert from "node:assert/strict";
import { after, before, describe, it, type TestContext } from "node:test";
import type { Browser, Page } from "playwright-core";
import { launchBrowser, openTab, skipWithoutBrowser } from "../support/clients/browser.js";
import { member } from "../support/data/approvals.js";
import { type Named, Seed, unique } from "../support/data/seed.js";
import { suiteCleanup } from "../support/service/cleanup.js";
import { ADMIN_SECRET, startServer, type TestServer } from "../support/service/server.js";

const DAY_MS = 86_400_000;

describe("freezes in a browser", { skip: skipWithoutBrowser }, () => {
  const cleanup = suiteCleanup();
  let server: TestServer;
  let browser: Browser;
  let seed: Seed;
  before(async () => {
    browser = await launchBrowser();
    server = await startServer(cleanup);
    seed = new Seed(server.admin);
  });
  after(() => browser?.close());

  const open = (t: TestContext, path: string, secret = ADMIN_SECRET) =>
    openTab(t, browser, `${server.url}${path}`, { token: secret });

  const dialog = (page: Page) => page.getByRole("dialog");

  async function createPipeline(): Promise<{ pipeline: Named; target: Named }> {
    const pipeline = await seed.pipeline();
    const source = await seed.coupled(pipeline, "STAGING");
    const target = await seed.coupled(pipeline, "PRODUCTION");
    await seed.release(source);
    return { pipeline, target };
  }

  it("are started and lifted, which the board and the plan of a promotion show", async (t) => {
    const { pipeline } = await createPipeline();
    const { page, problems } = await open(t, "/freezes");
    const reason = unique("Payments incident");
    await page.getByRole("button", { name: "Start a freeze" }).click();
    await page.getByLabel("Reason").fill(reason);
    await page.getByLabel(/^Pipelines/).fill(pipeline.name);
    await dialog(page).getByRole("button", { name: "Start the freeze" }).click();
    await page.getByRole("heading", { name: reason }).waitFor();
    const { page: board, problems: onBoard } = await open(t, `/pipelines/${pipeline.name}`);
    await board.getByText(`is frozen: ${reason}`).waitFor();
    await board
      .getByRole("article")
      .getByText(/^frozen, for [34] h$/)
      .waitFor();
    await board.getByRole("button", { name: /^Promote to production/ }).click();
    await dialog(board)
      .getByText(/is frozen until/)
      .waitFor();
    await dialog(board)
      .getByText(/^Clears (at|on) .*, in [34] h\.$/)
      .waitFor();
    await page.getByRole("button", { name: `Lift the freeze: ${reason}` }).click();
    await page.getByLabel("Reason").fill("Solved");
    await dialog(page).getByRole("button", { name: "Lift the freeze" }).click();
    await page.getByText(/^lifted by admin: Solved/).waitFor();
    await board.getByText(`is frozen: ${reason}`).waitFor({ state: "detached" });
    assert.deepEqual([problems, onBoard], [[], []]);
  });

  it("are extended, and let an app through", async (t) => {
    const { pipeline, target } = await createPipeline();
    const reason = unique("Migration");
    const endsAt = new Date(Date.now() + DAY_MS / 12);
    const given = { reason, scope: { pipelines: [pipeline.id] }, endsAt };
    const { freeze } = await server.admin.mutate("startFreeze", given, "freeze { id }");
    const { page, problems } = await open(t, "/freezes");
    await page.getByRole("button", { name: `Extend the freeze: ${reason}` }).click();
    await dialog(page).getByLabel("From now on for").selectOption("24");
    await dialog(page).getByRole("button", { name: "Move the end" }).click();
    await dialog(page).waitFor({ state: "detached" });
    await page
      .getByRole("listitem")
      .filter({ hasText: reason })
      .getByText(/for another (1 d|23 h)/)
      .waitFor();
    await page.getByRole("button", { name: `Exempt from the freeze: ${reason}` }).click();
    await dialog(page).getByLabel(/^App/).fill(target.name);
    await dialog(page).getByLabel("Reason").fill("Fixes the incident");
    await dialog(page).getByRole("button", { name: "Let it through" }).click();
    await page.getByText(/is let through by admin .*: Fixes the incident/).waitFor();
    const { page: board, problems: onBoard } = await open(t, `/pipelines/${pipeline.name}`);
    await board.getByRole("button", { name: "Promote to production", exact: true }).waitFor();
    const found = await server.admin.ask(
      "query ($id: ID!) { node(id: $id) { ... on Freeze { exemptions { app { name } } } } }",
      {
        id: freeze.id,
      },
    );
    assert.deepEqual(found.node.exemptions, [{ app: { name: target.name } }]);
    assert.deepEqual([problems, onBoard], [[], []]);
  });

  it("are planned from a board, and let a build through", async (t) => {
    const { pipeline } = await createPipeline();
    const build = await seed.build({ commit: { sha: "abcdef1234", message: unique("A fix") } });
    const reason = unique("Black Friday");
    const { page, problems } = await open(t, `/pipelines/${pipeline.name}`);
    await page.getByRole("button", { name: "Freeze", exact: true }).click();
    await dialog(page).getByLabel("Reason").fill(reason);
    assert.equal(
      await dialog(page)
        .getByLabel(/^Pipelines/)
        .inputValue(),
      pipeline.name,
    );
    await dialog(page)
      .getByLabel(/^Begins/)
      .fill(`${new Date(Date.now() + 2 * DAY_MS).toISOString().slice(0, 10)}T08:00`);
    await dialog(page).getByRole("button", { name: "Start the freeze" }).click();
    await page.getByText("The freeze is planned.").waitFor();
    await page.goto(`${server.url}/freezes`);
    await page
      .getByRole("listitem")
      .filter({ hasText: reason })
      .getByText(/begins on/)
      .waitFor();
    await page.getByRole("button", { name: `Exempt from the freeze: ${reason}` }).click();
    await dialog(page)
      .getByLabel(/^Or a build/)
      .selectOption(build.id);
    await dialog(page).getByLabel("Reason").fill("Fixes the incident");
    await dialog(page).getByRole("button", { name: "Let it through" }).click();
    await page
      .getByText(/^abcdef1 is let through by admin/)
      .or(page.getByText(/abcdef1.*is let through/))
      .first()
      .waitFor();
    assert.deepEqual(problems, []);
  });

  it("have windows, which people create, change and delete, with what is wrong at the field", async (t) => {
    const { pipeline } = await createPipeline();
    const name = unique("nightly");
    const { page, problems } = await open(t, "/freezes");
    await page.getByRole("button", { name: "Create a window" }).click();
    const field = (label: string | RegExp) => dialog(page).getByLabel(label);
    await field("Name").fill("Not A Name");
    await field(/^Pipelines/).fill("no-such-pipeline");
    const create = dialog(page).getByRole("button", { name: "Create the window" });
    const refused = async (label: string | RegExp, what: RegExp) => {
      await create.click();
      await dialog(page).getByRole("alert").getByText(what).waitFor();
      assert.equal(await field(label).getAttribute("aria-invalid"), "true");
      const described = await field(label).getAttribute("aria-describedby");
      assert.match(await page.locator(`[id="${described}"]`).innerText(), what);
    };
    await refused("Name", /name/);
    await field("Name").fill(name);
    await refused(/^Pipelines/, /no-such-pipeline/);
    await field(/^Pipelines/).fill(pipeline.name);
    await field("Time zone").fill("Mars/Phobos");
    await refused("Time zone", /Mars\/Phobos/);
    await field("Time zone").fill("Europe/Berlin");
    await field(/^Days as/).fill("FREQ=HOURLY");
    await refused(/^Days as/, /recurrence/);
    await field("Sat").check();
    assert.equal(await field(/^Days as/).inputValue(), "FREQ=WEEKLY;BYDAY=SA");
    await create.dblclick();
    await page.getByText(`The window ${name} applies now.`).waitFor();
    const row = page.getByRole("button", { name, exact: true });
    await row.click();
    assert.equal(await field(/^Days as/).inputValue(), "FREQ=WEEKLY;BYDAY=SA");
    assert.equal(await field("From").inputValue(), "00:00");
    await field("Sun").check();
    await field("From").fill("08:30");
    await dialog(page).getByRole("button", { name: "Change the window" }).click();
    await dialog(page).waitFor({ state: "detached" });
    const find = async () => {
      const { deploymentWindows } = await server.admin.ask(
        "{ deploymentWindows(first: 100) { nodes { name kind recurrence startTime timeZone scope { pipelines { name } } } } }",
      );
      return deploymentWindows.nodes.filter((one: { name: string }) => one.name === name);
    };
    assert.deepEqual(await find(), [
      {
        ...{ name, kind: "DENY", recurrence: "FREQ=WEEKLY;BYDAY=SA,SU", startTime: "08:30:00" },
        ...{ timeZone: "Europe/Berlin", scope: { pipelines: [{ name: pipeline.name }] } },
      },
    ]);
    // Others see it at once; a viewer cannot change it, and an operator not delete it.
    const viewer = await member(server, { person: unique("vi"), role: "VIEWER" });
    const { page: seen } = await open(t, "/freezes", viewer.secret);
    await seen.getByRole("button", { name, exact: true }).click();
    await dialog(seen).getByText("FREQ=WEEKLY;BYDAY=SA,SU").waitFor();
    assert.equal(await dialog(seen).getByRole("textbox").count(), 0);
    assert.equal(await seen.getByRole("button", { name: "Create a window" }).count(), 0);
    const operator = await member(server, { person: unique("op") });
    const { page: other } = await open(t, "/freezes", operator.secret);
    await other.getByRole("button", { name, exact: true }).click();
    await dialog(other).getByRole("button", { name: "Change the window" }).waitFor();
    assert.equal(await dialog(other).getByRole("button", { name: "Delete the window" }).count(), 0);
    await row.click();
    await dialog(page).getByRole("button", { name: "Delete the window" }).click();
    await dialog(page).getByRole("button", { name: "Delete", exact: true }).click();
    for (const one of [page, seen]) {
      await one.getByRole("button", { name, exact: true }).waitFor({ state: "detached" });
    }
    assert.deepEqual(await find(), []);
    assert.deepEqual(problems, []);
  });

  it("offer operators only what the service would let them do", async (t) => {
    const { pipeline } = await createPipeline();
    const reason = unique("Of the administrator");
    await server.admin.mutate("startFreeze", { reason, scope: { pipelines: [pipeline.id] } }, "freeze { id }");
    const operator = await member(server, { person: unique("ola") });
    const own = unique("Of the operator");
    await operator.client.mutate("startFreeze", { reason: own, scope: { pipelines: [pipeline.id] } }, "freeze { id }");
    const { page } = await open(t, "/freezes", operator.secret);
    const buttons = (of: string) =>
      page
        .getByRole("listitem")
        .filter({ has: page.getByRole("heading", { name: of }) })
        .getByRole("button");
    await page.getByRole("heading", { name: own }).waitFor();
    assert.deepEqual((await buttons(reason).allInnerTexts()).map(firstLine), ["Extend"]);
    assert.deepEqual((await buttons(own).allInnerTexts()).map(firstLine), ["Extend", "Lift"]);
  });
});

function firstLine(text: string): string {
  return text.split(/\s/, 1)[0] ?? "";
}
