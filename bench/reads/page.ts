import { type Browser, chromium, type Page } from "playwright-core";
import { Connection } from "../support/client.js";
import { createScenario } from "../support/data/scenario.js";
import { type BenchmarkOptions, createResult, percentile, type Result } from "../support/figures.js";
import { OBSERVE_INTERACTIONS, OBSERVE_PAINT, openBenchPage } from "../support/page-probe.js";
import { Server } from "../support/processes.js";

const CHROMIUM = process.env.CHROMIUM ?? "/usr/bin/chromium";
/** Apps of the large board. */
const APPS = 200;
/** Events per round. */
const EVENTS = 10;
/** What people notice as a delay, in milliseconds. */
const TARGET = { max: 100 };

/**
 * The page in Chromium, on a board of 200 apps and an overview of all pipelines: from an event to the frame that shows
 * it, and how long the slowest interaction of a round takes until the next frame.
 */
export async function measure({ databases, pipelines, rounds }: BenchmarkOptions): Promise<readonly Result[]> {
  const [server] = await Server.launch(await databases.createSqlite(pipelines));
  const connection = new Connection(server.port);
  const browser = await chromium.launch({ executablePath: CHROMIUM, args: ["--no-sandbox"] });
  const url = `http://127.0.0.1:${server.port}`;
  try {
    const scenario = await createScenario(connection, "large", APPS - 1);
    const board = await openBenchPage(browser, `${url}/pipelines/large`, OBSERVE_PAINT);
    await board.getByText(`${scenario.app}`).first().waitFor();
    await board.getByText("Live", { exact: true }).waitFor();
    const events: number[][] = [];
    // The first round warms up.
    for (let round = 0; round <= rounds; round += 1) {
      const times: number[] = [];
      for (let index = 0; index < EVENTS; index += 1) {
        const painted = board.evaluate<number>("window.probe.nextPaint()");
        await scenario.release();
        times.push(await painted);
      }
      events.push(times.sort((a, b) => a - b));
    }
    await board.close();
    const at = (share: number) => events.slice(1).map((times) => percentile(times, share));
    return [
      createResult(
        `page: from an event to the frame that shows it, board of ${APPS} apps, median`,
        "ms",
        at(0.5),
        TARGET,
      ),
      createResult(
        `page: from an event to the frame that shows it, board of ${APPS} apps, slowest`,
        "ms",
        at(1),
        TARGET,
      ),
      createResult(
        `page: slowest interaction on a board of ${APPS} apps`,
        "ms",
        await repeat(browser, `${url}/pipelines/large`, rounds, useBoard),
        TARGET,
      ),
      createResult(
        `page: slowest interaction in a list of ${pipelines.toLocaleString("en")} pipelines`,
        "ms",
        await repeat(browser, url, rounds, useOverview),
        TARGET,
      ),
    ];
  } finally {
    await browser.close();
    connection.close();
    await server.stop();
  }
}

/** The slowest interaction of each round, in milliseconds. */
async function repeat(
  browser: Browser,
  url: string,
  rounds: number,
  use: (page: Page) => Promise<void>,
): Promise<number[]> {
  const page = await openBenchPage(browser, url, OBSERVE_INTERACTIONS);
  await page.getByText("Live", { exact: true }).waitFor();
  const slowest: number[] = [];
  for (let round = 0; round <= rounds; round += 1) {
    await use(page);
    slowest.push(await page.evaluate<number>("window.probe.slowest()"));
  }
  await page.close();
  return slowest.slice(1);
}

/** Filters the apps, moves among them, and opens the plan of a promotion. */
async function useBoard(page: Page): Promise<void> {
  const filter = page.getByRole("searchbox", { name: "Filter apps" });
  await filter.pressSequentially("target-19");
  await page.getByText("10 apps").waitFor();
  await filter.press("Control+A");
  await filter.press("Delete");
  await page
    .getByText(`${APPS - 1} apps`)
    .first()
    .waitFor();
  await page.getByRole("link", { name: "large-target-0" }).focus();
  for (let presses = 0; presses < 10; presses += 1) await page.keyboard.press("ArrowDown");
  await page.getByRole("button", { name: /^Promote large-source/ }).click();
  await page.getByRole("dialog").getByText("large-target-0").waitFor();
  await page.keyboard.press("Escape");
  await page.getByRole("dialog").waitFor({ state: "detached" });
}

/** Searches the pipelines, and moves among them. */
async function useOverview(page: Page): Promise<void> {
  const search = page.getByRole("searchbox", { name: "Search pipelines" });
  await search.pressSequentially("pipeline-12");
  await page.getByRole("link", { name: "pipeline-12", exact: true }).focus();
  for (let presses = 0; presses < 5; presses += 1) await page.keyboard.press("ArrowDown");
  await search.press("Control+A");
  await search.press("Delete");
  await page.getByText(/^[\d,]+ pipelines$/).waitFor();
}
