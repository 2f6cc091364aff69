import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import { type AddressInfo, createServer as createTcpServer } from "node:net";
import { join } from "node:path";
import { describe, it, type TestContext } from "node:test";
import { chromium, type Page } from "playwright-core";
import { eventually } from "../../src/async/eventually.js";
import { Client } from "../support/client.js";
import { skipWithoutPackage } from "../support/debian.js";
import { Seed, unique } from "../support/seed.js";
import { ADMIN_SECRET, temporaryFolder } from "../support/server.js";
import { type ServerProcess, startProcess } from "../support/server-process.js";

const CHROMIUM = "/usr/bin/chromium";
const skip = skipWithoutPackage(CHROMIUM, "chromium");
/** The attempts to reconnect that last the outage. With the default wait of graphql-ws, the seventh takes two minutes. */
const ATTEMPTS = 7;
const MAX_OUTAGE_MS = 30_000;
/** The longest wait of the page, and time to connect. */
const MAX_RECONNECT_MS = 10_000;

describe("the example page", () => {
  it("shows a change, and is back soon after the service was killed, without missing or repeating an event", {
    skip,
  }, async (t) => {
    const pages = await serveRepository(t);
    const environment = {
      DATABASE_URL: `sqlite:${join(temporaryFolder(t), "railyard.sqlite")}`,
      ADMIN_TOKEN: ADMIN_SECRET,
      ALLOWED_ORIGINS: pages,
    };
    let server = startProcess(t, environment);
    const url = await server.ready();
    const restart = () => startProcess(t, { ...environment, PORT: new URL(url).port });
    const seed = new Seed(new Client(url, ADMIN_SECRET));
    const created: string[] = [];
    const create = async () => {
      created.push((await seed.app({ name: unique(`app${created.length}`) })).name);
    };

    const page = await openBrowser(t);
    await page.goto(`${pages}/examples/watch.html?server=${url}#token=${ADMIN_SECRET}`);
    await page.getByText("connected", { exact: true }).waitFor();
    await create();
    await shows(page, created);

    await kill(server);
    await page.getByText("reconnecting: 1006").waitFor();
    await refuseConnections(Number(new URL(url).port));
    server = restart();
    await server.ready();
    const back = performance.now();
    await create();
    await shows(page, created);
    assert.ok(performance.now() - back < MAX_RECONNECT_MS, `back after ${performance.now() - back} ms`);
    await page.getByText("connected", { exact: true }).waitFor();

    // A reloaded page continues after the last event that it has shown.
    await page.goto("about:blank");
    await create();
    await create();
    await page.goto(`${pages}/examples/watch.html?server=${url}#token=${ADMIN_SECRET}`);
    await shows(page, created.slice(-2));
  });
});

/** Waits until the page lists an event for each app, newest first, and no other app. */
async function shows(page: Page, apps: readonly string[]): Promise<void> {
  await page.locator("#events li", { hasText: apps.at(-1) as string }).waitFor();
  const items = await page.locator("#events li").allTextContents();
  const shown = items.map((item) => /app\d-\w+/.exec(item)?.[0]);
  assert.deepEqual(shown, [...apps].reverse());
}

/** Closes every connection to a port until there were enough attempts. */
async function refuseConnections(port: number): Promise<void> {
  let attempts = 0;
  const closer = createTcpServer((socket) => {
    attempts += 1;
    socket.destroy();
  });
  await new Promise<void>((resolve) => closer.listen(port, "127.0.0.1", resolve));
  const reached = await eventually(() => attempts >= ATTEMPTS, { timeoutMs: MAX_OUTAGE_MS, intervalMs: 50 });
  await new Promise((resolve) => closer.close(resolve));
  assert.ok(reached, `${attempts} attempts to reconnect in ${MAX_OUTAGE_MS} ms`);
}

async function kill(server: ServerProcess): Promise<void> {
  server.signal("SIGKILL");
  await server.exit();
}

async function openBrowser(t: TestContext): Promise<Page> {
  const browser = await chromium.launch({ executablePath: CHROMIUM, args: ["--no-sandbox"] });
  t.after(() => browser.close());
  return browser.newPage();
}

/** Serves the files of this repository. Returns the origin. */
async function serveRepository(t: TestContext): Promise<string> {
  const server = createServer(({ url = "/" }, response) => {
    const { pathname } = new URL(url, "http://localhost");
    if (!/^\/(examples|node_modules\/graphql-ws\/dist)\/[\w.-]+$/.test(pathname) || !existsSync(`.${pathname}`)) {
      response.writeHead(404).end();
      return;
    }
    const type = pathname.endsWith(".js") ? "text/javascript" : "text/html";
    response.writeHead(200, { "content-type": type }).end(readFileSync(`.${pathname}`));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
