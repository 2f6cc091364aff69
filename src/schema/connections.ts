import type { Sql } from "sql-template-tag";
import { ArgsType, type ClassType, Extensions, Field, Int, ObjectType } from "type-graphql";
import { hasRow, type Order, type Page, type PageRequest } from "../database/rows/pages.js";
import type { Reader } from "../database/rows/reader.js";
import { badInput } from "../domain/core/refusal.js";
import { Token } from "../entities/access/token.js";
import { Build } from "../entities/builds/build.js";
import { LogEvent } from "../entities/history/event.js";
import { EventCursor } from "../entities/history/event-cursor.js";
import { App } from "../entities/pipelines/app.js";
import { Coupling } from "../entities/pipelines/coupling.js";
import { Pipeline } from "../entities/pipelines/pipeline.js";
import { Promotion } from "../entities/releases/promotion.js";
import { Release } from "../entities/releases/release.js";

/** Rows on a page where nobody said, and at the most. */
export const PAGE_SIZE = { default: 25, most: 100 } as const;

@ArgsType()
export class PageArgs {
  @Field(() => Int, { nullable: true, description: "How many to give from the front: 0 to 100, 25 if left out." })
  first?: number | null;

  @Field(() => String, { nullable: true, description: "Begin behind this cursor. Goes with `first`." })
  after?: string | null;

  @Field(() => Int, { nullable: true, description: "How many to give from the end: 0 to 100." })
  last?: number | null;

  @Field(() => String, { nullable: true, description: "End before this cursor. Goes with `last`." })
  before?: string | null;
}

@ArgsType()
export class EventPageArgs {
  @Field(() => Int, { nullable: true, description: "How many to give from the front: 0 to 100, 25 if left out." })
  first?: number | null;

  @Field(() => EventCursor, { nullable: true, description: "Begin behind this cursor. Goes with `first`." })
  after?: string | null;

  @Field(() => Int, { nullable: true, description: "How many to give from the end: 0 to 100." })
  last?: number | null;

  @Field(() => EventCursor, { nullable: true, description: "End before this cursor. Goes with `last`." })
  before?: string | null;
}

/** Marks a field whose value may be a function, to be called only where the field is asked for. */
export const LAZY = { lazy: true } as const;

@ObjectType({ description: "Where a page stands in its list.", simpleResolvers: true })
export class PageInfo {
  @Field(() => Boolean, { description: "Whether there is more behind this page." })
  @Extensions(LAZY)
  hasNextPage!: boolean | (() => Promise<boolean>);

  @Field(() => Boolean, { description: "Whether there is more before this page." })
  @Extensions(LAZY)
  hasPreviousPage!: boolean | (() => Promise<boolean>);

  @Field(() => String, { nullable: true, description: "The cursor of the first on this page; null where it is empty." })
  startCursor!: string | null;

  @Field(() => String, { nullable: true, description: "The cursor of the last on this page; null where it is empty." })
  endCursor!: string | null;
}

/** A page of a list, as Relay wants it. What costs a statement of its own is a function, run only where it is asked for. */
export interface Connection<T> {
  readonly edges: readonly { readonly cursor: string; readonly node: T }[];
  readonly nodes: readonly T[];
  readonly pageInfo: PageInfo;
  readonly totalCount?: () => Promise<number>;
}

/**
 * Which page the arguments ask for.
 *
 * @throws Refusal BAD_USER_INPUT where they contradict each other, are out of bounds, or hold a cursor of another list
 */
export function pageRequest(args: PageArgs, decode: (cursor: string) => string | number | null): PageRequest {
  const { first, after, last, before } = args;
  const backward = last != null || before != null;
  if (backward && (first != null || after != null)) {
    throw badInput(first == null ? "after" : "first", "Give either first and after, or last and before, not both.");
  }
  const [sizeField, size] = backward ? (["last", last] as const) : (["first", first] as const);
  if (size != null && (size < 0 || size > PAGE_SIZE.most)) {
    throw badInput(sizeField, `${sizeField} must be between 0 and ${PAGE_SIZE.most}; it is ${size}.`);
  }
  const [cursorField, cursor] = backward ? (["before", before] as const) : (["after", after] as const);
  const from = cursor == null ? null : decode(cursor);
  if (cursor != null && from === null) {
    throw badInput(cursorField, `${cursorField} must be a cursor that this list has given.`);
  }
  return { size: size ?? PAGE_SIZE.default, backward, from };
}

/** An order whose places are told apart from those of other orders by the name of what they sort by. */
export function encodeCursor<T extends object>(order: Order<T>, row: T): string {
  return Buffer.from(`${order.by}:${row[order.by]}`).toString("base64url");
}

export function decodeCursor<T extends object>(order: Order<T>): (cursor: string) => string | number | null {
  return (cursor) => {
    const text = cursor.length > 200 ? "" : Buffer.from(cursor, "base64url").toString("latin1");
    const place = /^([a-zA-Z]+):([a-z0-9-]{1,63})$/.exec(text);
    if (place === null || place[1] !== order.by || Buffer.from(text).toString("base64url") !== cursor) return null;
    const value = place[2] as string;
    if (order.by !== "version") return value;
    // Versions are 32-bit integers, and PostgreSQL takes no greater ones to compare them with.
    return /^\d{1,10}$/.test(value) && Number(value) < 2 ** 31 ? Number(value) : null;
  };
}

/** Makes a connection of a page. */
export function connect<T extends object>(
  reader: Reader,
  order: Order<T>,
  conditions: readonly Sql[],
  request: PageRequest,
  page: Page<T>,
  totalCount: () => Promise<number>,
): Connection<T> {
  const edges = page.rows.map((node) => ({ cursor: encodeCursor(order, node), node }));
  // What lies on the side that the page was not read towards: at the cursor it began at, or beyond, there may be something.
  const { from } = request;
  const other = from === null ? false : () => hasRow(reader, order, conditions, from, !request.backward);
  return {
    edges,
    nodes: page.rows,
    pageInfo: {
      hasNextPage: request.backward ? other : page.more,
      hasPreviousPage: request.backward ? page.more : other,
      startCursor: edges[0]?.cursor ?? null,
      endCursor: edges.at(-1)?.cursor ?? null,
    },
    totalCount,
  };
}

/** The object types of a list: `<Node>Edge` and `<Node>Connection`. */
function connectionType<T extends object>(Node: ClassType<T>, plural: string) {
  @ObjectType(`${Node.name}Edge`, {
    description: `One of ${plural}, with its place in the list.`,
    simpleResolvers: true,
  })
  class Edge {
    @Field(() => String, { description: "Its place in the list, for `after` and `before`." })
    cursor!: string;

    @Field(() => Node, { description: "What stands there." })
    node!: T;
  }

  @ObjectType(`${Node.name}Connection`, { description: `A page of ${plural}.`, simpleResolvers: true })
  class ConnectionType {
    @Field(() => [Edge], { description: "What is on this page, each with its cursor." })
    edges!: Edge[];

    @Field(() => [Node], { description: "What is on this page." })
    nodes!: T[];

    @Field(() => PageInfo, { description: "Where this page stands in the list." })
    pageInfo!: PageInfo;

    @Field(() => Int, { description: "How many there are in the whole list. Counted only where it is asked for." })
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

@ObjectType({ description: "One event, with its place in the log.", simpleResolvers: true })
export class EventEdge {
  @Field(() => EventCursor, { description: "Its place in the log." })
  cursor!: string;

  @Field(() => LogEvent, { description: "The event." })
  node!: LogEvent;
}

@ObjectType({
  description: "Events, oldest first. `pageInfo.endCursor` can be handed to a subscription's `after`.",
  simpleResolvers: true,
})
export class EventConnection {
  @Field(() => [EventEdge], { description: "What is on this page, each with its cursor." })
  edges!: EventEdge[];

  @Field(() => [LogEvent], { description: "What is on this page." })
  nodes!: LogEvent[];

  @Field(() => PageInfo, { description: "Where this page stands in the log." })
  pageInfo!: PageInfo;
}
