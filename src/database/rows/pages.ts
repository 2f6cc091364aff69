import sql, { raw, type Sql } from "sql-template-tag";
import { allOf } from "./dialect.js";
import type { EntityClass } from "./entity-mapper.js";
import type { Reader } from "./reader.js";
import { checkRows, limitTo, type RowBudget } from "./row-budget.js";

/** An order of the rows of an entity by a unique property, whose value identifies a position in the list. */
export interface Order<T extends object> {
  readonly entity: EntityClass<T>;
  readonly by: keyof T & string;
  readonly direction: "ASC" | "DESC";
}

/** A page of an ordered list: the first rows after a position, or the last ones before it. */
export interface PageRequest {
  readonly size: number;
  readonly backward: boolean;
  /** The position to start at, which is excluded; null for the start or end of the list. */
  readonly from: string | number | null;
}

export interface Page<T> {
  readonly rows: readonly T[];
  /** Whether the list continues in the direction that was read. */
  readonly more: boolean;
}

/** Reads one page of the rows that match `conditions`, in one statement. */
export async function readPage<T extends object>(
  reader: Reader,
  order: Order<T>,
  conditions: readonly Sql[],
  request: PageRequest,
): Promise<Page<T>> {
  const { column, direction, after } = scan(reader, order, request, "e");
  const rows = await reader.select(
    `page_of_${reader.table(order.entity).name}`,
    order.entity,
    sql`WHERE ${allOf([...conditions, ...after])} ORDER BY ${column} ${direction} LIMIT ${request.size + 1}`,
  );
  return toPage(rows, request);
}

/**
 * Reads the same page of several lists, each of the rows of one parent, in one statement.
 *
 * @param parent the property that refers to the parent
 * @param budget bounds the rows of all pages together; null for no bound
 */
export async function readPages<T extends object>(
  reader: Reader,
  order: Order<T>,
  parent: keyof T & string,
  parents: readonly string[],
  request: PageRequest,
  conditions: readonly Sql[] = [],
  budget: RowBudget | null = null,
): Promise<Page<T>[]> {
  const table = reader.table(order.entity);
  const { column, direction, after } = scan(reader, order, request, "c");
  const mine = sql`c.${raw(table.column(parent))} = p.value`;
  const child = sql`WHERE ${allOf([mine, ...conditions, ...after])} ORDER BY ${column} ${direction} LIMIT ${request.size + 1}`;
  const select = reader.dialect.forEachParent(table.select, table.name, table.key, parents, child);
  const lists = new Map<unknown, T[]>(parents.map((id) => [id, []]));
  const limited = sql`${select} ${limitTo(budget, parents.length)}`;
  const found = await reader.queryEntities(`pages_of_${table.name}`, order.entity, limited);
  for (const entity of checkRows(budget, found, parents.length)) {
    lists.get(entity[parent])?.push(entity);
  }
  const sign = (order.direction === "ASC") === request.backward ? -1 : 1;
  return parents.map((id) => {
    const rows = lists.get(id) ?? [];
    rows.sort((a, b) => (a[order.by] < b[order.by] ? -sign : sign));
    return toPage(rows, request);
  });
}

/**
 * Whether a list has a row at a position, or beyond it in the given direction. Used for the side of a page that was not
 * read.
 */
export async function hasRow<T extends object>(
  reader: Reader,
  order: Order<T>,
  conditions: readonly Sql[],
  from: string | number,
  backward: boolean,
): Promise<boolean> {
  const { column } = scan(reader, order, { size: 0, backward, from }, "e");
  const up = (order.direction === "ASC") !== backward;
  const isBeyond = sql`${column} ${raw(up ? ">=" : "<=")} ${from}`;
  const rows = await reader.select(
    `has_${reader.table(order.entity).name}`,
    order.entity,
    sql`WHERE ${allOf([...conditions, isBeyond])} LIMIT 1`,
  );
  return rows.length > 0;
}

function scan<T extends object>(reader: Reader, order: Order<T>, request: PageRequest, alias: string) {
  const column = raw(`${alias}.${reader.table(order.entity).column(order.by)}`);
  const up = (order.direction === "ASC") !== request.backward;
  const after = request.from === null ? [] : [sql`${column} ${raw(up ? ">" : "<")} ${request.from}`];
  return { column, direction: raw(up ? "ASC" : "DESC"), after };
}

/** Removes the row that was read only to learn whether there are more, and reverses a page that was read backward. */
function toPage<T>(rows: T[], request: PageRequest): Page<T> {
  const more = rows.length > request.size;
  const page = more ? rows.slice(0, request.size) : rows;
  return { rows: request.backward ? page.reverse() : page, more };
}
