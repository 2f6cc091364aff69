import type { Sql } from "sql-template-tag";
import { ArgsType, type ClassType, Extensions, Field, Int, ObjectType } from "type-graphql";
import { hasRow, type Order, type Page, type PageRequest } from "../database/rows/pages.js";
import type { Reader } from "../database/rows/reader.js";
import { badInput } from "../domain/core/refusal.js";
import { Token } from "../entities/access/token.js";
import { Build } from "../entities/builds/build.js";
import { DeploymentWindow } from "../entities/gates/deployment-window.js";
import { Freeze } from "../entities/gates/freeze.js";
import { GithubDelivery } from "../entities/github/github-delivery.js";
import { LogEvent } from "../entities/history/event.js";
import { EventCursor } from "../entities/history/event-cursor.js";
import { App } from "../entities/pipelines/app.js";
import { Coupling } from "../entities/pipelines/coupling.js";
import { Pipeline } from "../entities/pipelines/pipeline.js";
import { Promotion } from "../entities/releases/promotion.js";
import { Release } from "../entities/releases/release.js";
import { Webhook } from "../entities/webhooks/webhook.js";
import { WebhookDelivery } from "../entities/webhooks/webhook-delivery.js";

/** Rows per page: the default and the maximum. */
export const PAGE_SIZE = { default: 25, max: 100 } as const;

/** Options of `first`. Its default is in the schema, where clients and their tools find it. */
const FIRST = {
  nullable: true,
  defaultValue: PAGE_SIZE.default,
  description: "Returns the first N items, 0 to 100. The default has no effect with `last` or `before`.",
} as const;

@ArgsType()
export class PageArgs {
  @Field(() => Int, FIRST)
  first?: number | null;

  @Field(() => String, { nullable: true, description: "Returns items after this cursor. Use with `first`." })
  after?: string | null;

  @Field(() => Int, { nullable: true, description: "Returns the last N items: 0 to 100." })
  last?: number | null;

  @Field(() => String, { nullable: true, description: "Returns items before this cursor. Use with `last`." })
  before?: string | null;
}

@ArgsType()
export class EventPageArgs {
  @Field(() => Int, FIRST)
  first?: number | null;

  @Field(() => EventCursor, { nullable: true, description: "Returns items after this cursor. Use with `first`." })
  after?: string | null;

  @Field(() => Int, { nullable: true, description: "Returns the last N items: 0 to 100." })
  last?: number | null;

  @Field(() => EventCursor, { nullable: true, description: "Returns items before this cursor. Use with `last`." })
  before?: string | null;
}

/** Marks a field whose value may be a function, which is called only if the field is selected. */
export const LAZY = { lazy: true } as const;

@ObjectType({ description: "The position of a page in its list.", simpleResolvers: true })
export class PageInfo {
  @Field(() => Boolean, { description: "Whether there are items after this page." })
  @Extensions(LAZY)
  hasNextPage!: boolean | (() => Promise<boolean>);

  @Field(() => Boolean, { description: "Whether there are items before this page." })
  @Extensions(LAZY)
  hasPreviousPage!: boolean | (() => Promise<boolean>);

  @Field(() => String, {
    nullable: true,
    description: "The cursor of the first item on the page; null if the page is empty.",
  })
  startCursor!: string | null;

  @Field(() => String, {
    nullable: true,
    description: "The cursor of the last item on the page; null if the page is empty.",
  })
  endCursor!: string | null;
}

/**
 * A page of a list, as a Relay connection. Fields that need an extra SQL statement are functions, called only if
 * selected.
 */
export interface Connection<T> {
  readonly edges: readonly { readonly cursor: string; readonly node: T }[];
  readonly nodes: readonly T[];
  readonly pageInfo: PageInfo;
  readonly totalCount?: () => Promise<number>;
}

/**
 * Validates the paging arguments.
 *
 * @throws Refusal BAD_USER_INPUT if they conflict, are out of range, or contain a cursor of another list
 */
export function pageRequest(args: PageArgs, decode: (cursor: string) => string | number | null): PageRequest {
  const { first, after, last, before } = args;
  const backward = last != null || before != null;
  // A `first` that the client omitted arrives as the default. So `last` with the default `first` is not refused.
  const isForward = (first != null && first !== PAGE_SIZE.default) || after != null;
  if (backward && isForward) {
    throw badInput(after == null ? "first" : "after", "Use either first and after, or last and before, but not both.");
  }
  const [sizeField, size] = backward ? (["last", last] as const) : (["first", first] as const);
  if (size != null && (size < 0 || size > PAGE_SIZE.max)) {
    throw badInput(sizeField, `${sizeField} must be between 0 and ${PAGE_SIZE.max}; got ${size}.`);
  }
  const [cursorField, cursor] = backward ? (["before", before] as const) : (["after", after] as const);
  const from = cursor == null ? null : decode(cursor);
  if (cursor != null && from === null) {
    throw badInput(cursorField, `${cursorField} must be a cursor that this list returned.`);
  }
  return { size: size ?? PAGE_SIZE.default, backward, from };
}

/**
 * Encodes the row's position as a cursor. The sort field is part of it, so that cursors of other lists are detected.
 */
export function encodeCursor<T extends object>(order: Order<T>, row: T): string {
  return Buffer.from(`${order.by}:${row[order.by]}`).toString("base64url");
}

/** The fields whose cursors are numbers. PostgreSQL rejects a comparison with text or a number that is too large. */
const NUMBER_LIMITS: Readonly<Record<string, number>> = {
  version: 2 ** 31,
  position: Number.MAX_SAFE_INTEGER,
  updatedPosition: Number.MAX_SAFE_INTEGER,
};

export function decodeCursor<T extends object>(order: Order<T>): (cursor: string) => string | number | null {
  return (cursor) => {
    const text = cursor.length > 200 ? "" : Buffer.from(cursor, "base64url").toString("latin1");
    const match = /^([a-zA-Z]+):([a-z0-9-]{1,63})$/.exec(text);
    if (match === null || match[1] !== order.by || Buffer.from(text).toString("base64url") !== cursor) return null;
    const value = match[2] as string;
    const limit = NUMBER_LIMITS[order.by];
    if (limit === undefined) return value;
    return /^\d{1,16}$/.test(value) && Number(value) < limit ? Number(value) : null;
  };
}

/** Converts a page to a Relay connection. */
export function connect<T extends object>(
  reader: Reader,
  order: Order<T>,
  conditions: readonly Sql[],
  request: PageRequest,
  page: Page<T>,
  totalCount: () => Promise<number>,
): Connection<T> {
  const edges = page.rows.map((node) => ({ cursor: encodeCursor(order, node), node }));
  // Rows may exist on the opposite side of the page: at the start cursor, or past it.
  const { from } = request;
  const hasRowsOpposite = from === null ? false : () => hasRow(reader, order, conditions, from, !request.backward);
  return {
    edges,
    nodes: page.rows,
    pageInfo: {
      hasNextPage: request.backward ? hasRowsOpposite : page.more,
      hasPreviousPage: request.backward ? page.more : hasRowsOpposite,
      startCursor: edges[0]?.cursor ?? null,
      endCursor: edges.at(-1)?.cursor ?? null,
    },
    totalCount,
  };
}

/** Creates the object types of a list: `<Node>Edge` and `<Node>Connection`. */
function connectionType<T extends object>(Node: ClassType<T>, plural: string) {
  @ObjectType(`${Node.name}Edge`, {
    description: `An edge in a list of ${plural}.`,
    simpleResolvers: true,
  })
  class Edge {
    @Field(() => String, { description: "The cursor of the item, for `after` and `before`." })
    cursor!: string;

    @Field(() => Node, { description: "The item at this edge." })
    node!: T;
  }

  @ObjectType(`${Node.name}Connection`, { description: `A page of ${plural}.`, simpleResolvers: true })
  class ConnectionType {
    @Field(() => [Edge], { description: "The items on this page, each with its cursor." })
    edges!: Edge[];

    @Field(() => [Node], { description: "The items on this page." })
    nodes!: T[];

    @Field(() => PageInfo, { description: "The position of this page in the list." })
    pageInfo!: PageInfo;

    @Field(() => Int, { description: "The number of items in the whole list. Computed only if selected." })
    @Extensions(LAZY)
    totalCount!: () => Promise<number>;
  }
  return ConnectionType;
}

export const PipelineConnection = connectionType(Pipeline, "pipelines");
export const AppConnection = connectionType(App, "apps");
export const CouplingConnection = connectionType(Coupling, "couplings");
export const ReleaseConnection = connectionType(Release, "releases");
export const BuildConnection = connectionType(Build, "builds");
export const PromotionConnection = connectionType(Promotion, "promotions");
export const TokenConnection = connectionType(Token, "tokens");
export const DeploymentWindowConnection = connectionType(DeploymentWindow, "deployment windows");
export const FreezeConnection = connectionType(Freeze, "freezes");
export const GithubDeliveryConnection = connectionType(GithubDelivery, "webhook deliveries from GitHub");
export const WebhookConnection = connectionType(Webhook, "webhooks");
export const WebhookDeliveryConnection = connectionType(WebhookDelivery, "deliveries of a webhook");

@ObjectType({ description: "An edge in a list of events.", simpleResolvers: true })
export class EventEdge {
  @Field(() => EventCursor, { description: "The position of the event in the log." })
  cursor!: string;

  @Field(() => LogEvent, { description: "The event." })
  node!: LogEvent;
}

@ObjectType({
  description:
    "A page of events, oldest first. Pass `pageInfo.endCursor` as a subscription's `after` to continue from there.",
  simpleResolvers: true,
})
export class EventConnection {
  @Field(() => [EventEdge], { description: "The items on this page, each with its cursor." })
  edges!: EventEdge[];

  @Field(() => [LogEvent], { description: "The items on this page." })
  nodes!: LogEvent[];

  @Field(() => PageInfo, { description: "The position of this page in the log." })
  pageInfo!: PageInfo;

  @Field(() => Int, { description: "The number of events in the log that match. Computed only if selected." })
  @Extensions(LAZY)
  totalCount!: () => Promise<number>;
}
