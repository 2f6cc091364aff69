import type { Sql } from "sql-template-tag";
import sql, { raw } from "sql-template-tag";
import { allOf } from "../database/rows/dialect.js";
import type { Order } from "../database/rows/pages.js";
import { readPage } from "../database/rows/pages.js";
import { Token } from "../entities/access/token.js";
import { Build } from "../entities/builds/build.js";
import { App } from "../entities/pipelines/app.js";
import { Coupling } from "../entities/pipelines/coupling.js";
import { Pipeline } from "../entities/pipelines/pipeline.js";
import { Promotion } from "../entities/releases/promotion.js";
import { Release } from "../entities/releases/release.js";
import { type Connection, connect, decodeCursor, type PageArgs, pageRequest } from "../schema/connections.js";
import type { Context } from "../schema/context.js";

/* How the lists of the contract are sorted, and how a page of one becomes a connection. */

export const PIPELINES_BY_NAME: Order<Pipeline> = { entity: Pipeline, by: "name", direction: "ASC" };
export const APPS_BY_NAME: Order<App> = { entity: App, by: "name", direction: "ASC" };
/** In the order in which they were added. */
export const COUPLINGS: Order<Coupling> = { entity: Coupling, by: "id", direction: "ASC" };
export const BUILDS_NEWEST_FIRST: Order<Build> = { entity: Build, by: "id", direction: "DESC" };
export const PROMOTIONS_NEWEST_FIRST: Order<Promotion> = { entity: Promotion, by: "id", direction: "DESC" };
/** Of one app, where versions have no ties. */
export const RELEASES_BY_VERSION: Order<Release> = { entity: Release, by: "version", direction: "DESC" };
/** Across apps. */
export const RELEASES_NEWEST_FIRST: Order<Release> = { entity: Release, by: "id", direction: "DESC" };
export const TOKENS: Order<Token> = { entity: Token, by: "id", direction: "ASC" };

/** A page of all rows that `conditions` (on the alias `e`) hold for. */
export async function listRows<T extends object>(
  ctx: Context,
  order: Order<T>,
  args: PageArgs,
  conditions: readonly Sql[] = [],
): Promise<Connection<T>> {
  const request = pageRequest(args, decodeCursor(order));
  const { reader } = ctx.db;
  const page = await readPage(reader, order, conditions, request);
  return connect(reader, order, conditions, request, page, async () => {
    const table = raw(reader.table(order.entity).name);
    const [row] = await reader.query<{ total: number | string }>(
      sql`SELECT COUNT(*) AS total FROM ${table} e WHERE ${allOf(conditions)}`,
    );
    return Number(row?.total ?? 0);
  });
}

/** A page of the rows that belong to one parent; the same page of every parent on this level is read at once. */
export async function nestedList<T extends object>(
  ctx: Context,
  order: Order<T>,
  parent: keyof T & string,
  id: string,
  args: PageArgs,
): Promise<Connection<T>> {
  const request = pageRequest(args, decodeCursor(order));
  const { reader } = ctx.db;
  const page = await ctx.loaders.pages.load(order, parent, id, request);
  const mine = sql`e.${raw(reader.table(order.entity).column(parent))} = ${id}`;
  return connect(reader, order, [mine], request, page, () => ctx.loaders.pages.count(order.entity, parent, id));
}

/**
 * `nameContains`, case-insensitively: names are lower case, so folding what is looked for is enough. What no name could
 * hold is in none: it need not reach the database, which takes patterns of 50,000 bytes at most.
 */
export function nameContains(text: string | null | undefined): Sql[] {
  if (text == null) return [];
  const part = text.toLowerCase();
  return [/^[a-z0-9-]{0,63}$/.test(part) ? sql`e.name LIKE ${`%${part}%`}` : sql`1 = 0`];
}
