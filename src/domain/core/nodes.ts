import sql, { join, raw } from "sql-template-tag";
import type { EntityClass } from "../../database/rows/entity-mapper.js";
import { columns } from "../../database/rows/raw-rows.js";
import { Token } from "../../entities/access/token.js";
import { Build } from "../../entities/builds/build.js";
import type { Node } from "../../entities/core/node.js";
import { App } from "../../entities/pipelines/app.js";
import { Coupling } from "../../entities/pipelines/coupling.js";
import { Pipeline } from "../../entities/pipelines/pipeline.js";
import { Promotion, PromotionTarget } from "../../entities/releases/promotion.js";
import { Release } from "../../entities/releases/release.js";
import { ReleaseStatus } from "../../entities/releases/release-status.js";
import { isPermitted } from "../access/actions.js";
import type { Ctx } from "./context.js";
import { parseId } from "./input.js";

const KINDS: readonly EntityClass<Node>[] = [
  Pipeline,
  Coupling,
  App,
  Build,
  Release,
  ReleaseStatus,
  Promotion,
  PromotionTarget,
  Token,
];

const KIND = columns({ kind: "integer" });

/** Finds any row by id: one statement finds its table, a second reads it. Deleted rows are not found. */
export async function findNode(ctx: Ctx, id: string): Promise<Node | null> {
  const { reader } = ctx.db;
  const wanted = parseId("id", id);
  const looks = KINDS.map((kind, index) => {
    return sql`SELECT CAST(${index} AS INTEGER) AS kind FROM ${raw(reader.table(kind).name)} WHERE id = ${wanted}`;
  });
  const [found] = await reader.query("find_node", KIND, join(looks, " UNION ALL "));
  const kind = found === undefined ? undefined : KINDS[found.kind];
  if (kind === undefined || (kind === Token && !isPermitted(ctx.viewer, "readTokens"))) return null;
  const node = await reader.first(kind, { id: wanted });
  return (node instanceof App || node instanceof Pipeline) && node.deletedAt !== null ? null : node;
}
