import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import type { Browser, Page } from "playwright-core";
import { eventually } from "../../src/async/eventually.js";
import { launchBrowser, openTab, skipWithoutBrowser } from "../support/clients/browser.js";
import { Client } from "../support/clients/client.js";
import { Seed } from "../support/data/seed.js";
import { TcpProxy } from "../support/network/tcp-proxy.js";
import { ADMIN_SECRET, temporaryFolder } from "../support/service/server.js";
import { startProcess } from "../support/service/server-process.js";

/** With the default wait of graphql-ws, which doubles without a limit, the seventh attempt takes two minutes. */
const ATTEMPTS = 7;
const MAX_OUTAGE_MS = 90_000;

describe("the page while the service is killed and restarted", { skip: skipWithoutBrowser }, () => {
  let browser: Browser;
  before(async () => {
    browser = await launchBrowser();
  });
  after(() => browser?.close());

  it("says that it is stale, is back at the next attempt, and shows each event once", async (t) => {
    const environment = {
      DATABASE_URL: `sqlite:${join(temporaryFolder(t), "railyard.sqlite")}`,
      ADMIN_TOKEN: ADMIN_SECRET,
    };
    const server = startProcess(t, environment);
    // Another process could take the server's own port while it is down.
    const proxy = await TcpProxy.start(await server.ready(), t);
    const seed = new Seed(new Client(proxy.url, ADMIN_SECRET));
    const pipeline = await seed.pipeline();
    const dev = await seed.coupled(pipeline, "DEVELOPMENT", { autoDeploy: false });
    await seed.release(dev);
    const open = (path: string) =>
      openTab(t, browser, `${proxy.url}${path}`, { token: ADMIN_SECRET, ignoreNetwork: true });
    const tabs = [
      await open(`/pipelines/${pipeline.name}`),
      await open(`/pipelines/${pipeline.name}/timeline`),
      await open("/"),
    ] as const;
    const [board, timeline, overview] = tabs.map(({ page }) => page) as [Page, Page, Page];
    const pages = [board, timeline, overview];
    const card = board.getByRole("article");
    const lines = timeline.getByRole("region", { name: "Events" }).getByRole("listitem");
    for (const page of pages) await page.getByText("Live", { exact: true }).waitFor();
    await card.getByText("v1").waitFor();
    await lines.getByText(`${dev.name} v1 released`).waitFor();
    await overview.getByRole("link", { name: pipeline.name }).waitFor();

    const attempts = pages.map((page) => countSockets(page));
    server.signal("SIGKILL");
    await server.exit();
    proxy.close();
    for (const page of pages) await page.getByText(/^Reconnecting since/).waitFor();
    // A part of the page that cannot be loaded now.
    await overview.getByRole("link", { name: "Freezes" }).click();
    for (const attempt of attempts) {
      const reached = await eventually(() => attempt() >= ATTEMPTS, { timeoutMs: MAX_OUTAGE_MS });
      assert.ok(reached, `${attempt()} attempts to reconnect`);
    }
    const restarted = startProcess(t, environment);
    proxy.open(await restarted.ready());
    const before = attempts.map((attempt) => attempt());
    for (const page of pages) await page.getByText("Live", { exact: true }).waitFor();
    // One could be under way when the proxy opens. The overview loads itself again.
    const needed = attempts.slice(0, 2).map((attempt, index) => attempt() - (before[index] ?? 0));
    assert.ok(Math.max(...needed) <= 2, `back after ${needed} attempts`);
    await overview.getByRole("heading", { name: "Freezes" }).waitFor();

    for (let n = 0; n < 3; n += 1) await seed.release(dev);
    await card.getByText("v4").waitFor();
    await lines.getByText(`${dev.name} v4 released`).waitFor();
    const { pipeline: found } = await seed.client.ask(
      "query ($p: ID!) { pipeline(pipeline: $p) { events(first: 100) { totalCount } } }",
      { p: pipeline.id },
    );
    assert.equal(await lines.count(), found.events.totalCount);
    assert.deepEqual(
      tabs.map(({ problems }) => problems),
      [[], [], []],
    );
  });
});

/** Counts the WebSockets that a page opens from now on. */
function countSockets(page: Page): () => number {
  let sockets = 0;
  page.on("websocket", () => {
    sockets += 1;
  });
  return () => sockets;
}
