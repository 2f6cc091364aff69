import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { type Browser, chromium } from "playwright-core";
import { Client } from "../../test/support/clients/client.js";
import { ServerProcess } from "../../test/support/service/server-process.js";
import { Story } from "./story.js";

/*
 * Takes the screenshots of docs/images, or with a folder as the argument those of every page, width and color scheme.
 *
 *   node dist/scripts/screenshots/main.js            docs/images
 *   node dist/scripts/screenshots/main.js FOLDER [PART OF THE NAME]
 */

const CHROMIUM = process.env.CHROMIUM ?? "/usr/bin/chromium";
const ADMIN_TOKEN = "a-token-for-the-screenshots-of-the-page";
const WIDTHS = [360, 1024, 1920] as const;
const HEIGHTS = { 360: 780, 1024: 768, 1920: 1080 } as const;
const SCHEMES = ["light", "dark"] as const;

interface Shot {
  readonly name: string;
  readonly path: string;
  /** Waits for this text. */
  readonly text: string;
}

const PAGES: readonly Shot[] = [
  { name: "overview", path: "/", text: "storefront" },
  { name: "board", path: "/pipelines/storefront", text: "storefront-eu" },
  { name: "board-small", path: "/pipelines/myapp", text: "myapp-eu" },
  { name: "board-large", path: "/pipelines/fleet", text: "shop-001-live" },
  { name: "sign-in", path: "/", text: "Token" },
];

/** What the documents show. */
const DOCUMENTED = ["board"];

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
  await story.small();
  await story.busy();
  await story.others();
  if (folder !== undefined) await story.large();
  const target = folder ?? "docs/images";
  mkdirSync(target, { recursive: true });
  for (const page of PAGES) {
    if (folder === undefined ? !DOCUMENTED.includes(page.name) : !page.name.includes(part)) continue;
    for (const width of folder === undefined ? [1440] : WIDTHS) {
      for (const scheme of SCHEMES) await take(browser, url, page, width, scheme, target);
    }
  }
} finally {
  await browser.close();
  server.signal("SIGTERM");
  await server.exit();
}

async function take(
  browser: Browser,
  url: string,
  { name, path, text }: Shot,
  width: number,
  colorScheme: (typeof SCHEMES)[number],
  target: string,
) {
  const height = HEIGHTS[width as keyof typeof HEIGHTS] ?? 900;
  const context = await browser.newContext({
    viewport: { width, height },
    colorScheme,
    deviceScaleFactor: width === 360 ? 2 : 1,
  });
  const page = await context.newPage();
  page.on("console", (message) => console.log(name, message.type(), message.text()));
  if (name !== "sign-in") {
    await page.addInitScript((token) => sessionStorage.setItem("railyard-token", token), ADMIN_TOKEN);
  }
  await page.goto(`${url}${path}`);
  await page.getByText(text).first().waitFor();
  await page.waitForTimeout(900);
  await page.screenshot({
    path: join(target, folder === undefined ? `${name}-${colorScheme}.png` : `${name}-${width}-${colorScheme}.png`),
  });
  await context.close();
}
