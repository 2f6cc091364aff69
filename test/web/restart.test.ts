import assert from "node:assert/strict";
import { createServer } from "node:net";
import { join } from "node:path";
import { describe, it } from "node:test";
import { eventually } from "../../src/async/eventually.js";
import { launchBrowser, openTab, skipWithoutBrowser } from "../support/clients/browser.js";
import { Client } from "../support/clients/client.js";
import { Seed } from "../support/data/seed.js";
import { ADMIN_SECRET, temporaryFolder } from "../support/service/server.js";
import { startProcess } from "../support/service/server-process.js";

/** With the default wait of graphql-ws, the seventh attempt takes two minutes. */
const ATTEMPTS = 7;
const MAX_OUTAGE_MS = 45_000;
/** The longest wait of the page, and time to connect on a busy machine. */
const MAX_RECONNECT_MS = 25_000;

describe("the page while the service is killed and restarted", { skip: skipWithoutBrowser }, () => {
  it("says that it is stale, is back soon, and shows each event once", async (t) => {
    const environment = {
      DATABASE_URL: `sqlite:${join(temporaryFolder(t), "railyard.sqlite")}`,
      ADMIN_TOKEN: ADMIN_SECRET,
    };
    const server = startProcess(t, environment);
    const url = await server.ready();
    const seed = new Seed(new Client(url, ADMIN_SECRET));
    const pipeline = await seed.pipeline();
    const dev = await seed.coupled(pipeline, "DEVELOPMENT", { autoDeploy: false });
    await seed.release(dev);
    const browser = await launchBrowser();
    t.after(() => browser.close());
    const options = { token: ADMIN_SECRET, ignoreNetwork: true };
    const { page: board, problems } = await openTab(t, browser, `${url}/pipelines/${pipeline.name}`, options);
    const { page: timeline } = await openTab(t, browser, `${url}/pipelines/${pipeline.name}/timeline`, options);
    const card = board.getByRole("article");
    for (const page of [board, timeline]) await page.getByText("Live", { exact: true }).waitFor();
    await card.getByText("v1").waitFor();

    server.signal("SIGKILL");
    await server.exit();
    for (const page of [board, timeline]) await page.getByText(/^Reconnecting since/).waitFor();
    await refuseConnections(Number(new URL(url).port));
    const restarted = startProcess(t, { ...environment, PORT: new URL(url).port });
    await restarted.ready();
    const back = performance.now();
    for (let n = 0; n < 3; n += 1) await seed.release(dev);
    await card.getByText("v4").waitFor();
    await timeline.getByText(`${dev.name} v4`).first().waitFor();
    assert.ok(performance.now() - back < MAX_RECONNECT_MS, `back after ${performance.now() - back} ms`);
    for (const page of [board, timeline]) await page.getByText("Live", { exact: true }).waitFor();

    const { pipeline: found } = await seed.client.ask(
      "query ($p: ID!) { pipeline(pipeline: $p) { events(first: 100) { totalCount } } }",
      { p: pipeline.id },
    );
    assert.equal(
      await timeline.getByRole("region", { name: "Events" }).getByRole("listitem").count(),
      found.events.totalCount,
    );
    assert.deepEqual(problems, []);
  });
});

/** Closes every connection to a port until there were enough attempts. */
async function refuseConnections(port: number): Promise<void> {
  let attempts = 0;
  const closer = createServer((socket) => {
    attempts += 1;
    socket.destroy();
  });
  await new Promise<void>((resolve) => closer.listen(port, "127.0.0.1", resolve));
  const reached = await eventually(() => attempts >= ATTEMPTS, { timeoutMs: MAX_OUTAGE_MS, intervalMs: 50 });
  await new Promise((resolve) => closer.close(resolve));
  assert.ok(reached, `${attempts} attempts to reconnect in ${MAX_OUTAGE_MS} ms`);
}
