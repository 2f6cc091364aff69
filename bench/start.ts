import { type BenchmarkOptions, measureOnly, type Result } from "./support/figures.js";
import { Server } from "./support/processes.js";

/** How long an idle server is left alone before its memory is looked at, in milliseconds. */
const IDLE_MS = 3000;

/** From the start of the process until it is ready, on a filled database, and what it then holds. */
export async function measure({
  databases: workshop,
  pipelines,
  rounds,
}: BenchmarkOptions): Promise<readonly Result[]> {
  const path = await workshop.createSqlite(pipelines);
  const times: number[] = [];
  const memory: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const [server, time] = await Server.launch(path);
    times.push(time);
    await new Promise((resolve) => setTimeout(resolve, IDLE_MS));
    memory.push((await server.usage()).resident / 2 ** 20);
    await server.stop();
  }
  return [
    measureOnly("start: from the process until ready", "ms", times, { max: 1000 }),
    measureOnly("memory, idle", "MB", memory, { max: 120 }),
  ];
}
