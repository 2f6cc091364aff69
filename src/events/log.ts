import sql, { raw, type Sql } from "sql-template-tag";
import { allOf } from "../database/rows/dialect.js";
import type { Reader, Tx } from "../database/rows/reader.js";
import type { Scope } from "../entities/access/token.js";
import { EventApp, LogEvent } from "../entities/history/event.js";
import { appendStatement } from "./append-statement.js";
import type { EventActor, EventDraft } from "./draft.js";

/**
 * Appends events to the log as the last statement of a transaction. So positions are assigned in commit order: the next
 * transaction waits for this one to end. (Numbers of a sequence could commit in another order, and a reader that has
 * passed a number would miss the row that commits later.)
 */
export async function append(tx: Tx, actor: EventActor, now: Date, drafts: readonly EventDraft[]): Promise<void> {
  if (drafts.length === 0) return;
  const { lockLog } = tx.dialect;
  if (lockLog === null) {
    const [log] = await tx.query<{ head: number | string }>(
      sql`UPDATE event_log SET head = head + ${drafts.length} WHERE id = 1 RETURNING head`,
    );
    if (log === undefined) throw new Error("The event log has lost its head row.");
    const { events, concerns } = numbered(Number(log.head) - drafts.length, actor, now, drafts);
    await tx.insert(LogEvent, events);
    await tx.insert(EventApp, concerns);
  } else {
    const { events, concerns } = numbered(0, actor, now, drafts);
    await tx.beforeCommit(appendStatement(tx, lockLog, events, concerns));
  }
  tx.appended.push(...drafts);
}

/** The rows of events after the position `start`. */
function numbered(start: number, actor: EventActor, now: Date, drafts: readonly EventDraft[]) {
  const events: LogEvent[] = [];
  const concerns: EventApp[] = [];
  drafts.forEach(({ apps, actor: { name, role } = actor, ...draft }, index) => {
    const position = start + index + 1;
    events.push({ ...draft, position, occurredAt: now, actorName: name, actorRole: role } as LogEvent);
    for (const appId of new Set(apps)) concerns.push({ appId, position });
  });
  return { events, concerns };
}

/** The first and last position of the log. */
export interface LogBounds {
  /** The position of the newest event; 0 if there was none. */
  readonly head: number;
  /** The position before the oldest retained event: the first that can be read from. */
  readonly oldest: number;
}

export async function logBounds(reader: Reader): Promise<LogBounds> {
  const [row] = await reader.query<{ head: number | string; pruned: number | string }>(
    sql`SELECT head, pruned FROM event_log WHERE id = ${1}`,
  );
  if (row === undefined) throw new Error("The event log has lost its head row.");
  return { head: Number(row.head), oldest: Number(row.pruned) };
}

/** How many events one batch of pruning deletes: it holds the transaction queue for a few milliseconds. */
const PRUNE_BATCH_SIZE = 500;

/**
 * Deletes the oldest events from before `horizon`, at most `PRUNE_BATCH_SIZE` of them.
 *
 * @returns whether there may be more to delete
 */
export async function pruneStep(tx: Tx, horizon: Date): Promise<boolean> {
  const bounds = await logBounds(tx);
  const until = Math.min(bounds.oldest + PRUNE_BATCH_SIZE, bounds.head);
  const [row] = await tx.query<{ keep: number | string | null }>(
    sql`SELECT MIN(position) AS keep FROM events
      WHERE position > ${bounds.oldest} AND position <= ${until} AND occurred_at >= ${horizon.getTime()}`,
  );
  const last = row?.keep == null ? until : Number(row.keep) - 1;
  if (last <= bounds.oldest) return false;
  await tx.query(sql`DELETE FROM events WHERE position <= ${last}`);
  await tx.query(sql`DELETE FROM event_apps WHERE position <= ${last}`);
  // Another instance may have pruned further: the mark never goes back.
  await tx.query(sql`UPDATE event_log SET pruned = ${last} WHERE id = ${1} AND pruned < ${last}`);
  return last === until && until < bounds.head;
}

/** Which events to read. Undefined or null matches all; an empty list matches nothing. */
export interface EventFilter {
  readonly pipeline?: string | null;
  readonly app?: string | null;
  readonly promotion?: string | null;
  readonly release?: string | null;
  readonly types?: readonly string[] | null;
  readonly contexts?: readonly string[] | null;
  /** Types that are excluded, even if the rest of the filter matches. */
  readonly hidden?: readonly string[];
  /**
   * Only events of these pipelines and of builds, which belong to no pipeline: the most that a viewer with this scope
   * may see. Only a scoped reader knows which builds are visible.
   */
  readonly within?: Scope | null;
}

/**
 * Reads matching events in the given order. One index is scanned for every filter, in the order of positions, and the
 * scan ends with the page: the index of the app, release, promotion, pipeline, context or type, whichever is the most
 * selective. For a list of types or contexts, each value is scanned for a page.
 *
 * @param after the position to start after; with `newestFirst`, the position to start before
 * @param limit the most events
 * @param until the last position to scan. It bounds the scan if the rest of a filter matches little
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
      LogEvent,
      sql`JOIN event_apps a ON a.position = e.position
        WHERE ${allOf(mine)} ORDER BY a.position ${direction} LIMIT ${limit}`,
    );
  }
  const walk: Scan = { after, limit, newestFirst, until };
  if (filter.within != null && filter.pipeline == null && filter.release == null && filter.promotion == null) {
    return readWithin(reader, filter.within, filter, walk);
  }
  const branch = partitionFor(filter);
  if (branch === null) {
    const mine = [...rangeCondition("e", after, until, newestFirst), ...conditionFor(reader, filter, "e")];
    return reader.select(LogEvent, sql`WHERE ${allOf(mine)} ORDER BY e.position ${direction} LIMIT ${limit}`);
  }
  return readEach(reader, branch, walk);
}

/** How the log is scanned; see the arguments of `readEvents`. */
interface Scan {
  readonly after: number | null;
  readonly limit: number;
  readonly newestFirst: boolean;
  readonly until: number | null;
}

/** A column each value of which is scanned for a page, and the remaining conditions. */
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
  const rows = await reader.query(sql`${each} ORDER BY e.position ${direction} LIMIT ${limit}`);
  return rows.map((row) => table.fromRow(row));
}

const BUILD_EVENT_TYPES: readonly string[] = ["BUILD_CREATED", "BUILD_UPDATED"];

/**
 * What a viewer with a scope may see: each pipeline is scanned, and then, within the range of that page, the events of
 * builds, of which the scoped reader returns only the visible ones.
 */
async function readWithin(reader: Reader, scope: Scope, filter: EventFilter, walk: Scan): Promise<LogEvent[]> {
  const { after, limit, newestFirst, until } = walk;
  const sign = newestFirst ? -1 : 1;
  const merge = (lists: readonly (readonly LogEvent[])[]) =>
    lists
      .flat()
      .sort((a, b) => sign * (a.position - b.position))
      .slice(0, limit);
  const each = scope.map((pipeline) => readEvents(reader, { ...filter, pipeline }, after, limit, newestFirst, until));
  const own = merge(await Promise.all(each));
  const types = BUILD_EVENT_TYPES.filter((type) => filter.types?.includes(type) ?? true);
  if (types.length === 0 || filter.contexts != null) return own;
  const end = own[limit - 1]?.position;
  const ofBuilds = await readEach(reader, { column: "type", values: types, rest: { ...filter, types: null } }, walk, [
    sql`c.pipeline_id IS NULL`,
    ...(end === undefined ? [] : [newestFirst ? sql`c.position > ${end}` : sql`c.position < ${end}`]),
  ]);
  return merge([own, ofBuilds]);
}

/** The list of a filter that is scanned value by value, if any: types, within a pipeline or not, else contexts. */
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

function mayBeWithin(scope: Scope | null | undefined, { pipelineId, type }: LogEvent): boolean {
  if (scope == null) return true;
  return pipelineId === null ? BUILD_EVENT_TYPES.includes(type) : scope.includes(pipelineId);
}

/** Whether an event that concerns these apps matches: the filter of `readEvents` without the database. */
export function matches(filter: EventFilter, event: LogEvent, apps: readonly string[]): boolean {
  return (
    mayBeWithin(filter.within, event) &&
    (filter.app == null || apps.includes(filter.app)) &&
    (filter.pipeline == null || event.pipelineId === filter.pipeline) &&
    (filter.promotion == null || event.promotionId === filter.promotion) &&
    (filter.release == null || event.releaseId === filter.release) &&
    (filter.types == null || filter.types.includes(event.type)) &&
    filter.hidden?.includes(event.type) !== true &&
    (filter.contexts == null || (event.context !== null && filter.contexts.includes(event.context)))
  );
}
