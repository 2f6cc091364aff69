import sql, { raw } from "sql-template-tag";
import type { Reader, Tx } from "../database/session.js";
import { EventApp, LogEvent } from "../entities/event.js";
import type { EventActor, EventDraft } from "./draft.js";

/**
 * Appends events to the log, in their order, as the last thing that a transaction does: their positions are then handed
 * out in commit order, since whoever comes next waits for this transaction to end.
 */
export async function append(tx: Tx, actor: EventActor, now: Date, drafts: readonly EventDraft[]): Promise<void> {
  if (drafts.length === 0) return;
  const [log] = await tx.query<{ head: number | string }>(
    sql`UPDATE event_log SET head = head + ${drafts.length} WHERE id = 1 RETURNING head`,
  );
  if (log === undefined) throw new Error("The event log has lost its head row.");
  const start = Number(log.head) - drafts.length;
  const events: LogEvent[] = [];
  const concerns: EventApp[] = [];
  drafts.forEach(({ apps, actor: { name, role } = actor, ...draft }, index) => {
    const position = start + index + 1;
    events.push({ ...draft, position, occurredAt: now, actorName: name, actorRole: role } as LogEvent);
    for (const appId of new Set(apps)) concerns.push({ appId, position });
  });
  await tx.insert(LogEvent, events);
  await tx.insert(EventApp, concerns);
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
const PRUNE_STEP = 500;

/**
 * Removes the oldest events, at most `PRUNE_STEP` of them, that happened before `horizon`.
 *
 * @returns whether there may be more to remove
 */
export async function pruneStep(tx: Tx, horizon: Date): Promise<boolean> {
  const bounds = await logBounds(tx);
  const until = Math.min(bounds.oldest + PRUNE_STEP, bounds.head);
  const [row] = await tx.query<{ keep: number | string | null }>(
    sql`SELECT MIN(position) AS keep FROM events
      WHERE position > ${bounds.oldest} AND position <= ${until} AND occurred_at >= ${horizon.getTime()}`,
  );
  const last = row?.keep == null ? until : Number(row.keep) - 1;
  if (last <= bounds.oldest) return false;
  await tx.query(sql`DELETE FROM events WHERE position <= ${last}`);
  await tx.query(sql`DELETE FROM event_apps WHERE position <= ${last}`);
  await tx.query(sql`UPDATE event_log SET pruned = ${last} WHERE id = ${1}`);
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
}

/**
 * Reads events that match, in the order asked for. An index serves every filter: `event_apps` for an app, and one of the
 * events' own for each of the rest.
 *
 * @param after the position to start behind; with `newestFirst`, the position to start before
 * @param limit how many at most
 */
export async function readEvents(
  reader: Reader,
  filter: EventFilter,
  after: number | null,
  limit: number,
  newestFirst = false,
): Promise<LogEvent[]> {
  const position = raw(filter.app == null ? "e.position" : "a.position");
  const conditions = [sql`1 = 1`];
  if (after !== null) conditions.push(newestFirst ? sql`${position} < ${after}` : sql`${position} > ${after}`);
  if (filter.app != null) conditions.push(sql`a.app_id = ${filter.app}`);
  if (filter.pipeline != null) conditions.push(sql`e.pipeline_id = ${filter.pipeline}`);
  if (filter.promotion != null) conditions.push(sql`e.promotion_id = ${filter.promotion}`);
  if (filter.release != null) conditions.push(sql`e.release_id = ${filter.release}`);
  if (filter.types != null) conditions.push(reader.dialect.oneOf(raw("e.type"), filter.types));
  if (filter.contexts != null) conditions.push(reader.dialect.oneOf(raw("e.context"), filter.contexts));
  const where = conditions.reduce((all, condition) => sql`${all} AND ${condition}`);
  const from = filter.app == null ? raw("") : raw("JOIN event_apps a ON a.position = e.position");
  return reader.select(
    LogEvent,
    sql`${from} WHERE ${where} ORDER BY ${position} ${raw(newestFirst ? "DESC" : "ASC")} LIMIT ${limit}`,
  );
}
