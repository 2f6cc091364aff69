import sql, { raw, type Sql } from "sql-template-tag";
import { allOf } from "../database/rows/dialect.js";
import type { Reader, Tx } from "../database/rows/reader.js";
import type { Scope } from "../entities/access/token.js";
import { EventApp, LogEvent } from "../entities/history/event.js";
import { appendStatement } from "./append-statement.js";
import type { EventActor, EventDraft } from "./draft.js";

/**
 * Appends events to the log, in their order, as the last thing that a transaction does: their positions are then handed
 * out in commit order, since whoever comes next waits for this transaction to end. (Rows numbered by a sequence could
 * commit in another order, and a reader that has moved past a number would never see the row that came late.)
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

/** The rows of events that stand behind the position `start`. */
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

/** Where the log begins and ends. */
export interface LogBounds {
  /** The position of the newest event; 0 where there never was one. */
  readonly head: number;
  /** The position just before the oldest event still held: the first that can be read from. */
  readonly oldest: number;
}

export async function logBounds(reader: Reader): Promise<LogBounds> {
  const [row] = await reader.query<{ head: number | string; pruned: number | string }>(
    sql`SELECT head, pruned FROM event_log WHERE id = ${1}`,
  );
  if (row === undefined) throw new Error("The event log has lost its head row.");
  return { head: Number(row.head), oldest: Number(row.pruned) };
}

/** How many events one step of pruning removes: a few milliseconds of the write gate. */
const PRUNE_BATCH_SIZE = 500;

/**
 * Removes the oldest events, at most `PRUNE_STEP` of them, that happened before `horizon`.
 *
 * @returns whether there may be more to remove
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
  // Another instance may have pruned further meanwhile: the mark never goes back.
  await tx.query(sql`UPDATE event_log SET pruned = ${last} WHERE id = ${1} AND pruned < ${last}`);
  return last === until && until < bounds.head;
}

/** What of the log to read. Left out or null means any; an empty list matches nothing. */
export interface EventFilter {
  readonly pipeline?: string | null;
  readonly app?: string | null;
  readonly promotion?: string | null;
  readonly release?: string | null;
  readonly types?: readonly string[] | null;
  readonly contexts?: readonly string[] | null;
  /** Types that are left out, whatever else matches. */
  readonly hidden?: readonly string[];
  /**
   * Only what happened in one of these pipelines, and what happened to builds, which belong to none: the most that a
   * viewer who is limited to them may see. Which builds those are only a reader that is limited as well can tell.
   */
  readonly within?: Scope | null;
}

/**
 * Reads events that match, in the order asked for. One index is walked for every filter, in the order of positions, and
 * the walk ends with the page: that of the app, release, promotion, pipeline, context or type, whichever narrows most.
 * Where a list of types or contexts narrows, each of them is walked for a page of its own.
 *
 * @param after the position to start behind; with `newestFirst`, the position to start before
 * @param limit how many at most
 * @param until where to stop: the last position to look at. It bounds the walk where the rest of a filter matches little
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

/** How the log is walked: as the arguments of `readEvents` say. */
interface Scan {
  readonly after: number | null;
  readonly limit: number;
  readonly newestFirst: boolean;
  readonly until: number | null;
}

/** A column each value of which is walked for a page of its own, and what is asked besides. */
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
 * What a viewer who is limited to some pipelines may see: each of these is walked, and then, no further than that page
 * reaches, the events of builds, of which the reader leaves out those that are not to be seen.
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

/** Which list of a filter is to be walked value by value, if one is: types, within a pipeline or not, else contexts. */
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

/** All that a filter asks of an event itself: everything but the app. */
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

/** Whether an event that concerns these apps matches: the filter of `readEvents`, without the database. */
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
