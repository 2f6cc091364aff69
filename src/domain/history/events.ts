import sql, { raw } from "sql-template-tag";
import type { Loaders } from "../../database/queries/loaders.js";
import type { Order, PageRequest } from "../../database/rows/pages.js";
import type { Reader } from "../../database/rows/reader.js";
import { toActorColumns } from "../../entities/core/actor-columns.js";
import { LogEvent } from "../../entities/history/event.js";
import { encodeCursor } from "../../entities/history/event-cursor.js";
import type { EventType } from "../../entities/history/event-type.js";
import type { ReleaseStatusEvent } from "../../entities/history/release-event.js";
import { ReleaseStatus } from "../../entities/releases/release-status.js";
import { type LogBounds, logBounds } from "../../events/bounds.js";
import type { EventFilter } from "../../events/match.js";
import { countEvents, readEvents } from "../../events/read.js";
import { permit } from "../access/actions.js";
import type { Ctx } from "../core/context.js";
import { requireAppOfHistory, requirePipelineOfHistory } from "../core/references.js";
import { Refusal } from "../core/refusal.js";
import { hiddenEvents } from "./audit.js";

/** A query of the log with pipelines and apps by id or name. */
export interface EventQuery {
  readonly pipeline?: string | null;
  readonly app?: string | null;
  readonly types?: readonly EventType[] | null;
}

export interface EventPage {
  readonly rows: readonly LogEvent[];
  /** Whether the log continues in the direction that was read. */
  readonly more: boolean;
  /** Whether there are events on the other side of the page. */
  other(): Promise<boolean>;
  /** How many events in the log match the query. */
  count(): Promise<number>;
}

/**
 * Reads a page of the log.
 *
 * @throws Refusal CURSOR_EXPIRED if events after `after` were pruned, or a cursor is beyond the end of the log
 */
export async function listEvents(ctx: Ctx, query: EventQuery, request: PageRequest): Promise<EventPage> {
  permit(ctx.viewer, "read");
  const { reader } = ctx.db;
  const filter = await eventFilter(ctx, query);
  const from = await startPosition(reader, request);
  const { rows, more } = trimPage(await readEvents(reader, filter, from, request.size + 1, request.backward), request);
  return {
    rows,
    more,
    other: () => hasMoreBefore(reader, filter, request),
    count: () => countEvents(reader, filter),
  };
}

const BY_POSITION: Order<LogEvent> = { entity: LogEvent, by: "position", direction: "ASC" };

/** Reads a page of the events of one pipeline, in one batch with other pipelines. */
export async function pipelineEvents(
  ctx: Ctx,
  pages: Loaders["pages"],
  pipelineId: string,
  types: readonly EventType[] | null,
  request: PageRequest,
): Promise<EventPage> {
  const { reader } = ctx.db;
  await startPosition(reader, request);
  const hidden = hiddenEvents(ctx.viewer);
  const conditions = (alias: string) => [
    ...(types === null ? [] : [reader.dialect.oneOf(raw(`${alias}.type`), types)]),
    ...hidden.map((type) => sql`${raw(alias)}.type <> ${type}`),
  ];
  const filter = { key: JSON.stringify(types), conditions: conditions("c") };
  const countFilter = { key: filter.key, conditions: conditions("e") };
  const { rows, more } = await pages.load(BY_POSITION, "pipelineId", pipelineId, request, filter);
  const ofPipeline = { pipeline: pipelineId, types, hidden };
  return {
    rows,
    more,
    other: () => hasMoreBefore(reader, ofPipeline, request),
    count: () => pages.count(LogEvent, "pipelineId", pipelineId, countFilter),
  };
}

/**
 * Resolves the names in a query, and excludes what the viewer may not see. The history of deleted rows is found by id.
 */
export async function eventFilter({ db: { reader }, viewer }: Ctx, query: EventQuery): Promise<EventFilter> {
  const { pipeline, app, types } = query;
  return {
    pipeline: pipeline == null ? null : (await requirePipelineOfHistory(reader, "pipeline", pipeline)).id,
    app: app == null ? null : (await requireAppOfHistory(reader, "app", app)).id,
    types: types ?? null,
    hidden: hiddenEvents(viewer),
    within: viewer.scope,
  };
}

/**
 * Whether the viewer may see an event now. For a restricted viewer, the feed cannot decide this without the database.
 */
export async function isVisible({ db: { reader }, viewer }: Ctx, { position }: LogEvent): Promise<boolean> {
  return viewer.scope === null || (await reader.first(LogEvent, { position })) !== null;
}

/** The status in an event, as it was reported then. */
export function reportedStatus({ occurredAt, actor, ...event }: ReleaseStatusEvent): ReleaseStatus {
  const { statusId, buildId, state } = event.detail;
  return Object.assign(new ReleaseStatus(), {
    ...{ id: statusId, releaseId: event.releaseId, buildId, context: event.context, state },
    ...{ name: null, description: null, targetUrl: null, imageUrl: null },
    ...{ ...toActorColumns("reportedBy", actor), createdAt: occurredAt, updatedAt: occurredAt },
  });
}

/**
 * Refuses a position from which a reader would miss events without noticing: if events after it were pruned, or if it
 * is beyond the end of the log.
 */
async function requireInLog(reader: Reader, position: number): Promise<void> {
  const bounds = await logBounds(reader);
  if (position > bounds.head) throw cursorBeyondHead(bounds);
  if (position < bounds.oldest) throw cursorExpired(bounds.oldest);
}

/**
 * @param oldest the first position of the log
 * @param field the argument with the cursor
 */
export function cursorExpired(oldest: number, field = "after"): Refusal {
  return new Refusal(
    "CURSOR_EXPIRED",
    "The log no longer holds what came after this cursor; oldestCursor is where it begins.",
    { field, oldestCursor: encodeCursor(oldest) },
  );
}

/**
 * The refusal of a cursor that the log has lost, for example in a failover. Its position will be assigned to another
 * event.
 */
export function cursorBeyondHead({ head, oldest }: LogBounds): Refusal {
  return new Refusal(
    "CURSOR_EXPIRED",
    "after is beyond the end of the log: it is from another log, or this one has lost its newest events. Read the current state again, and continue from newestCursor.",
    { field: "after", oldestCursor: encodeCursor(oldest), newestCursor: encodeCursor(head) },
  );
}

async function startPosition(reader: Reader, request: PageRequest): Promise<number | null> {
  if (request.from === null) return null;
  const position = Number(request.from);
  if (!request.backward) await requireInLog(reader, position);
  return position;
}

async function hasMoreBefore(reader: Reader, filter: EventFilter, request: PageRequest): Promise<boolean> {
  if (request.from === null) return false;
  // The event at the cursor itself, which the page excludes, is on the other side too.
  const edge = Number(request.from) + (request.backward ? -1 : 1);
  return (await readEvents(reader, filter, edge, 1, !request.backward)).length > 0;
}

function trimPage(rows: LogEvent[], request: PageRequest): { rows: LogEvent[]; more: boolean } {
  const more = rows.length > request.size;
  const page = more ? rows.slice(0, request.size) : rows;
  return { rows: request.backward ? page.reverse() : page, more };
}
