import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

/** Loaded into every measured process. Handles calls over the IPC channel, without keeping the process alive. */
export type Handlers = Readonly<Record<string, (...args: never[]) => unknown>>;

const handlers: Record<string, (...args: never[]) => unknown> = {
  usage: () => {
    const { user, system } = process.cpuUsage();
    return { cpu: user + system, resident: process.memoryUsage.rss() };
  },
  /** Bytes in use after garbage collection. */
  inUse: () => {
    setFlagsFromString("--expose-gc");
    const collect = runInNewContext("gc") as () => void;
    for (let iteration = 0; iteration < 4; iteration += 1) collect();
    const { heapUsed, external, arrayBuffers } = process.memoryUsage();
    return heapUsed + external + arrayBuffers;
  },
};

let resolveRegistered: () => void = () => undefined;
const registered = new Promise<void>((resolve) => {
  resolveRegistered = resolve;
});

/** Registers further handlers. Calls that arrived earlier wait for them. */
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
