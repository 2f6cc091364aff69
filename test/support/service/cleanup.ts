import { after } from "node:test";
import type { Cleanup } from "./server.js";

/** Collects cleanup steps for a suite and runs them in reverse order at its end. Call it in the body of `describe`. */
export function suiteCleanup(): Cleanup {
  const steps: (() => Promise<unknown> | unknown)[] = [];
  after(async () => {
    for (const step of steps.reverse()) await step();
  });
  return { after: (step) => void steps.push(step) };
}
