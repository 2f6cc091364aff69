import { setTimeout } from "node:timers/promises";
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

/** Waits until the service has executed an operation, and then none for a while. Returns how often it was executed. */
export async function untilAtRest(url: string, operation: string): Promise<number> {
  const pattern = new RegExp(`_count\\{operation="${operation}",code="OK"\\} (\\d+)\\n`);
  let [executed, same] = [0, 0];
  while (executed === 0 || same < 5) {
    const metrics = await (await fetch(`${url}/metrics`)).text();
    const now = Number(pattern.exec(metrics)?.[1] ?? 0);
    same = now === executed ? same + 1 : 0;
    executed = now;
    await setTimeout(100);
  }
  return executed;
}
