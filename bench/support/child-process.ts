import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

/** Loaded into whichever process is measured: answers calls over the channel to its parent, and never keeps it alive. */
export type Handlers = Readonly<Record<string, (...args: never[]) => unknown>>;

const handlers: Record<string, (...args: never[]) => unknown> = {
  usage: () => {
    const { user, system } = process.cpuUsage();
    return { cpu: user + system, resident: process.memoryUsage.rss() };
  },
  /** The bytes that are in use once nothing is left to collect. */
  inUse: () => {
    setFlagsFromString("--expose-gc");
    const collect = runInNewContext("gc") as () => void;
    for (let turn = 0; turn < 4; turn += 1) collect();
    const { heapUsed, external, arrayBuffers } = process.memoryUsage();
    return heapUsed + external + arrayBuffers;
  },
};

let resolveRegistered: () => void = () => undefined;
const registered = new Promise<void>((resolve) => {
  resolveRegistered = resolve;
});

/** Says what else this process can be called to do; calls that came earlier have waited for it. */
export function handleCalls(more: Handlers): void {
  Object.assign(handlers, more);
  resolveRegistered();
  process.channel?.ref();
}

process.on("message", async ({ id, name, args }: { id: number; name: string; args: never[] }) => {
  try {
    if (!(name in handlers)) await registered;
    process.send?.({ id, result: await handlers[name]?.(...args) });
  } catch (error) {
    process.send?.({ id, error: error instanceof Error ? error.stack : String(error) });
  }
});
process.channel?.unref();
