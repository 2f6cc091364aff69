import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { type Browser, chromium } from "playwright-core";
import { Client } from "../../test/support/clients/client.js";
import { ServerProcess } from "../../test/support/service/server-process.js";
import { createHolds } from "./holds.js";
import { createBusy, createLarge, createOthers, createSmall } from "./pipelines.js";
import { createRollout, type Rollouts } from "./rollouts.js";
import { Story } from "./story.js";

/*
 * Takes the screenshots of docs/images. With a folder as the argument, takes those of every page, width and color
 * scheme.
 *
 *   node dist/scripts/screenshots/main.js            docs/images
 *   node dist/scripts/screenshots/main.js FOLDER [PARTS OF NAMES]
 */

const CHROMIUM = process.env.CHROMIUM ?? "/usr/bin/chromium";
const ADMIN_TOKEN = "a-token-for-the-screenshots-of-the-page";
const WIDTHS = (process.env.WIDTHS ?? "360,1024,1920").split(",").map(Number);
const HEIGHTS: Readonly<Record<number, number>> = { 360: 780, 1024: 768, 1920: 1080 };
const SCHEMES = ["light", "dark"] as const;

interface Shot {
  readonly name: string;
  readonly path: string;
  /** Waits for this text. */
  readonly text: string;
  /** The name of a button that is pressed first. */
  readonly press?: RegExp;
}

/** @param promotion the id of the waiting promotion */
const listPages = (promotion: string, { inWaves, done }: Rollouts): readonly Shot[] => [
  { name: "overview", path: "/", text: "storefront" },
  { name: "board", path: "/pipelines/storefront", text: "release managers 0 of 1" },
  { name: "board-small", path: "/pipelines/myapp", text: "release managers 1 of 2" },
  { name: "board-large", path: "/pipelines/fleet", text: "release managers 0 of 1" },
  { name: "board-waves", path: "/pipelines/payments", text: "payments-sa" },
  { name: "graph", path: "/pipelines/storefront/graph", text: "storefront-qa v6 waits" },
  { name: "graph-small", path: "/pipelines/myapp/graph", text: "myapp-qa v3 waits" },
  { name: "graph-large", path: "/pipelines/fleet/graph", text: "shop-001-test v2 waits" },
  { name: "timeline", path: "/pipelines/storefront/timeline", text: "storefront-ap v3" },
  { name: "rules", path: "/pipelines/myapp/rules", text: "release managers" },
  { name: "rule-dialog", path: "/pipelines/myapp/rules", text: "release managers", press: /^Edit/ },
  { name: "promotion", path: `/promotions/${promotion}`, text: "Waits for" },
  { name: "promotion-waves", path: `/promotions/${inWaves}`, text: "Wave 2" },
  { name: "promotion-done", path: `/promotions/${done}`, text: "succeeded" },
  { name: "approvals", path: "/approvals", text: "Waiting for your vote" },
  { name: "vote-dialog", path: "/approvals", text: "Waiting for your vote", press: /^Approve myapp/ },
  { name: "promote-dialog", path: "/pipelines/storefront", text: "storefront-eu", press: /^Promote to production/ },
  { name: "freezes", path: "/freezes", text: "Black Friday" },
  { name: "app", path: "/apps/storefront-eu?compare=3&compare=4", text: "v3 and v4" },
  { name: "app-quarantine", path: "/apps/payments-dev", text: "Refunds are booked twice" },
  { name: "tokens", path: "/tokens", text: "Lin Wei" },
  { name: "audit", path: "/audit", text: "Changes of tokens" },
  { name: "sign-in", path: "/", text: "Token" },
];

/** The pages that the documents show. */
const DOCUMENTED = ["board", "promotion-waves"];

const [folder, part = ""] = process.argv.slice(2);
const server = new ServerProcess({
  ADMIN_TOKEN,
  DATABASE_URL: "sqlite:/tmp/railyard-screenshots-".concat(String(process.pid)),
  LOG_LEVEL: "silent",
});
const browser = await chromium.launch({
  executablePath: CHROMIUM,
  args: ["--no-sandbox", "--force-color-profile=srgb"],
});
try {
  const url = await server.ready();
  const story = new Story(new Client(url, ADMIN_TOKEN));
  await createSmall(story);
  await createBusy(story);
  await createOthers(story);
  const rollouts = await createRollout(story);
  if (folder !== undefined) await createLarge(story);
  const promotion = await createHolds(story, (secret) => new Client(url, secret), folder !== undefined);
  const viewer = await story.person("Priya Nair", "ADMIN", ["release-managers"]);
  const target = folder ?? "docs/images";
  mkdirSync(target, { recursive: true });
  for (const page of listPages(promotion, rollouts)) {
    if (folder === undefined ? !DOCUMENTED.includes(page.name) : !wanted(page.name)) continue;
    for (const width of folder === undefined ? [1440] : WIDTHS) {
      for (const scheme of SCHEMES) await take(browser, url, page, viewer, width, scheme, target);
    }
  }
} finally {
  await browser.close();
  server.signal("SIGTERM");
  await server.exit();
}

/** Whether a name contains one of the parts of names of the second argument, which are separated by commas. */
function wanted(name: string): boolean {
  return part.split(",").some((one) => name.includes(one));
}

async function take(
  browser: Browser,
  url: string,
  { name, path, text, press }: Shot,
  viewer: string,
  width: number,
  colorScheme: (typeof SCHEMES)[number],
  target: string,
) {
  const height = HEIGHTS[width] ?? 900;
  const context = await browser.newContext({
    viewport: { width, height },
    colorScheme,
    deviceScaleFactor: width === 360 ? 2 : 1,
  });
  const page = await context.newPage();
  page.on("console", (message) => console.log(name, message.type(), message.text()));
  if (name !== "sign-in") {
    await page.addInitScript((token) => sessionStorage.setItem("railyard-token", token), viewer);
  }
  await page.goto(`${url}${path}`);
  await page.getByText(text).first().waitFor();
  if (press !== undefined) await page.getByRole("button", { name: press }).first().click();
  await page.waitForTimeout(900);
  await page.screenshot({
    fullPage: folder !== undefined,
    path: join(target, folder === undefined ? `${name}-${colorScheme}.png` : `${name}-${width}-${colorScheme}.png`),
  });
  await context.close();
}
