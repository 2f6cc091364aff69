import sql, { raw, type Sql } from "sql-template-tag";
import { allOf } from "../database/rows/dialect.js";
import { columns } from "../database/rows/raw-rows.js";
import type { Reader } from "../database/rows/reader.js";
import type { Scope } from "../entities/access/token.js";
import { LogEvent } from "../entities/history/event.js";
import { type EventFilter, SHARED_EVENT_TYPES } from "./match.js";

/**
 * Reads matching events in the given order. One index is scanned for every filter, in the order of positions, and the
 * scan ends with the page: the index of the app, release, promotion, pipeline, context or type, whichever is the most
 * selective. For a list of types or contexts, each value is scanned for a page.
 *
 * @param after the position to start after; with `newestFirst`, the position to start before
 * @param limit the most events
 * @param until the last position to scan. Bounds the scan if few of its events match
 */
export async function readEvents(
  reader: Reader,
  filter: EventFilter,
  after: number | null,
  limit: number,
  newestFirst = false,
  until: number | null = null,
): Promise<LogEvent[]> {
  const direction = raw(newestFirst ? "DESC" : "ASC");
  if (filter.app != null) {
    const mine = [
      sql`a.app_id = ${filter.app}`,
      ...rangeCondition("a", after, until, newestFirst),
      ...conditionFor(reader, filter, "e"),
    ];
    return reader.select(
      "read_events_of_app",
      LogEvent,
      sql`JOIN event_apps a ON a.position = e.position
        WHERE ${allOf(mine)} ORDER BY a.position ${direction} LIMIT ${limit}`,
    );
  }
  const scan: Scan = { after, limit, newestFirst, until };
  if (filter.within != null && filter.pipeline == null && filter.release == null && filter.promotion == null) {
    return readWithin(reader, filter.within, filter, scan);
  }
  const partition = partitionFor(filter);
  if (partition === null) {
    const mine = [...rangeCondition("e", after, until, newestFirst), ...conditionFor(reader, filter, "e")];
    return reader.select(
      "read_events",
      LogEvent,
      sql`WHERE ${allOf(mine)} ORDER BY e.position ${direction} LIMIT ${limit}`,
    );
  }
  return readEach(reader, partition, scan);
}

/**
 * Counts the matching events that the reader sees. Reads the index of the filter, not the events, except for a scope.
 */
export async function countEvents(reader: Reader, filter: EventFilter): Promise<number> {
  const mine = allOf(conditionFor(reader, filter, "e"));
  const matching =
    filter.app == null
      ? sql`FROM events e WHERE ${mine}`
      : sql`FROM event_apps a JOIN events e ON e.position = a.position WHERE a.app_id = ${filter.app} AND ${mine}`;
  const [row] = await reader.query("count_events", TOTAL, sql`SELECT COUNT(*) AS total ${matching}`);
  return row?.total ?? 0;
}

const TOTAL = columns({ total: "integer" });

/** How the log is scanned; see the arguments of `readEvents`. */
interface Scan {
  readonly after: number | null;
  readonly limit: number;
  readonly newestFirst: boolean;
  readonly until: number | null;
}

/** A column whose values are scanned separately, each for a page, and the remaining conditions. */
interface IndexPartition {
  readonly column: string;
  readonly values: readonly string[];
  readonly rest: EventFilter;
}

async function readEach(
  reader: Reader,
  { column, values, rest }: IndexPartition,
  { after, limit, newestFirst, until }: Scan,
  conditions: readonly Sql[] = [],
): Promise<LogEvent[]> {
  const direction = raw(newestFirst ? "DESC" : "ASC");
  const mine = [
    sql`${raw(`c.${column}`)} = p.value`,
    ...rangeCondition("c", after, until, newestFirst),
    ...conditionFor(reader, rest, "c"),
    ...conditions,
  ];
  const table = reader.table(LogEvent);
  const page = sql`WHERE ${allOf(mine)} ORDER BY c.position ${direction} LIMIT ${limit}`;
  const each = reader.dialect.forEachParent(table.select, table.name, table.key, [...new Set(values)], page);
  const merged = sql`${each} ORDER BY e.position ${direction} LIMIT ${limit}`;
  return reader.queryEntities("read_events_by_partition", LogEvent, merged);
}

/**
 * Reads what a viewer with a scope may see. Scans each pipeline and then, within the range of that page, the events
 * without a pipeline. The scoped reader returns only the visible ones of these.
 */
async function readWithin(reader: Reader, scope: Scope, filter: EventFilter, scan: Scan): Promise<LogEvent[]> {
  const { after, limit, newestFirst, until } = scan;
  const sign = newestFirst ? -1 : 1;
  const merge = (lists: readonly (readonly LogEvent[])[]) =>
    lists
      .flat()
      .sort((a, b) => sign * (a.position - b.position))
      .slice(0, limit);
  const each = scope.map((pipeline) => readEvents(reader, { ...filter, pipeline }, after, limit, newestFirst, until));
  const own = merge(await Promise.all(each));
  const types = SHARED_EVENT_TYPES.filter((type) => filter.types?.includes(type) ?? true);
  if (types.length === 0 || filter.contexts != null) return own;
  const end = own[limit - 1]?.position;
  const shared = await readEach(reader, { column: "type", values: types, rest: { ...filter, types: null } }, scan, [
    sql`c.pipeline_id IS NULL`,
    ...(end === undefined ? [] : [newestFirst ? sql`c.position > ${end}` : sql`c.position < ${end}`]),
  ]);
  return merge([own, shared]);
}

/**
 * The list of a filter whose values are scanned separately: the contexts, unless a pipeline is given; otherwise the
 * types. Null if there is none.
 */
function partitionFor(filter: EventFilter): IndexPartition | null {
  const { types, contexts } = filter;
  if (filter.release != null || filter.promotion != null) return null;
  if (contexts != null && filter.pipeline == null)
    return { column: "context", values: contexts, rest: { ...filter, contexts: null } };
  if (types != null) return { column: "type", values: types, rest: { ...filter, types: null } };
  return null;
}

function rangeCondition(alias: string, after: number | null, until: number | null, newestFirst: boolean): Sql[] {
  const position = raw(`${alias}.position`);
  return [
    ...(after === null ? [] : [newestFirst ? sql`${position} < ${after}` : sql`${position} > ${after}`]),
    ...(until === null ? [] : [sql`${position} <= ${until}`]),
  ];
}

/** The conditions on an event itself: all but the app. */
function conditionFor(reader: Reader, filter: EventFilter, alias: string): Sql[] {
  const { pipeline, promotion, release, types, contexts, hidden = [] } = filter;
  const column = (name: string) => raw(`${alias}.${name}`);
  return [
    ...(pipeline == null ? [] : [sql`${column("pipeline_id")} = ${pipeline}`]),
    ...(promotion == null ? [] : [sql`${column("promotion_id")} = ${promotion}`]),
    ...(release == null ? [] : [sql`${column("release_id")} = ${release}`]),
    ...(types == null ? [] : [reader.dialect.oneOf(column("type"), types)]),
    ...(contexts == null ? [] : [reader.dialect.oneOf(column("context"), contexts)]),
    ...hidden.map((type) => sql`${column("type")} <> ${type}`),
  ];
}
