import { type BenchmarkOptions, createResult, type Result } from "../support/figures.js";
import { Server } from "../support/processes.js";

/** Idle time before memory is measured. */
const IDLE_MS = 3000;

/** Time from process start until ready, on a filled database, and the memory of the idle process. */
export async function measure({ databases, pipelines, rounds }: BenchmarkOptions): Promise<readonly Result[]> {
  const path = await databases.createSqlite(pipelines);
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
    createResult("start: from process start until ready", "ms", times, { max: 1000 }),
    createResult("start: idle memory", "MB", memory, { max: 120 }),
  ];
}
