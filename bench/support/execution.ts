import { type DocumentNode, execute, parse, validate } from "graphql";
import { openDatabase } from "../../src/database/open.js";
import { type Ctx, SYSTEM_VIEWER } from "../../src/domain/core/context.js";
import { getSchema } from "../../src/schema/build.js";
import { Context } from "../../src/schema/context.js";
import { ResultSize } from "../../src/schema/result-size.js";
import { OFFLINE } from "../../test/support/service/offline.js";
import { BOARD } from "./board.js";
import { handleCalls } from "./child-process.js";
import { pipelineName } from "./data/sizes.js";
import { databaseUrl } from "./processes.js";
import { recordStatements } from "./statement-recorder.js";

/* Executes operations in-process, without HTTP, authentication or the response cache. */

const db = await openDatabase(databaseUrl(process.argv[2] ?? ""));
const schema = getSchema();
const document = getDocument(BOARD);
const ctx: Ctx = {
  db,
  viewer: { ...SYSTEM_VIEWER, role: "VIEWER" },
  durations: { deployTimeout: 1, reviewAppTtl: 1, eventRetention: 1 },
  ...OFFLINE,
  now: () => new Date(),
};

function getDocument(text: string): DocumentNode {
  const parsed = parse(text);
  if (validate(schema, parsed).length > 0) throw new Error(`This operation is not valid: ${text}`);
  return parsed;
}

async function board(name: string): Promise<string> {
  const contextValue = new Context(ctx, "bench", ResultSize.unlimited());
  return JSON.stringify(await execute({ schema, document, contextValue, variableValues: { pipeline: name } }));
}

handleCalls({
  board,
  measure: async (pipelines: number, times: number) => {
    const before = process.cpuUsage();
    for (let iteration = 0; iteration < times; iteration++) await board(pipelineName(iteration % pipelines));
    const { user, system } = process.cpuUsage(before);
    return (user + system) / times;
  },
  /** Executes an operation as an administrator. Returns the statements that it sent to PostgreSQL. */
  statements: (text: string, variableValues: Record<string, unknown>) => {
    const document = getDocument(text);
    const contextValue = new Context(
      { ...ctx, viewer: { ...ctx.viewer, role: "ADMIN" } },
      "bench",
      ResultSize.unlimited(),
    );
    return recordStatements(async () => {
      const { errors } = await execute({ schema, document, contextValue, variableValues });
      if (errors !== undefined) throw new Error(errors.join("\n"));
    });
  },
  close: () => db.close(),
});
