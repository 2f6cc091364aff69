import { alone, type Bench, type Result } from "./support/figures.js";
import { Server } from "./support/processes.js";

/** How long an idle server is left alone before its memory is looked at, in milliseconds. */
const SETTLE = 3000;

/** From the start of the process until it is ready, on a filled database, and what it then holds. */
export async function measure({ databases: workshop, pipelines, rounds }: Bench): Promise<readonly Result[]> {
  const path = await workshop.database(pipelines);
  const times: number[] = [];
  const memory: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const [server, time] = await Server.launch(path);
    times.push(time);
    await new Promise((resolve) => setTimeout(resolve, SETTLE));
    memory.push((await server.usage()).resident / 2 ** 20);
    await server.stop();
  }
  return [
    alone("start: from the process until ready", "ms", times, { most: 1000 }),
    alone("memory, idle", "MB", memory, { most: 120 }),
  ];
}
