import type { TestServer } from "../service/server.js";
import { type Named, Seed, unique } from "./seed.js";

/** Apps of a pipeline of `createWidePipeline`. */
export const WIDTH = 40;

/** Creates a pipeline with many apps, for queries that go back and forth between them: each turn multiplies the rows. */
export async function createWidePipeline(server: TestServer): Promise<Named> {
  const pipeline = await new Seed(server.admin).pipeline();
  const names = Array.from({ length: WIDTH }, () => unique("app"));
  for (let start = 0; start < WIDTH; start += 10) {
    const fields = names.slice(start, start + 10).map(
      (name, index) =>
        `a${index}: createApp(input: { name: "${name}" }) { app { id } }
        c${index}: addCoupling(input: { pipeline: "${pipeline.id}", app: "${name}", stage: DEVELOPMENT }) { coupling { id } }`,
    );
    await server.admin.ask(`mutation { ${fields.join("\n")} }`);
  }
  return pipeline;
}
