import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

/** Bytes that this process holds on to, after all that can be freed was. */
export async function measureMemory(): Promise<number> {
  for (let round = 0; round < 4; round += 1) {
    collect();
    // What is freed in one round may hold on to something that is freed in the next.
    await new Promise(setImmediate);
  }
  const { heapUsed, external, arrayBuffers } = process.memoryUsage();
  return heapUsed + external + arrayBuffers;
}
