import { execute, parse, validate } from "graphql";
import { openDatabase } from "../../src/database/open.js";
import type { Ctx } from "../../src/domain/context.js";
import { buildSchema } from "../../src/schema/build.js";
import { Context } from "../../src/schema/context.js";
import { BOARD } from "./board.js";
import { pipelineName } from "./data.js";
import { answer } from "./probe.js";

const db = await openDatabase(`sqlite:${process.argv[2]}`);
const schema = buildSchema();
const document = parse(BOARD);
if (validate(schema, document).length > 0) throw new Error("The board query is not valid.");
const ctx: Ctx = {
  db,
  viewer: { name: "bench", role: "VIEWER", tokenId: null, scope: null },
  durations: { deployTimeout: 1, reviewAppTtl: 1, eventRetention: 1 },
  now: () => new Date(),
};

async function board(name: string): Promise<string> {
  const contextValue = new Context(ctx, "bench");
  return JSON.stringify(await execute({ schema, document, contextValue, variableValues: { pipeline: name } }));
}

answer({
  board,
  measure: async (pipelines: number, times: number) => {
    const before = process.cpuUsage();
    for (let turn = 0; turn < times; turn++) await board(pipelineName(turn % pipelines));
    const { user, system } = process.cpuUsage(before);
    return (user + system) / times;
  },
});
