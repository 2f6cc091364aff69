import type { FastifyReply } from "fastify";
import sql, { type Sql } from "sql-template-tag";
import { type Order, readPage } from "../../database/rows/pages.js";
import type { Reader } from "../../database/rows/reader.js";
import { isUuid } from "../../domain/core/input.js";
import { badInput } from "../../domain/core/refusal.js";

/** Maximum number of rows in a response, and the default without a Range header. */
const MAX_RANGE_SIZE = 1000;

interface Range {
  readonly from: string | null;
  readonly max: number;
  readonly descending: boolean | null;
}

/**
 * Reads a page of a list by `Range` header. `Range: version ]3..; max=10, order=desc` requests rows after a value. If
 * there are more, the response is 206 with a `Next-Range` header for the next request.
 *
 * @param order default order. A Range header may only name the column of this order. For a list that is ordered by
 *   position, it names `id` instead, because positions are internal.
 */
export async function sendRange<T extends object>(
  reader: Reader,
  reply: FastifyReply,
  header: unknown,
  order: Order<T>,
  conditions: readonly Sql[],
): Promise<readonly T[]> {
  const isPositioned = order.by === "position";
  const name = isPositioned ? "id" : order.by;
  const key = (isPositioned ? "id" : order.by) as keyof T;
  const range = typeof header === "string" && header.trim() !== "" ? parse(header, name) : null;
  const descending = range?.descending ?? order.direction === "DESC";
  const effectiveOrder: Order<T> = { ...order, direction: descending ? "DESC" : "ASC" };
  const size = range?.max ?? MAX_RANGE_SIZE;
  const from = range?.from == null ? null : await findBound(reader, order, range.from);
  const page = await readPage(reader, effectiveOrder, conditions, { size, backward: false, from });
  reply.header("accept-ranges", name);
  const last = page.rows.at(-1);
  const first = page.rows[0];
  if (first !== undefined && last !== undefined) {
    reply.header("content-range", `${name} ${String(first[key])}..${String(last[key])}`);
  }
  if (page.more && last !== undefined) {
    reply.code(206);
    reply.header("next-range", `${name} ]${String(last[key])}..; max=${size}${descending ? ", order=desc" : ""}`);
  }
  return page.rows;
}

function parse(header: string, name: string): Range {
  const match = /^\s*(\w+)\s+(\]?)([^.;,\s]*)\.\.([^;,]*)?\s*(?:[;,]\s*(.*))?$/.exec(header);
  const column = match?.[1];
  if (match === null || (column !== name && column !== "id")) {
    throw badInput(
      "Range",
      `Range must have the form \`${name} ..; max=200, order=desc\`; this list is sorted by ${name}.`,
    );
  }
  const options = new Map(
    (match[5] ?? "")
      .split(/[,;]/)
      .map((option): [string, string] => [option.split("=")[0]?.trim() ?? "", option.split("=")[1]?.trim() ?? ""])
      .filter(([key]) => key !== ""),
  );
  const max = Number(options.get("max") ?? 200);
  if (!Number.isInteger(max) || max < 1 || max > MAX_RANGE_SIZE) {
    throw badInput("Range", `The max of Range must be between 1 and ${MAX_RANGE_SIZE}.`);
  }
  const order = options.get("order");
  if (order !== undefined && order !== "asc" && order !== "desc")
    throw badInput("Range", "The order of Range must be asc or desc.");
  // `id ..` requests the whole list in its own order.
  const from = column === name && match[3] !== "" ? (match[3] as string) : null;
  return { from, max, descending: order === undefined ? null : order === "desc" };
}

async function findBound<T extends object>(reader: Reader, order: Order<T>, text: string): Promise<string | number> {
  if (order.by === "position") {
    const [row] = isUuid(text)
      ? await reader.select("start_of_range", order.entity, sql`WHERE e.id = ${text.toLowerCase()}`)
      : [];
    if (row === undefined) throw badInput("Range", "The start of Range must be the id of a row of the list.");
    return row[order.by] as number;
  }
  if (order.by !== "version") return text;
  if (/^\d{1,10}$/.test(text) && Number(text) < 2 ** 31) return Number(text);
  throw badInput("Range", "The start of Range must be a version number.");
}
