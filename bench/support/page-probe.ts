import type { Browser, Page } from "playwright-core";
import { ADMIN_SECRET } from "./processes.js";

/**
 * `nextPaint()` resolves with the milliseconds from the arrival of the next event at the socket until the end of the
 * frame that shows a change in the page.
 */
export const OBSERVE_PAINT = `
  let arrived = null;
  class ObservedSocket extends WebSocket {
    constructor(...given) {
      super(...given);
      this.addEventListener("message", ({ data }) => {
        if (data.includes('"type":"next"') && data.includes("ReleaseEvent")) arrived ??= performance.now();
      });
    }
  }
  window.WebSocket = ObservedSocket;
  window.probe = {
    nextPaint: () => new Promise((resolve) => {
      arrived = null;
      const observer = new MutationObserver(() => {
        if (arrived === null) return;
        observer.disconnect();
        const channel = new MessageChannel();
        // The message comes after the frame is painted.
        channel.port1.onmessage = () => resolve(performance.now() - arrived);
        requestAnimationFrame(() => channel.port2.postMessage(null));
      });
      observer.observe(document.querySelector("main"), { subtree: true, childList: true, characterData: true });
    }),
  };
`;

/**
 * `slowest()` returns the duration of the slowest interaction since the last call, to the next frame, in steps of 8 ms.
 */
export const OBSERVE_INTERACTIONS = `
  let slowest = 0;
  const read = (entries) => {
    for (const { duration, interactionId } of entries) if (interactionId > 0) slowest = Math.max(slowest, duration);
  };
  const observer = new PerformanceObserver((list) => read(list.getEntries()));
  observer.observe({ type: "event", durationThreshold: 16, buffered: true });
  window.probe = {
    slowest: () => {
      read(observer.takeRecords());
      const result = slowest;
      slowest = 0;
      return result;
    },
  };
`;

/** Opens a page that is signed in, with a probe in it. */
export async function openBenchPage(browser: Browser, url: string, probe: string): Promise<Page> {
  const context = await browser.newContext({ viewport: { width: 1920, height: 1080 } });
  const page = await context.newPage();
  await page.addInitScript((secret) => sessionStorage.setItem("railyard-token", secret), ADMIN_SECRET);
  await page.addInitScript({ content: `{${probe}}` });
  await page.goto(url);
  return page;
}
