import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

/** Returns the bytes in use by this process after garbage collection. */
export async function measureMemory(): Promise<number> {
  for (let round = 0; round < 4; round += 1) {
    collect();
    // Objects freed in one round may release others, for example through finalizers.
    await new Promise(setImmediate);
  }
  const { heapUsed, external, arrayBuffers } = process.memoryUsage();
  return heapUsed + external + arrayBuffers;
}
