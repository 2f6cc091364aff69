import { after } from "node:test";
import type { Cleanup } from "./server.js";

/** Undoes at the end of a suite, the last first, what its tests share. To be called in the body of `describe`. */
export function suiteCleanup(): Cleanup {
  const steps: (() => Promise<unknown> | unknown)[] = [];
  after(async () => {
    for (const step of steps.reverse()) await step();
  });
  return { after: (step) => void steps.push(step) };
}
