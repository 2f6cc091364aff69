import type { Sql } from "sql-template-tag";
import sql, { raw } from "sql-template-tag";
import { allOf } from "../database/rows/dialect.js";
import type { Order } from "../database/rows/pages.js";
import { readPage } from "../database/rows/pages.js";
import { resolveRepository } from "../domain/builds/repository-names.js";
import { parseRepository } from "../domain/core/values/repository-address.js";
import { Token } from "../entities/access/token.js";
import { DeploymentWindow } from "../entities/gates/deployment-window.js";
import { Freeze } from "../entities/gates/freeze.js";
import { GithubDelivery } from "../entities/github/github-delivery.js";
import { Coupling } from "../entities/pipelines/coupling.js";
import { Promotion } from "../entities/releases/promotion.js";
import { Webhook } from "../entities/webhooks/webhook.js";
import { WebhookDelivery } from "../entities/webhooks/webhook-delivery.js";
import { type Connection, connect, decodeCursor, type PageArgs, pageRequest } from "../schema/connections.js";
import type { Context } from "../schema/context.js";

/* The conversion of a page to a connection, and the orders of the lists without `orderBy`. */

/** In the order in which they were added. */
export const COUPLINGS: Order<Coupling> = { entity: Coupling, by: "position", direction: "ASC" };
export const DELIVERIES_NEWEST_FIRST: Order<GithubDelivery> = {
  entity: GithubDelivery,
  by: "position",
  direction: "DESC",
};
/** In the order in which they were created. */
export const WINDOWS: Order<DeploymentWindow> = { entity: DeploymentWindow, by: "position", direction: "ASC" };
export const FREEZES_NEWEST_FIRST: Order<Freeze> = { entity: Freeze, by: "position", direction: "DESC" };
export const PROMOTIONS_OLDEST_FIRST: Order<Promotion> = { entity: Promotion, by: "position", direction: "ASC" };
export const TOKENS: Order<Token> = { entity: Token, by: "position", direction: "ASC" };
export const WEBHOOKS: Order<Webhook> = { entity: Webhook, by: "name", direction: "ASC" };
export const WEBHOOK_DELIVERIES_NEWEST_FIRST: Order<WebhookDelivery> = {
  entity: WebhookDelivery,
  by: "position",
  direction: "DESC",
};

/** Returns a page of the rows that match `conditions`, which use the alias `e`. */
export async function listRows<T extends object>(
  ctx: Context,
  order: Order<T>,
  args: PageArgs,
  conditions: readonly Sql[] = [],
): Promise<Connection<T>> {
  const request = pageRequest(args, decodeCursor(order));
  const { reader } = ctx.db;
  const page = await readPage(reader, order, conditions, request);
  return connect(reader, order, conditions, request, page, () => reader.countWhere(order.entity, allOf(conditions)));
}

/** Returns a page of the rows of one parent. Batched: one statement for all parents of the same level. */
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
  const belongsToParent = sql`e.${raw(reader.table(order.entity).column(parent))} = ${id}`;
  return connect(reader, order, [belongsToParent], request, page, () =>
    ctx.loaders.pages.count(order.entity, parent, id),
  );
}

/** The condition for `repository`, by any name that the repository had. */
export async function ofRepository(ctx: Context, repository: string | null | undefined): Promise<Sql[]> {
  if (repository == null) return [];
  const current = await resolveRepository(ctx.db.reader, parseRepository("repository", repository));
  return [sql`e.repository = ${current}`];
}

/**
 * The condition for `nameContains`, case-insensitive. Names are lower case, so only the search text is lowered. Text
 * that no name can contain matches nothing and is not sent to the database, which limits patterns to 50,000 bytes.
 */
export function nameContains(text: string | null | undefined): Sql[] {
  if (text == null) return [];
  const part = text.toLowerCase();
  return [/^[a-z0-9-]{0,63}$/.test(part) ? sql`e.name LIKE ${`%${part}%`}` : sql`1 = 0`];
}
